"""What the till's doors share: a call and its reply, who calls, what was sent, how outcomes are answered.

A door's work reads the call and names an errand for a lane, or answers at once. It waits for nobody itself, so that the
same work serves a thread and the server's event loop (docs/adr/0017).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import parse_qs

import msgspec

from verno.api.access import allows_place, authorise, metered, need
from verno.intake.groups import PATIENCE, Lane
from verno.intake.types import Outcome, Parked, Refusal, Refused, Replayed, Settled
from verno.kit import db
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.workspace.types import Key, Scope

JSON = "application/json"
RETRY_AFTER = "1"
EVERYTHING = "all"

Item = TypeVar("Item")
Made = TypeVar("Made")
Shape = TypeVar("Shape")

CONFLICT, FORBIDDEN, GONE, UNFIT = 409, 403, 404, 422

REFUSALS: Mapping[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_PLACE: (UNFIT, "No store has this code"),
    Refusal.IDEMPOTENCY_MISMATCH: (UNFIT, "This number or step belongs to another body"),
    Refusal.TIME_OUT_OF_RANGE: (UNFIT, "The time cannot be right"),
    Refusal.MEMBER_NAMED_BADLY: (UNFIT, "The member is not named by exactly one field"),
    Refusal.TOO_MUCH: (UNFIT, "The receipt's sum is too large"),
    Refusal.INVALID: (UNFIT, "The body does not have the expected shape"),
    Refusal.UNKNOWN_MEMBER: (GONE, "Nobody is known by this name"),
    Refusal.NOT_FOUND: (GONE, "There is nothing here"),
    Refusal.APPROVAL_NEEDED: (FORBIDDEN, "Somebody of the staff must approve"),
    Refusal.FOREIGN_PLACE: (FORBIDDEN, "The API key is not for this place"),
    Refusal.SPENDING_NOT_SET: (CONFLICT, "What a point is worth has not been set"),
    Refusal.INSUFFICIENT_POINTS: (CONFLICT, "The member has too few points"),
    Refusal.OVER_LIMIT: (CONFLICT, "This is more than a limit allows"),
    Refusal.STALE_QUOTE: (CONFLICT, "The quote no longer holds"),
    Refusal.HOLD_EXPIRED: (CONFLICT, "The hold's time is over"),
    Refusal.ALREADY_RESOLVED: (CONFLICT, "This has been resolved before"),
    Refusal.NOT_SETTLED: (CONFLICT, "The sale is not settled"),
    Refusal.OVER_RETURN: (CONFLICT, "More would come back than is left"),
    Refusal.NOT_A_SALE: (CONFLICT, "A return cannot be returned"),
    Refusal.CLAIM_TOO_LATE: (CONFLICT, "The receipt can no longer be claimed"),
}
"""Status and title of what the street refuses; the refusal's own word is the problem's type."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as these doors need it. ``read`` returns at most the first bytes that it is asked for.

    ``target`` is what the address names, decoded: a receipt's id, say.
    """

    authorization: str | None
    content_type: str | None
    content_encoding: str | None
    read: Callable[[int], bytes]
    query: str = ""
    target: str = ""

    def explains_all(self) -> bool:
        """Tell whether ``?explain=all`` asks for the rules that did not match, too."""
        return bool(self.query) and EVERYTHING in parse_qs(self.query).get("explain", ())


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON),)


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
REPLAY = (("Content-Type", JSON), ("Idempotent-Replay", "true"))


class Result(msgspec.Struct, frozen=True, gc=False):
    """One item of a batch's answer."""

    code: int
    body: msgspec.Raw | dict[str, object]


class Results(msgspec.Struct, frozen=True, gc=False):
    """The answer to a batch: one result per item, in order."""

    results: list[Result]


@dataclass(frozen=True, slots=True)
class Errand(Generic[Item]):
    """What a lane must do before there is an answer; ``answer`` makes it of the outcomes."""

    lane: Lane[Item]
    program_id: str
    items: Sequence[Item]
    answer: Callable[[Sequence[Outcome | None]], Reply]
    patience: float = PATIENCE


Work: TypeAlias = Callable[[Call], Reply | Errand[Any]]


@dataclass(frozen=True, slots=True)
class Door:
    """Work that answers calls: in a thread, which may wait, or in the server's event loop, which may not.

    ``limit`` is the most bytes its body may have. A ``slow`` one is never tried in the event loop.
    """

    work: Work
    limit: int = wire.MAX_OBJECT
    slow: bool = False

    def __call__(self, call: Call) -> Reply:
        """Answer in a thread; the answer tells a key with a rate what is left of its allowance."""
        with metered() as headers:
            reply = _told(partial(self._answered, call))
        return replace(reply, headers=(*reply.headers, *headers)) if headers else reply

    async def reply(self, call: Call, threads: Executor) -> Reply:
        """Answer in the event loop; what would wait there for the database is done in one of ``threads``.

        A call that would is begun again there; nothing has happened until its errand is with the lane.
        """
        aside = partial(asyncio.get_running_loop().run_in_executor, threads)
        done = None if self.slow else _at_once(partial(self.work, call))
        if done is None:
            return await aside(self, call)
        if isinstance(done, Reply):
            return done
        try:
            outcomes = await done.lane.outcomes(done.program_id, done.items, patience=done.patience)
        except Exception as error:  # noqa: BLE001 told, and logged where it is a fault of ours
            return _excuse(error)
        answer = partial(done.answer, outcomes)
        told = _at_once(answer)
        return await aside(_told, answer) if told is None else told

    def _answered(self, call: Call) -> Reply:
        done = self.work(call)
        if isinstance(done, Reply):
            return done
        return done.answer(done.lane.submit(done.program_id, done.items, patience=done.patience))


