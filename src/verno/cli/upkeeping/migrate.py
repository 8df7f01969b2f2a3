"""``verno migrate``: bring the database to this version's shape."""

import click

from verno.cli import session


@click.command()
def migrate() -> None:
    """Bring the database to this version's shape."""
    with session.database(migrated=False):
        from verno.wiring import migrate as wiring  # noqa: PLC0415 after django.setup()

        wiring.migrate()
    click.echo("the database is up to date", err=True)
