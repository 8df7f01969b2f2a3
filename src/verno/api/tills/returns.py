"""POST /v1/returns and /v1/returns:batch: what comes back of a sale."""

from collections.abc import Sequence

from verno.api import receipts
from verno.api.tills.door import Call, Reply, at_place, body, caller, door, items, reply, results
from verno.intake import context
from verno.intake.groups import PATIENCE, PATIENCE_FOR_A_BATCH
from verno.intake.returns import applying
from verno.intake.returns.types import Return
from verno.intake.types import Outcome, Parked
from verno.kit import db
from verno.kit.clock import clock
from verno.web import wire
from verno.web.problems import Problem
from verno.workspace.types import Key, Scope


def _read(key: Key, value: object) -> Return:
    wanted = wire.convert(value, Return)
    at_place(key, wanted.place)
    return wanted


def _one(call: Call) -> Reply:
    key = caller(call, Scope.RECEIPTS_WRITE)
    return reply(_take(key, [_read(key, body(call))], PATIENCE)[0])


def _many(call: Call) -> Reply:
    key = caller(call, Scope.RECEIPTS_WRITE)
    read = items(call, "returns", lambda item: _read(key, item))
    good = [item for item in read if not isinstance(item, Problem)]
    return results(read, _take(key, good, PATIENCE_FOR_A_BATCH) if good else ())


def _take(key: Key, wanted: Sequence[Return], patience: float) -> Sequence[Outcome | None]:
    outcomes = receipts.group_commit.returns.submit(key.program_id, wanted, patience=patience)
    parked = [one.receipt_id for one in outcomes if isinstance(one, Parked) and not one.again]
    if parked:
        _look_again(key.program_id, parked)
    return outcomes


def _look_again(program_id: str, parked: Sequence[str]) -> None:
    """See whether a sale has come while its return was being parked; the worker looks again later still."""

    def once() -> None:
        with db.transaction(program_id) as conn:
            applying.sweep(conn, context.of(conn, program_id), ids=parked, now=clock.now())

    db.retrying(once)


post_return = door(_one)
post_returns = door(_many)
