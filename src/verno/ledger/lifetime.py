"""When points begin and when they end: pure arithmetic on local dates.

A lifetime says it in whole days of the place's zone: points are usable *through* a last day, so the ledger gets the
exclusive bound, the first moment of the day after (half-open intervals). The words an owner types for a lifetime are
read by ``lifetime_words``; docs/explanation/expiry.md has the worked cases, run by the tests.
"""

import calendar
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from verno.kit import localtime

MOST_DAYS = 36_500
MOST_MONTHS = 1_200
FIRST_YEAR, LAST_YEAR = 2_000, 2_999
MONTHS_A_YEAR = 12
SOME_LEAP_YEAR = 2000

Days: TypeAlias = Annotated[int, Meta(ge=1, le=MOST_DAYS)]
DaysOrNone: TypeAlias = Annotated[int, Meta(ge=0, le=MOST_DAYS)]
Months: TypeAlias = Annotated[int, Meta(ge=1, le=MOST_MONTHS)]
Event: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}\Z")]


class Period(StrEnum):
    """A calendar period that points may live to the end of."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: MONTHS_A_YEAR}


class Never(msgspec.Struct, frozen=True, tag="never", tag_field="model", forbid_unknown_fields=True):
    """Points do not expire."""


class ForDays(msgspec.Struct, frozen=True, tag="days", tag_field="model", forbid_unknown_fields=True):
    """Usable through the end of the day ``days`` after the first."""

    days: Days


class ForMonths(msgspec.Struct, frozen=True, tag="months", tag_field="model", forbid_unknown_fields=True):
    """Usable through the end of the day ``months`` later, see ``plus_months``."""

    months: Months


class EndOf(msgspec.Struct, frozen=True, tag="end-of", tag_field="model", forbid_unknown_fields=True):
    """Usable through the end of the period that holds the first day, or of the one ``later`` periods after it."""

    period: Period
    later: Annotated[int, Meta(ge=0, le=MOST_MONTHS)] = 0


class EveryYear(msgspec.Struct, frozen=True, tag="every-year", tag_field="model", forbid_unknown_fields=True):
    """Usable through the next such day of a year, the first day itself included; 29 February is the month's last."""

    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)]

    def __post_init__(self) -> None:
        """Refuse a day that no year has."""
        longest = calendar.monthrange(SOME_LEAP_YEAR, self.month)[1] if 1 <= self.month <= MONTHS_A_YEAR else 0
        if not 1 <= self.day <= longest:
            message = f"no year has a day {self.day} in month {self.month}"
            raise ValueError(message)


class OnDate(msgspec.Struct, frozen=True, tag="date", tag_field="model", forbid_unknown_fields=True):
    """Usable through one fixed date; points that begin after it live through their first day only."""

    date: date

    def __post_init__(self) -> None:
        """Refuse a year that is a slip of the finger."""
        _check_year(self.date)


class Sliding(msgspec.Struct, frozen=True, tag="sliding", tag_field="model", forbid_unknown_fields=True):
    """All points of the account end together, at the end of the day ``days`` after the last earning or spending."""

    days: Days


Expiry: TypeAlias = Never | ForDays | ForMonths | EndOf | EveryYear | OnDate | Sliding


class AtOnce(msgspec.Struct, frozen=True, tag="at-once", tag_field="begins", forbid_unknown_fields=True):
    """Usable from the moment they are earned."""


class AfterDays(msgspec.Struct, frozen=True, tag="days", tag_field="begins", forbid_unknown_fields=True):
    """Usable from the beginning of the day ``days`` after the business date."""

    days: Days


class FromDate(msgspec.Struct, frozen=True, tag="date", tag_field="begins", forbid_unknown_fields=True):
    """Usable from the beginning of a date; at once when it has come."""

    date: date

    def __post_init__(self) -> None:
        """Refuse a year that is a slip of the finger."""
        _check_year(self.date)


class OnEvent(msgspec.Struct, frozen=True, tag="event", tag_field="begins", forbid_unknown_fields=True):
    """Usable once the event has been told, such as ``delivered``."""

    event: Event


Activation: TypeAlias = AtOnce | AfterDays | FromDate | OnEvent


