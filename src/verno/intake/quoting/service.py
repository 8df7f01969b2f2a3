"""Quoting: the street of a receipt up to the point where something would be written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET

from verno.intake import answer
from verno.intake.context import Context
from verno.intake.quoting import token
from verno.intake.reading import progress
from verno.intake.settling import desk, effects, pricing, spending
from verno.intake.settling.case import Case, Offer, as_sale
from verno.intake.settling.judging import all_rules, close, judge, prepare
from verno.intake.settling.posting import in_order
from verno.intake.sums import worth
from verno.intake.types import Approved, Receipt, Refused
from verno.intake.unwinding import desks
from verno.intake.unwinding.budgets import use_of
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.types import Balance
from verno.members import queries as members
from verno.rules.types import Fired


@dataclass(frozen=True, slots=True)
class Worked:
    """A receipt that was worked out, with what its member has and could spend on it."""

    case: Case
    balances: Sequence[Balance]
    purses: Sequence[worth.Purse]
    share: int


def quote(
    conn: Connection, context: Context, item: Receipt | Approved, *, now: datetime, everything: bool = False
) -> bytes | Refused:
    """Return the answer that a sale would get now, with a token that holds Verno to it; nothing is written.

    Two round trips: who is it, and what have they. ``everything`` adds the rules that did not match. A receipt of
    nobody is quoted too: it pays in full and earns nothing. Refusals are those of ``intake.service.settle``.
    """
    worked = worked_out(conn, context, item, now=now)
    return worked if isinstance(worked, Refused) else _answer(conn, context, worked, now=now, everything=everything)


def worked_out(conn: Connection, context: Context, item: Receipt | Approved, *, now: datetime) -> Worked | Refused:
    """Return what a quote comes to, before it is put into an answer. Refusals are those of ``quote``."""
    receipt = item.receipt if isinstance(item, Approved) else item
    receipt = msgspec.structs.replace(receipt, quote=None)
    desk.meet_stores(conn, context, [receipt.place])
    case = desk.read(context, 0, receipt, now)
    if isinstance(case, Refused):
        return case
    case.is_priced = True
    case.approved_by = item.staff_id if isinstance(item, Approved) else None
    if case.key is not None:
        case.holder = members.find_holders(conn, context.program.id, [case.key]).get(case.key)
    no = pricing.vouch(context, case, now=now)
    return no or _work_out(conn, context, case, now=now)


def again(conn: Connection, context: Context, case: Case, *, now: datetime) -> bytes | Refused:
    """Return a new quote for a receipt whose old one is stale, on what its till had asked for then."""
    wishes = case.offer.wishes if case.offer else case.receipt.spend
    plain = msgspec.structs.replace(case.receipt, quote=None, spend=wishes)
    fresh = Case(
        *(case.index, plain, case.store, case.at, case.day, case.key, case.fingerprint, case.amount),
        approved_by=case.approved_by,
        holder=case.holder,
        is_priced=True,
    )
    worked = pricing.vouch(context, fresh, now=now) or _work_out(conn, context, fresh, now=now)
    return worked if isinstance(worked, Refused) else _answer(conn, context, worked, now=now, everything=False)


def _work_out(conn: Connection, context: Context, case: Case, *, now: datetime) -> Worked | Refused:
    """Work out a receipt whose member and wishes are known."""
    balances: Sequence[Balance] = ()
    if case.holder is not None:
        balances = ledger.balances(conn, [case.holder], now=now).get(case.holder, [])
    held = in_order(context, balances)
    available = {unit.code: balance.available for unit, balance in held}
    share = pricing.share(context, case.receipt)
    prepare(conn, context, [case], now=now)
    counting = desks.preview(conn, context, as_sale(case), now=now)
    room = counting.room(as_sale(case))

    def work_out() -> Refused | None:
        if case.wishes:
            spent = spending.resolve(case.wishes, case.prices, context.by_code, available, share=share, room=room)
            if isinstance(spent, Refused):
                return spent
            case.spent = spent
        judge(context, [case])
        return None

    no = _within_budgets(conn, context, case, counting, work_out)
    if no is not None:
        return no
    _cap(case, {unit.code: (unit.max_balance, balance) for unit, balance in held})
    over = counting.take(as_sale(case))
    return over or Worked(case, balances, spending.spendable(context.units, available, room), share)


def _answer(conn: Connection, context: Context, worked: Worked, *, now: datetime, everything: bool) -> bytes:
    case, balances, share = worked.case, worked.balances, worked.share
    until = now + token.LIFE
    made = Offer(
        content=token.content(case.receipt),
        verdict=token.verdict(case),
        wishes=list(case.receipt.spend),
        points=dict(case.spent.points),
        until=until,
        approved_by=case.approved_by,
    )
    purses = worked.purses if case.holder else []
    return answer.encode(
        answer.QuoteAnswer(
            number=case.receipt.number,
            status="quoted",
            member=answer.MemberPart(case.holder) if case.holder else None,
            points=answer.points(context, case.earned, case.spent.points) if case.holder else [],
            balance=answer.balance(context, balances) if case.holder else [],
            explanation=answer.explanation(context, _told(context, case, everything=everything)),
            to_pay=case.to_pay,
            lines=answer.lines(case),
            spend_max=_most(purses, case.amount - case.discount, share),
            quote=token.seal(context.program.id, made),
            quote_expires_at=until,
            progress=progress.of(conn, context, case.holder, now=now) or UNSET if case.holder else UNSET,
            effects=effects.parts(context, case.book, case.fired),
            kept=answer.kept(context, case.book, case.kept_until),
        )
    )


def _within_budgets(
    conn: Connection, context: Context, case: Case, counting: desks.Desks, work_out: Callable[[], Refused | None]
) -> Refused | None:
    """Work a receipt out, and leave out the rules whose budgets have no room for this receipt now."""
    refused = [no] if (no := work_out()) else []

    def again(over: frozenset[str]) -> Sequence[Fired] | None:
        refused.clear()
        close(context, case, over)
        no = work_out()
        if no is not None:
            refused.append(no)
            return None
        return case.fired

    if counting.budgets is not None:
        use = use_of(case, case.taken_off if refused else case.fired)
        counting.budgets.fit(conn, use, context.budgets(case.book), again, frozenset())
    return refused[0] if refused else None


def _told(context: Context, case: Case, *, everything: bool) -> Sequence[Fired]:
    if everything and case.book is not None:
        return all_rules(context, case)
    return case.fired


def _most(purses: Sequence[worth.Purse], price: int, share: int) -> list[answer.SpendPart]:
    most = worth.spend_max(purses, price, share=share)
    return [
        answer.SpendPart(
            *(purse.unit, most[purse.unit]),
            worth.value(most[purse.unit], spend_value=purse.spend_value, scale=purse.scale),
        )
        for purse in purses
    ]


def _cap(case: Case, held: dict[str, tuple[int | None, Balance]]) -> None:
    """Say beforehand what a unit's cap will leave of the points, as the ledger will after the spend."""
    given = dict(case.points)
    for code, points in case.points.items():
        most, balance = held[code]
        if most is not None:
            has = balance.available + balance.pending + balance.held - balance.debt - case.spent.points.get(code, 0)
            given[code] = max(0, min(points, most - has))
    if given != case.points:
        case.given = given
