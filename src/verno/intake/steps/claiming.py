"""Claims: a receipt of nobody becomes a member's, and earns by the rules of its own time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from msgspec import UNSET
from msgspec.structs import replace

from verno.intake import answer, sold
from verno.intake.context import Context
from verno.intake.settling import again
from verno.intake.settling.judging import matched
from verno.intake.settling.posting import earns, key_of, lengthened
from verno.intake.sold import UNMATCHED
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Claim
from verno.intake.sums import claimcode, kept
from verno.intake.types import Refusal, Refused
from verno.intake.unwinding.budgets import still_acted
from verno.kit import localtime
from verno.promotions import keeping
from verno.promotions import queries as promotions
from verno.promotions.types import StoredRulebook
from verno.rules.facts import Facts, Member
from verno.rules.types import Fired
from verno.workspace.registry import CLAIM_DAYS


def claim(context: Context, plan: Plan, step: Claim, member: Member | None, *, now: datetime) -> Refused | None:
    """Plan a claim. Refusals: ``unknown-member``, ``already-resolved``, ``claim-too-late``, ``invalid``."""
    one, row = plan.sold, plan.sold.row
    if row.status != UNMATCHED:
        return Refused(Refusal.ALREADY_RESOLVED, "", "the receipt belongs to a member already")
    if step.claim_code is not None and claimcode.read(step.claim_code) != row.claim_code:
        return Refused(Refusal.INVALID, "claim_code", "is not the code of this receipt")
    days = context.policy.value(CLAIM_DAYS, place=context.by_place[row.place_id].code)
    if now >= row.at + timedelta(days=days):
        return Refused(Refusal.CLAIM_TOO_LATE, "", f"a receipt can be claimed for {days} days")
    if member is None:
        return Refused(Refusal.UNKNOWN_MEMBER, "member", "nobody is known by this name")
    plan.owner_id = plan.member_id = member.id
    plan.member = member
    plan.to_pay = kept.kept(one.lines, one.left()).to_pay if one.returns else one.to_pay
    # The sale's own key: unmatched, it posted nothing under it.
    plan.key = key_of(row.place_id, row.series, row.number)
    plan.becomes = sold.CLAIMED
    plan.judge_again = partial(_judge, context, plan, member)
    plan.judge_again(frozenset())
    return None


def _judge(context: Context, plan: Plan, member: Member, closed: frozenset[str]) -> Sequence[Fired]:
    """Judge the receipt by its own rulebook, without the rules that are closed, or paused now or then."""
    one, row, zone = plan.sold, plan.sold.row, context.zones[plan.sold.row.place_id]
    book, until = _book(context, plan, member)
    if book is not None:
        paused = context.paused(book).union(row.facts.paused if row.facts else ())
        closed = closed.union(paused, plan.facts.closed if plan.facts else ())
        verdict = again.judged(context, one, book, one.left() if one.returns else None, member=member, closed=closed)
        plan.rulebook_id, plan.fired, plan.earned = book.id, matched(verdict), verdict.points
        plan.acted = still_acted(plan.fired, one.lines, one.left())
        if closed or context.tracks or until or not context.ready(book).plain:
            plan.facts = replace(again.remembered(one, member, closed=closed, paused=paused), kept_until=until)
    day = localtime.business_date(row.at, zone)
    then = (member.id, row.at, day, zone)
    plan.entries = [*lengthened(context, plan.fired, *then), *earns(context, plan.earned, *then)]
    return plan.fired


def _book(context: Context, plan: Plan, member: Member) -> tuple[StoredRulebook | None, date | None]:
    """Return the rulebook that judges the receipt now that it has a member, and how long they keep it."""
    row = plan.sold.row
    book = promotions.at(context.rulebooks, row.at)
    if book is None or not book.rulebook.keeps:
        return book, None
    facts = Facts(row.at, context.by_place[row.place_id].timezone, (), member=member)
    return keeping.chosen(context.rulebooks, context.ready(book), facts) or (book, None)


def _judged_by(context: Context, plan: Plan) -> StoredRulebook | None:
    return next((book for book in context.rulebooks if book.id == plan.rulebook_id), None)


def told(context: Context, plan: Plan) -> bytes:
    """Return the answer, in the shape of the receipt's own."""
    row = plan.sold.row
    return answer.encode(
        answer.Answer(
            id=row.id,
            number=row.number,
            status=sold.SETTLED,
            member=answer.MemberPart(plan.owner_id),
            points=answer.points(context, plan.given if plan.given is not None else plan.earned, {}),
            balance=answer.balance(context, plan.balances),
            explanation=answer.explanation(context, plan.fired),
            kept=answer.kept(context, _judged_by(context, plan), plan.facts.kept_until) if plan.facts else UNSET,
        )
    )
