"""Reads of runs."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.replay.reading import SQL
from verno.replay.runs.types import SILENCE, Run, State
from verno.replay.types import Loss, Report

PAGE = 1000
COLUMNS = Run.__struct_fields__


def runs(conn: Connection, program_id: str, *, now: datetime, draft: int | None = None, limit: int = 20) -> list[Run]:
    """Return the newest runs, those of a draft when one is named."""
    rows = conn.execute(SQL["runs"], {"program": program_id, "draft": draft, "limit": limit}).fetchall()
    return [_run(row, now) for row in rows]


def run(conn: Connection, program_id: str, id_: str, *, now: datetime) -> Run | None:
    """Return a run. One whose worker has not been heard of is told as interrupted, whether or not a worker lives."""
    row = conn.execute(SQL["run"], {"program": program_id, "id": id_}).fetchone() if is_id(id_) else None
    return None if row is None else _run(row, now)


def report(conn: Connection, program_id: str, id_: str) -> Report | None:
    """Return what came out of a run that is done."""
    row = conn.execute(SQL["run_result"], {"program": program_id, "id": id_}).fetchone() if is_id(id_) else None
    return None if row is None or row[0] is None else msgspec.convert(row[0], Report)


def body(conn: Connection, program_id: str, id_: str) -> dict[str, object]:
    """Return the rulebook that a run replays."""
    row = conn.execute(SQL["run_body"], {"program": program_id, "id": id_}).fetchone()
    return {} if row is None else msgspec.convert(row[0], dict[str, object])


def losses(conn: Connection, program_id: str, id_: str) -> Iterator[list[Loss]]:
    """Yield all whom a run's draft would cost something, the hardest hit first, a thousand at a time."""
    after = 0
    while True:
        parameters = {"program": program_id, "run": id_, "after": after, "limit": PAGE}
        rows = conn.execute(SQL["losses"], parameters).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield [Loss(*row[1:]) for row in rows]


def _run(row: tuple[object, ...], now: datetime) -> Run:
    named = dict(zip(COLUMNS, row, strict=True))
    found = msgspec.convert({**named, "problems": named["problems"] or ()}, Run)
    if found.state is State.RUNNING and found.seen_at is not None and found.seen_at < now - SILENCE:
        return msgspec.structs.replace(found, state=State.INTERRUPTED)
    return found
