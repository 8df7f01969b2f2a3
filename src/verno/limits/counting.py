"""What a use counts for: which limits it meets, under which subject, in which hour or day. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from verno.kit import localtime
from verno.limits.types import Figures, Limit, Measure, Subject, Use, Window

HOUR = timedelta(hours=1)

Key: TypeAlias = tuple[str, str, datetime]
"""A counter: (limit id, subject, bucket)."""


class Want(NamedTuple):
    """A use's part in one limit. ``ends_at`` is when the bucket is over where the use happened."""

    limit: Limit
    key: Key
    amount: int
    ends_at: datetime


def wants(limits: Sequence[Limit], use: Use) -> list[Want]:
    """Return the limits that a use meets with more than nothing, in the limits' order."""
    spans: dict[Window, tuple[datetime, datetime]] = {}
    found: list[Want] = []
    for limit in limits:
        amount = figure(limit.measure, limit.unit, use.figures)
        if amount <= 0 or limit.place not in (None, use.place):
            continue
        subject = _subject(limit, use)
        if subject is not None:
            window = limit.window
            if window not in spans:
                spans[window] = span(window, use.at, localtime.zone(use.zone))
            bucket, ends_at = spans[window]
            found.append(Want(limit, (limit.id, subject, bucket), amount, ends_at))
    return found


def figure(measure: Measure, unit: str | None, figures: Figures) -> int:
    """Return what of ``figures`` a limit of this measure counts."""
    if measure is Measure.RECEIPTS:
        return figures.receipts
    if measure is Measure.EARNED:
        points = figures.earned
    else:
        points = figures.spent if measure is Measure.SPENT else figures.adjusted
    return points.get(unit or "", 0)


def span(window: Window, at: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a moment's bucket and when it ends.

    An hour's bucket is the moment it began. A day's is its date, written as midnight UTC whatever the zone: a member
    who shops in two zones on one date has one day, not two.
    """
    local = at.astimezone(tz)
    if window is Window.HOUR:
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        began = at.astimezone(UTC) - into
        return began, began + HOUR
    day = local.date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC), localtime.start_of_day(day + timedelta(days=1), tz)


def _subject(limit: Limit, use: Use) -> str | None:
    """Return under what name a use counts for a limit; None when it does not: nobody is named, or counted before."""
    if limit.subject is Subject.MEMBER or limit.subject is Subject.CARD:
        return use.holder_id if limit.subject is Subject.MEMBER else use.card
    if use.claimed and limit.measure is Measure.RECEIPTS:
        return None
    if limit.subject is Subject.PROGRAM:
        return ""
    if limit.subject is Subject.PLACE:
        return use.place
    code = use.till if limit.subject is Subject.TILL else use.cashier
    return f"{use.place}~{code}" if code is not None and use.place is not None else code
