"""``verno set`` and ``verno get``: what an owner may set."""

from datetime import datetime

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.promotions import worth
from verno.workspace import queries, registry, settings
from verno.workspace.settings import NotSet, Value

SCOPE = f"What it is set for: {settings.SCOPES}."


@click.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--scope", help=SCOPE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_value(key: str, value: str, scope: str | None, *, as_json: bool) -> None:
    """Set KEY to VALUE; "default" takes back what was set. Without --scope it holds for the whole program.

    What belongs to a kind of points (points.*, spend.value) is set for the program's first unit unless --scope names
    another one.
    """
    with session.database(), db.transaction() as conn:
        program_id = queries.only_program(conn).id
        now = clock.now()
        result = settings.write_all(
            conn, program_id, {key: value}, scope=scope, now=now, by=session.operator(), in_words=True
        )[0]
        if isinstance(result, NotSet):
            raise VernoError(result.reason)
        warning = None
        if key == registry.SPEND_VALUE.key:
            unit = scope or result.origin
            warning = worth_warning(conn, program_id, unit.removeprefix("unit="), now=now)
    if warning:
        click.echo(warning, err=True)
    if as_json:
        session.print_json(msgspec.structs.asdict(result))
    else:
        click.echo(_line(result))


@click.command("get")
@click.argument("key", required=False)
@click.option("--scope", help=SCOPE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def get_value(key: str | None, scope: str | None, *, as_json: bool) -> None:
    """Show KEY, or all settings, and where each value comes from."""
    with session.database(), db.transaction() as conn:
        program_id = queries.only_program(conn).id
        if key is None:
            found = settings.all_values(conn, program_id, scope=scope)
        else:
            one = settings.read(conn, program_id, key, scope=scope)
            found = one if isinstance(one, NotSet) else [one]
    if isinstance(found, NotSet):
        raise VernoError(found.reason)
    if as_json:
        session.print_json({value.key: msgspec.structs.asdict(value) for value in found})
    else:
        click.echo("\n".join(_line(value) for value in found))


def worth_warning(conn: Connection, program_id: str, unit_code: str, *, now: datetime) -> str | None:
    """Return the sentence to say when a point gives back more than 20 % of the spending that earns it."""
    unit = next((unit for unit in queries.units(conn, program_id) if unit.code == unit_code), None)
    if unit is None:
        return None
    percent = worth.too_generous(conn, program_id, unit, unit.spend_value, now=now)
    if percent is None:
        return None
    return (
        f"verno: warning: a point of {unit.code} pays {percent} % of the spending that earns it, more than"
        f" {worth.MOST_PERCENT} %; is a value of {unit.spend_value} minor units meant?"
    )


def _line(value: Value) -> str:
    return f"{value.key} = {value.text} ({value.origin}): {registry.REGISTRY[value.key].meaning}"
