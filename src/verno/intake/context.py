"""What a process remembers of a program while receipts stream in: units, rulebooks, settings, stores, tills, goods.

Ids never change, so they are kept; what may change (rulebooks, pauses, units, settings, zones) is read again after a
second and a half. Only what a transaction has committed is remembered: the door calls ``learn`` after its commit.
"""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from verno.catalogue import queries as catalogue
from verno.intake.types import Outcome
from verno.intake.unwinding.limits import Limits
from verno.intake.unwinding.types import Unwinder
from verno.kit import localtime
from verno.kit.binary.fields import raw
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.ledger.lifetime import Span
from verno.limits import queries as limits
from verno.limits.types import Limit
from verno.members import queries as members
from verno.progress import engine as tracking
from verno.progress import queries as progress
from verno.progress.engine import Board
from verno.progress.types import Stored
from verno.promotions import queries as promotions
from verno.promotions import types as stopping
from verno.promotions.budgets.types import Budgets, of_rulebook
from verno.promotions.types import Pause, StoredRulebook
from verno.rules.fields import Known
from verno.rules.making import compiling
from verno.rules.making.compiling import Book
from verno.rules.types import gives_badges
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.registry import UnknownPlace
from verno.workspace.types import Program, Store, Unit

FRESH_SECONDS = 1.5
"""Leaves half a second of the two in which a change is in force everywhere."""
MOST_GOODS = 300_000
"""Goods remembered per program, about 200 bytes each; beyond it the memory starts afresh."""

NOBODY_PAUSED: frozenset[str] = frozenset()

TillKey = tuple[str, str]


@dataclass(slots=True)
class Learned:
    """What one transaction found out, to be remembered once it has committed."""

    goods: dict[str, bytes] = field(default_factory=dict)
    tills: dict[TillKey, str] = field(default_factory=dict)


@dataclass(slots=True)
class Settlement:
    """What a verb made of a batch: one outcome per item, in order, and what to remember after the commit."""

    outcomes: list[Outcome]
    learned: Learned = field(default_factory=Learned)


@dataclass(slots=True)
class Context:
    """A program as intake needs it."""

    program: Program
    units: list[Unit]
    policy: settings.Book
    rulebooks: list[StoredRulebook]
    stores: dict[str, Store]
    zones: dict[str, ZoneInfo]
    goods: dict[str, bytes]
    """Ids by SKU, as fields of a COPY."""
    tills: dict[TillKey, str]
    makes_places: bool
    read_at: float
    tracks: list[Stored] = field(default_factory=list)
    """All versions of progress tracks."""
    known: Known = field(default_factory=Known)
    """What conditions may name; places and other codes may be any, since a rulebook outlives them."""
    limits: tuple[Limit, ...] = ()
    pauses: tuple[Pause, ...] = ()
    unwinders: Mapping[str, Unwinder] = field(default_factory=lambda: UNWINDERS)
    books: dict[str, Book] = field(default_factory=dict)
    """Rulebooks made ready, by id: what was published never changes."""
    budgets_of: dict[str, Budgets] = field(default_factory=dict)
    """Budgets by rulebook, by id."""
    closed_of: dict[str, frozenset[str]] = field(default_factory=dict)
    """Paused rules by rulebook, by id; as of this reading."""
    lives: dict[tuple[str, date, ZoneInfo], Span] = field(default_factory=dict)
    """Lives of points by unit, business date and zone: a day's receipts share theirs."""
    by_code: dict[str, Unit] = field(init=False)
    counts_budgets: bool = field(init=False)
    """Whether any rulebook has budgets."""
    keeps: bool = field(init=False)
    """Whether any rulebook lets some members keep an earlier one."""
    in_turn: bool = field(init=False)
    """Whether a receipt may change what rules ask of its member, so that the next one must see it done."""
    by_place: dict[str, Store] = field(default_factory=dict)
    _board: tuple[date, Board] | None = None

    def __post_init__(self) -> None:
        """Arrange what is looked up by name, and look for budgets."""
        self.by_code = {unit.code: unit for unit in self.units}
        self.counts_budgets = any(self.budgets(one) for one in self.rulebooks)
        self.keeps = any(one.rulebook.keeps for one in self.rulebooks)
        self.in_turn = bool(self.tracks) or any(gives_badges(one.rulebook) for one in self.rulebooks)

    def ready(self, stored: StoredRulebook) -> Book:
        """Return a rulebook ready to judge by.

        Raises ``BrokenInvariant`` for one whose fields are gone: what rules ask for is never removed.
        """
        book = self.books.get(stored.id)
        if book is None:
            made = compiling.ready(stored.rulebook, self.known)
            if not isinstance(made, Book):
                message = f"rulebook {stored.version} cannot be read any more: {made.problems}"
                raise BrokenInvariant(message)
            book = self.books[stored.id] = made
        return book

    def board(self, now: datetime) -> Board:
        """Return the tracks that are counted and judged on the business date of ``now``; empty for none."""
        zone = localtime.zone(self.program.timezone)
        today = localtime.business_date(now, zone)
        if self._board is None or self._board[0] != today:
            self._board = (today, tracking.board(self.tracks, self.known, zone, today=today))
        return self._board[1]

    def paused(self, stored: StoredRulebook) -> frozenset[str]:
        """Return the rules of a rulebook that somebody has paused."""
        if not self.pauses:
            return NOBODY_PAUSED
        found = self.closed_of.get(stored.id)
        if found is None:
            found = self.closed_of[stored.id] = stopping.closed(self.pauses, stored.rulebook)
        return found

    def budgets(self, stored: StoredRulebook | None) -> Budgets:
        """Return the budgets of a rulebook."""
        if stored is None:
            return {}
        found = self.budgets_of.get(stored.id)
        if found is None:
            found = self.budgets_of[stored.id] = of_rulebook(stored.rulebook)
        return found

    def learn(self, learned: Learned) -> None:
        """Remember what a committed transaction found out."""
        if len(self.goods) > MOST_GOODS:
            self.goods = {}  # not cleared: another batch may be reading it
        self.goods.update(learned.goods)
        self.tills.update(learned.tills)

    def learn_all_goods(self, conn: Connection) -> None:
        """Read the catalogue at once, unless there is more than is remembered: for whoever has a long way to go."""
        found = catalogue.all_goods(conn, self.program.id, most=MOST_GOODS + 1)
        if len(found) <= MOST_GOODS:
            self.goods.update((sku, raw(id_)) for sku, id_ in found.items())

    def catch_up(self, conn: Connection, rulebooks: Collection[str], places: Collection[str]) -> None:
        """Read rulebooks or stores again when something stored names one that was made after this was read."""
        if not {book.id for book in self.rulebooks}.issuperset(rulebooks):
            self.rulebooks = promotions.rulebooks(conn, self.program.id, known={one.id: one for one in self.rulebooks})
            self.counts_budgets = any(self.budgets(one) for one in self.rulebooks)
            self.keeps = any(one.rulebook.keeps for one in self.rulebooks)
        if not self.by_place.keys() >= set(places):
            self.add_stores(workspace.stores(conn, self.program.id))

    def add_stores(self, stores: Iterable[Store]) -> None:
        """Take in stores with their zones."""
        for store in stores:
            self.stores[store.code] = store
            self.by_place[store.id] = store
            self.zones[store.id] = localtime.zone(store.timezone)


