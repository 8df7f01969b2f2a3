"""``verno key``: API keys."""

from collections.abc import Sequence

import click

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import keys, queries
from verno.workspace.types import Scope

LONGEST_NAME = 100
RIGHTS = [str(scope) for scope in Scope]


@click.group()
def key() -> None:
    """Make API keys."""


@key.command()
@click.option("--name", required=True, help="Who uses it.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(RIGHTS), help="A right; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(name: str, scopes: Sequence[str], *, as_json: bool) -> None:
    """Make a key and print it: once, since only its hash is kept."""
    clean = name.strip()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        message = f"the name must be one line of 1 to {LONGEST_NAME} characters"
        raise VernoError(message)
    with session.database(), db.transaction() as conn:
        program = queries.only_program(conn)
        text = keys.create(conn, program.id, clean, list(dict.fromkeys(scopes)), now=clock.now())
    if as_json:
        session.print_json({"key": text})
    else:
        click.echo(text)
