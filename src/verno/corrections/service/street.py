"""What all keyed corrections share: replays found, twins set aside, posted whole or not at all, answered, written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from verno.corrections import answer
from verno.corrections.answer import CorrectionAnswer
from verno.corrections.queries import SQL
from verno.corrections.types import Asked, By, ByKind, Done, Kind, Outcome, Refusal, Refused, Replayed, Status
from verno.kit import batches, ids, outbox
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.ledger.types import Balance, Earn, Entry, Operation, Posted, Reinstate
from verno.ledger.types import Refusal as LedgerRefusal
from verno.ledger.types import Refused as NotPosted
from verno.ledger.types import Replayed as PostedBefore
from verno.workspace import audit, settings
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.settings import Book
from verno.workspace.types import Program, Unit

T = TypeVar("T")

EVENTS = {
    Kind.ADJUSTMENT: "points.adjusted.v1",
    Kind.TRANSFER: "points.transferred.v1",
    Kind.REINSTATEMENT: "points.reinstated.v1",
}
WAITING = "adjustment.waiting.v1"

_WORDS = {
    LedgerRefusal.INSUFFICIENT_POINTS: (Refusal.INSUFFICIENT_POINTS, "the member has fewer points available"),
    LedgerRefusal.TOO_MANY_POINTS: (Refusal.TOO_MANY_POINTS, "the balance would be too large to count"),
    LedgerRefusal.OPEN_HOLDS: (Refusal.OPEN_HOLDS, "points are set aside for a purchase; wait until it is over"),
}


@dataclass(slots=True)
class Case(Generic[T]):
    """One correction on its way."""

    index: int
    asked: Asked[T]
    id: str
    holder_id: str
    unit: Unit
    points: int
    reason: str
    entries: tuple[Entry, ...] = ()
    expires_at: datetime | None = None
    status: Status = Status.POSTED
    balances: Sequence[Balance] = ()


@dataclass(slots=True)
class Frame:
    """What all corrections of a batch share."""

    conn: Connection
    program: Program
    kind: Kind
    now: datetime
    units: dict[str, Unit] = field(default_factory=dict)
    settings: Book = field(default_factory=lambda: Book(()))


def open_frame(conn: Connection, program: Program, kind: Kind, *, now: datetime) -> Frame:
    """Read what a batch needs to know of the program."""
    units = {unit.code: unit for unit in workspace.units(conn, program.id)}
    return Frame(conn, program, kind, now, units, settings.load(conn, program.id))


def sort_out(
    frame: Frame, asked: Sequence[Asked[T]], outcomes: list[Outcome | None]
) -> tuple[list[tuple[int, Asked[T], str]], list[tuple[int, int]]]:
    """Answer what has been asked before; return what is new, each with a fresh id, and twins within the batch."""
    _answer_known(frame, asked, range(len(asked)), outcomes)
    first: dict[str, int] = {}
    fresh: list[tuple[int, Asked[T], str]] = []
    twins: list[tuple[int, int]] = []
    for i, (one, id_) in enumerate(zip(asked, ids.new_ids(len(asked), now=frame.now), strict=True)):
        if outcomes[i] is not None:
            continue
        if one.key in first:
            twins.append((i, first[one.key]))
        else:
            first[one.key] = i
            fresh.append((i, one, id_))
    return fresh, twins


def _answer_known(
    frame: Frame, asked: Sequence[Asked[T]], positions: Sequence[int], outcomes: list[Outcome | None]
) -> None:
    wanted = [{"position": i, "key": asked[i].key} for i in positions]
    parameters = {"rows": batches.rows(wanted), "program": frame.program.id, "kind": frame.kind}
    for position, id_, fingerprint, stored in frame.conn.execute(SQL["known_corrections"], parameters).fetchall():
        same = fingerprint == asked[position].fingerprint
        outcomes[position] = Replayed(id_, bytes(stored)) if same else _mismatch()


def answer_twins(
    frame: Frame, asked: Sequence[Asked[T]], outcomes: list[Outcome | None], twins: Sequence[tuple[int, int]]
) -> list[Outcome]:
    """Answer the second and later ones of a key as replays of the first; return all outcomes.

    They may stand in one batch, or have met at the ledger's locks: then the first has taken what the second misses.
    """
    refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Refused)]
    if refused:
        _answer_known(frame, asked, refused, outcomes)
    for twin, first in twins:
        found = outcomes[first]
        if asked[twin].fingerprint != asked[first].fingerprint:
            outcomes[twin] = _mismatch()
        else:
            outcomes[twin] = Replayed(found.id, found.answer) if isinstance(found, Done) else found
    return [outcome for outcome in outcomes if outcome is not None]


def unit_of(frame: Frame, code: str) -> Unit | Refused:
    """Return a unit by its code."""
    found = frame.units.get(code)
    return found or Refused(Refusal.UNKNOWN_UNIT, "unit", f"there are: {', '.join(frame.units)}")


def post(
    frame: Frame,
    cases: Sequence[Case[T]],
    prepare: Callable[[Sequence[Case[T]]], dict[str, Refused]] | None = None,
) -> dict[str, Posted | Refused]:
    """Post each case whole or not at all; returns by id what became of it.

    A cap on a balance lets the ledger give less than was asked, and a reinstatement may find nothing. Such a case is
    refused, and the others are posted as if it had not been there. Where the entries of one depend on those before it,
    ``prepare`` works them out anew whenever one drops out, and says which cannot be. Raises ``TryAgain`` for a key that
    another transaction used meanwhile.
    """
    out: dict[str, Posted | Refused] = {}
    going = list(cases)
    while going:
        if prepare is not None:
            out.update(prepare(going))
            going = [case for case in going if case.id not in out]
        with frame.conn.transaction() as savepoint:
            results = ledger.post(
                frame.conn, frame.program.id, [_operation(frame, case) for case in going], now=frame.now
            )
            if any(isinstance(result, PostedBefore) or _known(result) for result in results):
                message = "another transaction used the same key"
                raise TryAgain(message)
            told = _told(going, results)
            refused = {id_: one for id_, one in told.items() if isinstance(one, Refused)}
            dropped = refused if prepare is not None else _short(going, results)
            savepoint.force_rollback = bool(dropped)
        out.update(dropped or told)
        going = [case for case in going if case.id not in out]
    return out


def finish(frame: Frame, cases: Sequence[Case[T]], outcomes: list[Outcome | None]) -> None:
    """Answer and write the cases that were posted or wait, with their events: four round trips, and the audit's."""
    if not cases:
        return
    holders = sorted({case.holder_id for case in cases})
    found = ledger_queries.balances(frame.conn, holders, now=frame.now)
    rows, events = [], []
    for case in cases:
        case.balances = found.get(case.holder_id, [])
        reply = reply_to(frame, case)
        rows.append(_row(case, reply))
        events.append(_event(frame, case))
        outcomes[case.index] = Done(case.id, case.status, reply)
        note(frame, case, case.asked.by)
    parameters = {"rows": batches.rows(rows), "program": frame.program.id, "kind": frame.kind, "now": frame.now}
    frame.conn.execute(SQL["add_corrections"], parameters)
    outbox.append(frame.conn, [event for event in events if event is not None])


