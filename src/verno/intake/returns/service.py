"""The verb of returns: a batch in, one outcome each out.

Locks: the sales by id, then what unwinders count, then the ledger's accounts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.intake import queries, sold
from verno.intake.context import Context, Settlement
from verno.intake.returns import answer, belonging, judging, parking, writing
from verno.intake.returns.case import Case, read
from verno.intake.returns.types import Back, Return
from verno.intake.settling import desk
from verno.intake.settling.posting import code_of, completed, key_of
from verno.intake.types import Outcome, Parked, Refused, Replayed, Settled
from verno.intake.unwinding.desks import Desks, open_desks
from verno.kit import ids, localtime
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.ledger.types import Entry, Operation, Posted, PutBack, Shorten, TakeBack
from verno.workspace.types import DebtPolicy

GRACE_DAYS = 14
"""How long points live that go back into a lot which is over by now."""


def take(conn: Connection, context: Context, wanted: Sequence[Return], *, now: datetime) -> Settlement:
    """Take a batch of returns in the caller's transaction.

    A return whose sale has not come is parked, and applied when it comes. Refusals: ``unknown-place``,
    ``time-out-of-range``, ``idempotency-mismatch``, ``invalid``, ``not-found`` (an id that is nobody's),
    ``not-a-sale``, ``not-settled``, ``over-return``. Two returns of one sale in one batch are taken one after the
    other.
    """
    outcomes: list[Outcome | None] = [None] * len(wanted)
    places = [*(one.place for one in wanted), *(one.original.place for one in wanted if one.original.place)]
    desk.meet_stores(conn, context, places)
    waiting: list[Case] = []
    for index, one in enumerate(wanted):
        case = read(context, index, one, now)
        if isinstance(case, Case):
            waiting.append(case)
        else:
            outcomes[index] = case
    for case, id_ in zip(waiting, ids.new_ids(len(waiting), now=now), strict=True):
        case.id = id_
    while waiting:
        waiting = _wave(conn, context, waiting, outcomes, now=now)
    return Settlement([outcome for outcome in outcomes if outcome is not None])


def _wave(
    conn: Connection, context: Context, cases: Sequence[Case], outcomes: list[Outcome | None], *, now: datetime
) -> list[Case]:
    """Take the first return of each number and each sale; returns those that must see it done first."""
    fresh = _fresh(conn, context, cases, outcomes)
    found = sold.lock(conn, context, [case.wanted.original.target() for case in fresh])
    wave: list[Case] = []
    later: list[Case] = []
    numbers: set[tuple[str, str, str]] = set()
    sales: set[str] = set()
    for case, one in zip(fresh, found, strict=True):
        case.one = one
        number = (case.store.id, case.wanted.series, case.wanted.number)
        if number in numbers or (one is not None and one.row.id in sales):
            later.append(case)
            continue
        numbers.add(number)
        if one is not None:
            sales.add(one.row.id)
        wave.append(case)
    for case, parked in parking.park(conn, context, [case for case in wave if case.one is None], now=now):
        outcomes[case.index] = parked
    there = [case for case in wave if case.one is not None]
    desks = open_desks(conn, context, known=[case.sale.row.id for case in there], now=now)
    for case, outcome in zip(there, settle(conn, context, there, desks=desks, now=now), strict=True):
        outcomes[case.index] = outcome
    # A twin may have been taken while we waited for the sale: its return is not refused, it is there.
    _fresh(conn, context, [case for case in there if isinstance(outcomes[case.index], Refused)], outcomes)
    desks.write(conn)
    return later


def _fresh(conn: Connection, context: Context, cases: Sequence[Case], outcomes: list[Outcome | None]) -> list[Case]:
    """Answer what was taken before, and return the others."""
    if not cases:
        return []
    fresh = dict(enumerate(cases))
    for position, id_, fingerprint, status, reply in queries.known_returns(conn, context, cases).fetchall():
        case = fresh.pop(position)
        if status is None or fingerprint != case.fingerprint:
            outcomes[case.index] = desk.mismatch()
        elif status == "parked":
            outcomes[case.index] = Parked(id_, reply.encode(), again=True)
        elif status == "refused":
            outcomes[case.index] = answer.read_refusal(reply)
        else:
            outcomes[case.index] = Replayed(id_, reply.encode())
    return list(fresh.values())


def settle(
    conn: Connection, context: Context, cases: Sequence[Case], *, desks: Desks, now: datetime
) -> list[Settled | Refused]:
    """Work out, post and write returns of sales that are locked, each of another sale; one outcome each, in order.

    What a parked return is refused for is written too: its number was taken when it was parked.
    """
    sold.look_closer(conn, [case.sale for case in cases])
    refused: dict[int, Refused] = {}
    good: list[Case] = []
    for position, case in enumerate(cases):
        found = judging.back(context, case.sale, case.wanted)
        if isinstance(found, Back):
            case.back = found
            good.append(case)
        else:
            refused[position] = found
            case.answer = answer.refusal(found)
    _post(conn, context, good, now=now)
    for case in good:
        case.answer = answer.settled(context, case)
        if case.matched and case.back is not None and desks.progress is not None:
            judging.move_back(desks.progress, case.sale, case.back)
        if case.back is not None and case.back.empties:
            desks.free(case.sale.row.id)
        elif case.back is not None:
            desks.give_back(case.sale.row.id, case.back.taken, case.back.put, case.back.left)
    writing.write(conn, context, [case for case in cases if case.back is not None or case.waited], now=now)
    return [refused.get(position) or Settled(case.id, case.answer) for position, case in enumerate(cases)]


def _post(conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime) -> None:
    """Move the points, and read the balances that the answers need."""
    asking: list[Case] = []
    operations: list[Operation] = []
    whose = belonging.owners(conn, cases)
    for case in cases:
        entries = _entries(context, case, now, whose.get(case.id, ()))
        if entries:
            key = key_of(case.store.id, case.wanted.series, case.wanted.number)
            asking.append(case)
            owner = case.sale.row.owner_id
            operations.append(Operation(key, case.id, owner, case.fingerprint, tuple(entries), "return"))
    results = ledger.post(conn, context.program.id, operations, now=now)
    for case, operation, result in zip(asking, operations, results, strict=True):
        if not isinstance(result, Posted):
            # Nothing of a return can be refused: another transaction took its number while we waited.
            message = f"the ledger did not post a fresh return: {result}"
            raise TryAgain(message)
        case.balances = result.balances
        case.recovered = _recovered(context, operation, result)
    short = [case for case in cases if case.matched and len(case.balances) < len(context.units)]
    if short:
        read_ = ledger_queries.balances(conn, sorted({case.sale.row.owner_id for case in short}), now=now)
        for case in short:
            case.balances = completed(case.balances, read_.get(case.sale.row.owner_id, ()))


def _recovered(context: Context, operation: Operation, result: Posted) -> dict[str, int]:
    """Return by unit what of the points put back did not stay."""
    lost = {
        code_of(context, entry.unit_id): entry.points - moved
        for entry, moved in zip(operation.entries, result.moved, strict=True)
        if isinstance(entry, PutBack)
    }
    return sold.without_zeros(lost)


def _entries(context: Context, case: Case, now: datetime, owners: belonging.Owners) -> list[Entry]:
    """Return what is posted, as if what came back had never been sold.

    Points lose the longer life that it had brought, what it had earned is taken, what it had spent goes back.
    """
    if case.back is None:
        return []
    row, zone = case.sale.row, context.zones[case.store.id]
    over = localtime.start_of_day(localtime.business_date(now, zone) + timedelta(days=GRACE_DAYS + 1), zone)
    entries: list[Entry] = [
        Shorten(row.owner_id, context.by_code[code].id, case.at, row.id, row.at, row.merged_ids)
        for code in sorted(case.back.shortened)
    ]
    for code, points in case.back.taken.items():
        unit = context.by_code[code]
        writes_off = unit.debt_policy is DebtPolicy.WRITE_OFF
        entries.append(
            TakeBack(*(row.owner_id, unit.id, points, case.at, row.id, row.at), writes_off, row.merged_ids, row.homes)
        )
    for code, points in case.back.put.items():
        unit = context.by_code[code]
        entries.append(
            PutBack(*(row.owner_id, unit.id, points, case.at, row.id, row.at), over, row.merged_ids, row.homes, owners)
        )
    return entries
