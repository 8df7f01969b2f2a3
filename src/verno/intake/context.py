"""What a process remembers of a program while receipts stream in: units, rulebooks, stores, tills, goods.

Ids never change, so they are kept; what may change (rulebooks, units, stores' zones) is read again after two
seconds. Only what a transaction has committed is remembered: the door calls ``learn`` after its commit.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from verno.kit import localtime
from verno.kit.db import Connection
from verno.promotions import queries as promotions
from verno.promotions.types import StoredRulebook
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.registry import UnknownPlace
from verno.workspace.types import Program, Store, Unit

FRESH_SECONDS = 2.0
MOST_GOODS = 300_000
"""Goods remembered per program, about 200 bytes each; beyond it the memory starts afresh."""

TillKey = tuple[str, str]


@dataclass(slots=True)
class Learned:
    """What one transaction found out, to be remembered once it has committed."""

    goods: dict[str, str] = field(default_factory=dict)
    tills: dict[TillKey, str] = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """A program as intake needs it."""

    program: Program
    units: list[Unit]
    rulebooks: list[StoredRulebook]
    stores: dict[str, Store]
    zones: dict[str, ZoneInfo]
    goods: dict[str, str]
    tills: dict[TillKey, str]
    makes_places: bool
    read_at: float

    def learn(self, learned: Learned) -> None:
        """Remember what a committed transaction found out."""
        if len(self.goods) > MOST_GOODS:
            self.goods.clear()
        self.goods.update(learned.goods)
        self.tills.update(learned.tills)

    def add_stores(self, stores: Iterable[Store]) -> None:
        """Take in stores with their zones."""
        for store in stores:
            self.stores[store.code] = store
            self.zones[store.id] = localtime.zone(store.timezone)


_contexts: dict[str, Context] = {}
_guard = threading.Lock()


def of(conn: Connection, program_id: str) -> Context:
    """Return the program's context, read again when it is older than two seconds."""
    with _guard:
        known = _contexts.get(program_id)
    if known is not None and time.monotonic() - known.read_at < FRESH_SECONDS:
        return known
    fresh = Context(
        program=workspace.program(conn, program_id),
        units=workspace.units(conn, program_id),
        rulebooks=promotions.rulebooks(conn, program_id),
        stores={},
        zones={},
        goods=known.goods if known else {},
        tills=known.tills if known else {},
        makes_places=_makes_places(conn, program_id),
        read_at=time.monotonic(),
    )
    fresh.add_stores(workspace.stores(conn, program_id))
    with _guard:
        _contexts[program_id] = fresh
    return fresh


def _makes_places(conn: Connection, program_id: str) -> bool:
    return settings.value(conn, program_id, registry.UNKNOWN_PLACE) is UnknownPlace.CREATE


def forget() -> None:
    """Drop everything remembered (another database, a test)."""
    with _guard:
        _contexts.clear()
