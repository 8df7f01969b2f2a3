"""Dates, days of the week and times of day somewhere: what fields of those kinds hold, in both readings.

The zone is the fact's own, so a fact works its local time out once, however many conditions ask for it.
"""

from datetime import date, datetime
from typing import LiteralString, NamedTuple

from verno.kit import localtime


class Local(NamedTuple):
    """A moment as calendars and clocks show it somewhere: ``weekday`` 1 to 7, ``minute`` since midnight."""

    date: date
    weekday: int
    minute: int


class LocalSql(NamedTuple):
    """The same as SQL expressions."""

    date: LiteralString
    weekday: LiteralString
    minute: LiteralString


def local(moment: datetime, zone: str) -> Local:
    """Return what calendars and clocks of an IANA zone show at a moment."""
    there = moment.astimezone(localtime.zone(zone))
    return Local(there.date(), there.isoweekday(), there.hour * 60 + there.minute)


def local_sql(moment: LiteralString, zone: LiteralString) -> LocalSql:
    """Return the expressions that read the same out of a timestamptz and a zone's name."""
    there: LiteralString = f"({moment} AT TIME ZONE {zone})"
    return LocalSql(
        f"{there}::date",
        f"extract(isodow FROM {there})::int",
        f"(extract(hour FROM {there}) * 60 + extract(minute FROM {there}))::int",
    )
