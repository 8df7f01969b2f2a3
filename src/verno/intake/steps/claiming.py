"""Claims: a receipt of nobody becomes a member's, and earns by the rules of its own time."""

from datetime import datetime, timedelta

from verno.intake import answer, sold
from verno.intake.context import Context
from verno.intake.settling import again
from verno.intake.settling.judging import matched
from verno.intake.settling.posting import earns, key_of
from verno.intake.sold import UNMATCHED
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Claim
from verno.intake.sums import claimcode, kept
from verno.intake.types import Refusal, Refused
from verno.kit import localtime
from verno.promotions import queries as promotions
from verno.rules.facts import Member
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
    zone = context.zones[row.place_id]
    plan.owner_id = plan.member_id = member.id
    plan.member = member
    plan.to_pay = kept.kept(one.lines, one.left()).to_pay if one.returns else one.to_pay
    book = promotions.at(context.rulebooks, row.at)
    if book is not None:
        verdict = again.judged(context, one, book, one.left() if one.returns else None, member=member)
        plan.rulebook_id, plan.fired, plan.earned = book.id, matched(verdict), verdict.points
        if context.tracks or not context.ready(book).plain:
            plan.facts = again.remembered(one, member)
    # The sale's own key: unmatched, it posted nothing under it.
    plan.key = key_of(row.place_id, row.series, row.number)
    day = localtime.business_date(row.at, zone)
    plan.entries = earns(context, plan.earned, member.id, row.at, day, zone)
    plan.becomes = sold.CLAIMED
    return None


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
        )
    )
