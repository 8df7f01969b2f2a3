"""Writes what steps did: the receipts' new status, the steps with their answers, the events."""

from collections.abc import Sequence
from datetime import datetime

from verno.intake import queries, sold
from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.settling import effects
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Capture, Kind
from verno.kit import batches, ids, localtime, outbox
from verno.kit.db import Connection

EVENTS = {
    Kind.CAPTURE: "receipt.settled.v1",
    Kind.CANCEL: "receipt.cancelled.v1",
    Kind.ACTIVATE: "receipt.activated.v1",
    Kind.CLAIM: "receipt.claimed.v1",
}


def write(conn: Connection, context: Context, plans: Sequence[Plan], *, now: datetime) -> tuple[list[bytes], bool]:
    """Write steps in one round trip; returns their answers, and whether any return waits for its sale."""
    if not plans:
        return [], False
    answers = [plan.conclude(plan) for plan in plans]
    steps = [
        _step(plan, id_, reply)
        for plan, id_, reply in zip(plans, ids.new_ids(len(plans), now=now), answers, strict=True)
    ]
    parameters = {"program": context.program.id, "now": now}
    claims = [plan for plan in plans if plan.kind is Kind.CLAIM]
    with conn.pipeline():
        for status in (sold.SETTLED, sold.CANCELLED, sold.CLAIMED):
            moving = [plan.sold.row for plan in plans if plan.becomes == status]
            if moving:
                rows = batches.rows([{"holder_id": row.holder_id, "id": row.id} for row in moving])
                conn.execute(SQL["move_on"], {"status": status, "rows": rows})
        if claims:
            conn.execute(SQL["add_claimed"], {**parameters, "rows": batches.rows([_claimed(plan) for plan in claims])})
            conn.execute(SQL["own_numbers"], {**parameters, "rows": batches.rows([_owned(plan) for plan in claims])})
        conn.execute(SQL["add_steps"], {**parameters, "rows": batches.rows(steps)})
        outbox.append(conn, [one for plan in plans for one in _events(context, plan)])
        parked = queries.any_parked(conn, context.program.id)
    return answers, parked.fetchone() is not None


def _step(plan: Plan, id_: str, reply: bytes) -> dict[str, object]:
    step = plan.asked.step
    earned = plan.given if plan.given is not None else plan.earned
    captured = plan.kind is Kind.CAPTURE
    return {
        "holder_id": plan.sold.row.holder_id,
        "receipt_id": plan.sold.row.id,
        "slot": plan.slot,
        "id": id_,
        "kind": plan.kind,
        "at": plan.at,
        "till": step.till,
        "cashier": step.cashier,
        "fiscal_number": step.fiscal_number if isinstance(step, Capture) else None,
        "member_id": plan.member_id,
        "kept": plan.kept,
        "points": sum(earned.values()),
        "points_value": plan.points_value,
        "earned": earned if captured else None,
        "spent": plan.spent if captured else None,
        "verdict": plan.fired if captured else None,
        "fingerprint": plan.fingerprint,
        "answer": reply.decode(),
    }


def _claimed(plan: Plan) -> dict[str, object]:
    row = plan.sold.row
    earned = plan.given if plan.given is not None else plan.earned
    return {
        "holder_id": row.holder_id,
        "id": row.id,
        "member_id": plan.member_id,
        "points": sum(earned.values()),
        "rulebook_id": plan.rulebook_id,
        "verdict": plan.fired if plan.rulebook_id else None,
        "given": plan.given,
        "facts": plan.facts,
    }


def _owned(plan: Plan) -> dict[str, object]:
    row = plan.sold.row
    return {"place_id": row.place_id, "series": row.series, "number": row.number, "holder_id": plan.member_id}


def _events(context: Context, plan: Plan) -> list[outbox.NewEvent]:
    """Return what a step has done; with a capture or a claim its rules' own events happen."""
    first, row = _event(context, plan), plan.sold.row
    if plan.kind not in {Kind.CAPTURE, Kind.CLAIM}:
        return [first]
    return [first, *effects.events(context.program.id, plan.owner_id, row.id, plan.fired, at=row.at)]


def _event(context: Context, plan: Plan) -> outbox.NewEvent:
    row = plan.sold.row
    day = localtime.business_date(row.at, context.zones[row.place_id])
    body: dict[str, object] = {
        "receipt": row.id,
        "number": row.number,
        "place": context.by_place[row.place_id].code,
        "at": row.at,
        "month": day.replace(day=1),
        "amount": plan.to_pay + plan.points_value,
        "points": plan.given if plan.given is not None else plan.earned,
    }
    if plan.kind is Kind.CAPTURE and plan.sold.spent.points:
        body["spent"] = plan.spent
        body["points_value"] = plan.points_value
    if plan.kind is Kind.ACTIVATE:
        body["event"] = plan.slot.partition("/")[2]
        body["told_at"] = plan.at
    return outbox.NewEvent(context.program.id, plan.owner_id, EVENTS[plan.kind], body, row.at)