class Lifetime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit says of its points.

    ``grace_days`` are added to every end. ``from_activation`` counts the expiry from the first usable day instead of
    the business date. Expired points may be given again for ``reinstate_days`` (0: not at all).
    """

    expiry: Expiry = Never()
    activation: Activation = AtOnce()
    grace_days: DaysOrNone = 0
    reinstate_days: DaysOrNone = 0
    from_activation: bool = False


FOR_EVER = Lifetime()


class Span(msgspec.Struct, frozen=True, gc=False):
    """The life of a lot as ``ledger.types.Earn`` and ``Activate`` take it; ``expires_at`` is the first moment without.

    ``lapses_at`` is the account's own end (sliding), ``awaits`` the event that a pending lot waits for.
    """

    active_from: datetime | None = None
    expires_at: datetime | None = None
    awaits: str | None = None
    lapses_at: datetime | None = None


class Window(msgspec.Struct, frozen=True, gc=False):
    """What may be given again today: what has expired since ``since``; it then lives until ``expires_at``."""

    since: datetime
    expires_at: datetime


def born(lifetime: Lifetime, day: date, zone: ZoneInfo) -> Span:
    """Return the life of points earned on the business date ``day`` of a place in ``zone``."""
    begins = lifetime.activation
    if isinstance(begins, OnEvent):
        # Counted from an activation that has no date yet, the end has none either: ``activated`` will say it.
        ends = None if lifetime.from_activation else _ends(lifetime, day, day, zone)
        return Span(None, ends, begins.event, touched(lifetime, day, zone))
    first = _first_day(begins, day)
    active_from = localtime.start_of_day(first, zone) if first > day else None
    return Span(active_from, _ends(lifetime, day, first, zone), None, touched(lifetime, day, zone))


def activated(lifetime: Lifetime, day: date, zone: ZoneInfo) -> Span:
    """Return the life of points whose event is told of the business date ``day``; the event's own moment begins it.

    ``expires_at`` None: they keep the end that they were born with.
    """
    ends = _ends(lifetime, day, day, zone) if lifetime.from_activation else None
    return Span(None, ends, None, touched(lifetime, day, zone))


def touched(lifetime: Lifetime, day: date, zone: ZoneInfo) -> datetime | None:
    """Return when the account lapses after an earning, a spend or a capture on ``day``; None unless sliding."""
    if not isinstance(lifetime.expiry, Sliding):
        return None
    return _after(day + timedelta(days=lifetime.expiry.days + lifetime.grace_days), zone)


def reinstatable(lifetime: Lifetime, day: date, zone: ZoneInfo) -> Window | None:
    """Return what may be given again on ``day``: the ends of the last ``reinstate_days`` days; None: nothing.

    What is given again lives as many days more, ``day`` not counted.
    """
    days = timedelta(days=lifetime.reinstate_days)
    return Window(localtime.start_of_day(day - days, zone), _after(day + days, zone)) if days else None


def soon(day: date, days: int, zone: ZoneInfo) -> datetime:
    """Return the moment by which points end that can be used through the day ``days`` after ``day`` at the latest."""
    return _after(day + timedelta(days=days), zone)


def later(end: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return an end ``days`` local days later: a day's beginning stays one, another moment keeps its time there."""
    local = end.astimezone(zone).replace(tzinfo=None)
    moved = local + timedelta(days=days)
    if end == localtime.start_of_day(local.date(), zone):
        return localtime.start_of_day(moved.date(), zone)
    return localtime.localize(moved, zone)


def last_day(expiry: Expiry, day: date) -> date | None:
    """Return the last usable day, counted from ``day`` and without grace; None for never and for sliding.

    A fixed date may lie before ``day``; ``born`` gives what begins after it its own day.
    """
    match expiry:
        case ForDays(days):
            return day + timedelta(days=days)
        case ForMonths(months):
            return plus_months(day, months)
        case EndOf(period, later):
            return _end_of(period, day, later)
        case EveryYear(month, of_month):
            this = day_of_month(day.year, month, of_month)
            return this if this >= day else day_of_month(day.year + 1, month, of_month)
        case OnDate(fixed):
            return fixed
        case Never() | Sliding():
            return None


def plus_months(day: date, months: int) -> date:
    """Return the day of the same number ``months`` later, or that month's last day when it has no such number.

    31 January and one month is the last of February. Counted from ``day`` itself, never month by month: 31 January
    and two months is 31 March.
    """
    index = day.year * MONTHS_A_YEAR + day.month - 1 + months
    return day_of_month(index // MONTHS_A_YEAR, index % MONTHS_A_YEAR + 1, day.day)


def day_of_month(year: int, month: int, day: int) -> date:
    """Return a date, or the month's last one when it is shorter."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _first_day(begins: AtOnce | AfterDays | FromDate, day: date) -> date:
    match begins:
        case AtOnce():
            return day
        case AfterDays(days):
            return day + timedelta(days=days)
        case FromDate(fixed):
            return max(fixed, day)


def _ends(lifetime: Lifetime, day: date, first: date, zone: ZoneInfo) -> datetime | None:
    """Return the end of points earned on ``day`` and usable from ``first`` on: they have that day at the least."""
    last = last_day(lifetime.expiry, first if lifetime.from_activation else day)
    return None if last is None else _after(max(last, first) + timedelta(days=lifetime.grace_days), zone)


def _end_of(period: Period, day: date, later: int) -> date:
    if period is Period.DAY:
        return day + timedelta(days=later)
    wide = MONTHS[period]
    began = date(day.year, day.month - (day.month - 1) % wide, 1)
    return plus_months(began, wide * (later + 1)) - timedelta(days=1)


def _after(day: date, zone: ZoneInfo) -> datetime:
    return localtime.start_of_day(day + timedelta(days=1), zone)


def _check_year(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"the year must lie between {FIRST_YEAR} and {LAST_YEAR}"
        raise ValueError(message)
