"""Capture and cancel: a hold ends once, one way."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from msgspec import UNSET

from verno.intake import answer, sold
from verno.intake.context import Context
from verno.intake.settling import again
from verno.intake.settling.judging import off_by_line
from verno.intake.settling.posting import earns, lengthened
from verno.intake.sold import HELD, Sold
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Cancel, Capture, Kind
from verno.intake.sums import kept
from verno.intake.types import Refusal, Refused
from verno.intake.unwinding.budgets import acted, still_acted
from verno.kit import localtime
from verno.ledger import lifetime
from verno.ledger.types import Capture as CaptureHold
from verno.ledger.types import Entry, Release, Spend
from verno.rules.types import Fired
from verno.workspace.registry import LATE_CAPTURE, LateCapture


def needs_lines(one: Sold, step: Capture | Cancel) -> bool:
    """Tell whether lines or earlier steps must be read: a whole capture or a cancel of what is held needs neither."""
    return one.row.status != HELD or (isinstance(step, Capture) and step.lines is not None)


def capture(context: Context, plan: Plan, step: Capture, *, now: datetime) -> Refused | None:
    """Plan a capture. Refusals: ``already-resolved``, ``hold-expired``, ``invalid``."""
    row = plan.sold.row
    if row.status != HELD:
        return resolved(row.status)
    # A member with an open hold is not merged: what a merged one had set aside is free by now.
    merged = plan.owner_id != row.holder_id and bool(plan.sold.spent.points)
    late = merged or (row.hold_expires_at is not None and now >= row.hold_expires_at)
    store = context.by_place[row.place_id]
    policy = context.policy.value(LATE_CAPTURE, place=store.code, till=step.till)
    if late and policy is LateCapture.REFUSE:
        return Refused(Refusal.HOLD_EXPIRED, "", "the time of the hold is over; sell under a new number")
    wrong = _price(context, plan, step)
    if wrong is not None:
        return wrong
    if plan.kept is not None:
        plan.judge_again = partial(_judge, context, plan, policy)
    _post(context, plan, policy)
    plan.becomes = sold.SETTLED
    return None


def _judge(context: Context, plan: Plan, policy: LateCapture, closed: frozenset[str]) -> Sequence[Fired]:
    """Judge the part that is captured while some rules may not act."""
    one = plan.sold
    plan.fired, plan.earned = again.earned(context, one, sold.rulebook(context, one.row), plan.kept, closed=closed)
    _post(context, plan, policy)
    return plan.fired


def _post(context: Context, plan: Plan, policy: LateCapture) -> None:
    """Say what a capture asks of the ledger."""
    row, zone = plan.sold.row, context.zones[plan.sold.row.place_id]
    # A member with an open hold is not merged: what a merged one had set aside is free by now.
    merged = plan.owner_id != row.holder_id and bool(plan.sold.spent.points)
    day = localtime.business_date(row.at, zone)
    entries: list[Entry] = []
    for code in plan.sold.spent.points:
        unit, points = context.by_code[code], plan.spent.get(code, 0)
        lapses_at = lifetime.touched(unit.lifetime, day, zone)
        if not merged:
            holds_again = policy is LateCapture.REHOLD
            entries.append(CaptureHold(plan.owner_id, unit.id, points, row.at, row.id, holds_again, lapses_at))
        elif points:
            entries.append(Spend(plan.owner_id, unit.id, points, row.at, lapses_at))
    then = (plan.owner_id, row.at, day, zone)
    plan.entries = [*entries, *lengthened(context, plan.fired, *then), *earns(context, plan.earned, *then)]


def _price(context: Context, plan: Plan, step: Capture) -> Refused | None:
    """Work out what is captured: all of it as the hold said, or a part by what the named lines come to."""
    one, row = plan.sold, plan.sold.row
    if step.lines is None:
        plan.to_pay, plan.points_value = one.to_pay, row.points_value
        plan.spent, plan.earned, plan.fired = dict(one.spent.points), one.earned(), row.verdict
        plan.acted = acted(plan.fired)
        return None
    wanted = sold.chosen(one.lines, step.lines)
    if isinstance(wanted, str):
        return Refused(Refusal.INVALID, "lines", wanted)
    held = kept.all_of(one.lines)
    for line, quantity in wanted.items():
        if quantity > held[line]:
            return Refused(Refusal.INVALID, "lines", f"line {line} has fewer than that")
    if not wanted:
        return Refused(Refusal.INVALID, "lines", "to capture nothing is to cancel")
    left = kept.kept(one.lines, wanted)
    plan.kept = wanted
    plan.to_pay, plan.points_value = left.to_pay, left.paid
    plan.spent = {code: kept.points_kept(points, left, row.points_value) for code, points in one.spent.points.items()}
    plan.fired, plan.earned = again.earned(context, one, sold.rulebook(context, row), wanted)
    plan.acted = still_acted(plan.fired, one.lines, wanted)
    return None


def cancel(context: Context, plan: Plan, step: Cancel) -> Refused | None:  # noqa: ARG001 a step's signature
    """Plan a cancel; one after the hold's time says the same. Refusal: ``already-resolved``."""
    row = plan.sold.row
    if row.status != HELD:
        return resolved(row.status)
    plan.entries = [Release(plan.owner_id, context.by_code[code].id, row.at, row.id) for code in plan.sold.spent.points]
    plan.becomes = sold.CANCELLED
    return None


def resolved(status: str) -> Refused:
    """Refuse what comes after the other, or differs from what was done."""
    words = {
        sold.SETTLED: "the sale is settled; a return takes it back",
        sold.CANCELLED: "the hold was cancelled",
        sold.UNMATCHED: "the sale happened at once and was never held",
    }
    return Refused(Refusal.ALREADY_RESOLVED, "", words.get(status, "this was resolved before"))


def told(context: Context, plan: Plan) -> bytes:
    """Return the answer to a capture or a cancel, in the shape of the receipt's own; a cancelled one has no lines."""
    row = plan.sold.row
    return answer.encode(
        answer.Answer(
            id=row.id,
            number=row.number,
            status=plan.becomes or row.status,
            member=answer.MemberPart(plan.owner_id),
            points=answer.points(context, plan.given if plan.given is not None else plan.earned, plan.spent),
            balance=answer.balance(context, plan.balances),
            explanation=answer.explanation(context, plan.fired),
            to_pay=plan.to_pay,
            lines=_lines(plan) if plan.kind is Kind.CAPTURE else UNSET,
        )
    )


def _lines(plan: Plan) -> list[answer.LinePart]:
    """Return the captured lines with what they come to: those of the hold, where all of it was captured."""
    if plan.kept is None:
        row, off = plan.sold.row, off_by_line(plan.fired)
        prices = row.amounts or []
        less = [off.get(number, 0) for number in range(1, len(prices) + 1)] if off else []
        return answer.line_parts(prices, less, plan.sold.spent.lines)
    out = []
    for line in plan.sold.lines:
        left = plan.kept.get(line.line, 0)
        if left:
            part = kept.kept([line], {line.line: left})
            out.append(answer.LinePart(line.line, part.to_pay + part.paid + part.off, part.off, part.paid, part.to_pay))
    return out
