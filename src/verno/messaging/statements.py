"""The monthly points statement: one row per member and month, told to the unit as the ledger knows it.

The law (ARCHITECTURE.md): a transfer counts in the month of its business time. One that is recorded after its
month's statement appears on the next as "earlier periods": what is dated before the month as the ledger knows it now,
less what the member was told last. Built on what was told rather than on moments of recording, so that a posting
that commits late can never fall between two statements, and opening is always the previous closing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import msgspec

from verno.kit import batches, db, localtime
from verno.kit.db import Connection
from verno.ledger import service as ledger
from verno.ledger import statement_queries
from verno.ledger.statement_queries import Figures
from verno.members import queries as members
from verno.members.service import POINTS_STATEMENT
from verno.messaging import service
from verno.messaging.companies import turnover
from verno.messaging.facts import SQL
from verno.messaging.letters.statement import Context, Ending, UnitFigures
from verno.messaging.letters.wording import last_usable_day
from verno.messaging.types import Draft, Planned, Withheld
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.registry import StatementPeriod
from verno.workspace.types import Program, Unit

TEMPLATE = "statement"
AHEAD_DAYS = 30
"""How far from the day it is written a statement looks for points that will end: what the member can still use, as
the console and the API say it that day."""
MONTHS = 3
"""Months of a quarter."""
CHUNK = 1000
"""Members whose statements are worked out by one set of statements."""


class StatementRefusal(StrEnum):
    """Why a month was not planned."""

    MONTH_NOT_OVER = "month-not-over"
    NO_UNIT = "no-unit"


class StatementCounts(msgspec.Struct):
    """What planning a month did: queued + withheld + already = members."""

    queued: int = 0
    withheld: dict[str, int] = {}
    already: int = 0


class _Month(msgspec.Struct, frozen=True):
    """A calendar month in the program's zone, and how far it looks ahead. All intervals are half-open.

    Of a quarter ``first`` is its last month's first day, by which its rows are kept, and ``since`` its own, or that of
    the month after the last one that was told already.
    """

    first: date
    since: date
    start: datetime
    end: datetime
    horizon: datetime
    horizon_day: date


def occasion(year: int, month: int) -> str:
    """Return the dedupe key of a month's statement."""
    return f"statement/{year:04d}-{month:02d}"


class Due(msgspec.Struct, frozen=True):
    """A month whose statements are to be planned; ``months``: of so many that end with it."""

    year: int
    month: int
    months: int = 1


class Planning(msgspec.Struct, frozen=True):
    """What one step of planning did; ``before``: the member before whom it goes on, None when it is done."""

    counts: StatementCounts
    before: str | None


def plan_statements(
    conn: Connection, program: Program, year: int, month: int, *, now: datetime, months: int = 1
) -> StatementCounts | StatementRefusal:
    """Plan the month's statement of every member, in the caller's transaction; safe to repeat and to race.

    With ``months`` it is of so many that end with this one, less those that members were told already.

    First settles what is due at ``now``, so that expiries before the month's end are transfers. Members who have the
    month's statement are counted as ``already`` and left alone. Refusals: ``month-not-over``, ``no-unit``.
    """
    wanted, total, before = Due(year, month, months), StatementCounts(), None
    while now >= _span(program, year, month, now=now).end and ledger.settle_due(conn, program.id, now=now):
        pass
    while True:
        step = plan_some(conn, program, wanted, before, now=now)
        if isinstance(step, StatementRefusal):
            return step
        _add(total, step.counts)
        if step.before is None:
            return total
        before = step.before


