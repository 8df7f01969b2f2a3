"""Writes returns with the claims of their numbers and their events."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.returns.case import Case
from verno.intake.returns.types import Back
from verno.kit import batches, localtime, outbox
from verno.kit.db import Connection

NONE: Mapping[str, int] = {}


def write(conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime) -> None:
    """Write returns in one round trip: those that were worked out, and of parked ones also those that were refused."""
    if not cases:
        return
    parameters = {"program": context.program.id, "now": now}
    fresh = [claim(case, case.sale.row.holder_id) for case in cases if not case.waited]
    moved = [claim(case, case.sale.row.holder_id) for case in cases if case.waited]
    with conn.pipeline():
        if fresh:
            conn.execute(SQL["add_claims"], {**parameters, "rows": batches.rows(fresh)})
        if moved:
            conn.execute(SQL["own_numbers"], {**parameters, "rows": batches.rows(moved)})
        conn.execute(SQL["add_returns"], {**parameters, "rows": batches.rows([_row(case) for case in cases])})
        outbox.append(conn, [_event(context, case, case.back) for case in cases if case.back is not None])


def claim(case: Case, holder_id: str) -> dict[str, object]:
    """Return the claim of a return's number."""
    return {
        "place_id": case.store.id,
        "series": case.wanted.series,
        "number": case.wanted.number,
        "holder_id": holder_id,
        "receipt_id": case.id,
        "fingerprint": case.fingerprint,
    }


def _row(case: Case) -> dict[str, object]:
    back = case.back
    return {
        "holder_id": case.sale.row.holder_id,
        "id": case.id,
        "place_id": case.store.id,
        "series": case.wanted.series,
        "number": case.wanted.number,
        "till": case.wanted.till,
        "cashier": case.wanted.cashier,
        "at": case.at,
        "status": "settled" if back else "refused",
        "original_id": case.sale.row.id,
        "lines": back.lines if back else NONE,
        "refund": back.refund if back else 0,
        "points_value": back.points_value if back else 0,
        "taken": back.taken if back else NONE,
        "put": back.put if back else NONE,
        "answer": case.answer.decode(),
    }


def _event(context: Context, case: Case, back: Back) -> outbox.NewEvent:
    day = localtime.business_date(case.at, context.zones[case.store.id])
    body: dict[str, object] = {
        "return": case.id,
        "receipt": case.sale.row.id,
        "number": case.wanted.number,
        "place": case.store.code,
        "at": case.at,
        "month": day.replace(day=1),
        "refund": back.refund,
        "points_value": back.points_value,
        "taken_back": back.taken,
        "put_back": back.put,
        "recovered": case.recovered,
        "matched": case.matched,
    }
    return outbox.NewEvent(context.program.id, case.sale.row.owner_id, "return.settled.v1", body, case.at)
