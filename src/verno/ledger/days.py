"""What a new business date brings, told as events: points that became usable, that are over, that will be soon.

Keyed by program and business date, so that each date is told once, whatever the number of workers, restarts and clocks
that jump. The balances do not wait for it: they are exact at every moment.
"""

from datetime import date, datetime, timedelta
from typing import LiteralString
from zoneinfo import ZoneInfo

from verno.kit import localtime, outbox
from verno.kit.db import Connection
from verno.ledger.loading import SQL

NOTICES = (30, 7, 1)
"""Days ahead at which coming expiries are told: 1 means usable through tomorrow."""

MOST_MISSED = 31
"""Dates made up for after a long stop; what lies further back is no news."""

CHUNK = 5_000


def tell_days(conn: Connection, program_id: str, zone: ZoneInfo, *, now: datetime) -> int:
    """Tell the next business date that has begun and was not told; returns how many dates that were (0 or 1).

    The first date ever told is today's. Call it after ``settle_due`` has nothing left to do, in the caller's
    transaction, until it returns 0.
    """
    today = localtime.business_date(now, zone)
    row = conn.execute(SQL["last_day"], {"program": program_id}).fetchone()
    last: date | None = row[0] if row else None
    day = today if last is None else max(last + timedelta(days=1), today - timedelta(days=MOST_MISSED))
    if day > today:
        return 0
    claim = {"program": program_id, "day": day, "now": now}
    if conn.execute(SQL["begin_day"], claim).fetchone() is None:
        return 0
    begins = localtime.start_of_day(day, zone)
    before = localtime.start_of_day(day - timedelta(days=1), zone)
    _tell(conn, program_id, "points.activated.v1", SQL["activated"], (before, begins), {"day": day})
    _tell(conn, program_id, "points.expired.v1", SQL["expired"], (before, begins), {"day": day})
    for ahead in NOTICES:
        window = tuple(localtime.start_of_day(day + timedelta(days=n), zone) for n in (ahead, ahead + 1))
        about: dict[str, object] = {"day": day, "days": ahead}
        _tell(conn, program_id, "points.expiring.v1", SQL["ends_between"], (window[0], window[1]), about)
    return 1


def _tell(
    conn: Connection,
    program_id: str,
    type_: str,
    sql: LiteralString,
    window: tuple[datetime, datetime],
    about: dict[str, object],
) -> None:
    """Write an event for each holder, unit and moment that the statement finds."""
    with conn.cursor(name="ledger_day") as rows:
        rows.itersize = CHUNK
        rows.execute(sql, {"program": program_id, "start": window[0], "end": window[1]})
        while chunk := rows.fetchmany(CHUNK):
            outbox.append(
                conn,
                [
                    outbox.NewEvent(
                        program_id, holder, type_, {**about, "unit_id": unit, "points": points, "at": at}, window[1]
                    )
                    for holder, unit, at, points in chunk
                ],
            )
