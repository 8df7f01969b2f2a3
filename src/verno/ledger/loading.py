"""Locks the accounts of a batch and loads what the planner needs: one round trip."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TypeVar

import msgspec
from psycopg import Cursor
from psycopg.rows import args_row

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.ledger.planner import AccountKey, Book, LetGo, Part
from verno.ledger.types import (
    Account,
    AccountKind,
    Activate,
    Capture,
    Earn,
    HoldLot,
    HoldRow,
    HoldState,
    KnownOperation,
    Lot,
    Merge,
    Operation,
    PutBack,
    Reinstate,
    Release,
    SendHome,
    Shorten,
    TakeBack,
    Unmerge,
)

SQL = Statements("verno.ledger")

ProgramAccounts = dict[tuple[str, AccountKind], str]
Row = TypeVar("Row", Account, Lot, HoldLot)
LOT = len(Lot.__struct_fields__)
ACCOUNT = len(Account.__struct_fields__)


class Wanted(msgspec.Struct):
    """What a batch asks to see: its keys, accounts with their hunger for lots, the operations it goes back to."""

    keys: list[str]
    accounts: dict[AccountKey, bool]
    placed: list[dict[str, object]]
    earned: list[dict[str, object]]
    spent: list[dict[str, object]]
    let_go: dict[AccountKey, None]
    restored: list[dict[str, object]]
    expired: list[dict[str, object]]
    strays: list[dict[str, object]] = []
    extended: list[dict[str, object]] = []


def wanted(operations: Sequence[Operation]) -> Wanted:
    """Return what these operations need; an account that only earns needs no lots."""
    out = Wanted([operation.key for operation in operations], {}, [], [], [], {}, [], [])
    accounts = out.accounts
    for operation in operations:
        for entry in operation.entries:
            key = (entry.holder_id, entry.unit_id)
            if isinstance(entry, Earn):
                accounts.setdefault(key, False)
                continue
            accounts[key] = True
            account: dict[str, object] = {"holder_id": entry.holder_id, "unit_id": entry.unit_id}
            if isinstance(entry, Capture | Release):
                out.placed.append({**account, "operation_id": entry.held_by})
            elif isinstance(entry, TakeBack | Activate):
                holders = [entry.holder_id, *entry.merged_ids]
                # What has ended there must have expired before anybody asks how much of it did.
                accounts.update(((holder, entry.unit_id), True) for holder in entry.merged_ids)
                out.earned.append(
                    {**account, "operation_id": entry.earned_by, "at": entry.earned_at, "holders": holders}
                )
            elif isinstance(entry, PutBack):
                _want_spent(out, entry, account)
            elif isinstance(entry, Shorten):
                holders = [entry.holder_id, *entry.merged_ids]
                accounts.update(((holder, entry.unit_id), True) for holder in entry.merged_ids)
                out.extended.append(
                    {**account, "operation_id": entry.extended_by, "at": entry.extended_at, "holders": holders}
                )
            elif isinstance(entry, Reinstate):
                out.expired.append({**account, "since": entry.since})
            elif isinstance(entry, Merge | Unmerge | SendHome):
                accounts[entry.into_id, entry.unit_id] = True
                _wanted_apart(out, entry)
    return out


def _want_spent(out: Wanted, entry: PutBack, account: dict[str, object]) -> None:
    holders = [entry.holder_id, *entry.merged_ids]
    out.spent.append({**account, "operation_id": entry.spent_by, "at": entry.spent_at, "holders": holders})
    out.accounts.update(((owner, entry.unit_id), True) for _, owner in entry.homes)
    for holder in holders:
        # Locked with the account, so that nobody else recovers the same write-off meanwhile.
        out.accounts.setdefault((holder, entry.unit_id), False)
        out.let_go[holder, entry.unit_id] = None


def _wanted_apart(out: Wanted, entry: Merge | Unmerge | SendHome) -> None:
    host: dict[str, object] = {"holder_id": entry.into_id, "unit_id": entry.unit_id}
    if isinstance(entry, SendHome):
        host["holders"] = list(entry.kin)
        out.strays.append({**host, "home_id": entry.holder_id, "mine": list(entry.mine)})
        out.earned += [{**host, "operation_id": id_, "at": at} for id_, at in entry.earned]
    elif isinstance(entry, Unmerge):
        host["operation_id"] = entry.merged_by
        out.earned.append({**host, "at": entry.merged_at, "holders": [entry.into_id]})
        out.restored.append({**host, "home_id": entry.holder_id, "at": entry.merged_at})


def book(
    conn: Connection,
    program_id: str,
    want: Wanted,
    program_accounts: ProgramAccounts,
    openings: Sequence[Mapping[str, str]] = (),
    *,
    now: datetime,
    new: bool = False,
) -> tuple[Book, set[tuple[str, ...]]]:
    """Open the accounts that are missing, lock all and read; returns also which (holder, unit) were opened now.

    One round trip; another when an account turns out to have holds that nobody asked for. Of ``new`` operations nobody
    asks whether their keys have happened.
    """
    asked = batches.rows([{"holder_id": h, "unit_id": u, "hungry": eats} for (h, u), eats in want.accounts.items()])
    parameters = {"rows": asked, "now": now, "program": program_id}
    origins = (
        ("earned_lots", want.earned),
        ("spent_parts", want.spent),
        ("let_go", [{"holder_id": holder, "unit_id": unit} for holder, unit in want.let_go]),
        ("restored_lots", want.restored),
        ("expired_lots", want.expired),
        ("placed_holds", want.placed),
        ("stray_lots", want.strays),
        ("extended_lots", want.extended),
    )
    # A pipeline pays from the second statement on.
    with nullcontext() if _alone(want, openings) else conn.pipeline():
        opened = open_accounts(conn, program_id, openings) if openings else None
        stock = (
            _One(conn, want.keys[0], parameters)
            if len(want.keys) == 1
            else _Many(conn, () if new else want.keys, parameters)
        )
        holds = _holds(conn, parameters) if want.placed else None
        found = {name: conn.execute(SQL[name], {"rows": batches.rows(rows)}) for name, rows in origins if rows}
    accounts, lots, known = stock.read()
    out = Book(
        accounts={(a.holder_id, a.unit_id): a for a in accounts},
        lots={},
        known=known,
        program_accounts=program_accounts,
    )
    if holds is None and any(account.held for account in out.accounts.values()):
        with conn.pipeline():
            holds = _holds(conn, parameters)
    shelves = _Shelves(out)
    shelves.fill(lots, *(rows.fetchall() for rows in holds) if holds else ((), ()))
    if found:
        shelves.fill_origins({name: rows.fetchall() for name, rows in found.items()}, want)
    return out, set(opened.fetchall()) if opened else set()


def open_accounts(conn: Connection, program_id: str, rows: Sequence[Mapping[str, str]]) -> Cursor[tuple[str, ...]]:
    """Make accounts that do not exist yet; the cursor tells which those were."""
    return conn.execute(SQL["open_accounts"], {"rows": batches.rows(rows), "program": program_id})


def _alone(want: Wanted, openings: Sequence[object]) -> bool:
    """Tell whether one statement reads all that is wanted."""
    more = (want.placed, want.earned, want.spent, want.restored, want.expired, want.strays, want.extended, openings)
    return len(want.keys) == 1 and not any(more)


Stock = tuple[list[Account], list[Lot], dict[str, KnownOperation]]


class _Many:
    """Locks the accounts of a batch, then reads open lots and known keys."""

    def __init__(self, conn: Connection, keys: Sequence[str], parameters: dict[str, object]) -> None:
        self.accounts = typed(conn, Account).execute(SQL["lock_accounts"], parameters)
        self.lots = typed(conn, Lot).execute(SQL["load_lots"], parameters)
        asked = {"rows": batches.rows([{"key": key} for key in keys]), "program": parameters["program"]}
        self.known = conn.execute(SQL["known_operations"], asked) if keys else None

    def read(self) -> Stock:
        found = self.known.fetchall() if self.known else ()
        known = {key: KnownOperation(id_, fingerprint) for key, id_, fingerprint in found}
        return self.accounts.fetchall(), self.lots.fetchall(), known


class _One:
    """The same for one operation, by one statement, since statements are what a small batch costs."""

    def __init__(self, conn: Connection, key: str, parameters: dict[str, object]) -> None:
        self.again = (conn, [key], parameters)
        self.key = key
        self.rows = conn.execute(SQL["load_one"], {**parameters, "key": key})

    def read(self) -> Stock:
        accounts: dict[str, Account] = {}
        known: dict[str, KnownOperation] = {}
        lots: list[Lot] = []
        for fresh, *row in self.rows.fetchall():
            if not fresh:
                # Somebody changed the account while we waited for it: now that it is ours, read again.
                with self.again[0].pipeline():
                    stock = _Many(*self.again)
                return stock.read()
            account = Account(*row[:ACCOUNT])
            accounts.setdefault(account.id, account)
            id_, fingerprint, *lot = row[ACCOUNT:]
            if id_ is not None:
                known[self.key] = KnownOperation(id_, fingerprint)
            if lot[0] is not None:
                lots.append(Lot(*lot))
        return list(accounts.values()), lots, known


def _holds(conn: Connection, parameters: dict[str, object]) -> tuple[Cursor[tuple[object, ...]], Cursor[HoldLot]]:
    holds = conn.execute(SQL["load_holds"], parameters)
    return holds, typed(conn, HoldLot).execute(SQL["load_hold_lots"], parameters)


def due_book(conn: Connection, found: Collection[Account], program_accounts: ProgramAccounts, *, now: datetime) -> Book:
    """Read lots and holds of accounts that are locked already."""
    rows = batches.rows([{"holder_id": a.holder_id, "unit_id": a.unit_id, "hungry": True} for a in found])
    parameters = {"rows": rows, "now": now}
    with conn.pipeline():
        lots = typed(conn, Lot).execute(SQL["load_lots"], parameters)
        holds, hold_lots = _holds(conn, parameters)
    out = Book({(a.holder_id, a.unit_id): a for a in found}, {}, {}, program_accounts)
    _Shelves(out).fill(lots.fetchall(), holds.fetchall(), hold_lots.fetchall())
    return out


def typed(conn: Connection, kind: type[Row]) -> Cursor[Row]:
    """Return a cursor whose rows are records."""
    return conn.cursor(row_factory=args_row(kind))


class _Shelves:
    """Puts rows where the planner looks for them; one lot or hold is one object, wherever it was read."""

    def __init__(self, out: Book) -> None:
        self.out = out
        self.lots = {lot.id: lot for lots in out.lots.values() for lot in lots}
        self.holds = {hold.id: hold for holds in out.holds.values() for hold in holds}

    def fill(self, lots: Sequence[Lot], holds: Sequence[Sequence[object]], hold_lots: Sequence[HoldLot]) -> None:
        for lot in lots:
            self.lots[lot.id] = lot
            self.out.lots.setdefault(lot.account_id, []).append(lot)
        for row in holds:
            hold = self.hold(row)
            self.out.holds.setdefault(hold.account_id, []).append(hold)
        for part in hold_lots:
            self.out.hold_lots.setdefault(part.hold_id, []).append(part)

    def fill_origins(self, found: dict[str, Sequence[Sequence[object]]], want: Wanted) -> None:
        for row in found.get("placed_holds", ()):
            hold = self.hold(row)
            self.out.placed[hold.operation_id, hold.account_id] = hold
        seen: set[tuple[str, str, str]] = set()
        for operation, account_id, *row in found.get("earned_lots", ()):
            lot = self.lot(row[:LOT])
            origin = (str(operation), str(account_id))
            if (*origin, lot.id) not in seen:
                seen.add((*origin, lot.id))
                self.out.earned.setdefault(origin, []).append(lot)
                self.out.lapsed[lot.id] = _number(row[LOT])
        self.fill_spent(found.get("spent_parts", ()))
        for holder, unit, transfer, at, left in found.get("let_go", ()):
            if isinstance(at, datetime):
                self.out.let_go.setdefault((str(holder), str(unit)), []).append(LetGo(str(transfer), at, _number(left)))
        self.fill_apart(found)
        for one in want.expired:
            account = self.out.accounts[str(one["holder_id"]), str(one["unit_id"])]
            self.out.expired[account.id] = []
        for *row, at, lapsed in found.get("expired_lots", ()):
            lot = self.lot(row)
            self.out.lapsed[lot.id] = _number(lapsed)
            if isinstance(at, datetime):
                self.out.expired[lot.account_id].append((lot, at))

    def fill_spent(self, rows: Sequence[Sequence[object]]) -> None:
        """Two returns of one receipt in a batch name the same origin: its parts are taken once."""
        seen: set[tuple[str, str, str, str]] = set()
        for operation, account_id, transfer, amount, at, back, whose, *row in rows:
            lot = self.lot(row)
            origin = (str(operation), str(account_id))
            if isinstance(at, datetime) and (*origin, str(transfer), lot.id) not in seen:
                seen.add((*origin, str(transfer), lot.id))
                part = Part(str(transfer), lot, _number(amount), at, _number(back), str(whose))
                self.out.spent.setdefault(origin, []).append(part)

    def fill_apart(self, found: dict[str, Sequence[Sequence[object]]]) -> None:
        for row in found.get("restored_lots", ()):
            lot = self.lot(row)
            self.out.restored[lot.id] = lot
        for operation, account_id, ends, *row in found.get("extended_lots", ()):
            lots = self.out.lengthened.setdefault((str(operation), str(account_id)), [])
            lot = self.lot(row)
            # Two returns of one receipt in a batch name the same lots.
            if isinstance(ends, datetime) and all(one is not lot for one, _ in lots):
                lots.append((lot, ends))
        for home, host, *row in found.get("stray_lots", ()):
            self.out.strays.setdefault((str(home), str(host)), []).append(self.lot(row))

    def lot(self, row: Sequence[object]) -> Lot:
        made = msgspec.convert(dict(zip(Lot.__struct_fields__, row, strict=True)), Lot)
        return self.lots.setdefault(made.id, made)

    def hold(self, row: Sequence[object]) -> HoldRow:
        fields = dict(zip(HoldRow.__struct_fields__, row, strict=True))
        made = msgspec.convert({**fields, "state": HoldState(str(fields["state"]))}, HoldRow)
        return self.holds.setdefault(made.id, made)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
