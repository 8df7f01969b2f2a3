"""POST /v1/returns and /v1/returns:batch: what comes back of a sale."""

from collections.abc import Sequence

from verno.api import receipts
from verno.api.tills.door import Call, Door, Errand, Reply, at_place, body, caller, items, reply, results
from verno.intake import context
from verno.intake.groups import PATIENCE_FOR_A_BATCH
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


def _one(call: Call) -> Errand[Return]:
    key = caller(call, Scope.RECEIPTS_WRITE)
    wanted = _read(key, body(call))

    def answer(outcomes: Sequence[Outcome | None]) -> Reply:
        _see_to_parked(key, outcomes)
        return reply(outcomes[0])

    return Errand(receipts.group_commit.returns, key.program_id, (wanted,), answer)


def _many(call: Call) -> Reply | Errand[Return]:
    key = caller(call, Scope.RECEIPTS_WRITE)
    read = items(call, "returns", lambda item: _read(key, item))
    good = [item for item in read if not isinstance(item, Problem)]

    def answer(outcomes: Sequence[Outcome | None]) -> Reply:
        _see_to_parked(key, outcomes)
        return results(read, outcomes)

    lane = receipts.group_commit.returns
    return Errand(lane, key.program_id, good, answer, PATIENCE_FOR_A_BATCH) if good else answer(())


def _see_to_parked(key: Key, outcomes: Sequence[Outcome | None]) -> None:
    parked = [one.receipt_id for one in outcomes if isinstance(one, Parked) and not one.again]
    if parked:
        _look_again(key.program_id, parked)


def _look_again(program_id: str, parked: Sequence[str]) -> None:
    """See whether a sale has come while its return was being parked; the worker looks again later still."""

    def once() -> None:
        with db.transaction(program_id) as conn:
            applying.sweep(conn, context.of(conn, program_id), ids=parked, now=clock.now())

    db.retrying(once)


post_return = Door(_one)
post_returns = Door(_many, wire.MAX_BATCH_BODY, slow=True)
