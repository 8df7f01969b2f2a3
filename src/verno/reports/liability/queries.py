"""The liability report, worked out of the transfers themselves at any moment."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg.pq import TransactionStatus

from verno.intake.sums import worth
from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.ledger import outlook
from verno.ledger.types import AccountKind, LotMove
from verno.reports.liability.types import Age, Columns, Liability, Month, UnitLiability
from verno.reports.reader import SQL
from verno.workspace import queries as workspace
from verno.workspace.types import Program, Unit

AGES = (30, 90, 180, 365)
"""The last days of the ages; what is older makes an age of its own."""

COLUMNS: Mapping[AccountKind, tuple[str, int]] = {
    AccountKind.ISSUED: ("issued", -1),
    AccountKind.REDEEMED: ("spent", 1),
    AccountKind.BREAKAGE: ("expired", 1),
    AccountKind.ADJUSTED: ("adjusted", -1),
    AccountKind.OPENING: ("brought", -1),
    AccountKind.DEBT: ("owed", -1),
    AccountKind.WRITTEN_OFF: ("written_off", -1),
    AccountKind.CLEARING: ("moved", -1),
}
"""Account -> its column, and whether the column grows with what the account gets or with what it gives."""
TAKES = frozenset({"spent", "expired"})
"""Columns that lessen the closing."""


@dataclass(slots=True)
class _Tally:
    """Sums of one report: (unit, column, month) and what members hold now by unit and state, and by unit and age."""

    columns: dict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))
    states: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    ages: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))


def liability(conn: Connection, program: Program, *, now: datetime) -> Liability:
    """Return the report at ``now``: exact, also for what has expired and no sweep has written yet.

    One snapshot of the database, taken here unless the caller is in a transaction: then it is the caller's. Costs a few
    scans of the transfers (about two seconds a million), and two round trips for every 2,000 accounts that are due.
    """
    if conn.info.transaction_status == TransactionStatus.IDLE:
        conn.execute(SQL["one_moment"])
    conn.execute(SQL["take_time"])
    zone = localtime.zone(program.timezone)
    months = _months(conn, program.id, zone, now)
    begins = [localtime.start_of_day(month, zone) for month in months]
    tally = _Tally()
    _count(conn, program.id, begins, _age_bounds(now, zone), tally, now=now)
    units = workspace.units(conn, program.id)
    return Liability(
        program.name,
        program.currency,
        program.timezone,
        now,
        [_unit(unit, months, tally) for unit in units],
    )


def _months(conn: Connection, program_id: str, zone: ZoneInfo, now: datetime) -> list[date]:
    """Return every month from the first transfer's to this one, or to the last transfer's: tills' clocks run ahead."""
    row = conn.execute(SQL["first_and_last"], {"program": program_id}).fetchone()
    first, last = (row[0], row[1]) if row and row[0] else (now, now)
    month = localtime.business_date(min(first, now), zone).replace(day=1)
    end = localtime.business_date(max(last, now), zone).replace(day=1)
    out = [month]
    while month < end:
        month = (month + timedelta(days=32)).replace(day=1)
        out.append(month)
    return out


