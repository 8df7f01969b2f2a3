"""Reads of budgets."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.promotions.budgets import counting
from verno.promotions.queries import SQL
from verno.promotions.types import BudgetState
from verno.rules.types import Rulebook


def states(conn: Connection, program_id: str, rulebook: Rulebook, *, zone: str, now: datetime) -> Sequence[BudgetState]:
    """Return how the budgets of a rulebook stand now, in its order, by the calendar of ``zone``."""
    day = localtime.business_date(now, localtime.zone(zone))
    asked = [
        (rule.id, budget, counting.bucket(budget.period, day)) for rule in rulebook.rules for budget in rule.budgets
    ]
    if not asked:
        return []
    rows = [
        {"position": i, "rule": rule, "budget": counting.name(budget), "bucket": bucket, "most": budget.most}
        for i, (rule, budget, bucket) in enumerate(asked)
    ]
    found = conn.execute(SQL["budget_sums"], {"rows": batches.rows(rows), "program": program_id, "now": now}).fetchall()
    return [
        BudgetState(rule, budget, bucket, used, held, full, told)
        for (rule, budget, bucket), (_, used, held, told, full) in zip(asked, found, strict=True)
    ]
