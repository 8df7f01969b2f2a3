"""Local dates and the moments they begin at.

The laws (ARCHITECTURE.md, laws of the data): UTC inside, intervals half-open, a local date begins at its first existing
instant, times that do not exist move forward by the gap, ambiguous ones take the first (PEP 495, fold 0).
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone ``name``; raises ``ZoneInfoNotFoundError`` (a ``KeyError``) when unknown."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # a path that leads elsewhere; "Asia", which is a folder; a name too long
        raise ZoneInfoNotFoundError(name) from error


def localize(naive: datetime, tz: ZoneInfo) -> datetime:
    """Return the UTC moment of a wall-clock time without zone.

    A time in the spring gap moves forward by the gap's length (02:30 becomes 03:30); an ambiguous autumn
    time is the first of its two moments.
    """
    return naive.replace(tzinfo=tz, fold=0).astimezone(UTC)


def business_date(moment: datetime, tz: ZoneInfo) -> date:
    """Return the local date of ``moment``."""
    return moment.astimezone(tz).date()


@lru_cache(maxsize=16384)
def start_of_day(day: date, tz: ZoneInfo) -> datetime:
    """Return the first existing UTC moment of the local date ``day``.

    Where midnight falls into a gap (Santiago, Beirut), the date begins at the end of the gap.
    """
    midnight = datetime.combine(day, time.min, tzinfo=tz)
    moment = midnight.astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return moment
    return _end_of_gap(midnight, moment)


def _end_of_gap(midnight: datetime, moment: datetime) -> datetime:
    """Return the moment the gap around ``midnight`` ends: its wall clock starts at the offset's jump."""
    before = midnight.utcoffset()
    after = midnight.replace(fold=1).utcoffset()
    if before is None or after is None:
        return moment
    # The gap starts where the old offset would show a time that the new one skips; walk it by bisection,
    # since zones tell offsets of moments but not the moments of change.
    low, high = moment - timedelta(days=1), moment
    tz = midnight.tzinfo
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def month_bounds(year: int, month: int, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open UTC interval of a local calendar month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return start_of_day(date(year, month, 1), tz), start_of_day(following, tz)


def month_before(day: date) -> tuple[int, int]:
    """Return (year, month) of the calendar month before the one that holds ``day``."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.year, last.month
