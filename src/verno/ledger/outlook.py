"""What time alone has done and nobody has written yet: what a sweep at this moment would write, without writing it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count

import msgspec

from verno.kit.db import Connection
from verno.ledger import loading
from verno.ledger.loading import SQL
from verno.ledger.planner import plan
from verno.ledger.types import Account, AccountKind, LotMove, Transfer

PAGE = 2000
"""Accounts worked out at a time."""


class Outlook(msgspec.Struct, frozen=True):
    """A page of due accounts: the transfers and moves that are to be written, and what the accounts are then."""

    transfers: list[Transfer]
    moves: list[LotMove]
    accounts: list[Account]


def unsettled(conn: Connection, program_id: str, *, now: datetime) -> Iterator[Outlook]:
    """Yield, page by page, what the program's due accounts have become by ``now``; two round trips a page.

    Locks nothing and writes nothing. Pages belong together only under the caller's snapshot.
    """
    sides = program_accounts(conn, program_id)
    after: tuple[datetime, str] | None = None
    while True:
        parameters = {
            "program": program_id,
            "now": now,
            "limit": PAGE,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
        }
        found = loading.typed(conn, Account).execute(SQL["due_accounts"], parameters).fetchall()
        if not found:
            return
        last = found[-1]
        after = (last.next_change_at or now, last.id)
        book = loading.due_book(conn, found, {(unit, kind): id_ for id_, (unit, kind) in sides.items()}, now=now)
        made = plan(book, (), now=now, ids=map(str, count()))
        yield Outlook(made.transfers, made.moves, found)


def program_accounts(conn: Connection, program_id: str) -> Mapping[str, tuple[str, AccountKind]]:
    """Return the program's own accounts by id: their unit's id and their kind."""
    found = conn.execute(SQL["program_accounts"], {"program": program_id}).fetchall()
    return {id_: (unit, AccountKind(kind)) for unit, kind, id_ in found}
