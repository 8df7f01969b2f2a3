"""``verno member``: make two members one, make them two again, take an erased member's points off the books."""

import json
from typing import TYPE_CHECKING

import click

from verno.cli import session
from verno.cli.marketing.packs import pack
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.workspace import audit, queries
from verno.workspace.types import Program

if TYPE_CHECKING:
    from verno.corrections.types import By


@click.group()
def member() -> None:
    """Merge members, undo a merge, erase points, take an industry's attributes."""


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
            wanted = NewMerge(_find(conn, program, who), _find(conn, program, into), _operator())
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


@member.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do it: there is no way back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def erase(who: str, *, yes: bool, as_json: bool) -> None:
    """Take the points of WHO (id or external id) off the books: holds voided, balance to breakage, debt written off.

    This is the ledger's part of an erasure alone: name, contacts and consents are not touched.
    """
    from verno.corrections import service  # noqa: PLC0415 after django.setup()

    if not yes:
        message = "this cannot be undone: say --yes"
        raise VernoError(message)

    def work() -> dict[str, object]:
        with db.transaction() as conn:
            program = queries.only_program(conn)
            now = clock.now()
            (done,) = service.erase_points(conn, program.id, [_find(conn, program, who)], now=now)
            about = ("member", done.holder_id)
            audit.record(conn, program.id, session.operator(), "member.erase-points", about, now=now)
        return {"member": done.holder_id, "points": [{"unit": u, "points": p} for u, p in done.points.items()]}

    with session.database():
        said = db.retrying(work)
    session.print_json(said) if as_json else click.echo(f"erased: {said['points'] or 'there was nothing'}")


def _find(conn: Connection, program: Program, text: str) -> str:
    from verno.members import merging  # noqa: PLC0415 after django.setup()

    found = merging.find(conn, program.id, text)
    if found is None:
        message = f"no member has the id or the external id {text!r}"
        raise VernoError(message)
    return found


def _operator() -> "By":
    from verno.corrections.types import By, ByKind  # noqa: PLC0415 after django.setup()

    actor = session.operator()
    return By(ByKind(actor.kind), actor.id)