def _at_once(work: Callable[[], Made]) -> Made | Reply | None:
    """Do the work in the event loop; None when it would wait for the database there."""
    try:
        with db.unwaiting():
            return work()
    except db.WouldWait:
        return None
    except Exception as error:  # noqa: BLE001 told, and logged where it is a fault of ours
        return _excuse(error)


def _told(work: Callable[[], Reply]) -> Reply:
    """Do the work, and turn whatever leaves it as an exception into a problem."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 told, and logged where it is a fault of ours
        return _excuse(error)


def _excuse(error: Exception) -> Reply:
    """Say as a problem why there is no answer."""
    if isinstance(error, problems.Refused):
        return problem(error.problem)
    if isinstance(error, Unavailable):
        return problem(problems.unavailable(str(error)), ("Retry-After", RETRY_AFTER))
    log.error("a till's request failed", exc_info=error)
    return problem(problems.internal())


def caller(call: Call, *scopes: Scope) -> Key:
    """Return the key of a call that holds all of ``scopes``; raises ``problems.Refused`` (401, 403, 429)."""
    key = authorise(call.authorization, scopes[0], now=clock.now())
    for scope in scopes[1:]:
        need(key, scope)
    return key


def at_place(key: Key, place: str) -> None:
    """Let a key act at its own places; raises ``problems.Refused`` (403)."""
    if not allows_place(key, place):
        raise problems.Refused(problems.foreign_place())


def body(call: Call, limit: int = wire.MAX_OBJECT, *, needed: bool = True) -> object:
    """Return the JSON value of the body; raises ``problems.Refused`` (400, 413, 415).

    Where none is ``needed``, no body is an empty object.
    """
    raw = call.read(limit + 1)
    if not raw and not needed:
        return {}
    kind = (call.content_type or JSON).partition(";")[0].strip().lower()
    if kind != JSON or (call.content_encoding or "identity").lower() != "identity":
        raise problems.Refused(Problem("unsupported-media-type", 415, "Send plain application/json, UTF-8"))
    return wire.decode(raw, limit=limit)


def items(call: Call, name: str, convert: Callable[[object], Shape]) -> list[Shape | Problem]:
    """Return a batch's items read one by one, so that a bad one spoils nobody; raises when it is not one at all."""
    whole = body(call, wire.MAX_BATCH_BODY)
    if not isinstance(whole, dict) or whole.keys() != {name} or not isinstance(whole[name], list):
        raise problems.Refused(problems.invalid([(name, "a batch is one object with one list of this name")]))
    found: list[object] = whole[name]
    if len(found) > MAX_BATCH:
        raise problems.Refused(problems.invalid([(name, f"at most {MAX_BATCH} items")]))
    return [_item(item, convert) for item in found]


def _item(item: object, convert: Callable[[object], Shape]) -> Shape | Problem:
    if not isinstance(item, dict):
        return problems.bad_json("an item of the batch is not an object")
    try:
        return convert(item)
    except problems.Refused as refused:
        return refused.problem


def reply(outcome: Outcome | None, *, made: int = 201) -> Reply:
    """Answer an outcome; ``made`` is the status of what was done now."""
    if isinstance(outcome, Settled):
        return Reply(made, outcome.answer)
    if isinstance(outcome, Replayed):
        return Reply(200, outcome.answer, REPLAY)
    if isinstance(outcome, Parked):
        return Reply(200, outcome.answer, REPLAY) if outcome.again else Reply(202, outcome.answer)
    return problem(refusal(outcome))


def result(outcome: Outcome | Problem | None) -> Result:
    """Answer one item of a batch as it would have been answered alone."""
    if isinstance(outcome, Problem):
        return Result(outcome.status, outcome.body())
    if outcome is None or isinstance(outcome, Refused):
        return result(refusal(outcome))
    alone = reply(outcome)
    return Result(alone.status, msgspec.Raw(alone.body))


def results(read: Sequence[Shape | Problem], outcomes: Sequence[Outcome | None]) -> Reply:
    """Answer a batch: what could not be read in its place, the others' outcomes in theirs."""
    rest = iter(outcomes)
    found = [result(item if isinstance(item, Problem) else next(rest)) for item in read]
    return Reply(200, msgspec.json.encode(Results(found)))


def refusal(outcome: Refused | None) -> Problem:
    """Translate what the street refused; None is what the database refused."""
    if outcome is None:
        return problems.internal()
    status, title = REFUSALS[outcome.reason]
    errors: Sequence[tuple[str, str]] = [(outcome.field, outcome.detail)] if outcome.field else ()
    more = _members.decode(outcome.more) if outcome.more else {}
    return Problem(outcome.reason, status, title, outcome.detail, errors=errors, more=more)


def problem(found: Problem, *headers: tuple[str, str]) -> Reply:
    """Return a problem as the answer."""
    return Reply(found.status, found.encoded(), (("Content-Type", problems.CONTENT_TYPE), *headers))
