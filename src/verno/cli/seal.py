"""``verno seal``: seal everything committed so far, and file a signed head of it."""

import click

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import queries


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def seal(*, as_json: bool) -> None:
    """Seal what has been committed, file a signed head under VERNO_HOME/heads and print the file's path.

    Keep the file outside this machine: with it, 'verno verify --anchor FILE' names whatever is altered later.
    """
    with session.database():
        from verno.sealing import heads, service  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        made = service.seal_now(program, now=clock.now())
        head = made.head
        fingerprint = heads.fingerprint(head.public_key)
    if not made.complete:
        click.echo("a transaction under way did not end in time: what committed after it began comes later", err=True)
    if as_json:
        session.print_json(
            {
                "path": str(made.path),
                "date": head.date.isoformat(),
                "count": head.count,
                "blocks": head.blocks,
                "hash": head.hash,
                "consents": head.consents.count if head.consents else 0,
                "fingerprint": fingerprint,
                "complete": made.complete,
            }
        )
    else:
        click.echo(str(made.path))
        consents = head.consents.count if head.consents else 0
        click.echo(f"{head.count:,} transfers sealed, {consents:,} consents; key {fingerprint}", err=True)
