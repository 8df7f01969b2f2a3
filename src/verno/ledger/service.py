"""The ledger's verbs: post a batch of operations, and settle what time alone has changed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from verno.kit import ids
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.ledger import loading, writing
from verno.ledger.loading import SQL, ProgramAccounts
from verno.ledger.planner import AccountKey, Book, plan
from verno.ledger.types import Account, AccountKind, Operation, Result

SWEEP_LIMIT = 2000
"""Accounts settled in one transaction of a sweep."""

MOST_MET = 500_000
"""Accounts remembered to exist, so that nobody asks again; beyond it the memory starts afresh."""

_met: set[AccountKey] = set()
_program_accounts: dict[str, ProgramAccounts] = {}


def open_unit(conn: Connection, program_id: str, unit_id: str, *, now: datetime) -> None:
    """Make the program's own accounts of a unit: where points come from and where they go."""
    kinds = [kind for kind in AccountKind if kind is not AccountKind.MEMBER]
    fresh = ids.new_ids(len(kinds), now=now)
    loading.open_accounts(
        conn,
        program_id,
        [
            {"holder_id": program_id, "id": id_, "unit_id": unit_id, "kind": kind}
            for id_, kind in zip(fresh, kinds, strict=True)
        ],
    )


def pause_lapses(conn: Connection, program_id: str, unit_id: str, *, now: datetime) -> None:
    """Let no account of a unit lapse from now on: it has left the sliding model. Ends that had come stay."""
    conn.execute(SQL["begin_pause"], {"unit": unit_id, "program": program_id, "now": now})


def resume_lapses(conn: Connection, unit_id: str, *, until: datetime) -> None:
    """Let the accounts of a unit lapse again, by ends after ``until``: earlier ones are from before the pause."""
    conn.execute(SQL["end_pause"], {"unit": unit_id, "until": until})


def post(
    conn: Connection, program_id: str, operations: Sequence[Operation], *, now: datetime, new: bool = False
) -> list[Result]:
    """Post a batch of one program in the caller's transaction: one result per operation, in order.

    Two round trips whatever the batch's size: one locks and loads, one writes. Refusals (see ``types.Refusal``) leave
    no trace of their operation. Points are in each unit's smallest step. ``new`` says that the caller has just looked,
    and none of the keys has happened: one that has all the same is ``psycopg.errors.UniqueViolation``.
    """
    if not operations:
        return []
    book = _load(conn, program_id, operations, now=now, new=new)
    made = plan(book, operations, now=now, ids=_ids(2 * len(operations), now))
    writing.write(conn, program_id, made)
    return made.results


def settle_due(conn: Connection, program_id: str, *, now: datetime, limit: int = SWEEP_LIMIT) -> int:
    """Activate and expire the lots of up to ``limit`` accounts that time has changed; returns how many accounts.

    Balances are exact without it; it makes expiries visible as transfers and keeps later postings short.
    """
    due = {"program": program_id, "now": now, "limit": limit}
    found = loading.typed(conn, Account).execute(SQL["lock_due_accounts"], due).fetchall()
    if not found:
        return 0
    book = loading.due_book(conn, found, _accounts_of(conn, program_id), now=now)
    writing.write(conn, program_id, plan(book, (), now=now, ids=_ids(len(found), now)))
    return len(found)


def _load(conn: Connection, program_id: str, operations: Sequence[Operation], *, now: datetime, new: bool) -> Book:
    """Open the accounts that are missing, lock all, and read what the planner needs: one round trip.

    Opening comes before any lock is held. A batch that locked first and opened then would, while it waits for
    another batch that opens the same account, hold accounts which that other batch still has to lock.
    """
    want = loading.wanted(operations)
    program_accounts = _accounts_of(conn, program_id, {unit for _, unit in want.accounts})
    strange = want.accounts.keys() - _met
    openings = _openings(strange, now=now) if strange else ()
    book, opened = loading.book(conn, program_id, want, program_accounts, openings, now=now, new=new)
    _meet(want.accounts, book, opened)
    return book


def _meet(wanted: Collection[AccountKey], book: Book, opened: set[tuple[str, ...]]) -> None:
    """Remember which accounts exist, but not those just opened: this transaction may yet be rolled back.

    One opened and found again within a transaction that was rolled back is believed to exist and missing now.
    """
    if len(book.accounts) < len(wanted):
        _met.difference_update(wanted)
        message = "an account is not there after all"
        raise TryAgain(message)
    if len(_met) > MOST_MET:
        _met.clear()
    _met.update(key for key in wanted if key not in opened)


def _openings(keys: Collection[AccountKey], *, now: datetime) -> list[dict[str, str]]:
    return [
        {"holder_id": holder, "id": id_, "unit_id": unit, "kind": AccountKind.MEMBER}
        for (holder, unit), id_ in zip(keys, ids.new_ids(len(keys), now=now), strict=True)
    ]


def _accounts_of(conn: Connection, program_id: str, units: Iterable[str] = ()) -> ProgramAccounts:
    """Return the program's own accounts; they never change, so a process asks again only for a unit it lacks."""
    known = _program_accounts.get(program_id)
    if known is None or any((unit, AccountKind.ISSUED) not in known for unit in units):
        found = conn.execute(SQL["program_accounts"], {"program": program_id}).fetchall()
        known = {(unit, AccountKind(kind)): id_ for unit, kind, id_ in found}
        _program_accounts[program_id] = known
    return known


def _ids(likely: int, now: datetime) -> Iterator[str]:
    """Give fresh ids, made ``likely`` at a time: a transfer an operation, two when its points are over already."""
    while True:
        yield from ids.new_ids(likely, now=now)
