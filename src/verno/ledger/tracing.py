"""Where points came from and where they went: a transfer with its lots, a lot with its story."""

from datetime import UTC, datetime, timedelta

import msgspec
from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.ledger.loading import SQL
from verno.ledger.queries import TransferView

EARLIER = timedelta(seconds=1)
LATER = timedelta(days=1)
"""How much later than its id a transfer may be recorded: an account's time never runs back when a clock does."""

FIRST_IMPOSSIBLE = "e677ccf9-8000"
"""Ids from here on carry a moment that no calendar has; they are nobody's."""


class Traced(msgspec.Struct, frozen=True):
    """One transfer with its holder, what it reverses, and the kinds of the accounts it moved points between."""

    holder_id: str
    transfer: TransferView
    reverses_id: str | None
    debit: str
    credit: str


class LotPart(msgspec.Struct, frozen=True, gc=False):
    """How many points a transfer moved out of a lot, or back into it; and what had made the lot."""

    lot_id: str
    points: int
    amount: int
    remaining: int
    active_from: datetime
    expires_at: datetime | None
    made_by: str
    operation_id: str | None
    earned_at: datetime


class Chapter(msgspec.Struct, frozen=True, gc=False):
    """A transfer that changed a lot: ``points`` are negative when they left it."""

    transfer_id: str
    kind: str
    points: int
    at: datetime
    operation_id: str | None


class LotState(msgspec.Struct, frozen=True, gc=False):
    """A lot as it is now."""

    amount: int
    remaining: int
    held: int
    active_from: datetime
    expires_at: datetime | None
    awaits: str | None


def transfer(conn: Connection, program_id: str, id_: str) -> Traced | None:
    """Return a transfer of a program by its id; None when there is none."""
    if not is_id(id_) or id_ >= FIRST_IMPOSSIBLE:
        return None
    made = datetime.fromtimestamp(int(id_[:8] + id_[9:13], 16) / 1000, UTC)
    parameters = {"program": program_id, "id": id_, "since": made - EARLIER, "until": made + LATER}
    row = conn.execute(SQL["transfer_by_id"], parameters).fetchone()
    if row is None:
        return None
    holder, *fields, reverses, debit, credit = row
    return Traced(holder, TransferView(*fields), reverses, debit, credit)


def lots_of(conn: Connection, holder_id: str, transfer_id: str) -> list[LotPart]:
    """Return the lots that a transfer moved points of, those that end first on top."""
    cursor = conn.cursor(row_factory=args_row(LotPart))
    return cursor.execute(SQL["lots_moved"], {"holder": holder_id, "id": transfer_id}).fetchall()


def story_of(conn: Connection, holder_id: str, lot_id: str) -> tuple[LotState, list[Chapter]] | None:
    """Return a lot and what became of it, in order; None for a transfer that made no lot."""
    parameters = {"holder": holder_id, "id": lot_id}
    with conn.pipeline():
        lots = conn.cursor(row_factory=args_row(LotState)).execute(SQL["lot_by_id"], parameters)
        chapters = conn.cursor(row_factory=args_row(Chapter)).execute(SQL["lot_story"], parameters)
    lot = lots.fetchone()
    return None if lot is None else (lot, chapters.fetchall())
