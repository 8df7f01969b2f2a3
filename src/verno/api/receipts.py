"""POST /v1/receipts and /v1/receipts:batch: the till's door, free of any framework because a queue stands at it.

The server's entry calls it directly (``wiring.wsgi``); the same functions hang in the API's router, which documents
them.
"""

from functools import partial

from verno.api.tills import door, reading, vouching
from verno.api.tills.door import Call, Reply
from verno.intake.groups import GroupCommit
from verno.kit.clock import clock
from verno.web.problems import Problem
from verno.workspace.types import Scope

__all__ = ["Call", "Reply", "group_commit", "post_receipt", "post_receipts"]

group_commit = GroupCommit(clock.now)


def _one(call: Call) -> Reply:
    key = door.caller(call, Scope.RECEIPTS_WRITE)
    item = vouching.read(key, door.body(call))
    done = door.reply(group_commit.submit(key.program_id, [item])[0])
    return reading.with_all_rules(call, key, done) if call.query else done


def _many(call: Call) -> Reply:
    key = door.caller(call, Scope.RECEIPTS_WRITE)
    read = door.items(call, "receipts", partial(vouching.read, key))
    good = [item for item in read if not isinstance(item, Problem)]
    return door.results(read, group_commit.submit(key.program_id, good) if good else ())


post_receipt = door.door(_one)
"""Take one receipt: 201, or 200 for a replay."""
post_receipts = door.door(_many)
"""Take up to 1,000 receipts: 200 with one result per item."""
