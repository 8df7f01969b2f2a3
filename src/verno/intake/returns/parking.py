"""Returns whose sale has not come: parked, and applied in the sale's own transaction when it comes.

A return and its sale that come at the same moment may miss each other, each reading before the other commits. The
worker's sweep brings those together.
"""

from collections.abc import Sequence
from datetime import datetime

from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.returns import answer, writing
from verno.intake.returns.case import Case
from verno.intake.types import ByNumber, Parked, Refusal, Refused
from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.errors import TryAgain


def park(
    conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime
) -> list[tuple[Case, Parked | Refused]]:
    """Park returns of sales that nobody has sent yet; refuse those whose original is no sale and never will be."""
    out: list[tuple[Case, Parked | Refused]] = []
    named: list[tuple[Case, ByNumber]] = []
    for case in cases:
        name = case.wanted.original.target()
        if not isinstance(name, ByNumber):
            out.append((case, Refused(Refusal.NOT_FOUND, "original", "no sale has this id")))
        elif name.place not in context.stores:
            out.append((case, Refused(Refusal.UNKNOWN_PLACE, "original", f"no store has the code {name.place}")))
        else:
            named.append((case, name))
    if not named:
        return out
    taken = _taken(conn, context, [name for _, name in named])
    claims, rows = [], []
    for position, (case, name) in enumerate(named):
        own = ByNumber(case.wanted.place, case.wanted.series, case.wanted.number)
        if position in taken or own == name:
            out.append((case, Refused(Refusal.NOT_A_SALE, "original", "this number is a return's")))
            continue
        reply = answer.parked(case.id, case.wanted.number, name)
        claims.append(writing.claim(case, case.store.anonymous_holder_id))
        rows.append(_row(context, case, name, reply))
        out.append((case, Parked(case.id, reply)))
    if rows:
        parameters = {"program": context.program.id, "now": now}
        with conn.pipeline():
            conn.execute(SQL["add_claims"], {**parameters, "rows": batches.rows(claims)})
            conn.execute(SQL["add_parked"], {**parameters, "rows": batches.rows(rows)})
    return out


def _taken(conn: Connection, context: Context, names: Sequence[ByNumber]) -> set[int]:
    """Return the positions of numbers that are returns'.

    Raises ``TryAgain`` where a sale has taken one since it was looked for: then the return is not to be parked.
    """
    rows = [
        {"position": i, "place_id": context.stores[name.place].id, "series": name.series, "number": name.number}
        for i, name in enumerate(names)
    ]
    parameters = {"rows": batches.rows(rows), "program": context.program.id}
    found = conn.execute(SQL["claimed_numbers"], parameters).fetchall()
    if any(is_sale for _, is_sale in found):
        message = "the sale has just come"
        raise TryAgain(message)
    return {position for position, _ in found}


def _row(context: Context, case: Case, name: ByNumber, reply: bytes) -> dict[str, object]:
    return {
        "id": case.id,
        "place_id": case.store.id,
        "series": case.wanted.series,
        "number": case.wanted.number,
        "original_place_id": context.stores[name.place].id,
        "original_series": name.series,
        "original_number": name.number,
        "request": case.wanted,
        "at": case.at,
        "answer": reply.decode(),
    }
