"""POST /v1/receipts and /v1/receipts:batch: the till's door, free of any framework because a queue stands at it.

The server's entry calls it directly (``wiring.wsgi``); the same functions hang in the API's router, which documents
them.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from verno.api.access import authorise, metered
from verno.intake.groups import GroupCommit
from verno.intake.types import Outcome, Receipt, Refused, Replayed, Settled
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.workspace.types import Scope

JSON = "application/json"
RETRY_AFTER = "1"

TITLES = {
    "unknown-place": "No store has this code",
    "idempotency-mismatch": "This number belongs to another receipt",
    "time-out-of-range": "The receipt's time cannot be right",
    "member-named-badly": "The member is not named by exactly one field",
    "too-much": "The receipt's sum is too large",
}

log = logging.getLogger(__name__)

group_commit = GroupCommit(clock.now)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as this door needs it. ``read`` returns at most the number of bytes it is asked for."""

    authorization: str | None
    content_type: str | None
    content_encoding: str | None
    read: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON),)


class Result(msgspec.Struct, frozen=True, gc=False):
    """One item of a batch's answer."""

    code: int
    body: msgspec.Raw | dict[str, object]


class Results(msgspec.Struct, frozen=True, gc=False):
    """The answer to a batch: one result per item, in order."""

    results: list[Result]


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a batch; its items are read one by one, so that a bad one spoils nobody."""

    receipts: list[object]


def post_receipt(call: Call) -> Reply:
    """Take one receipt: 201, or 200 for a replay."""
    return _guarded(call, _one)


def post_receipts(call: Call) -> Reply:
    """Take up to 1,000 receipts: 200 with one result per item."""
    return _guarded(call, _many)


def _guarded(call: Call, work: Callable[[Call], Reply]) -> Reply:
    """Do the work; the answer tells a key with a rate what is left of its allowance."""
    with metered() as headers:
        reply = _answered(call, work)
    return replace(reply, headers=(*reply.headers, *headers)) if headers else reply


def _answered(call: Call, work: Callable[[Call], Reply]) -> Reply:
    """Turn whatever leaves the work as an exception into a problem."""
    try:
        return work(call)
    except problems.Refused as refused:
        return _problem(refused.problem)
    except Unavailable as error:
        return _problem(problems.unavailable(str(error)), ("Retry-After", RETRY_AFTER))
    except Exception:
        log.exception("a receipt's request failed")
        return _problem(problems.internal())


def _one(call: Call) -> Reply:
    key = authorise(call.authorization, Scope.RECEIPTS_WRITE, now=clock.now())
    receipt = wire.convert(_body(call, wire.MAX_OBJECT), Receipt)
    outcome = group_commit.submit(key.program_id, [receipt])[0]
    if isinstance(outcome, Settled):
        return Reply(201, outcome.answer)
    if isinstance(outcome, Replayed):
        return Reply(200, outcome.answer, (("Content-Type", JSON), ("Idempotent-Replay", "true")))
    return _problem(_refusal(outcome))


def _many(call: Call) -> Reply:
    key = authorise(call.authorization, Scope.RECEIPTS_WRITE, now=clock.now())
    items = wire.convert(_body(call, wire.MAX_BATCH_BODY), Batch).receipts
    if len(items) > MAX_BATCH:
        raise problems.Refused(problems.invalid([("receipts", f"at most {MAX_BATCH} items")]))
    read = [_item(item) for item in items]
    good = [receipt for receipt in read if isinstance(receipt, Receipt)]
    outcomes = iter(group_commit.submit(key.program_id, good) if good else ())
    results = [_result(item) if isinstance(item, Problem) else _outcome(next(outcomes)) for item in read]
    return Reply(200, msgspec.json.encode(Results(results)))


def _item(item: object) -> Receipt | Problem:
    if not isinstance(item, dict):
        return problems.bad_json("an item of the batch is not an object")
    try:
        return wire.convert(item, Receipt)
    except problems.Refused as refused:
        return refused.problem


def _outcome(outcome: Outcome | None) -> Result:
    if isinstance(outcome, Settled):
        return Result(201, msgspec.Raw(outcome.answer))
    if isinstance(outcome, Replayed):
        return Result(200, msgspec.Raw(outcome.answer))
    return _result(_refusal(outcome))


def _result(problem: Problem) -> Result:
    return Result(problem.status, problem.body())


def _refusal(outcome: Refused | None) -> Problem:
    if outcome is None:
        return problems.internal()
    words: Sequence[tuple[str, str]] = [(outcome.field, outcome.detail)]
    return Problem(outcome.reason, 422, TITLES[outcome.reason], outcome.detail, errors=words)


def _body(call: Call, limit: int) -> object:
    kind = (call.content_type or JSON).partition(";")[0].strip().lower()
    if kind != JSON or (call.content_encoding or "identity").lower() != "identity":
        raise problems.Refused(Problem("unsupported-media-type", 415, "Send plain application/json, UTF-8"))
    return wire.decode(call.read(limit + 1), limit=limit)


def _problem(problem: Problem, *headers: tuple[str, str]) -> Reply:
    return Reply(problem.status, problem.encoded(), (("Content-Type", problems.CONTENT_TYPE), *headers))
