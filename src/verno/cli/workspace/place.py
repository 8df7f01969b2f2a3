"""``verno place``: stores, and the regions they are in."""

import click
import msgspec
from msgspec import UNSET

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries as workspace
from verno.workspace.places import queries, service
from verno.workspace.places.types import DETAILS, FIELDS, NewPlace, Place, PlaceChange, Refused
from verno.workspace.settings import RESET

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
TAKEN_BACK = f'"{RESET}" takes it back.'


@click.group()
def place() -> None:
    """Keep stores: what they are called, which region they are in, who owns them."""


@place.command()
@click.argument("code")
@click.option("--name", help="What people call it; its code unless said.")
@click.option("--region", help="Made with its first store; rules and settings may ask for it.")
@click.option("--timezone", help="IANA name, for ever; the program's unless said.")
@_json
def add(code: str, name: str | None, region: str | None, timezone: str | None, *, as_json: bool) -> None:
    """Add the store CODE."""
    with session.database(), db.transaction() as conn:
        program_id = workspace.only_program(conn).id
        wanted = [NewPlace(code, name, timezone, region)]
        (done,) = service.add(conn, program_id, wanted, now=clock.now(), by=session.operator())
        _refuse([done])
    _print([done], as_json=as_json)


@place.command("set")
@click.argument("codes", nargs=-1, required=True, metavar="CODE…")
@click.option("--region", help=f"The region they are in. {TAKEN_BACK}")
@click.option("--legal-entity", help=f"Who owns them. {TAKEN_BACK}")
@click.option("--name", help="What people call it: one store at a time.")
@_json
def set_(
    codes: tuple[str, ...], region: str | None, legal_entity: str | None, name: str | None, *, as_json: bool
) -> None:
    """Change the stores CODE…, all of them or, when one is refused, none."""
    if (region, legal_entity, name) == (None, None, None):
        message = "say what to set: --region, --legal-entity or --name"
        raise click.UsageError(message)
    if name is not None and len(codes) > 1:
        message = "--name is for one store at a time"
        raise click.UsageError(message)
    wanted = [PlaceChange(code, UNSET if name is None else name, _said(region), _said(legal_entity)) for code in codes]
    with session.database(), db.transaction() as conn:
        program_id = workspace.only_program(conn).id
        done = service.change(conn, program_id, wanted, now=clock.now(), by=session.operator())
        _refuse(done)
    _print(done, as_json=as_json)


@place.command("list")
@_json
def list_(*, as_json: bool) -> None:
    """List the stores by code."""
    with session.database(), db.transaction() as conn:
        found = queries.places(conn, workspace.only_program(conn).id)
    _print(found, as_json=as_json)


def _said(text: str | None) -> str | msgspec.UnsetType | None:
    if text is None:
        return UNSET
    return None if text == RESET else text


def _refuse(done: list[Place | Refused]) -> None:
    refused = [one for one in done if isinstance(one, Refused)]
    if refused:
        raise VernoError("; ".join([_why(one) for one in refused]))


def _why(refused: Refused) -> str:
    field = FIELDS[refused.reason].replace("_", "-")
    return f"{'' if field == 'code' else f'--{field} '}{refused.code}: {DETAILS[refused.reason]}"


def _print(done: "list[Place | Refused] | list[Place]", *, as_json: bool) -> None:
    if as_json:
        session.print_json({"places": msgspec.to_builtins(done)})
    else:
        click.echo("\n".join([_line(one) for one in done if isinstance(one, Place)]))


def _line(one: Place) -> str:
    more = [f"region {one.region}" if one.region else "no region", one.timezone, one.legal_entity or ""]
    return f"{one.code}: {', '.join([one.name, *filter(None, more)])}"
