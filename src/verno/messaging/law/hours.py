"""Quiet hours: whether people may be reached at a moment, and when next; a program's own within its country's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from verno.kit import localtime
from verno.messaging.law.packs import ANY, Rules, Window

DAYS_AHEAD = 3
"""A window opens every day; where several zones have an hour in common, they have it every day too."""

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

Span = tuple[datetime, datetime]
Hours = Mapping[str, Window]
"""By channel; ``*`` stands for all that are not named."""
APART = frozenset({"email", "push"})
"""Channels whose hours a program chooses apart from all others."""


def chosen(words: str) -> Window:
    """Return the hours that a setting says: ``10:00-19:00``."""
    opens, _dash, closes = words.partition("-")
    return Window(time.fromisoformat(opens), time.fromisoformat(closes), is_own=True)


def within(rules: Rules, own: Hours) -> Rules:
    """Return the rules with a program's own hours, cut to the country's.

    Hours that have none in common with the country's count as not chosen: the country's hold.
    """
    if not own:
        return rules
    hours = dict(rules.hours)
    for channel in (*APART, *rules.hours, ANY):
        mine, law = _of(own, channel), rules.window(channel)
        if mine is not None and (both := _narrower(law, mine)) is not None:
            hours[channel] = both
    return msgspec.structs.replace(rules, hours=hours)


def beyond(rules: Rules, own: Hours, channel: str) -> Window | None:
    """Return the country's hours where a program's own for a channel go beyond them, so that they are cut."""
    mine, law = _of(own, channel), rules.window(channel)
    if mine is None or law is None or (law.opens <= mine.opens and mine.closes <= law.closes):
        return None
    return law


def _of(own: Hours, channel: str) -> Window | None:
    return own.get(channel) if channel in APART else own.get(ANY)


def _narrower(law: Window | None, mine: Window) -> Window | None:
    if law is None:
        return mine
    opens, closes = max(law.opens, mine.opens), min(law.closes, mine.closes)
    return Window(opens, closes, is_own=True, law=law) if opens < closes else None


def opening(moment: datetime, zones: Sequence[ZoneInfo], window: Window) -> datetime | None:
    """Return the first moment from ``moment`` on at which the window is open in all ``zones`` (UTC).

    Somebody whose zone is not known may live in any of their country's: all must be open. None when the windows have
    no moment in common.
    """
    if len(zones) == 1:  # nearly always
        today = localtime.business_date(moment, zones[0])
        opens, closes = _span(today, zones[0], window)
        return max(moment, opens) if moment < closes else _span(today + DAY, zones[0], window)[0]
    for opens, closes in _common(moment, zones, window):
        if moment < closes:
            return max(moment, opens)
    return None


@lru_cache(maxsize=4096)
def around(opens: datetime, zones: tuple[ZoneInfo, ...], window: Window) -> tuple[int, int]:
    """Return the seconds for which a window was closed before it opened in all ``zones``, and is open from then on."""
    closed_at = opens - DAY
    for begins, ends in _common(closed_at, zones, window):
        if opens < ends:
            return (begins - closed_at) // SECOND, (ends - opens) // SECOND
        closed_at = ends
    return DAY // SECOND, 0


def _common(moment: datetime, zones: Sequence[ZoneInfo], window: Window) -> Sequence[Span]:
    """Return when a window is open in all zones around a moment, in order."""
    common: Sequence[Span] | None = None
    for zone in zones:
        spans = _spans(moment, zone, window)
        common = spans if common is None else list(_both(common, spans))
    return common or ()


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
