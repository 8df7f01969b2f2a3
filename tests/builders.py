"""Plain builders: the smallest program a test needs, in the caller's transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from verno.kit.ids import new_id
from verno.promotions import starter
from verno.workspace.types import NewProgram, NewStore, Program, Unit

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """A program with one unit and one store."""

    program: Program
    unit: Unit


def make_shop(
    conn: psycopg.Connection,
    *,
    currency: str = "RUB",
    timezone: str = "Europe/Moscow",
    country: str = "RU",
    locale: str = "en",
    place: str = "msk-1",
    life_days: int | None = None,
    per: int = 100,
    now: datetime = NOW,
) -> Shop:
    """Make a program with a unit ``points``, a store, and the rule of one point for every full ``per``."""
    wanted = NewProgram("Shop", currency, timezone, country, locale)
    opened = starter.open_program(conn, wanted, [NewStore(place, place)], earn_per=per, life_days=life_days, now=now)
    assert isinstance(opened, starter.Opened), opened
    return Shop(opened.program, opened.unit)


def holder(now: datetime = NOW) -> str:
    """Return a fresh holder id."""
    return new_id(now=now)
