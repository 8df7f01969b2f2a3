"""``verno doctor``: name what is unsafe, and what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import psycopg

from verno.cli import session
from verno.kit import config
from verno.kit.clock import clock
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError

if TYPE_CHECKING:
    from verno.wiring.doctor.types import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Name what is unsafe in this installation and what to do; exit 0 all is well, 1 something to do, 2 unsafe."""
    from verno.wiring.doctor.types import EXIT, worst  # noqa: PLC0415 a quick --help

    findings = list(examine())
    if as_json:
        session.print_json({"verdict": worst(findings), "findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.verdict:<5}{finding.what}: {finding.text}")
    ctx.exit(EXIT[worst(findings)])


def examine() -> Iterator["Finding"]:
    """Look at one thing after another; what needs a database is left out when there is none."""
    from verno.wiring.doctor import channels, house  # noqa: PLC0415 a quick --help
    from verno.wiring.doctor.types import Finding, Verdict  # noqa: PLC0415 the same

    yield from house.look()
    yield from channels.look()
    if config.database_url() is None and not (cluster.local().data / "PG_VERSION").exists():
        yield Finding("database", Verdict.BAD, "there is none yet: run 'verno init'")
        return
    try:
        with session.database(migrated=False):
            yield from _database()
    except (VernoError, psycopg.OperationalError) as error:
        yield Finding("database", Verdict.BAD, session.first_line(error))


def _database() -> Iterator["Finding"]:
    from verno.wiring.doctor import backups, keys, server, work  # noqa: PLC0415 after django.setup()
    from verno.wiring.doctor.types import Finding, Verdict  # noqa: PLC0415 the same

    yield from server.look()
    try:
        session.require_migrated()
    except VernoError as error:
        yield Finding("migrations", Verdict.BAD, str(error))
        return
    yield Finding("migrations", Verdict.OK, "the database has this version's shape")
    now = clock.now()
    yield from work.look(now=now)
    yield from keys.look(now=now)
    yield from backups.look(now=now)
