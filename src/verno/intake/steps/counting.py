"""What steps mean for limits and whatever else sales use up."""

from collections.abc import Sequence
from datetime import datetime

from verno.intake import naming
from verno.intake.context import Context
from verno.intake.settling import again, effects
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import Claim, Kind
from verno.intake.sums import kept
from verno.intake.types import Refusal, Refused
from verno.intake.unwinding.desks import Desks, open_desks
from verno.intake.unwinding.types import Sale
from verno.kit import localtime
from verno.kit.db import Connection
from verno.progress.engine import Gave
from verno.promotions.budgets.types import Use
from verno.rules.types import Fired


def open_for(conn: Connection, context: Context, plans: Sequence[Plan], *, now: datetime) -> Desks:
    """Lock what these steps may change."""
    return open_desks(
        *(conn, context),
        now=now,
        sales=lambda: [_claimed(context, plan) for plan in plans if plan.kind is Kind.CLAIM],
        known=[plan.sold.row.id for plan in plans if plan.kind in {Kind.CAPTURE, Kind.CANCEL, Kind.CLAIM}],
    )


def count(conn: Connection, context: Context, desks: Desks, plan: Plan) -> Refused | None:
    """Settle a reservation, free it, or count a claim; an activation uses nothing up."""
    if plan.kind is Kind.CANCEL:
        desks.free(plan.sold.row.id)
    if plan.kind not in {Kind.CAPTURE, Kind.CLAIM}:
        return None
    no = _within_budgets(conn, context, desks, plan)
    if no is None and plan.kind is Kind.CAPTURE:
        no = desks.confirm(plan.sold.row.id, plan.earned, plan.spent)
    elif no is None:
        no = desks.take(_claimed(context, plan))
    if no is not None:
        desks.drop(plan.sold.row.id)
    return no


def _within_budgets(conn: Connection, context: Context, desks: Desks, plan: Plan) -> Refused | None:
    """Count for the budgets of rules; without room they do not act, unless the till was promised that they would.

    What rules took off when the receipt was made stands.
    """
    one, row = plan.sold, plan.sold.row
    book_id = plan.rulebook_id or row.rulebook_id
    book = next((book for book in context.rulebooks if book.id == book_id), None)
    budgets = context.budgets(book)
    if desks.budgets is None or not budgets:
        return None

    def judge(over: frozenset[str]) -> Sequence[Fired] | None:
        fired = None if plan.judge_again is None else plan.judge_again(over)
        if fired is None:
            closed.extend(over)
        return fired

    closed: list[str] = []
    use = Use(
        operation_id=row.id,
        at=row.at,
        zone=context.by_place[row.place_id].timezone,
        holder_id=plan.owner_id,
        acted=plan.acted,
    )
    off = frozenset(fired.rule for fired in again.taken_off(one)) if plan.judge_again is not None else frozenset()
    if desks.budgets.fit(conn, use, budgets, judge, off):
        return None
    return Refused(Refusal.OVER_LIMIT, "", f"the budget of rule {closed[0]} is spent; sell under a new number")


def correct(desks: Desks, plan: Plan) -> None:
    """Count what was given, where a cap left less than the rules said."""
    if plan.given is not None:
        desks.amend(plan.sold.row.id, plan.given, plan.spent)


def track(context: Context, desks: Desks, plan: Plan) -> None:
    """Let progress follow what a capture or a claim has made happen."""
    progress, one = desks.progress, plan.sold
    if progress is None or plan.kind not in {Kind.CAPTURE, Kind.CLAIM}:
        return
    earned = plan.given if plan.given is not None else plan.earned
    day = localtime.business_date(one.row.at, context.zones[one.row.place_id])
    if plan.kind is Kind.CAPTURE:
        holder_id, quantities = one.row.holder_id, plan.kept or kept.all_of(one.lines)
    else:
        holder_id, quantities = plan.owner_id, one.left()
    gave = Gave(earned, effects.happened(effects.brought(plan.fired)))
    progress.sold(one, holder_id, quantities, gave, plan.member)
    progress.effects(holder_id, one.row.id, day, plan.fired)


def forget(desks: Desks, plan: Plan) -> None:
    """Take back what was counted for a step that the ledger refused.

    That is a claim, or a capture whose hold has lapsed: its reservation is free already.
    """
    desks.amend(plan.sold.row.id, {}, {}, happened=False)


def _claimed(context: Context, plan: Plan) -> Sale:
    row, step = plan.sold.row, plan.asked.step
    store, program = context.by_place[row.place_id], context.program
    key: naming.Key | str = ("", "")
    if isinstance(step, Claim):
        key = naming.member_key(step.member, program_id=program.id, country=program.country)
    return Sale(
        id=row.id,
        at=row.at,
        zone=store.timezone,
        place=store.code,
        till=row.till,
        cashier=row.cashier,
        holder_id=plan.owner_id,
        card=key[1] if not isinstance(key, str) and key[0] == "card" else None,
        earned=plan.earned,
        spent={},
        claimed=True,
    )
