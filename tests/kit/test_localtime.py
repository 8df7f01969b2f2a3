"""Local dates and moments where zones are at their worst."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.kit import localtime
from verno.ledger.lifetime import ForDays, Lifetime, born

NEW_YORK, SANTIAGO, BEIRUT = "America/New_York", "America/Santiago", "Asia/Beirut"
ZONES = (NEW_YORK, SANTIAGO, BEIRUT, "Europe/Moscow", "Pacific/Apia", "Pacific/Kiritimati", "Australia/Lord_Howe",
         "America/Havana", "Asia/Kathmandu", "Etc/GMT+12")  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        (NEW_YORK, "2026-01-15T12:00", "2026-01-15T17:00"),
        (NEW_YORK, "2026-07-15T12:00", "2026-07-15T16:00"),
        # The spring gap: times that do not exist move forward by it (02:30 is 03:30 in summer time).
        (NEW_YORK, "2026-03-08T01:59:59", "2026-03-08T06:59:59"),
        (NEW_YORK, "2026-03-08T02:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:30"),
        (NEW_YORK, "2026-03-08T03:30", "2026-03-08T07:30"),
        # The autumn hour that happens twice: the first.
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00"),
        # A gap of half an hour, and of a whole day.
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00"),
    ],
)
def test_wall_clock_times(zone: str, wall: str, moment: str) -> None:
    assert localtime.localize(datetime.fromisoformat(wall), localtime.zone(zone)) == utc(moment)


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        (NEW_YORK, "2026-03-08", "2026-03-08T05:00"),
        (NEW_YORK, "2026-03-09", "2026-03-09T04:00"),
        # Midnight does not exist: the date begins at one o'clock.
        (SANTIAGO, "2026-09-06", "2026-09-06T04:00"),
        (BEIRUT, "2026-03-29", "2026-03-28T22:00"),
        ("America/Havana", "2026-03-08", "2026-03-08T05:00"),
        # Midnight happens twice: the date begins at the first.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
        # The day that Samoa left out: it is empty and begins where the next one does.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00"),
        ("Etc/GMT+12", "2026-01-01", "2026-01-01T12:00"),
    ],
)
def test_a_date_begins_at_its_first_instant(zone: str, day: str, moment: str) -> None:
    assert localtime.start_of_day(date.fromisoformat(day), localtime.zone(zone)) == utc(moment)


@given(st.dates(date(1990, 1, 1), date(2037, 12, 1)), st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(day: date, name: str) -> None:
    tz = localtime.zone(name)
    begins, ends = localtime.start_of_day(day, tz), localtime.start_of_day(day + timedelta(days=1), tz)
    if begins == ends:
        assert (name, day) == ("Pacific/Apia", date(2011, 12, 30)) or name == "Pacific/Kiritimati"
        return
    assert localtime.business_date(begins, tz) == day
    assert localtime.business_date(begins - timedelta(microseconds=1), tz) < day
    assert localtime.business_date(ends - timedelta(microseconds=1), tz) == day


@pytest.mark.parametrize(
    ("zone", "year", "month", "hours"),
    [(NEW_YORK, 2026, 3, 31 * 24 - 1), (NEW_YORK, 2026, 11, 30 * 24 + 1), (NEW_YORK, 2026, 12, 31 * 24),
     ("Europe/Moscow", 2028, 2, 29 * 24), ("Pacific/Apia", 2011, 12, 30 * 24)],
)  # fmt: skip
def test_months_are_as_long_as_their_clocks_say(zone: str, year: int, month: int, hours: int) -> None:
    begins, ends = localtime.month_bounds(year, month, localtime.zone(zone))
    assert ends - begins == timedelta(hours=hours)


def test_the_month_before() -> None:
    assert localtime.month_before(date(2026, 1, 31)) == (2025, 12)
    assert localtime.month_before(date(2026, 3, 1)) == (2026, 2)


@pytest.mark.parametrize(
    ("zone", "bought", "days", "over"),
    [
        # Usable through the end of the 180th day: 2026-07-14 in New York ends at 04:00 UTC of the 15th.
        (NEW_YORK, "2026-01-15T17:00", 180, "2026-07-15T04:00"),
        # Late in the evening the business date is still the local one.
        (NEW_YORK, "2026-01-16T04:59:59", 180, "2026-07-15T04:00"),
        (NEW_YORK, "2026-01-16T05:00", 180, "2026-07-16T04:00"),
        # From summer into winter time.
        (NEW_YORK, "2026-06-01T12:00", 180, "2026-11-29T05:00"),
        # The day after the last one has no midnight: points live until the day's first instant.
        (SANTIAGO, "2026-09-05T12:00", 0, "2026-09-06T04:00"),
        (SANTIAGO, "2026-03-09T12:00", 180, "2026-09-06T04:00"),
        ("Pacific/Kiritimati", "2026-01-01T00:00", 1, "2026-01-02T10:00"),
    ],
)
def test_points_live_through_the_end_of_their_last_day(zone: str, bought: str, days: int, over: str) -> None:
    day = localtime.business_date(utc(bought), ZoneInfo(zone))
    assert born(Lifetime(ForDays(days)), day, ZoneInfo(zone)).expires_at == utc(over)


def test_points_without_a_lifetime_never_end() -> None:
    assert born(Lifetime(), date(2026, 1, 1), ZoneInfo("UTC")).expires_at is None


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "Asia", "x" * 300, "\0"])
def test_unknown_zones(name: str) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        localtime.zone(name)
