"""A ledger in memory around the pure planner: hands it what the database would load, keeps what it plans to write."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TypeAlias

from tests.engine.programs import BEGINNING, HOLDERS, UNITS
from verno.ledger.planner import Book, LetGo, Part, Plan, expiry_order, plan
from verno.ledger.types import (
    Account,
    AccountKind,
    Activate,
    Capture,
    Earn,
    Entry,
    HoldLot,
    HoldRow,
    HoldState,
    KnownOperation,
    Lot,
    LotMove,
    Merge,
    Operation,
    Posted,
    PutBack,
    Refused,
    Reinstate,
    Release,
    Result,
    SendHome,
    Shorten,
    TakeBack,
    Transfer,
    TransferKind,
    Unmerge,
)

PROGRAM_ACCOUNTS = {(unit, kind): f"{unit}/{kind}" for unit in UNITS for kind in AccountKind}


Life: TypeAlias = tuple[datetime, datetime | None, str | None]
"""(active from, expires at, event awaited)."""


@dataclass
class Bookkeeper:
    """The tables."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    moves: list[LotMove] = field(default_factory=list)
    holds: dict[str, HoldRow] = field(default_factory=dict)
    hold_lots: list[HoldLot] = field(default_factory=list)
    known: dict[str, KnownOperation] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        for who in HOLDERS:
            for unit in UNITS:
                self.accounts[who, unit] = Account(who, f"{who}/{unit}", unit, 0, 0, 0, 0, None, None, BEGINNING)

    def post(self, operations: Sequence[Operation], *, now: datetime) -> list[Result]:
        made = plan(self.load(operations, now), operations, now=now, ids=(f"{n:08d}" for n in self.ids))
        self.keep(made)
        return made.results

    def keep(self, made: Plan) -> None:
        for transfer in made.transfers:
            assert transfer.id not in self.transfers
            self.transfers[transfer.id] = transfer
        self.moves += made.moves
        for lot in (*made.lots, *made.changed_lots.values()):
            self.lots[lot.id] = deepcopy(lot)
        for id_, hold in {h.id: h for h in (*made.holds, *made.ended_holds.values())}.items():
            before = self.holds.get(id_)
            assert before is None or before.state is HoldState.OPEN, "a hold ends once"
            self.holds[id_] = deepcopy(hold)
        self.hold_lots += made.hold_lots
        for account in made.accounts.values():
            self.accounts[account.holder_id, account.unit_id] = deepcopy(account)
        self.known |= {row.key: KnownOperation(row.id, row.fingerprint) for row in made.operations}

    def account(self, holder: str = "ann", unit: str = "points") -> Account:
        return self.accounts[holder, unit]

    def of_lots(self, account: Account) -> list[Lot]:
        return [lot for lot in self.lots.values() if lot.account_id == account.id]

    def open_lots(self, account: Account) -> list[Lot]:
        return [lot for lot in self.of_lots(account) if lot.remaining > 0]

    def open_holds(self, account: Account) -> list[HoldRow]:
        return [h for h in self.holds.values() if (h.account_id, h.state) == (account.id, HoldState.OPEN)]

    def sweep(self, *, now: datetime) -> None:
        """Settle the accounts that are due, as the nightly job does."""
        due = [side for side, a in self.accounts.items() if a.next_change_at is not None and a.next_change_at <= now]
        self.keep(plan(self.book(dict.fromkeys(due, True), now), (), now=now, ids=(f"{n:08d}" for n in self.ids)))

    def load(self, operations: Sequence[Operation], now: datetime) -> Book:
        """Load lots of those accounts only that need them, as ``load_lots`` does."""
        entries = [entry for operation in operations for entry in operation.entries]
        hungry: dict[tuple[str, str], bool] = {}
        for entry in entries:
            for side in (*_sides(entry), *_merged(entry), *_homes(entry)):
                hungry[side] = hungry.get(side, False) or not isinstance(entry, Earn)
        book = self.book(hungry, now, [operation.key for operation in operations])
        shelf = _Shelf(self, book)
        for entry in entries:
            shelf.put_origins(entry)
        return book

    def book(self, hungry: dict[tuple[str, str], bool], now: datetime, keys: Sequence[str] = ()) -> Book:
        known = {key: self.known[key] for key in keys if key in self.known}
        book = Book({side: deepcopy(self.accounts[side]) for side in sorted(hungry)}, {}, known, PROGRAM_ACCOUNTS)
        shelf = _Shelf(self, book)
        for side, account in book.accounts.items():
            due = account.next_change_at is not None and account.next_change_at <= max(now, account.changed_at)
            if hungry[side] or due:
                shelf.put_open(account)
        return book

    def story(self, account: Account) -> Iterator[Transfer]:
        """Yield the transfers of an account's holder and unit, in order."""
        for transfer in self.transfers.values():
            if (transfer.holder_id, transfer.unit_id) == (account.holder_id, account.unit_id):
                yield transfer

    def let_go(self, account: Account) -> list[LetGo]:
        """What take-backs wrote off in an account's story, less what was recovered of it by whomever."""
        out = []
        for w in self.story(account):
            if w.kind is TransferKind.WRITE_OFF and w.reverses_id:
                found = [t for t in self.transfers.values() if (t.kind, t.reverses_id) == ("recover", w.id)]
                out.append(LetGo(w.id, w.recorded_at, w.amount - sum(t.amount for t in found)))
        return out

    def flows(self, account: Account) -> Counter[tuple[str, datetime]]:
        """Count the points of each kind and business time; in a merge, points and debt alike."""
        out: Counter[tuple[str, datetime]] = Counter()
        for transfer in self.story(account):
            out[transfer.kind.value, transfer.at] += transfer.amount
        return out

    def lives(self, account: Account) -> dict[Life, tuple[int, ...]]:
        return lives(
            ((lot.active_from, lot.expires_at, lot.awaits), (lot.amount, lot.remaining, lot.held))
            for lot in self.of_lots(account)
        )

    def figures(self) -> list[object]:
        """Return all that matters to a member: neither ids, nor when the books were looked at."""
        return [
            [
                (a.available, a.pending, a.held, a.debt, a.lapses_at, self.lives(a), +self.flows(a))
                for a in self.accounts.values()
            ],
            sorted((h.account_id, h.operation_id, h.amount, h.captured, h.state) for h in self.holds.values()),
        ]

    def snapshot(self) -> list[object]:
        """Return all that may not depend on how operations were batched: everything but ids."""
        return [self.figures(), [(a.changed_at, a.next_change_at) for a in self.accounts.values()], dict(self.known)]