def plan_some(
    conn: Connection, program: Program, wanted: Due, before: str | None, *, now: datetime
) -> Planning | StatementRefusal:
    """Plan the statements of the ``CHUNK`` members before one, in the caller's transaction, refusals as above.

    The newest members come first: when the oldest has been told, all have, whoever joins meanwhile. What is due at
    ``now`` has been settled before. Whoever breaks off and begins anew repeats nothing.
    """
    span = _span(program, wanted.year, wanted.month, now=now)
    if now < span.end:
        return StatementRefusal.MONTH_NOT_OVER
    units = workspace.units(conn, program.id)
    if not units:
        return StatementRefusal.NO_UNIT
    if wanted.months > 1:
        span = _longer(conn, program, span, wanted.months)
    conn.execute(SQL["lock_month"], {"program": program.id, "month": str(span.first)})
    counts = StatementCounts()
    found = members.page_back(conn, program.id, before=before, limit=CHUNK + 1)
    some = found[:CHUNK]
    if some:
        _plan_chunk(conn, program, units, span, some, counts, now=now)
    return Planning(counts, some[-1][0] if len(found) > CHUNK else None)


def due(conn: Connection, program: Program, *, now: datetime) -> Due | None:
    """Return the month that a program's members are to be told of, as long as not all of them have been.

    A program that began after the month's end has nothing to say about it. A run that was broken off has not told the
    oldest member.
    """
    year, month = localtime.month_before(localtime.business_date(now, localtime.zone(program.timezone)))
    quarterly = settings.load(conn, program.id).value(registry.STATEMENT_PERIOD) is StatementPeriod.QUARTER
    if (quarterly and month % MONTHS) or _began(program) >= _span(program, year, month, now=now).end:
        return None
    asked = {"program": program.id, "month": date(year, month, 1)}
    row = conn.execute(SQL["month_told"], asked).fetchone()
    return None if row and row[0] else Due(year, month, MONTHS if quarterly else 1)


def due_statements(
    conn: Connection, *, now: datetime, programs: Sequence[Program] | None = None
) -> dict[str, StatementCounts]:
    """Plan last month's statements of each program that has none yet, in one transaction; returns counts by program.

    ``programs``: of those alone. The hourly job takes a transaction a step: ``due``, ``plan_some``.
    """
    out: dict[str, StatementCounts] = {}
    for program in workspace.programs(conn) if programs is None else programs:
        db.enter(conn, program.id)
        found = due(conn, program, now=now)
        if found is None:
            continue
        planned = plan_statements(conn, program, found.year, found.month, now=now, months=found.months)
        if isinstance(planned, StatementCounts):
            out[program.id] = planned
            turnover.plan_letters(conn, program, found.year, found.month, now=now)
    return out


