"""Intake's verb: a batch of receipts of one program in, one outcome per receipt out, in the caller's transaction.

The street of a receipt: checked, named and looked up (``settling.desk``), its points worked out
(``settling.pricing``), judged by the rulebook of its own moment (``settling.judging``), posted to the ledger
(``settling.posting``), answered and written (``settling.writing``). The number of round trips does not depend on the
batch's size.
"""

from collections.abc import Sequence
from datetime import datetime

from verno.intake.context import Context, Learned, Settlement
from verno.intake.quoting import service as quoting
from verno.intake.returns import applying
from verno.intake.settling import pricing
from verno.intake.settling.case import Case, as_sale
from verno.intake.settling.desk import Desk
from verno.intake.settling.judging import close, judge, prepare
from verno.intake.settling.posting import post
from verno.intake.settling.writing import write
from verno.intake.types import Approved, Outcome, Receipt, Refusal, Refused, Settled
from verno.intake.unwinding.budgets import use_of
from verno.intake.unwinding.desks import Desks, open_desks
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.rules.types import Fired


def settle(
    conn: Connection, context: Context, receipts: Sequence[Receipt | Approved], *, now: datetime, new: bool = False
) -> Settlement:
    """Take a batch of receipts. ``new`` says that none of their numbers has been taken, as far as one knows.

    Refusals: ``unknown-place``, ``idempotency-mismatch`` (the number belongs to another body), ``time-out-of-range``,
    ``member-named-badly``, ``too-much``, ``invalid``; where points are to pay or to be held also ``unknown-member``,
    ``approval-needed``, ``spending-not-set``, ``insufficient-points``, ``over-limit``, ``stale-quote``. A plain sale is
    refused for a hard limit alone, and never for a member nobody knows: it is kept as unmatched. Raises ``TryAgain`` or
    ``psycopg.errors.UniqueViolation`` when another transaction took one of the numbers meanwhile, or one was not
    ``new``; the door tries the whole batch again.
    """
    desk = Desk(conn, context, receipts, now, new=new)
    waiting = desk.admit()
    learned = Learned()
    # Counters are locked before any account is, so that nobody waits in a circle.
    desks = open_desks(conn, context, now=now, sales=lambda: [as_sale(case) for case in waiting])
    while waiting:
        wave, waiting = desk.wave(waiting)
        fresh = _settled(conn, context, wave, desk.outcomes, desks, now=now)
        again = desks.spoiled()
        waiting = [case for case in wave if case.id in again] + waiting
        if fresh:
            answers = write(conn, context, fresh, desk.goods_and_tills(fresh, learned), now=now)
            for case, reply in zip(fresh, answers, strict=True):
                desk.outcomes[case.index] = Settled(case.id, reply, sum(case.earned.values()), case.holder is not None)
                if case.facts is not None and desks.progress is not None:
                    desks.progress.sale(case)
            if desk.any_parked:
                applying.apply(conn, context, [case.id for case in fresh], desks=desks, now=now)
            if waiting and desks.progress is not None:
                desks.progress.write(conn)  # those who waited see it
    desks.write(conn)
    return Settlement([outcome for outcome in desk.outcomes if outcome is not None], learned)


def _settled(
    conn: Connection,
    context: Context,
    cases: Sequence[Case],
    outcomes: list[Outcome | None],
    desks: Desks,
    *,
    now: datetime,
) -> Sequence[Case]:
    """Work out, count and post; returns the cases to write, and puts why not into the others' outcomes."""
    unpaid: dict[int, Refused] = {}
    priced = any(case.is_priced or case.receipt.hold_seconds for case in cases)
    if priced:
        cases, unpaid = _priced(conn, context, cases, outcomes, desks, now=now)
    else:
        prepare(conn, context, cases, now=now)
        judge(context, cases)
    if desks.budgets is not None:
        desks.budgets.meet(conn, context, cases)
    if priced or desks:
        for case in cases:
            outcomes[case.index] = _counted(conn, context, case, unpaid.get(case.index), desks, now=now)
        cases = [case for case in cases if outcomes[case.index] is None]
    refused = post(conn, context, cases, now=now)
    if refused or desks:
        for case in cases:
            if case.index in refused:
                outcomes[case.index] = _refused(conn, context, case, refused[case.index], now=now)
                desks.amend(case.id, {}, {}, happened=False)
            elif case.given is not None:
                desks.amend(case.id, case.given, case.spent.points)
    return [case for case in cases if case.index not in refused]


