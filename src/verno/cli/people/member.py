"""``verno member``: make two members one, make them two again, forget a member."""

import json
from typing import TYPE_CHECKING

import click

from verno.cli import session
from verno.cli.marketing.packs import pack
from verno.cli.people.erasing import certificate, erase, find
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries

if TYPE_CHECKING:
    from verno.corrections.types import By


@click.group()
def member() -> None:
    """Merge members, undo a merge, forget a member, take an industry's attributes."""


member.add_command(pack)


@member.command()
@click.argument("who")
@click.argument("into")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def merge(who: str, into: str, *, as_json: bool) -> None:
    """Make WHO and INTO one member: points, debts and contacts go to INTO. Both by id or by external id.

    Whoever names WHO means INTO from then on. It can be undone for 30 days.
    """
    from verno.corrections import service  # noqa: PLC0415 after django.setup()
    from verno.corrections.types import NewMerge, Refused  # noqa: PLC0415 as above

    def work() -> bytes:
        with db.transaction() as conn:
            program = queries.only_program(conn)
            wanted = NewMerge(find(conn, program, who), find(conn, program, into), _operator())
            outcome = service.merge(conn, program, [wanted], now=clock.now())[0]
        if isinstance(outcome, Refused):
            raise VernoError(outcome.detail)
        return outcome.answer

    with session.database():
        said = json.loads(db.retrying(work))
    if as_json:
        session.print_json(said)
    else:
        moved = ", ".join(f"{part['points']} {part['unit']}" for part in said["points"]) or "no points"
        click.echo(f"{said['merged']} is {said['member']} now; {moved} moved; undo: verno member undo {said['id']}")


@member.command()
@click.argument("merge_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def undo(merge_id: str, *, as_json: bool) -> None:
    """Undo the merge MERGE_ID: what the moved points still hold goes home, and so do the contacts."""
    from verno.corrections import service  # noqa: PLC0415 after django.setup()
    from verno.corrections.types import Refused  # noqa: PLC0415 as above

    def work() -> bytes:
        with db.transaction() as conn:
            outcome = service.undo(conn, queries.only_program(conn), merge_id, _operator(), now=clock.now())
        if isinstance(outcome, Refused):
            raise VernoError(outcome.detail)
        return outcome.answer

    with session.database():
        said = json.loads(db.retrying(work))
    if as_json:
        session.print_json(said)
    else:
        moved = ", ".join(f"{part['points']} {part['unit']}" for part in said["points"]) or "no points"
        click.echo(f"{said['merged']} and {said['member']} are two again; {moved} went home")


def _operator() -> "By":
    from verno.corrections.types import By, ByKind  # noqa: PLC0415 after django.setup()

    actor = session.operator()
    return By(ByKind(actor.kind), actor.id)


member.add_command(erase)
member.add_command(certificate)
