"""The ledger's part of an erasure: what somebody had goes to breakage, and the books go on balancing."""

from collections.abc import Sequence
from datetime import datetime

from verno.corrections.queries import SQL
from verno.corrections.service import moving
from verno.corrections.types import Erased
from verno.kit import batches, ids, outbox
from verno.kit.db import Connection
from verno.ledger.types import Erase, Operation, Posted
from verno.workspace import queries as workspace

REASON = "erasure"
EVENT = "points.erased.v1"


def erase_points(conn: Connection, program_id: str, holder_ids: Sequence[str], *, now: datetime) -> list[Erased]:
    """Void the holds of members, let their points go to breakage and write their debts off; one result per member.

    Nothing else is touched: profile, contacts and keys are the whole procedure's. Called again it finds nothing, or
    what has come since. The round trips do not grow with the batch.
    """
    wanted = sorted(set(holder_ids))
    parameters = {"holders": batches.rows(wanted), "program": program_id}
    full: dict[str, list[str]] = {}
    for holder, unit, total, *_ in conn.execute(SQL["lock_points"], parameters).fetchall():
        if total:
            full.setdefault(holder, []).append(unit)
    codes = {unit.id: unit.code for unit in workspace.units(conn, program_id)}
    operations = []
    for (holder, units), id_ in zip(sorted(full.items()), ids.new_ids(len(full), now=now), strict=True):
        entries = tuple(Erase(holder, unit, now) for unit in units)
        operations.append(Operation(f"erasure/{id_}", id_, holder, "", entries, REASON))
    erased = {
        operation.holder_id: _by_code(operation, result, codes)
        for operation, result in moving.post_effective(conn, program_id, operations, now=now)
        if isinstance(result, Posted)
    }
    outbox.append(
        conn,
        [outbox.NewEvent(program_id, holder, EVENT, {"points": points}, now) for holder, points in erased.items()],
    )
    return [Erased(holder, erased.get(holder, {})) for holder in holder_ids]


def _by_code(operation: Operation, posted: Posted, codes: dict[str, str]) -> dict[str, int]:
    pairs = zip(operation.entries, posted.moved, strict=True)
    return {codes[entry.unit_id]: moved for entry, moved in pairs if moved}
