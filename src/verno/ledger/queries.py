"""Reads of the ledger. All figures are points in their unit's smallest step, exact at ``now``."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import args_row

from verno.kit import batches
from verno.kit.db import Connection
from verno.ledger.loading import SQL
from verno.ledger.types import Balance


class Expiring(msgspec.Struct, frozen=True, gc=False):
    """Points that end at one moment: usable while now < ``expires_at``."""

    unit_id: str
    expires_at: datetime
    points: int


class LotView(msgspec.Struct, frozen=True, gc=False):
    """A lot as a person sees it. ``kind`` and ``operation_id`` name what made it (a receipt's id).

    ``awaits`` names the event that will activate it, ``restores_id`` the lot in whose place it stands.
    """

    id: str
    unit_id: str
    amount: int
    remaining: int
    held: int
    active_from: datetime
    expires_at: datetime | None
    awaits: str | None
    restores_id: str | None
    kind: str
    operation_id: str | None
    earned_at: datetime


class TransferView(msgspec.Struct, frozen=True, gc=False):
    """A transfer from the member's side: ``points`` is positive when the member got them.

    It is 0 where a member's points did not move (a debt that arose, was written off): ``amount`` tells.
    """

    id: str
    at: datetime
    recorded_at: datetime
    unit_id: str
    kind: str
    points: int
    amount: int
    reason: str
    operation_id: str | None


class HoldView(msgspec.Struct, frozen=True, gc=False):
    """A hold as a person sees it; ``operation_id`` names what placed it (a receipt's id)."""

    id: str
    unit_id: str
    amount: int
    captured: int
    placed_at: datetime
    expires_at: datetime
    state: str
    operation_id: str


class States(msgspec.Struct, frozen=True, gc=False):
    """A program's points of one unit by state, and by movement since the beginning."""

    unit_id: str
    available: int
    pending: int
    held: int
    debt: int
    earned: int
    spent: int
    expired: int


def balances(conn: Connection, holders: Sequence[str], *, now: datetime) -> dict[str, list[Balance]]:
    """Return each holder's balances by unit; holders without an account are absent."""
    out: dict[str, list[Balance]] = {}
    for holder, *rest in conn.execute(SQL["balances"], {"holders": list(holders), "now": now}).fetchall():
        out.setdefault(holder, []).append(Balance(*rest))
    return out


def expiring(conn: Connection, holder_id: str, *, now: datetime) -> list[Expiring]:
    """Return when a holder's points end, the nearest first; lots whose time has come are not among them."""
    cursor = conn.cursor(row_factory=args_row(Expiring))
    return cursor.execute(SQL["expiring"], {"holder": holder_id, "now": now}).fetchall()


def next_endings(conn: Connection, holders: Sequence[str], *, now: datetime) -> dict[str, list[Expiring]]:
    """Return what ends next of each unit, by holder; holders of whom nothing ends are absent. One round trip."""
    out: dict[str, list[Expiring]] = {}
    asked = {"holders": batches.rows(sorted(set(holders))), "now": now}
    for holder, *rest in conn.execute(SQL["next_endings"], asked).fetchall():
        out.setdefault(holder, []).append(Expiring(*rest))
    return out


def lots(conn: Connection, holder_id: str, *, now: datetime, limit: int = 50, offset: int = 0) -> list[LotView]:
    """Return a holder's lots: open ones first, those that expire last on top."""
    cursor = conn.cursor(row_factory=args_row(LotView))
    parameters = {"holder": holder_id, "now": now, "limit": limit, "offset": offset}
    return cursor.execute(SQL["lots"], parameters).fetchall()


def holds(conn: Connection, holder_id: str, *, now: datetime, limit: int = 50) -> list[HoldView]:
    """Return a holder's holds, the newest first."""
    cursor = conn.cursor(row_factory=args_row(HoldView))
    return cursor.execute(SQL["holds"], {"holder": holder_id, "now": now, "limit": limit}).fetchall()


def transfers(
    conn: Connection, holder_id: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[TransferView]:
    """Return a page of a holder's transfers by business time, newest first, before the row (at, id) when given."""
    at, id_ = before or (None, None)
    parameters = {"holder": holder_id, "before_at": at, "before_id": id_, "limit": limit}
    return conn.cursor(row_factory=args_row(TransferView)).execute(SQL["transfers"], parameters).fetchall()


def spent_roots(conn: Connection, spent: Sequence[tuple[str, datetime, Sequence[str]]]) -> list[tuple[str, str, str]]:
    """Return the lots that operations spent, each with the operation that had earned its points first, and for whom.

    An operation is given with its business time and the holders among whom merges may have moved points.
    """
    rows = [{"operation_id": id_, "at": at, "holders": list(holders)} for id_, at, holders in spent]
    return conn.execute(SQL["spent_roots"], {"rows": batches.rows(rows)}).fetchall()


def states(conn: Connection, program_id: str, *, now: datetime) -> list[States]:
    """Return a program's points by unit. ``expired`` counts what has been posted (see ``service.settle_due``)."""
    moved: dict[tuple[str, str], int] = {}
    for unit, kind, points in conn.execute(SQL["totals"], {"program": program_id}).fetchall():
        moved[unit, kind] = points
    return [
        States(
            unit,
            *(int(available), int(pending), int(held), int(debt)),
            *(moved.get((unit, kind), 0) for kind in ("earn", "spend", "expire")),
        )
        for unit, available, pending, held, debt in conn.execute(
            SQL["states"], {"program": program_id, "now": now}
        ).fetchall()
    ]
