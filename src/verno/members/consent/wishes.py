"""How often a member wishes to hear from the program, and until when not at all."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.members.queries import SQL
from verno.members.types import Wishes

EVERY = (7, 14, 30)
"""At most one message in so many days: what a member may choose."""
PAUSE = timedelta(days=30)
"""How long a pause lasts of which nobody says until when."""
LONGEST_PAUSE = timedelta(days=366)
LAST_DAY = timedelta(days=365)
"""How far ahead the day may be that ends a pause: its beginning is within ``LONGEST_PAUSE`` wherever it is."""


def problem(wish: Wishes, *, now: datetime) -> tuple[str, str] | None:
    """Return (field, what is wrong) of a wish that cannot be kept, or None."""
    if wish.most_per is not None and wish.most_per not in EVERY:
        return "most_per", f"one of {', '.join(map(str, EVERY))}, or null"
    if wish.paused_until is not None and wish.paused_until > now + LONGEST_PAUSE:
        return "paused_until", f"at most {LONGEST_PAUSE.days} days ahead"
    return None


def pause_days(today: date) -> tuple[date, date]:
    """Return the first and the last day until which a member may pause."""
    return today + timedelta(days=1), today + LAST_DAY


def pause_until(day: date, tz: ZoneInfo, *, now: datetime) -> datetime | None:
    """Return the moment that a pause until a day ends, which is the day's beginning; None for a day too near or far."""
    first, last = pause_days(localtime.business_date(now, tz))
    return localtime.start_of_day(day, tz) if first <= day <= last else None


def quieter(one: Wishes | None, other: Wishes) -> Wishes:
    """Return of two wishes what is the quieter one in each matter."""
    if one is None:
        return other
    rarest = max((few for few in (one.most_per, other.most_per) if few is not None), default=None)
    last = max((until for until in (one.paused_until, other.paused_until) if until is not None), default=None)
    return Wishes(rarest, last)


def wish(conn: Connection, program_id: str, wishes: Mapping[str, Wishes], *, now: datetime) -> None:
    """Keep the members' wishes in place of earlier ones; one round trip whatever their number.

    The caller vouches for members and for the wishes (``problem``).
    """
    if wishes:
        rows = [
            {"holder_id": holder, "most_per": wishes[holder].most_per, "paused_until": wishes[holder].paused_until}
            for holder in sorted(wishes)
        ]
        conn.execute(SQL["add_wishes"], {"program": program_id, "now": now, "rows": batches.rows(rows)})
