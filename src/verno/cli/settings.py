"""``verno set`` and ``verno get``: what an owner may set."""

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries, settings
from verno.workspace.settings import NotSet, Value


@click.command("set")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Set KEY to VALUE for the whole program."""
    with session.database(), db.transaction() as conn:
        result = settings.write(conn, queries.only_program(conn).id, key, value, now=clock.now())
    if isinstance(result, NotSet):
        raise VernoError(result.reason)
    click.echo(_line(result))


@click.command("get")
@click.argument("key", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def get_value(key: str | None, *, as_json: bool) -> None:
    """Show KEY, or all settings, and where each value comes from."""
    with session.database(), db.transaction() as conn:
        program_id = queries.only_program(conn).id
        found = [settings.read(conn, program_id, name) for name in ([key] if key else settings.REGISTRY)]
    values = [value for value in found if value is not None]
    if not values:
        message = f"there is no setting {key}; there are: {', '.join(settings.REGISTRY)}"
        raise VernoError(message)
    if as_json:
        session.print_json({value.key: msgspec.structs.asdict(value) for value in values})
    else:
        click.echo("\n".join(_line(value) for value in values))


def _line(value: Value) -> str:
    return f"{value.key} = {value.value} ({value.origin}): {settings.REGISTRY[value.key].meaning}"
