"""Limits, uses and looks into the counters for tests."""

from collections.abc import Mapping
from datetime import UTC, datetime

import psycopg

from tests.builders import NOW
from verno.kit.ids import new_id
from verno.limits import service
from verno.limits.types import Figures, Limit, Measure, NewLimit, Refused, Subject, Use, Window

ZONE = "Europe/Moscow"
DAY = datetime(2026, 11, 25, tzinfo=UTC)
"""The bucket of NOW's business day."""


def limit(
    subject: str = "member",
    measure: str = "receipts",
    window: str = "day",
    *,
    most: int = 1,
    hard: bool = True,
    place: str | None = None,
    unit: str | None = None,
    key: str | None = None,
) -> NewLimit:
    return NewLimit(
        subject=Subject(subject), measure=Measure(measure), window=Window(window), most=most, hard=hard, place=place,
        unit=unit, id=key,
    )  # fmt: skip


def use(
    holder_id: str | None = None,
    *,
    key: str | None = None,
    at: datetime = NOW,
    zone: str = ZONE,
    receipts: int = 1,
    earned: Mapping[str, int] | None = None,
    spent: Mapping[str, int] | None = None,
    adjusted: Mapping[str, int] | None = None,
    place: str | None = "msk-1",
    till: str | None = None,
    cashier: str | None = None,
    card: str | None = None,
    until: datetime | None = None,
    claimed: bool = False,
) -> Use:
    figures = Figures(receipts, earned or {}, spent or {}, adjusted or {})
    return Use(
        operation_id=key or new_id(now=NOW), at=at, zone=zone, figures=figures, place=place, till=till, cashier=cashier,
        holder_id=holder_id, card=card, until=until, claimed=claimed,
    )  # fmt: skip


def spend(points: int, holder_id: str | None = None, **more: object) -> Use:
    """Return a use of points alone."""
    return use(holder_id, receipts=0, spent={"points": points}, **more)  # type: ignore[arg-type]


def setup(conn: psycopg.Connection, program_id: str, *wanted: NewLimit, now: datetime = NOW) -> tuple[Limit, ...]:
    """Let these limits hold."""
    found = service.put(conn, program_id, wanted, now=now)
    assert not isinstance(found, Refused), found
    return found


def live(conn: psycopg.Connection, *, now: datetime = NOW) -> dict[tuple[str, str, datetime], int]:
    """Return what counts now of each counter, from the uses alone."""
    rows = conn.execute(
        "SELECT limit_id::text, subject, bucket, sum(amount)::bigint FROM limits_use"
        " WHERE until IS NULL OR until > %s GROUP BY 1, 2, 3",
        (now,),
    ).fetchall()
    return {(limit_id, subject, bucket.astimezone(UTC)): used for limit_id, subject, bucket, used in rows if used}


def uneven(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    """Return the counters that are not the sums of their uses, settled and reserved each."""
    return conn.execute(
        "SELECT limit_id, subject, bucket, c.used, c.held, u.used, u.held FROM limits_counter c"
        " FULL JOIN (SELECT limit_id, subject, bucket, sum(amount) FILTER (WHERE until IS NULL) AS used,"
        "                   sum(amount) FILTER (WHERE until IS NOT NULL) AS held"
        "            FROM limits_use GROUP BY 1, 2, 3) u USING (limit_id, subject, bucket)"
        " WHERE coalesce(c.used, 0) <> coalesce(u.used, 0) OR coalesce(c.held, 0) <> coalesce(u.held, 0)"
    ).fetchall()
