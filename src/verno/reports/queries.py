"""Figures of a program for its dashboard."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from psycopg.rows import args_row

from verno.kit import localtime
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.queries import States
from verno.reports.reader import SQL
from verno.reports.types import Figures, MessageCount, Month, UnitPoints

MONTHS = 13
"""Columns of the chart: this month and the same one a year ago at its ends."""


def figures(conn: Connection, program_id: str, zone: ZoneInfo, *, now: datetime) -> Figures:
    """Return a program's figures at ``now``.

    Receipts come from the months that the outbox's reader keeps up, so they follow within a second and cost the
    same at ten million receipts; points come from the ledger itself.
    """
    parameters = {"program": program_id}
    members = conn.execute(SQL["count_members"], parameters).fetchone()
    receipts = conn.execute(SQL["receipts_in_total"], parameters).fetchone()
    messages = conn.cursor(row_factory=args_row(MessageCount)).execute(SQL["messages_by_state"], parameters)
    return Figures(
        members=members[0] if members else 0,
        receipts=receipts[0] if receipts else 0,
        unmatched=receipts[1] if receipts else 0,
        amount=receipts[2] if receipts else 0,
        points=tuple(_points(found) for found in ledger.states(conn, program_id, now=now)),
        messages=tuple(messages.fetchall()),
        months=months(conn, program_id, zone, now=now),
    )


def months(conn: Connection, program_id: str, zone: ZoneInfo, *, now: datetime) -> tuple[Month, ...]:
    """Return the last thirteen local months, the oldest first, the quiet ones too."""
    wanted = [localtime.business_date(now, zone).replace(day=1)]
    while len(wanted) < MONTHS:
        year, month = localtime.month_before(wanted[0])
        wanted.insert(0, date(year, month, 1))
    cursor = conn.cursor(row_factory=args_row(Month))
    found = cursor.execute(SQL["months"], {"program": program_id, "first": wanted[0]}).fetchall()
    by_month = {row.month: row for row in found}
    return tuple(by_month.get(month, Month(month)) for month in wanted)


def members_of_receipts(conn: Connection, program_id: str, receipt_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return (member id, name) by receipt; receipts without a member are absent."""
    found = conn.execute(SQL["members_of_receipts"], {"ids": list(receipt_ids), "program": program_id}).fetchall()
    return {receipt: (member, name) for receipt, member, name in found}


def _points(found: States) -> UnitPoints:
    """Count as expired also what time has ended and no transfer has said yet: the figures then always add up."""
    gone = found.earned - found.spent - found.available - found.pending - found.held
    return UnitPoints(
        found.unit_id, found.available, found.pending, found.held, found.earned, found.spent, expired=gone
    )
