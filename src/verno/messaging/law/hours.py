"""Quiet hours: whether people may be reached at a moment, and when next."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
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
    if len(zones) == 1:  # nearly always, and by day it is open
        opens, closes = _span(localtime.business_date(moment, zones[0]), zones[0], window)
        if opens <= moment < closes:
            return moment
    common: Sequence[Span] | None = None
    for zone in zones:
        spans = _spans(moment, zone, window)
        common = spans if common is None else list(_both(common, spans))
    for opens, closes in common or ():
        if moment < closes:
            return max(moment, opens)
    return None


def _spans(moment: datetime, zone: ZoneInfo, window: Window) -> list[Span]:
    today = localtime.business_date(moment, zone)
    return [_span(today + timedelta(days=ahead), zone, window) for ahead in range(-1, DAYS_AHEAD)]


@lru_cache(maxsize=4096)
def _span(day: date, zone: ZoneInfo, window: Window) -> Span:
    opens, closes = [localtime.localize(datetime.combine(day, at), zone) for at in (window.opens, window.closes)]
    return opens, closes


def _both(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """Return the moments that lie in both lists of spans, in order."""
    for opens, closes in some:
        for other_opens, other_closes in others:
            begins, ends = max(opens, other_opens), min(closes, other_closes)
            if begins < ends:
                yield begins, ends
