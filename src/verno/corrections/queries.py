"""Reads of corrections."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.sql import Statements

SQL = Statements("verno.corrections")

MOST_WAITING = 200
SHOWN = 50


class CorrectionView(msgspec.Struct, frozen=True):
    """A correction as a person reads it; ``points`` from the member's side, in the unit's smallest step."""

    id: str
    holder_id: str
    kind: str
    unit_id: str
    points: int
    reason: str
    expires_at: datetime | None
    status: str
    author_kind: str
    author_id: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class Decided(msgspec.Struct, frozen=True):
    """A second person's word, by the id of whose it is, with the bytes that it was answered with."""

    status: str
    decided_by: str
    answer: bytes


class MergeView(msgspec.Struct, frozen=True):
    """A merge: ``holder_id`` was merged into ``into_id``."""

    id: str
    holder_id: str
    into_id: str
    merged_at: datetime
    undone_at: datetime | None


def waiting(
    conn: Connection, program_id: str, *, after: tuple[datetime, str] | None = None, limit: int = MOST_WAITING
) -> list[CorrectionView]:
    """Return what waits for a second person, the oldest first, after the row (asked at, id) when given."""
    at, id_ = after or (None, None)
    parameters = {"program": program_id, "after_at": at, "after_id": id_, "limit": limit}
    return conn.cursor(row_factory=args_row(CorrectionView)).execute(SQL["waiting_corrections"], parameters).fetchall()


def decision(conn: Connection, program_id: str, id_: str) -> Decided | None:
    """Return what somebody has decided of a correction; None while nobody has, and of one that needed nobody."""
    row = conn.execute(SQL["decision_of"], {"id": id_, "program": program_id}).fetchone()
    return Decided(row[0], row[1], bytes(row[2])) if row else None


def count_waiting(conn: Connection, program_id: str) -> int:
    """Return how many adjustments wait for a second person."""
    row = conn.execute(SQL["count_waiting"], {"program": program_id}).fetchone()
    return row[0] if row else 0


def of_member(conn: Connection, program_id: str, holder_id: str, *, limit: int = SHOWN) -> list[CorrectionView]:
    """Return a member's corrections, the newest first."""
    cursor = conn.cursor(row_factory=args_row(CorrectionView))
    parameters = {"holder": holder_id, "program": program_id, "limit": limit}
    return cursor.execute(SQL["corrections_of"], parameters).fetchall()


def merges_of(conn: Connection, program_id: str, holder_id: str) -> list[MergeView]:
    """Return merges that a member took part in, on either side, the newest first."""
    cursor = conn.cursor(row_factory=args_row(MergeView))
    return cursor.execute(SQL["merges_of"], {"holder": holder_id, "program": program_id}).fetchall()


def staff_names(conn: Connection, program_id: str, ids: Iterable[str]) -> dict[str, str]:
    """Return the names behind ids of staff, former ones too; other ids are absent."""
    parameters = {"ids": sorted(set(ids)), "program": program_id}
    return dict(conn.execute(SQL["staff_names"], parameters).fetchall())


def owners(conn: Connection, program_id: str, holder_id: str) -> set[str]:
    """Return whose of the staff a member's account was declared to be."""
    return {row[0] for row in conn.execute(SQL["owners_of"], {"holder": holder_id, "program": program_id}).fetchall()}
