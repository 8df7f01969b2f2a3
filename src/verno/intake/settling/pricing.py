"""What of a receipt points pay: who may spend, what a quote had promised, and how many points that comes to."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from verno.intake.context import Context
from verno.intake.quoting import token
from verno.intake.settling import spending
from verno.intake.settling.case import Case
from verno.intake.settling.posting import in_order
from verno.intake.types import Receipt, Refusal, Refused, Wish
from verno.intake.unwinding.types import Points
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.workspace.registry import HOLD_SECONDS, MAX_SHARE, STATIC_CODES, StaticCodes

STATIC = frozenset({"card", "phone", "email"})
"""Names that anybody may have seen: they earn, but they do not spend."""


def vouch(context: Context, case: Case, *, now: datetime) -> Refused | None:
    """Read a receipt's wishes, its quote and its hold, and tell why they may not be; plain sales pass.

    Refusals: ``invalid``, ``unknown-member``, ``approval-needed``.
    """
    receipt = case.receipt
    if not case.is_priced and receipt.hold_seconds is None:
        return None
    wishes = _promised(context, case) if receipt.quote else receipt.spend
    if isinstance(wishes, Refused):
        return wishes
    case.wishes = [wish for wish in wishes if wish.max or wish.points]
    if receipt.hold_seconds is not None and not receipt.hold:
        return Refused(Refusal.INVALID, "hold_seconds", "belongs to a hold")
    if (case.wishes or receipt.hold) and case.holder is None:
        return Refused(Refusal.UNKNOWN_MEMBER, "member", "only a known member can spend or hold")
    if case.wishes and not _may_spend(context, case):
        words = "a card, phone or e-mail earns but does not spend without an approval by staff"
        return Refused(Refusal.APPROVAL_NEEDED, "approval", words)
    if receipt.hold:
        seconds = receipt.hold_seconds or context.policy.value(
            HOLD_SECONDS, place=receipt.place, till=receipt.till or None
        )
        case.hold_until = now + timedelta(seconds=seconds)
    return None


def _promised(context: Context, case: Case) -> Sequence[Wish] | Refused:
    """Return the wishes of the receipt's quote; what is said twice must be said alike."""
    receipt = case.receipt
    offer = token.unseal(context.program.id, receipt.quote or "")
    if offer is None:
        return Refused(Refusal.INVALID, "quote", "is not a quote of this program")
    case.offer = offer
    if receipt.spend and receipt.spend not in (offer.wishes, offer.comes_to()):
        return Refused(Refusal.INVALID, "spend", "the quote says otherwise; leave it out, or ask for another quote")
    if case.approved_by is None and token.content(receipt) == offer.content:
        case.approved_by = offer.approved_by
    return offer.comes_to()


def _may_spend(context: Context, case: Case) -> bool:
    kind, _ = case.key or ("", "")
    if kind not in STATIC or case.approved_by is not None:
        return True
    said = context.policy.value(STATIC_CODES, place=case.receipt.place, till=case.receipt.till or None)
    return said is StaticCodes.ALLOW


def pay(
    conn: Connection, context: Context, cases: Sequence[Case], room: Callable[[Case], Points], *, now: datetime
) -> dict[int, Refused]:
    """Turn wishes into points, worth and lines; returns the refusals by the cases' indices.

    ``room`` says how many points limits leave to "as many as can". Balances are read only for those who spend as
    much as they can, and to tell too many from more than there are.
    """
    wishing = [case for case in cases if case.wishes]
    hungry = [case for case in wishing if any(wish.max for wish in case.wishes)]
    refused = {case.index: no for case in wishing if case not in hungry and (no := _resolve(context, case, None))}
    doubtful = [case for case in wishing if (no := refused.get(case.index)) and no.reason is Refusal.OVER_LIMIT]
    asking = [*hungry, *doubtful]
    if asking:
        available = available_of(conn, context, asking, now=now)
        for case in asking:
            no = _resolve(context, case, available.get(case.holder or "", {}), room(case))
            if no is not None:
                refused[case.index] = no
    return refused


def available_of(
    conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime
) -> dict[str, dict[str, int]]:
    """Return what the cases' members can spend now, by unit code."""
    found = ledger.balances(conn, sorted({case.holder or "" for case in cases}), now=now)
    return {
        holder: {unit.code: balance.available for unit, balance in in_order(context, balances)}
        for holder, balances in found.items()
    }


def _resolve(
    context: Context, case: Case, available: spending.Available | None, room: Points = spending.NO_BOUND
) -> Refused | None:
    percent = share(context, case.receipt)
    spent = spending.resolve(case.wishes, case.prices, context.by_code, available, share=percent, room=room)
    if isinstance(spent, Refused):
        return spent
    case.spent = spent
    return None


def share(context: Context, receipt: Receipt) -> int:
    """Return the per cent of a receipt that points may pay."""
    return context.policy.value(MAX_SHARE, place=receipt.place, till=receipt.till or None)


def is_stale(case: Case, *, now: datetime) -> bool:
    """Tell whether a receipt's quote no longer holds: its time is over, or another verdict came out."""
    offer = case.offer
    return offer is not None and (
        now >= offer.until or offer.content != token.content(case.receipt) or offer.verdict != token.verdict(case)
    )
