"""Quiet hours: whether people may be reached at a moment, and when next."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from verno.kit import localtime
from verno.messaging.law.packs import Window

DAYS_AHEAD = 3
"""A window opens every day; where several zones have an hour in common, they have it every day too."""

Span = tuple[datetime, datetime]


def opening(moment: datetime, zones: Sequence[ZoneInfo], window: Window) -> datetime | None:
    """Return the first moment from ``moment`` on at which the window is open in all ``zones`` (UTC).

    Somebody whose zone is not known may live in any of their country's: all must be open. None when the windows have
    no moment in common.
    """
    common: list[Span] | None = None
    for zone in zones:
        spans = list(_spans(moment, zone, window))
        common = spans if common is None else list(_both(common, spans))
    for opens, closes in common or ():
        if moment < closes:
            return max(moment, opens)
    return None


def _spans(moment: datetime, zone: ZoneInfo, window: Window) -> Iterator[Span]:
    today = localtime.business_date(moment, zone)
    for ahead in range(-1, DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        yield _at(day, window.opens, zone), _at(day, window.closes, zone)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return localtime.localize(datetime.combine(day, clock), zone)


def _both(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """Return the moments that lie in both lists of spans, in order."""
    for opens, closes in some:
        for other_opens, other_closes in others:
            begins, ends = max(opens, other_opens), min(closes, other_closes)
            if begins < ends:
                yield begins, ends
