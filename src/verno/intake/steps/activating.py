"""Activation: an event that a receipt's points wait for has come."""

from datetime import datetime

import msgspec

from verno.intake import answer, sold
from verno.intake.context import Context
from verno.intake.settling.posting import code_of
from verno.intake.sold import SETTLED
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Activate
from verno.intake.types import Refusal, Refused
from verno.kit import localtime
from verno.ledger import lifetime
from verno.ledger.types import Activate as ActivateLots


class ActivatedPart(msgspec.Struct, frozen=True, gc=False):
    """How many points of a unit became usable."""

    unit: str
    activated: int


class ActivateAnswer(msgspec.Struct, frozen=True, gc=False):
    """The reply to an activation."""

    id: str
    number: str
    status: str
    event: str
    member: answer.MemberPart
    points: list[ActivatedPart]
    balance: list[answer.BalancePart]


def activate(context: Context, plan: Plan, step: Activate, at: datetime) -> Refused | None:
    """Plan an activation of everything that waits for the event; nothing waiting is no error.

    Refusals: ``not-settled``.
    """
    row = plan.sold.row
    if row.status != SETTLED:
        return Refused(Refusal.NOT_SETTLED, "", _WHY.get(row.status, "the sale is not settled"))
    zone = context.zones[row.place_id]
    day = localtime.business_date(at, zone)
    entries = []
    for code, points in plan.sold.earned().items():
        unit = context.by_code.get(code)
        if unit is None or not points:
            continue
        span = lifetime.activated(unit.lifetime, day, zone)
        entries.append(
            ActivateLots(
                *(plan.owner_id, unit.id, at, row.id, row.at, step.event, at),
                expires_at=span.expires_at,
                lapses_at=span.lapses_at,
                merged_ids=row.merged_ids,
            )
        )
    plan.entries = entries
    return None


def told(context: Context, plan: Plan) -> bytes:
    """Return the answer: what became usable, by unit."""
    row, step = plan.sold.row, plan.asked.step
    moved = {
        code_of(context, entry.unit_id): points
        for entry, points in zip(plan.entries, plan.moved, strict=False)
        if isinstance(entry, ActivateLots)
    }
    return answer.encode(
        ActivateAnswer(
            *(row.id, row.number, row.status, step.event if isinstance(step, Activate) else ""),
            answer.MemberPart(plan.owner_id),
            [ActivatedPart(unit.code, moved.get(unit.code, 0)) for unit in context.units],
            answer.balance(context, plan.balances),
        )
    )


_WHY = {
    sold.HELD: "the sale is still held",
    sold.CANCELLED: "the sale was cancelled",
    sold.UNMATCHED: "nobody has claimed the receipt, so it has earned nothing",
}