def run(program: Program, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Plan last month's statements of a program, a transaction a step; returns how many are on their way.

    The letters to companies come before the last step, so that a run which is broken off has not passed them over.
    """
    with db.transaction(program.id) as conn:
        found = due(conn, program, now=now)
    if found is None:
        return 0
    more = True
    while more and not stopping():
        with db.transaction(program.id) as conn:
            more = bool(ledger.settle_due(conn, program.id, now=now))
    queued, before = 0, None
    while not stopping():
        with db.transaction(program.id) as conn:
            step = plan_some(conn, program, found, before, now=now)
            if isinstance(step, StatementRefusal):
                return queued
            if step.before is None:
                turnover.plan_letters(conn, program, found.year, found.month, now=now)
        queued, before = queued + step.counts.queued, step.before
        if before is None:
            break
    return queued


def _add(total: StatementCounts, some: StatementCounts) -> None:
    total.queued += some.queued
    total.already += some.already
    for reason, count in some.withheld.items():
        total.withheld[reason] = total.withheld.get(reason, 0) + count


def _began(program: Program) -> datetime:
    """Return when a program was made: the stamp of its UUIDv7 (RFC 9562), in milliseconds."""
    return datetime.fromtimestamp(int(program.id.replace("-", "")[:12], 16) / 1000, UTC)


def _span(program: Program, year: int, month: int, *, now: datetime) -> _Month:
    zone = localtime.zone(program.timezone)
    start, end = localtime.month_bounds(year, month, zone)
    horizon_day = localtime.business_date(now, zone) + timedelta(days=AHEAD_DAYS)
    return _Month(
        first=date(year, month, 1),
        since=date(year, month, 1),
        start=start,
        end=end,
        horizon=localtime.start_of_day(horizon_day, zone),
        horizon_day=horizon_day - timedelta(days=1),
    )


def _longer(conn: Connection, program: Program, span: _Month, months: int) -> _Month:
    """Return the span that ends with a month and begins so many before, or after the last one that was told."""
    since = span.first
    for _ in range(months - 1):
        row = conn.execute(
            SQL["month_planned"], {"program": program.id, "month": date(*localtime.month_before(since), 1)}
        ).fetchone()
        if row and row[0]:
            break
        since = date(*localtime.month_before(since), 1)
    start, _ = localtime.month_bounds(since.year, since.month, localtime.zone(program.timezone))
    return msgspec.structs.replace(span, since=since, start=start)


def _plan_chunk(
    conn: Connection,
    program: Program,
    units: Sequence[Unit],
    span: _Month,
    found: Sequence[tuple[str, str | None]],
    counts: StatementCounts,
    *,
    now: datetime,
) -> None:
    everybody = batches.rows([holder for holder, _ in found])
    stated = {row[0] for row in conn.execute(SQL["stated"], {"holders": everybody, "month": span.first})}
    locales = {holder: locale or program.locale for holder, locale in found if holder not in stated}
    counts.already += len(found) - len(locales)
    if not locales:
        return
    told: dict[str, list[UnitFigures]] = {holder: [] for holder in locales}
    for unit in units:
        _work_out(conn, program, unit, span, told, now=now)
    drafts = [_draft(holder, locale, told[holder], span, program.currency) for holder, locale in locales.items()]
    for result in service.plan(conn, program.id, drafts, now=now):
        if isinstance(result, Planned):
            counts.queued += 1
        elif isinstance(result, Withheld):
            counts.withheld[result.reason] = counts.withheld.get(result.reason, 0) + 1
        else:
            counts.already += 1


def _work_out(
    conn: Connection,
    program: Program,
    unit: Unit,
    span: _Month,
    told: Mapping[str, list[UnitFigures]],
    *,
    now: datetime,
) -> None:
    """Add one unit's figures to each member's, and keep them as what was told."""
    holders = list(told)
    known = statement_queries.figures(
        conn, holders, unit.id, start=span.start, end=span.end, horizon=span.horizon, now=now
    )
    parameters = {"holders": batches.rows(holders), "unit": unit.id, "month": span.first}
    closings: dict[str, int] = dict(conn.execute(SQL["last_closings"], parameters).fetchall())
    rows = []
    for holder, lines in told.items():
        figures = _figures(unit, known.get(holder, Figures()), closings.get(holder), program.timezone)
        lines.append(figures)
        rows.append(
            {
                "holder_id": holder,
                "unit_id": unit.id,
                **{name: getattr(figures, name) for name in _COLUMNS},
            }
        )
    conn.execute(
        SQL["add_statements"],
        {"rows": batches.rows(rows), "month": span.first, "program": program.id, "now": now},
    )


_COLUMNS = ("opening", "earlier", "earned", "spent", "expired", "closing", "expiring")


def _figures(unit: Unit, known: Figures, last_closing: int | None, timezone: str) -> UnitFigures:
    opening = known.before if last_closing is None else last_closing
    ending: dict[date, int] = {}
    for moment in known.expiring:
        day = last_usable_day(moment.expires_at, timezone)
        ending[day] = ending.get(day, 0) + moment.points
    return UnitFigures(
        code=unit.code,
        scale=unit.scale,
        opening=opening,
        earlier=known.before - opening,
        earned=known.earned,
        spent=known.spent,
        expired=known.expired,
        closing=known.closing,
        expiring=[Ending(day, points) for day, points in sorted(ending.items())],
        spend_value=unit.spend_value,
    )


def _draft(holder: str, locale: str, figures: list[UnitFigures], span: _Month, currency: str) -> Draft:
    context = Context(month=span.first, horizon=span.horizon_day, units=figures, since=span.since, currency=currency)
    return Draft(
        holder_id=holder,
        topic=POINTS_STATEMENT,
        template=TEMPLATE,
        locale=locale,
        context=msgspec.to_builtins(context),
        dedupe_key=occasion(span.first.year, span.first.month),
    )