def _priced(
    conn: Connection,
    context: Context,
    cases: Sequence[Case],
    outcomes: list[Outcome | None],
    desks: Desks,
    *,
    now: datetime,
) -> tuple[list[Case], dict[int, Refused]]:
    """Work out receipts of which points may pay a part; returns them, and those whose points cannot pay.

    Who may not spend at all is refused here.
    """
    refused = {case.index: no for case in cases if (no := pricing.vouch(context, case, now=now))}
    good = [case for case in cases if case.index not in refused]
    prepare(conn, context, good, now=now)
    unpaid = _paid(conn, context, good, desks, now=now)
    judge(context, good)
    for index, no in refused.items():
        outcomes[index] = no
    return good, unpaid


def _paid(
    conn: Connection, context: Context, cases: Sequence[Case], desks: Desks, *, now: datetime
) -> dict[int, Refused]:
    return pricing.pay(conn, context, cases, lambda case: desks.room(as_sale(case)), now=now)


def _counted(
    conn: Connection, context: Context, case: Case, unpaid: Refused | None, desks: Desks, *, now: datetime
) -> Refused | None:
    """Count a judged receipt everywhere, hold quotes to their word, and say what is in the way.

    A receipt whose rules have no room in their budgets is judged again without them.
    """
    found: list[Refused] = [] if unpaid is None else [unpaid]

    def again(over: frozenset[str]) -> Sequence[Fired] | None:
        found.clear()
        close(context, case, over)
        no = _paid(conn, context, [case], desks, now=now).get(case.index)
        if no is not None:
            found.append(no)
            return None
        judge(context, [case])
        return case.fired

    if desks.budgets is not None:
        # Without a discount that has no room there is more for points to pay.
        use = use_of(case, case.taken_off if found else case.fired)
        desks.budgets.fit(conn, use, context.budgets(case.book), again, frozenset())
    stale = case.offer is not None and (found or pricing.is_stale(case, now=now))
    if stale or found:
        desks.drop(case.id)
        return _stale(conn, context, case, now=now) if stale else found[0]
    no = desks.take(as_sale(case)) if desks else None
    return no if no is None else _over(conn, context, case, no, desks, now=now)


def _refused(conn: Connection, context: Context, case: Case, no: Refused, *, now: datetime) -> Refused:
    """Return the answer to what the ledger refused: "as many as can" is asked again with what there is now."""
    if no.reason is not Refusal.INSUFFICIENT_POINTS:
        return no
    if case.offer is not None and any(wish.max for wish in case.offer.wishes):
        return _stale(conn, context, case, now=now)
    if any(wish.max for wish in case.wishes):
        message = "the points were there a moment ago"
        raise TryAgain(message)
    return no


def _over(conn: Connection, context: Context, case: Case, no: Refused, desks: Desks, *, now: datetime) -> Refused:
    """Return the answer to what a limit refused: "as many as can" is asked again with the room that is left now."""
    if case.offer is not None and any(wish.max for wish in case.offer.wishes):
        return _stale(conn, context, case, now=now)
    if any(wish.max for wish in case.wishes):
        desks.again(case.id)
    return no


def _stale(conn: Connection, context: Context, case: Case, *, now: datetime) -> Refused:
    fresh = quoting.again(conn, context, case, now=now)
    if isinstance(fresh, Refused):
        return fresh
    words = "the quote no longer holds; the new one is with this problem"
    return Refused(Refusal.STALE_QUOTE, "quote", words, b'{"quote":' + fresh + b"}")
