"""``verno member pack``: industries' packs of attributes."""

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def pack() -> None:
    """Take ready attributes of an industry."""


@pack.command("list")
@_json
def list_packs(*, as_json: bool) -> None:
    """List the packs with their attributes."""
    from verno.members.attributes.packs import packs  # noqa: PLC0415 after django.setup()

    if as_json:
        session.print_json({"packs": [msgspec.to_builtins(one) for one in packs().values()]})
        return
    for one in packs().values():
        click.echo(f"{one.code}: {', '.join(attribute.name for attribute in one.attributes)}")


@pack.command()
@click.argument("code")
@_json
def install(code: str, *, as_json: bool) -> None:
    """Declare the attributes of the pack CODE; what is declared already stays as it is."""
    from verno.members.attributes import registry  # noqa: PLC0415 after django.setup()
    from verno.members.attributes.packs import packs  # noqa: PLC0415 as above
    from verno.members.attributes.types import NotKept  # noqa: PLC0415 as above

    wanted = packs().get(code)
    if wanted is None:
        message = f"there is no pack {code!r}; see: verno member pack list"
        raise VernoError(message)
    with session.database(), db.transaction() as conn:
        program = queries.only_program(conn)
        done = registry.install(conn, program.id, wanted, now=clock.now(), by=session.operator())
    if isinstance(done, NotKept):
        raise VernoError(done.detail)
    if as_json:
        session.print_json(msgspec.to_builtins(done))
        return
    click.echo(f"added: {', '.join(done.added) or 'nothing'}")
    if done.there:
        click.echo(f"there already: {', '.join(done.there)}")
    if done.other:
        click.echo(f"left alone, of another type here: {', '.join(done.other)}", err=True)
