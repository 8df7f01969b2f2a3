"""A ledger in memory around the pure planner: hands it what the database would load, keeps what it plans to write."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import msgspec

from tests.engine.programs import BEGINNING, HOLDERS, UNITS
from verno.ledger.planner import Book, plan
from verno.ledger.types import (
    Account,
    AccountKind,
    KnownOperation,
    Lot,
    LotMove,
    Operation,
    Posted,
    Refused,
    Result,
    Spend,
    Transfer,
)

PROGRAM_ACCOUNTS = {(unit, kind): f"{unit}/{kind}" for unit in UNITS for kind in AccountKind}


@dataclass
class Bookkeeper:
    """The tables."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    moves: list[LotMove] = field(default_factory=list)
    known: dict[str, KnownOperation] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        for holder in HOLDERS:
            for unit in UNITS:
                self.accounts[holder, unit] = Account(holder, f"{holder}/{unit}", unit, 0, 0, 0, None, BEGINNING)

    def post(self, operations: Sequence[Operation], *, now: datetime) -> list[Result]:
        made = plan(self.load(operations, now), operations, now=now, ids=(f"{n:08d}" for n in self.ids))
        assert not {transfer.id for transfer in made.transfers} & {transfer.id for transfer in self.transfers}
        self.transfers += made.transfers
        self.moves += made.moves
        for lot in (*made.lots, *made.drained.values()):
            self.lots[lot.id] = deepcopy(lot)
        for account in made.accounts.values():
            self.accounts[account.holder_id, account.unit_id] = deepcopy(account)
        self.known |= {row.key: KnownOperation(row.id, row.fingerprint) for row in made.operations}
        return made.results

    def load(self, operations: Sequence[Operation], now: datetime) -> Book:
        """Load lots of those accounts only that need them, as ``load_lots`` does."""
        named = {(e.holder_id, e.unit_id) for operation in operations for e in operation.entries}
        hungry = {(e.holder_id, e.unit_id) for o in operations for e in o.entries if isinstance(e, Spend)}
        accounts = {key: deepcopy(self.accounts[key]) for key in sorted(named)}
        lots: dict[str, list[Lot]] = {}
        for key, account in accounts.items():
            due = account.next_change_at is not None and account.next_change_at <= max(now, account.changed_at)
            if key in hungry or due:
                lots[account.id] = [deepcopy(lot) for lot in self.open_lots(account)]
        known = {operation.key: self.known[operation.key] for operation in operations if operation.key in self.known}
        return Book(accounts, lots, known, PROGRAM_ACCOUNTS)

    def open_lots(self, account: Account) -> list[Lot]:
        return [lot for lot in self.lots.values() if lot.account_id == account.id and lot.remaining > 0]

    def story(self, account: Account) -> list[tuple[str, int, datetime, datetime]]:
        """Return (kind, points, business time, recorded) of the account's transfers, in order."""
        mine = [t for t in self.transfers if account.id in (t.debit_account_id, t.credit_account_id)]
        return [(t.kind.value, t.amount, t.at, t.recorded_at) for t in mine]

    def snapshot(self) -> bytes:
        """Return all that may not depend on how operations were batched: everything but ids."""
        piles = sorted(
            (lot.account_id, lot.amount, lot.remaining, str(lot.active_from), str(lot.expires_at))
            for lot in self.lots.values()
        )
        accounts = sorted(self.accounts.values(), key=lambda account: account.id)
        stories = [sorted(self.story(account)) for account in accounts]
        return msgspec.json.encode([piles, accounts, stories, self.known])


def in_short(result: Result) -> tuple[str, str]:
    """Return a result as the model says it."""
    if isinstance(result, Refused):
        return "refused", result.reason
    return ("posted" if isinstance(result, Posted) else "replayed"), result.operation_id
