"""Balances brought along from another system, as lots with their own dates."""

from collections.abc import Sequence
from datetime import datetime

from verno.corrections.queries import SQL
from verno.corrections.types import Brought, Opening, OpeningOutcome, Refusal, Refused
from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation, Posted, TransferKind
from verno.ledger.types import Refused as NotPosted

REASON = "opening"


def open_balances(
    conn: Connection, program_id: str, openings: Sequence[Opening], *, now: datetime
) -> list[OpeningOutcome]:
    """Bring lots along: one outcome per item, in order. The round trips do not grow with the batch.

    They are taken into the books now, whenever they began: months that are over stay as they were. A lot that is over
    already is the caller's to refuse.

    A lot that came before under its key is a replay, whatever file brought it; the same key with other points or dates
    is refused (``idempotency-mismatch``), and so is a second row of one file with the same key (``already-brought``).
    """
    keys = [{"key": opening.key} for opening in openings]
    parameters = {"rows": batches.rows(keys), "program": program_id}
    known = {row[0]: row[1:] for row in conn.execute(SQL["known_openings"], parameters).fetchall()}
    outcomes: list[OpeningOutcome | None] = [None] * len(openings)
    fresh: list[tuple[int, Opening]] = []
    for i, opening in enumerate(openings):
        before = known.get(opening.key)
        if before is None:
            known[opening.key] = (opening.run_id, opening.row, opening.fingerprint)
            fresh.append((i, opening))
        else:
            outcomes[i] = _again(opening, *before)
    operations = [
        _operation(opening, id_, now) for (_, opening), id_ in zip(fresh, ids.new_ids(len(fresh), now=now), strict=True)
    ]
    rows = []
    for (i, opening), operation, result in zip(
        fresh, operations, ledger.post(conn, program_id, operations, now=now), strict=True
    ):
        if isinstance(result, Posted):
            outcomes[i] = Brought(replayed=False)
            rows.append(_row(opening, operation.id))
        elif isinstance(result, NotPosted) and result.reason.value == Refusal.TOO_MANY_POINTS:
            outcomes[i] = Refused(Refusal.TOO_MANY_POINTS, "points", "the balance would be too large to count")
        else:
            message = "another transaction brought the same lot"
            raise TryAgain(message)
    if rows:
        conn.execute(SQL["add_openings"], {"rows": batches.rows(rows), "program": program_id})
    return [outcome for outcome in outcomes if outcome is not None]


def _again(opening: Opening, run_id: str, row: int, fingerprint: str) -> OpeningOutcome:
    if (run_id, row) != (opening.run_id, opening.row) and run_id == opening.run_id:
        words = f"is the same lot as row {row}; give each a reference of its own if there are two"
        return Refused(Refusal.ALREADY_BROUGHT, "", words)
    if fingerprint != opening.fingerprint:
        words = "this lot came before with other points or dates; the first one stands"
        return Refused(Refusal.IDEMPOTENCY_MISMATCH, "points", words)
    return Brought(replayed=True)


def _operation(opening: Opening, id_: str, now: datetime) -> Operation:
    lot = Earn(
        opening.holder_id,
        opening.unit_id,
        opening.points,
        now,
        active_from=opening.active_from,
        expires_at=opening.expires_at,
        lapses_at=opening.lapses_at,
        kind=TransferKind.OPEN,
    )
    return Operation(opening.key, id_, opening.holder_id, opening.fingerprint, (lot,), REASON)


def _row(opening: Opening, operation_id: str) -> dict[str, object]:
    return {
        "key": opening.key,
        "holder_id": opening.holder_id,
        "operation_id": operation_id,
        "run_id": opening.run_id,
        "row": opening.row,
    }