def note(frame: Frame, case: Case[T], by: By) -> None:
    """Have the audit know what a person did; what programs do with their keys is in the corrections themselves."""
    if by.kind is ByKind.STAFF:
        actor = Actor(ActorKind.STAFF, by.id, by.address)
        about = ("correction", case.id)
        audit.record(frame.conn, frame.program.id, actor, f"{frame.kind}.{case.status}", about, now=frame.now)


def reply_to(frame: Frame, case: Case[T]) -> bytes:
    """Return the reply's bytes."""
    adjusted = frame.kind is Kind.ADJUSTMENT
    return answer.encode(
        CorrectionAnswer(
            id=case.id,
            status=case.status,
            unit=case.unit.code,
            points=case.points,
            balance=answer.balance(frame.units.values(), case.balances),
            reason=case.reason if adjusted else None,
            to=case.asked.to_id,
        )
    )


def event_of(frame: Frame, case: Case[T], type_: str) -> outbox.NewEvent:
    """Return an event that tells a correction to whoever cares."""
    body: dict[str, object] = {
        "correction": case.id,
        "kind": frame.kind,
        "unit": case.unit.code,
        "points": case.points,
        "reason": case.reason,
        "by": case.asked.by.kind,
    }
    if case.asked.to_id:
        body["to"] = case.asked.to_id
    return outbox.NewEvent(frame.program.id, case.holder_id, type_, body, frame.now)


def _event(frame: Frame, case: Case[T]) -> outbox.NewEvent | None:
    return event_of(frame, case, WAITING if case.status is Status.WAITING else EVENTS[frame.kind])


def _operation(frame: Frame, case: Case[T]) -> Operation:
    key = f"{frame.kind}/{case.asked.key}"
    return Operation(key, case.id, case.holder_id, case.asked.fingerprint, case.entries, case.reason)


def _short(cases: Sequence[Case[T]], results: Sequence[object]) -> dict[str, Refused]:
    """Return the cases that must not stand although the ledger posted them."""
    pairs = zip(cases, results, strict=True)
    found = {case.id: _less(case, result) for case, result in pairs if isinstance(result, Posted)}
    return {id_: refused for id_, refused in found.items() if refused is not None}


def _less(case: Case[T], posted: Posted) -> Refused | None:
    """Say why a case must not stand: the ledger gave less than was asked."""
    for entry, moved in zip(case.entries, posted.moved, strict=True):
        if isinstance(entry, Earn) and moved < entry.points:
            most = f"the most that a member may hold is {case.unit.max_balance}"
            return Refused(Refusal.OVER_LIMIT, "points", most)
        if isinstance(entry, Reinstate):
            if moved == 0:
                return Refused(Refusal.NOTHING_EXPIRED, "unit", "nothing has expired within the window")
            case.points = moved
    return None


def _told(cases: Sequence[Case[T]], results: Sequence[object]) -> dict[str, Posted | Refused]:
    out: dict[str, Posted | Refused] = {}
    for case, result in zip(cases, results, strict=True):
        if isinstance(result, Posted):
            out[case.id] = _less(case, result) or result
        elif isinstance(result, NotPosted):
            reason, words = _WORDS[result.reason]
            out[case.id] = Refused(reason, "points", words)
    return out


def _known(result: object) -> bool:
    return isinstance(result, NotPosted) and result.reason is LedgerRefusal.IDEMPOTENCY_MISMATCH


def _row(case: Case[T], reply: bytes) -> dict[str, object]:
    asked = case.asked
    return {
        "holder_id": case.holder_id,
        "id": case.id,
        "key": asked.key,
        "fingerprint": asked.fingerprint,
        "unit_id": case.unit.id,
        "points": case.points,
        "reason": case.reason,
        "to_id": asked.to_id,
        "expires_at": case.expires_at,
        "status": case.status,
        "author_kind": asked.by.kind,
        "author_id": asked.by.id,
        "answer": reply.hex(),
    }


def _mismatch() -> Refused:
    words = "this key was used for another request; the first one stands"
    return Refused(Refusal.IDEMPOTENCY_MISMATCH, "", words)
