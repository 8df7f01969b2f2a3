"""POST /v1/receipts and /v1/receipts:batch: the till's door, free of any framework because a queue stands at it.

The server's entry calls it directly (``wiring.asgi``); the same functions hang in the API's router, which documents
them.
"""

from functools import partial

from verno.api.tills import door, reading, vouching
from verno.api.tills.door import Call, Door, Errand, Reply
from verno.intake.groups import PATIENCE_FOR_A_BATCH, GroupCommit
from verno.intake.types import Approved, Receipt
from verno.kit.clock import clock
from verno.web import wire
from verno.web.problems import Problem
from verno.workspace.types import Scope

__all__ = ["Call", "Reply", "group_commit", "post_receipt", "post_receipts"]

group_commit = GroupCommit(clock.now)


def _one(call: Call) -> Errand[Receipt | Approved]:
    key = door.caller(call, Scope.RECEIPTS_WRITE)
    item = vouching.read(key, door.body(call))
    return Errand(
        group_commit.single,
        key.program_id,
        (item,),
        lambda outcomes: reading.with_all_rules(call, key, door.reply(outcomes[0])),
    )


def _many(call: Call) -> Reply | Errand[Receipt | Approved]:
    key = door.caller(call, Scope.RECEIPTS_WRITE)
    read = door.items(call, "receipts", partial(vouching.read, key))
    good = [item for item in read if not isinstance(item, Problem)]
    answer = partial(door.results, read)
    return Errand(group_commit.batches, key.program_id, good, answer, PATIENCE_FOR_A_BATCH) if good else answer(())


post_receipt = Door(_one)
"""Take one receipt: 201, or 200 for a replay."""
post_receipts = Door(_many, wire.MAX_BATCH_BODY, slow=True)
"""Take up to 1,000 receipts: 200 with one result per item."""