UNWINDERS: dict[str, Unwinder] = {"limits": Limits()}
"""What sales use up besides points, by name. Packages above intake join here, from wiring."""

_contexts: dict[str, Context] = {}
_guard = threading.Lock()


def of(conn: Connection, program_id: str) -> Context:
    """Return the program's context, read again when it is older than ``FRESH_SECONDS``."""
    with _guard:
        known = _contexts.get(program_id)
    if known is not None and time.monotonic() - known.read_at < FRESH_SECONDS:
        return known
    book = settings.load(conn, program_id)
    program, tracks = workspace.program(conn, program_id), progress.tracks(conn, program_id)
    fresh = Context(
        program=program,
        units=workspace.units(conn, program_id),
        policy=book,
        rulebooks=promotions.rulebooks(conn, program_id, known=remembered(program_id)),
        tracks=tracks,
        known=_known(conn, program, tracks),
        books=known.books if known else {},
        budgets_of=known.budgets_of if known else {},
        pauses=promotions.pauses(conn, program_id),
        stores={},
        zones={},
        goods=known.goods if known else {},
        tills=known.tills if known else {},
        makes_places=book.value(registry.UNKNOWN_PLACE) is UnknownPlace.CREATE,
        read_at=time.monotonic(),
        limits=limits.limits(conn, program_id),
    )
    fresh.add_stores(workspace.stores(conn, program_id))
    with _guard:
        _contexts[program_id] = fresh
    return fresh


def remembered(program_id: str) -> Mapping[str, StoredRulebook]:
    """Return the rulebooks that this process has read before, by id: what was published is read once."""
    with _guard:
        known = _contexts.get(program_id)
    return {one.id: one for one in known.rulebooks} if known is not None else {}


def known_to_rules(conn: Connection, program_id: str) -> Known:
    """Return what conditions of a program's rules may name."""
    return _known(conn, workspace.program(conn, program_id), progress.tracks(conn, program_id))


def _known(conn: Connection, program: Program, tracks: Sequence[Stored]) -> Known:
    return Known(
        tracks=progress.all_known(tracks, currency=program.currency),
        member_attributes=members.attribute_kinds(conn, program.id),
    )


def forget() -> None:
    """Drop everything remembered (another database, a test)."""
    with _guard:
        _contexts.clear()
