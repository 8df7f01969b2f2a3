"""When points begin and end: laws that hold for every lifetime, day and zone, and naive references for the calendar."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.kit import localtime
from verno.ledger import lifetime as life
from verno.ledger.lifetime import (
    MOST_DAYS,
    MOST_MONTHS,
    Activation,
    AfterDays,
    AtOnce,
    EndOf,
    EveryYear,
    Expiry,
    ForDays,
    ForMonths,
    FromDate,
    Lifetime,
    Never,
    OnDate,
    OnEvent,
    Period,
    Sliding,
    Span,
)
from verno.ledger.lifetime_words import Unreadable, read_activation, read_expiry, tell_activation, tell_expiry

ZONES = (
    "Europe/Moscow",
    "America/New_York",
    "America/Santiago",
    "Asia/Beirut",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
    "America/Havana",
)
MOSCOW = localtime.zone("Europe/Moscow")

days = st.dates(date(1990, 1, 1), date(2120, 12, 31))
numbers = st.integers(1, MOST_DAYS) | st.integers(1, 400)
dates = st.dates(date(2000, 1, 1), date(2999, 12, 31)) | days.filter(lambda day: day.year >= 2000)
yearly = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: EveryYear(day.month, day.day))
expiries: st.SearchStrategy[Expiry] = st.one_of(
    st.just(Never()),
    st.builds(ForDays, numbers),
    st.builds(ForMonths, st.integers(1, MOST_MONTHS)),
    st.builds(EndOf, st.sampled_from(Period), st.integers(0, MOST_MONTHS) | st.integers(0, 3)),
    yearly,
    st.builds(OnDate, dates),
    st.builds(Sliding, numbers),
)
activations: st.SearchStrategy[Activation] = st.one_of(
    st.just(AtOnce()),
    st.builds(AfterDays, numbers),
    st.builds(FromDate, dates),
    st.builds(OnEvent, st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True)),
)
grace = st.integers(0, MOST_DAYS) | st.integers(0, 40)
lifetimes = st.builds(Lifetime, expiries, activations, grace, grace, st.booleans())
dated = lifetimes.filter(lambda one: not isinstance(one.activation, OnEvent))
zones = st.sampled_from(ZONES).map(localtime.zone)


@given(dated, days, days, zones)
def test_later_is_never_worse(lifetime: Lifetime, one: date, other: date, zone: ZoneInfo) -> None:
    earlier, later = (life.born(lifetime, day, zone) for day in sorted((one, other)))
    for sooner, after in ((earlier.expires_at, later.expires_at), (earlier.lapses_at, later.lapses_at)):
        assert (sooner is None) == (after is None)
        if sooner is not None and after is not None:
            assert sooner <= after
    starts = [
        span.active_from or localtime.start_of_day(day, zone)
        for span, day in zip((earlier, later), sorted((one, other)), strict=True)
    ]
    assert starts == sorted(starts)


@given(dated, days, zones)
def test_points_that_begin_have_their_first_day_whole(lifetime: Lifetime, day: date, zone: ZoneInfo) -> None:
    span = life.born(lifetime, day, zone)
    first = day if span.active_from is None else localtime.business_date(span.active_from, zone)
    assert first >= day
    if span.expires_at is not None:
        assert span.expires_at >= localtime.start_of_day(first + timedelta(days=1), zone)


@given(lifetimes, days, zones)
def test_bounds_lie_between_two_local_days(lifetime: Lifetime, day: date, zone: ZoneInfo) -> None:
    span = life.born(lifetime, day, zone)
    for bound in (span.active_from, span.expires_at, span.lapses_at):
        if bound is not None:
            before = localtime.business_date(bound - timedelta(microseconds=1), zone)
            assert before < localtime.business_date(bound, zone)


@given(dated, days, zones, st.integers(1, 60))
def test_grace_moves_the_end_by_whole_days(lifetime: Lifetime, day: date, zone: ZoneInfo, more: int) -> None:
    span = life.born(lifetime, day, zone)
    kinder = life.born(msgspec.structs.replace(lifetime, grace_days=lifetime.grace_days + more), day, zone)
    assert kinder.active_from == span.active_from
    for strict, kind in ((span.expires_at, kinder.expires_at), (span.lapses_at, kinder.lapses_at)):
        if strict is not None:
            assert kind is not None
            gap = localtime.business_date(kind, zone) - localtime.business_date(strict, zone)
            assert gap == timedelta(days=more)


@given(lifetimes, days, zones)
def test_only_sliding_ends_the_account(lifetime: Lifetime, day: date, zone: ZoneInfo) -> None:
    span = life.born(lifetime, day, zone)
    assert span.lapses_at == life.touched(lifetime, day, zone)
    assert (span.lapses_at is not None) == isinstance(lifetime.expiry, Sliding)
    if isinstance(lifetime.expiry, Sliding | Never):
        assert span.expires_at is None


@given(lifetimes, days, days, zones)
def test_an_event_begins_what_waits_for_it(lifetime: Lifetime, day: date, told: date, zone: ZoneInfo) -> None:
    waiting = msgspec.structs.replace(lifetime, activation=OnEvent("delivered"))
    span = life.born(waiting, day, zone)
    assert (span.awaits, span.active_from) == ("delivered", None)
    ended = life.activated(waiting, told, zone).expires_at
    at_once = life.born(msgspec.structs.replace(waiting, activation=AtOnce()), told, zone).expires_at
    assert ended == (at_once if waiting.from_activation else None)
    assert span.expires_at is None or not waiting.from_activation


@given(lifetimes, days, zones)
def test_the_window_of_reinstatement(lifetime: Lifetime, day: date, zone: ZoneInfo) -> None:
    window = life.reinstatable(lifetime, day, zone)
    if not lifetime.reinstate_days:
        assert window is None
        return
    assert window is not None
    start = localtime.start_of_day(day, zone)
    assert window.since < start < window.expires_at
    before = day - localtime.business_date(window.since, zone)
    after = localtime.business_date(window.expires_at, zone) - day
    assert (before.days, after.days) == (lifetime.reinstate_days, lifetime.reinstate_days + 1)


@given(days, st.integers(0, MOST_MONTHS))
def test_months_against_counting_on_the_fingers(day: date, months: int) -> None:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    there = [number for number in range(1, day.day + 1) if exists(year, month, number)]
    assert life.plus_months(day, months) == date(year, month, there[-1])


def exists(year: int, month: int, number: int) -> bool:
    try:
        date(year, month, number)
    except ValueError:
        return False
    return True


PERIODS: dict[Period, Callable[[date], object]] = {
    Period.DAY: lambda day: day,
    Period.MONTH: lambda day: (day.year, day.month),
    Period.QUARTER: lambda day: (day.year, (day.month + 2) // 3),
    Period.YEAR: lambda day: day.year,
}


@given(days, st.sampled_from(Period), st.integers(0, 3))
def test_periods_against_turning_leaves(day: date, period: Period, later: int) -> None:
    last, left = day, later
    while True:
        following = last + timedelta(days=1)
        if PERIODS[period](following) != PERIODS[period](last):
            if not left:
                break
            left -= 1
        last = following
    assert life.last_day(EndOf(period, later), day) == last


@given(days, yearly)
def test_every_year_against_turning_leaves(day: date, expiry: EveryYear) -> None:
    leaf = day
    while True:
        following = leaf + timedelta(days=1)
        is_it = (leaf.month, leaf.day) == (expiry.month, expiry.day)
        # A common year has no 29 February: its 28th stands in.
        if is_it or ((expiry.month, expiry.day) == (2, 29) and (leaf.month, following.month) == (2, 3)):
            break
        leaf = following
    assert life.last_day(expiry, day) == leaf


@given(lifetimes)
def test_words_and_json_are_read_as_they_are_told(lifetime: Lifetime) -> None:
    assert read_expiry(tell_expiry(lifetime.expiry)) == lifetime.expiry
    assert read_activation(tell_activation(lifetime.activation)) == lifetime.activation
    assert msgspec.json.decode(msgspec.json.encode(lifetime), type=Lifetime) == lifetime


@pytest.mark.parametrize(
    "words",
    ["", "days", "days:", "days:0", "days:-1", "days:36501", "days:1.5", "days:١", " days:1", "days:1\n", "Never",
     "weeks:1", "months:0", "months:1201", "end-of-week", "end-of-month+", "end-of-month+1201", "end-of-month-1",
     "date:02-30", "date:13-01", "date:00-10", "date:4-31", "date:04-31", "date:2027-02-29", "date:1999-12-31",
     "date:3000-01-01", "sliding:0", "sliding:x", "never:1", "days:99999999999999999999"],
)  # fmt: skip
def test_other_words_are_refused(words: str) -> None:
    assert isinstance(read_expiry(words), Unreadable)


@pytest.mark.parametrize(
    "words", ["", "now", "days:0", "date:12-31", "date:2027-02-29", "event:", "event:A", "event:a b", "event:é"]
)
def test_other_activations_are_refused(words: str) -> None:
    assert isinstance(read_activation(words), Unreadable)


@pytest.mark.parametrize(
    "json",
    [
        '{"model": "days"}',
        '{"model": "days", "days": "180"}',
        '{"model": "days", "days": 180.5}',
        '{"model": "days", "days": true}',
        '{"model": "days", "days": 180, "months": 6}',
        '{"model": "end-of", "period": "week"}',
        '{"model": "every-year", "month": 4, "day": 31}',
        '{"model": "date", "date": "31.12.2027"}',
        '{"days": 180}',
        '{"model": "for ever"}',
        '"never"',
        "null",
    ],
)
def test_other_json_is_refused(json: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json, type=Expiry)


@pytest.mark.parametrize(
    ("zone", "over"), [("Pacific/Kiritimati", "2028-02-29T10:00"), ("Pacific/Pago_Pago", "2028-03-01T11:00")]
)
def test_the_same_day_ends_25_hours_apart(zone: str, over: str) -> None:
    for expiry, earned in ((EndOf(Period.MONTH), date(2028, 2, 1)), (ForMonths(1), date(2028, 1, 31))):
        span = life.born(Lifetime(expiry), earned, localtime.zone(zone))
        assert span.expires_at == datetime.fromisoformat(over).replace(tzinfo=UTC)


def test_for_ever() -> None:
    assert life.born(life.FOR_EVER, date(2026, 3, 1), MOSCOW) == Span()
