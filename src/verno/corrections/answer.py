"""Replies to corrections: the bytes that are stored and replayed for ever."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from verno.corrections.types import Status
from verno.ledger.types import Balance
from verno.workspace.types import Unit

encode = msgspec.json.Encoder().encode


class BalancePart(msgspec.Struct, frozen=True, gc=False):
    """What a member has now of one unit, in its smallest step."""

    unit: str
    available: int
    pending: int
    held: int
    debt: int


class CorrectionAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A correction as it stands. ``points`` are from the member's side; ``to`` is the receiver of a transfer."""

    id: str
    status: Status
    unit: str
    points: int
    balance: list[BalancePart]
    reason: str | None = None
    to: str | None = None


class MovedPart(msgspec.Struct, frozen=True, gc=False):
    """Points of one unit that went from one member to the other."""

    unit: str
    points: int


class MergeAnswer(msgspec.Struct, frozen=True, gc=False):
    """Two members who are one. ``identities`` are the contacts that went along; it can be undone before ``until``."""

    id: str
    status: str
    member: str
    merged: str
    points: list[MovedPart]
    identities: list[str]
    until: datetime
    balance: list[BalancePart]


class UndoAnswer(msgspec.Struct, frozen=True, gc=False):
    """Two members again. ``points`` went home, as far as they were still there; so did ``identities``.

    ``lost`` are contacts that are somebody else's by a later word. The balance is of the member who was merged.
    """

    id: str
    status: str
    member: str
    merged: str
    points: list[MovedPart]
    identities: list[str]
    lost: list[str]
    balance: list[BalancePart]


def balance(units: Iterable[Unit], balances: Sequence[Balance]) -> list[BalancePart]:
    """Return what a member has of every unit of the program, the oldest unit first."""
    found = {one.unit_id: one for one in balances}
    parts = [(unit.code, found.get(unit.id, Balance(unit.id))) for unit in units]
    return [BalancePart(code, one.available, one.pending, one.held, one.debt) for code, one in parts]