def lives(lots: Iterable[tuple[Life, tuple[int, int, int]]]) -> dict[Life, tuple[int, ...]]:
    """Add up (amount, remaining, held) of lots with the same dates: which of two such is which, nobody can tell."""
    out: dict[Life, tuple[int, ...]] = {}
    for life, points in lots:
        out[life] = tuple(map(sum, zip(points, out.get(life, (0, 0, 0)), strict=True)))
    return out


def _sides(entry: Entry) -> list[tuple[str, str]]:
    here = (entry.holder_id, entry.unit_id)
    return [here, (entry.into_id, entry.unit_id)] if isinstance(entry, Merge | Unmerge | SendHome) else [here]


def _merged(entry: Entry) -> list[tuple[str, str]]:
    return [(id_, entry.unit_id) for id_ in getattr(entry, "merged_ids", ())]


def _homes(entry: Entry) -> list[tuple[str, str]]:
    return [(owner, entry.unit_id) for _, owner in getattr(entry, "homes", ())]


class _Shelf:
    """Puts copies of rows where the planner looks for them; one row is one object, wherever it is found."""

    def __init__(self, keeper: Bookkeeper, book: Book) -> None:
        self.keeper, self.book = keeper, book
        self.lots = {lot.id: lot for lots in book.lots.values() for lot in lots}
        self.holds = {hold.id: hold for holds in book.holds.values() for hold in holds}

    def lot(self, id_: str) -> Lot:
        return self.lots.setdefault(id_, deepcopy(self.keeper.lots[id_]))

    def hold(self, id_: str) -> HoldRow:
        return self.holds.setdefault(id_, deepcopy(self.keeper.holds[id_]))

    def put_open(self, account: Account) -> None:
        self.book.lots[account.id] = [self.lot(lot.id) for lot in self.keeper.open_lots(account)]
        mine = self.keeper.open_holds(account)
        self.book.holds[account.id] = [self.hold(hold.id) for hold in mine]
        for hold in mine:
            parts = [part for part in self.keeper.hold_lots if part.hold_id == hold.id]
            parts.sort(key=lambda part: expiry_order(self.keeper.lots[part.lot_id]))
            self.book.hold_lots[hold.id] = parts

    def put_origins(self, entry: Entry) -> None:
        account = self.book.accounts[entry.holder_id, entry.unit_id]
        if isinstance(entry, Capture | Release):
            for hold in self.keeper.holds.values():
                if (hold.operation_id, hold.account_id) == (entry.held_by, account.id):
                    self.book.placed[entry.held_by, account.id] = self.hold(hold.id)
        elif isinstance(entry, TakeBack | Activate):
            self.put_earned(entry.earned_by, entry.earned_at, account, entry.merged_ids)
        elif isinstance(entry, Shorten):
            self.put_lengthened(entry, account)
        elif isinstance(entry, PutBack):
            self.put_spent(entry, account)
        elif isinstance(entry, Reinstate):
            self.put_expired(entry, account)
        elif isinstance(entry, Unmerge | SendHome):
            self.put_apart(entry, account)

    def put_apart(self, entry: Unmerge | SendHome, home: Account) -> None:
        host = self.book.accounts[entry.into_id, entry.unit_id]
        if isinstance(entry, Unmerge):
            for lot in self.put_earned(entry.merged_by, entry.merged_at, host):
                if lot.restores_id and self.keeper.lots[lot.restores_id].account_id == home.id:
                    self.book.restored[lot.restores_id] = self.lot(lot.restores_id)
            return
        self.book.strays[home.id, host.id] = [
            self.lot(lot.id)
            for lot in self.keeper.open_lots(host)
            if lot.restores_id and self.whose(lot, entry.kin) in entry.mine
        ]
        for id_, at in entry.earned:
            self.put_earned(id_, at, host, entry.kin)

    def whose(self, lot: Lot, holders: Iterable[str]) -> str:
        """Follow the line of a lot through these holders', as ``spent_parts`` does."""
        while True:
            source = self.keeper.transfers[lot.id]
            before = self.keeper.lots.get(lot.restores_id or "")
            ends = source.kind is TransferKind.MERGE and source.reverses_id
            if before is None or ends or before.holder_id not in holders:
                return lot.holder_id
            lot = before

    def put_earned(self, by: str, at: datetime, account: Account, merged: tuple[str, ...] = ()) -> list[Lot]:
        there = {account.id, *(self.keeper.accounts[id_, account.unit_id].id for id_ in merged)}
        lots = [lot for lot in self.keeper.lots.values() if lot.account_id in there]
        mine = [lot for lot in lots if self.made(lot) == (by, at)]
        for lot in lots:  # in the order of their birth
            if lot.restores_id in {one.id for one in mine} and self.keeper.transfers[lot.id].kind in {
                TransferKind.MERGE,
                TransferKind.EXTEND,
            }:
                mine.append(lot)
        self.book.earned[by, account.id] = [self.lot(lot.id) for lot in mine]
        self.book.lapsed |= {lot.id: self.lapsed(lot) for lot in mine}
        return mine

    def put_lengthened(self, entry: Shorten, account: Account) -> None:
        """Find the lots that an operation lengthened, and what merges made of them, with the end before that."""
        holders = (entry.holder_id, *entry.merged_ids)
        there = {self.keeper.accounts[id_, account.unit_id].id for id_ in holders}
        ends: dict[str, datetime | None] = {}
        for lot in (lot for lot in self.keeper.lots.values() if lot.account_id in there):
            source = self.keeper.transfers[lot.id]
            before = lot.restores_id or ""
            named = (source.kind, source.operation_id, source.at, source.reverses_id)
            if named == ("extend", entry.extended_by, entry.extended_at, None):
                ends[lot.id] = self.keeper.lots[before].expires_at
            elif source.kind is TransferKind.MERGE and before in ends:
                ends[lot.id] = ends[before]
        mine = [(self.lot(id_), end) for id_, end in ends.items() if end and self.keeper.lots[id_].remaining]
        found = [(lot, end) for lot, end in mine if lot.account_id == account.id]
        self.book.lengthened[entry.extended_by, account.id] = found

    def made(self, lot: Lot) -> tuple[str | None, datetime]:
        source = self.keeper.transfers[lot.id]
        given_back = source.kind in {TransferKind.PUT_BACK, TransferKind.REINSTATE, TransferKind.EXTEND}
        return None if given_back else source.operation_id, source.at

    def put_spent(self, entry: PutBack, account: Account) -> None:
        parts: list[Part] = []
        accounts = [account, *(self.keeper.accounts[id_, account.unit_id] for id_ in entry.merged_ids)]
        for transfer in (transfer for one in accounts for transfer in self.keeper.story(one)):
            if (transfer.operation_id, transfer.at, transfer.kind) == (entry.spent_by, entry.spent_at, "spend"):
                moves = [move for move in self.keeper.moves if move.transfer_id == transfer.id]
                holders = [one.holder_id for one in accounts]
                parts += [
                    Part(
                        *(transfer.id, self.lot(m.lot_id), m.amount, transfer.recorded_at, self.back(transfer, m)),
                        self.whose(self.keeper.lots[m.lot_id], holders),
                    )
                    for m in moves
                ]
        self.book.spent[entry.spent_by, account.id] = parts
        for one in accounts:
            self.book.let_go[one.holder_id, one.unit_id] = self.keeper.let_go(one)

    def back(self, spent: Transfer, move: LotMove) -> int:
        """How much of a move was put back: into the lot itself, or into one that stands in its place."""
        returns = [t for t in self.keeper.transfers.values() if t.reverses_id == spent.id]
        here = sum(
            m.amount for t in returns for m in self.keeper.moves if (m.transfer_id, m.lot_id) == (t.id, move.lot_id)
        )
        there = [self.keeper.lots[t.id] for t in returns if t.id in self.keeper.lots]
        return here + sum(lot.amount for lot in there if lot.restores_id == move.lot_id)

    def put_expired(self, entry: Reinstate, account: Account) -> None:
        out: list[tuple[Lot, datetime]] = []
        for lot in self.keeper.of_lots(account):
            ends = [transfer.at for transfer, _ in self.expiries(lot)]
            if lot.remaining or any(end >= entry.since for end in ends):
                self.book.lapsed[lot.id] = self.lapsed(lot)
                out += [(self.lot(lot.id), max(ends))] if ends else []
        self.book.expired.setdefault(account.id, []).extend(out)

    def expiries(self, lot: Lot) -> list[tuple[Transfer, int]]:
        found = [(self.keeper.transfers[move.transfer_id], move) for move in self.keeper.moves if move.lot_id == lot.id]
        return [(transfer, move.amount) for transfer, move in found if transfer.kind is TransferKind.EXPIRE]

    def lapsed(self, lot: Lot) -> int:
        """How much of a lot went to breakage and was not made up for since."""
        breakage = PROGRAM_ACCOUNTS[self.keeper.transfers[lot.id].unit_id, AccountKind.BREAKAGE]
        back = [t for t in self.keeper.transfers.values() if (t.reverses_id, t.debit_account_id) == (lot.id, breakage)]
        return sum(points for _, points in self.expiries(lot)) - sum(t.amount for t in back)


def in_short(result: Result) -> tuple[str, str, tuple[int, ...]]:
    """Return a result as the model says it."""
    if isinstance(result, Refused):
        return "refused", result.reason, ()
    return ("posted", result.operation_id, result.moved) if isinstance(result, Posted) else (
        "replayed", result.operation_id, ()
    )  # fmt: skip
