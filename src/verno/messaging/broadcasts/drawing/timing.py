"""When a broadcast begins, and when each member's turn is: by the clock on their own wall."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from verno.kit import localtime
from verno.messaging.broadcasts.types import AtBestHour, AtLocalHour, AtMoment, AtOnce, SendTime

EARLIEST = "Pacific/Kiritimati"
"""Where each day begins first (UTC+14): who sends by local clocks begins then."""


def starts_at(send: SendTime, *, now: datetime) -> datetime | None:
    """Return when the audience is frozen, at ``now`` at the earliest; None when the time named is over everywhere."""
    match send:
        case AtOnce():
            return now
        case AtMoment(at=at):
            return at if at > now else None
        case AtLocalHour(day=day) | AtBestHour(day=day):
            first = localtime.start_of_day(day, localtime.zone(EARLIEST))
            if now >= first + timedelta(days=3):
                return None
            return max(now, first)


def turn(day: date, at: time, zone: ZoneInfo, *, start: datetime) -> datetime:
    """Return the first moment, from ``start`` and ``day`` on, when clocks in ``zone`` show ``at``."""
    from_ = max(start, localtime.start_of_day(day, zone))
    first = localtime.business_date(from_, zone)
    moments = [localtime.localize(datetime.combine(first + timedelta(days=n), at), zone) for n in range(2)]
    return next(moment for moment in moments if moment >= from_)
