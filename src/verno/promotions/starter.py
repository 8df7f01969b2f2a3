"""A program that is ready for its first receipt: unit, stores, topics, and the starter rule."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.ledger.lifetime import ForDays
from verno.members import service as members
from verno.promotions import service as promotions
from verno.promotions.types import NotPublished, StoredRulebook
from verno.rules.effects import Earn
from verno.rules.types import Rule, Rulebook
from verno.workspace import service as workspace
from verno.workspace.types import NewProgram, NewStore, NewUnit, Program, ProgramRefusal, Unit

BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
"""The starter rule holds for every receipt a till may still know of."""
UNIT = "points"
RULE = "base"


class Opened(msgspec.Struct, frozen=True):
    """What was made."""

    program: Program
    unit: Unit
    rulebook: StoredRulebook


def open_program(
    conn: Connection,
    wanted: NewProgram,
    stores: Sequence[NewStore],
    *,
    earn_per: int,
    life_days: int | None,
    now: datetime,
    spend_value: int | None = None,
) -> Opened | ProgramRefusal | NotPublished:
    """Make a program whose one rule gives one point for every full ``earn_per`` minor units paid.

    Points are usable through the end of day ``life_days`` after the receipt's business date; None means for ever.
    ``spend_value`` is what one point pays, in minor units; without it points cannot be spent yet.
    """
    program = workspace.create_program(conn, wanted, now=now)
    if not isinstance(program, Program):
        return program
    expiry = None if life_days is None else ForDays(life_days)
    first = NewUnit(UNIT, expiry=expiry, spend_value=spend_value)
    (unit,) = workspace.add_units(conn, program.id, [first], now=now)
    if not isinstance(unit, Unit):
        message = f"a new program refused its first unit: {unit}"
        raise BrokenInvariant(message)
    workspace.add_stores(conn, program.id, stores, now=now)
    members.ensure_topics(conn, program.id)
    book = Rulebook((Rule(id=RULE, effects=(Earn(UNIT, 1, earn_per),)),))
    published = promotions.publish(conn, program.id, book, units=[unit], effective_from=BEGINNING, now=now)
    if isinstance(published, NotPublished):
        return published
    return Opened(program, unit, published)