def _age_bounds(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the first moments of the ages, the oldest first."""
    today = localtime.business_date(now, zone)
    return [localtime.start_of_day(today - timedelta(days=days), zone) for days in reversed(AGES)]


def _count(
    conn: Connection,
    program_id: str,
    begins: Sequence[datetime],
    ages: Sequence[datetime],
    tally: _Tally,
    *,
    now: datetime,
) -> None:
    parameters = {"program": program_id, "now": now, "months": list(begins), "ages": list(ages)}
    sides = outlook.program_accounts(conn, program_id)
    for account, month, amount in conn.execute(SQL["by_month"], parameters).fetchall():
        _add(tally, sides[account], month - 1, amount)
    for unit, *state in conn.execute(SQL["settled_states"], parameters).fetchall():
        tally.states[unit] = [*state]
    for unit, age, amount in conn.execute(SQL["open_lots_by_age"], parameters).fetchall():
        tally.ages[unit, age] += amount
    for page in outlook.unsettled(conn, program_id, now=now):
        for transfer in page.transfers:
            month = bisect_right(begins, transfer.at) - 1
            for account, amount in (
                (transfer.credit_account_id, transfer.amount),
                (transfer.debit_account_id, -transfer.amount),
            ):
                if account in sides:
                    _add(tally, sides[account], month, amount)
        for one in page.accounts:
            state = tally.states[one.unit_id]
            for i, amount in enumerate((one.available, one.pending, one.held, one.debt)):
                state[i] += amount
        _grow_younger(conn, page.moves, parameters, tally)


def _add(tally: _Tally, side: tuple[str, AccountKind], month: int, amount: int) -> None:
    unit, kind = side
    column, sign = COLUMNS[kind]
    tally.columns[unit, column, month] += sign * amount


def _grow_younger(conn: Connection, moves: Sequence[LotMove], parameters: Mapping[str, object], tally: _Tally) -> None:
    """Take what is over by now out of the ages of the lots that it still stands in."""
    if not moves:
        return
    lots = list({(move.holder_id, move.lot_id) for move in moves})
    rows = batches.rows([{"holder_id": holder, "lot_id": lot} for holder, lot in lots])
    found = conn.execute(SQL["ages_of_lots"], {**parameters, "rows": rows}).fetchall()
    age_of = {lot: (unit, age) for lot, unit, age in found}
    for move in moves:
        tally.ages[age_of[move.lot_id]] -= move.amount


def _unit(unit: Unit, months: Sequence[date], tally: _Tally) -> UnitLiability:
    rows: list[Month] = []
    opening = debt = 0
    for i, month in enumerate(months):
        moved = {column: tally.columns.get((unit.id, column, i), 0) for column, _ in COLUMNS.values()}
        points = _columns(opening, moved)
        debt += points.owed
        rows.append(Month(month, points, debt, _money(unit, points)))
        opening = points.closing
    # A unit's months begin with its first movement, whatever older units there are.
    while len(rows) > 1 and not any(_moves(rows[0].points)) and rows[0].points.opening == 0:
        rows.pop(0)
    available, pending, held, owes = tally.states.get(unit.id, [0, 0, 0, 0])
    ages = _ages(unit, tally)
    holds = available + pending + held
    tied = opening == holds == sum(age.points for age in ages) and debt == owes
    tied = tied and all(row.points.moved == 0 for row in rows)
    return UnitLiability(unit.code, unit.scale, unit.spend_value, rows, available, pending, held, owes, ages, tied)


def _columns(opening: int, moved: Mapping[str, int]) -> Columns:
    closing = opening + sum(-amount if column in TAKES else amount for column, amount in moved.items())
    return Columns(opening=opening, closing=closing, **moved)


def _moves(points: Columns) -> list[int]:
    return [getattr(points, column) for column, _ in COLUMNS.values()]


def _money(unit: Unit, points: Columns) -> Columns | None:
    """Value every running sum and let each column be what it adds, so that the columns add up in money too."""
    if unit.spend_value is None:
        return None

    def value(amount: int) -> int:
        return worth.value(amount, spend_value=unit.spend_value or 0, scale=unit.scale)

    running, moved = points.opening, {}
    for column, _ in COLUMNS.values():
        sign = -1 if column in TAKES else 1
        after = running + sign * getattr(points, column)
        moved[column] = sign * (value(after) - value(running))
        running = after
    return _columns(value(points.opening), moved)


def _ages(unit: Unit, tally: _Tally) -> list[Age]:
    """Return the ages, the youngest first; buckets count from the oldest."""
    out = []
    first = 0
    for i, last in enumerate((*AGES, None)):
        bucket = len(AGES) - i
        out.append(Age(first, last, tally.ages.get((unit.id, bucket), 0)))
        first = (last or 0) + 1
    return out
