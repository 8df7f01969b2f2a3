"""Whether there is something to restore: the last backup, its age, where its keys are, whether the log is kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from verno.kit import config, db
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError
from verno.wiring.backups import folders, making
from verno.wiring.backups.types import Found
from verno.wiring.doctor.types import Finding, Verdict
from verno.workspace import audit
from verno.workspace import queries as workspace

OLDEST = timedelta(days=7)

ARCHIVER = """
SELECT current_setting('archive_mode'), last_archived_time, last_failed_time FROM pg_stat_archiver
"""


def look(*, now: datetime) -> Iterator[Finding]:
    """Look for what a restore would need."""
    embedded = config.database_url() is None
    if embedded:
        yield _log()
    place = config.backups()
    if place is None:
        yield _age(_last_noted(), now, embedded=embedded)
        return
    try:
        life = cluster.local().life() if embedded else None
        ours = [found for found in folders.whole(place) if found.manifest.life == life]
    except VernoError as error:
        yield Finding("backup", Verdict.BAD, str(error))
        return
    yield _age(ours[-1].manifest.finished_at if ours else None, now, embedded=embedded)
    yield from _keys(ours, place)


def _log() -> Finding:
    with psycopg.connect(db.owner_url(), connect_timeout=5) as owner:
        row = owner.execute(ARCHIVER).fetchone()
    mode, kept, failed = row or ("off", None, None)
    if mode == "off":
        text = (
            "the database's log is not kept: a restore reaches a backup, no minute after it."
            " Set VERNO_BACKUPS to a folder on another disk and start again"
        )
        return Finding("log", Verdict.NOTE, text)
    if failed is not None and (kept is None or failed > kept):
        where = cluster.local().log_folder()
        text = (
            f"the database's log cannot be kept in {where} since {failed:%Y-%m-%d %H:%M} UTC and piles up:"
            f" make room there or let it be written, see {cluster.local().base / 'postgres.log'}"
        )
        return Finding("log", Verdict.BAD, text)
    return Finding("log", Verdict.OK, "the database's log is kept minute by minute")


def _last_noted() -> datetime | None:
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    for program in programs:
        with db.transaction(program.id) as conn:
            return audit.last(conn, program.id, "backup", making.ACTION)
    return None


def _age(last: datetime | None, now: datetime, *, embedded: bool) -> Finding:
    if last is None and not embedded:
        return Finding("backup", Verdict.OK, "backups of your server cannot be seen from here; verno backup dumps it")
    if last is None:
        return Finding("backup", Verdict.NOTE, "there is none of this database yet: verno backup FOLDER makes one")
    if now - last > OLDEST:
        text = f"the last one is {(now - last).days} days old: let verno backup run every night"
        return Finding("backup", Verdict.NOTE, text)
    return Finding("backup", Verdict.OK, f"the last one is of {last:%Y-%m-%d %H:%M} UTC")


def _keys(ours: list[Found], place: Path) -> Iterator[Finding]:
    if any(found.manifest.with_keys for found in ours):
        text = f"the master secret lies in {place}, beside the data that it opens: keep such backups locked away, apart"
        yield Finding("backup", Verdict.BAD, text)
