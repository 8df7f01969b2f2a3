"""Operations that take what is there, whatever it is: posted only where there is something."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from verno.corrections.queries import SQL
from verno.kit import batches
from verno.kit.db import Connection
from verno.ledger import service as ledger
from verno.ledger.types import Operation, Posted, Refused, Result

Found: TypeAlias = list[tuple[Operation, Posted | Refused]]


def post_effective(conn: Connection, program_id: str, operations: Sequence[Operation], *, now: datetime) -> Found:
    """Post operations under fresh keys, all but those that would move nothing: these are absent from the result.

    What an account says may be over by now, so that only posting tells. A claim without an effect would be a promise
    that was not kept, and ``verify`` says so.
    """
    going = list(operations)
    while going:
        with conn.transaction() as savepoint:
            results = ledger.post(conn, program_id, going, now=now)
            empty = _empty(conn, going, results)
            savepoint.force_rollback = bool(empty)
        if not empty:
            return [
                (one, result)
                for one, result in zip(going, results, strict=True)
                if isinstance(result, Posted | Refused)
            ]
        going = [one for one in going if one.id not in empty]
    return []


def _empty(conn: Connection, operations: Sequence[Operation], results: Sequence[Result]) -> set[str]:
    posted = [one for one, result in zip(operations, results, strict=True) if isinstance(result, Posted)]
    holders = [{"holder_id": one.holder_id, "id": one.id} for one in posted]
    found = {row[0] for row in conn.execute(SQL["effective"], {"rows": batches.rows(holders)}).fetchall()}
    return {one.id for one in posted} - found
