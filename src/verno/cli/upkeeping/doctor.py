"""``verno doctor``: name what is unsafe, and what to do."""

import stat
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import click
import psycopg

from verno.cli import session
from verno.kit import config, db
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError

Verdict = Literal["ok", "note", "bad"]


class Finding(NamedTuple):
    """What the doctor says of one thing."""

    what: str
    verdict: Verdict
    text: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Say what is wrong with this installation; exit 1 when something is."""
    findings = list(examine())
    if as_json:
        session.print_json({"findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.verdict:<5}{finding.what}: {finding.text}")
    ctx.exit(1 if any(finding.verdict == "bad" for finding in findings) else 0)


def examine() -> Iterator[Finding]:
    """Look at one thing after another; what needs a database is left out when there is none."""
    yield _secret()
    yield from _disks()
    if config.database_url() is None and not (cluster.local().data / "PG_VERSION").exists():
        yield Finding("database", "bad", "there is none yet: run 'verno init'")
        return
    try:
        with session.database(migrated=False):
            yield _ask("settings", _check_server, "PostgreSQL keeps what it acknowledges")
            yield _version()
            yield _ask("migrations", session.require_migrated, "the database has this version's shape")
            yield _roles()
    except (VernoError, psycopg.OperationalError) as error:
        yield Finding("database", "bad", session.first_line(error))


def _check_server() -> None:
    from verno.wiring.migrate import check_server  # noqa: PLC0415 after django.setup()

    check_server(db.owner_url())


def _ask(what: str, question: Callable[[], None], well: str) -> Finding:
    try:
        question()
    except VernoError as error:
        return Finding(what, "bad", str(error))
    return Finding(what, "ok", well)


def _version() -> Finding:
    with psycopg.connect(db.owner_url(), connect_timeout=5) as conn:
        version = conn.info.server_version
    where = "yours" if config.database_url() else "embedded"
    return Finding("database", "ok", f"PostgreSQL {version // 10000}.{version % 10000} ({where}) answers")


def _roles() -> Finding:
    if config.database_url() and config.owner_url() is None:
        text = "one address for everything; VERNO_OWNER_URL with a role of its own for migrations is safer"
        return Finding("roles", "note", text)
    return Finding("roles", "ok", "the application and the migrations use different roles")


def _disks() -> Iterator[Finding]:
    from verno.wiring import disk  # noqa: PLC0415 quick --help

    verdicts: dict[disk.Alarm, Verdict] = {disk.Alarm.LOW: "note", disk.Alarm.VERY_LOW: "bad"}
    for room in disk.rooms():
        text = f"{room.per_cent} % of the disk of {room.folder} are free, {room.megabytes} MB"
        yield Finding("disk", verdicts.get(room.alarm, "ok"), text)


def _secret() -> Finding:
    path = config.home() / "secret.key"
    if not path.exists():
        return Finding("secret", "ok", "VERNO_HOME/secret.key is made at first use, or VERNO_SECRET_KEY is set")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("secret", "bad", f"others may read {path}: run chmod 600 on it")
    return Finding("secret", "ok", "only its owner may read the master secret")
