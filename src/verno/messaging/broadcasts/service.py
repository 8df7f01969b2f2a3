"""Verbs of broadcasts that people use: draft, approve, launch, pause, resume, cancel.

The worker does the rest (``planning``). Who approved and who launched is recorded, and both are people: a machine
that sends to lists of numbers by itself is what the Russian law bars.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from verno.kit.db import Connection
from verno.kit.ids import is_id, new_ids
from verno.messaging.broadcasts import audience, checking, preflight, reading
from verno.messaging.broadcasts.drawing import timing
from verno.messaging.broadcasts.types import (
    Broadcast,
    BroadcastRefusal,
    BroadcastState,
    Done,
    Matching,
    NewBroadcast,
    Refused,
    Result,
    Warned,
)
from verno.messaging.facts import SQL
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind

PEOPLE = frozenset({ActorKind.STAFF, ActorKind.OPERATOR})
"""Who may approve and launch: whoever is at the console, or at the server."""
DRAFT = frozenset({BroadcastState.DRAFT})
UNDER_WAY = frozenset({BroadcastState.SCHEDULED, BroadcastState.RUNNING})
PAUSED = frozenset({BroadcastState.PAUSED})
OVER = frozenset({BroadcastState.FINISHED, BroadcastState.CANCELLED})


def create(
    conn: Connection, program_id: str, drafts: Sequence[NewBroadcast], *, by: Actor, now: datetime
) -> list[Result]:
    """Store drafts: one result each, in order. Refusals: ``bad-condition``, and what ``checking.problem`` finds."""
    known = checking.known(conn, program_id)
    out: list[Result] = []
    for id_, wanted in zip(new_ids(len(drafts), now=now), drafts, strict=True):
        problem = checking.problem(wanted, known) or _bad_condition(conn, program_id, wanted, now)
        if problem is not None:
            out.append(problem)
            continue
        row = _row(program_id, id_, wanted, by, now) | {"version": 1}
        conn.execute(SQL["add_broadcast"], row)
        conn.execute(SQL["add_broadcast_version"], row)
        audit.record(
            conn, program_id, by, "broadcast.create", ("broadcast", id_), now=now, states=(None, _plain(wanted))
        )
        out.append(_done(conn, program_id, id_))
    return out


def edit(
    conn: Connection,
    program_id: str,
    broadcast_id: str,
    wanted: NewBroadcast,
    *,
    based_on: int,
    by: Actor,
    now: datetime,
) -> Result:
    """Make a draft's next version; an approval given before falls.

    Refusals: ``unknown-broadcast``, ``wrong-state`` (no draft any more), ``changed-meanwhile`` (its newest version is
    not ``based_on``), and what ``checking.problem`` finds.
    """
    held = _held(conn, program_id, broadcast_id, DRAFT, version=based_on)
    if isinstance(held, Refused):
        return held
    problem = checking.problem(wanted, checking.known(conn, program_id))
    problem = problem or _bad_condition(conn, program_id, wanted, now)
    if problem is not None:
        return problem
    row = _row(program_id, broadcast_id, wanted, by, now) | {"based_on": based_on, "version": based_on + 1}
    conn.execute(SQL["edit_broadcast"], row)
    conn.execute(SQL["add_broadcast_version"], row)
    states = (_plain(held.wanted), _plain(wanted))
    audit.record(conn, program_id, by, "broadcast.edit", ("broadcast", broadcast_id), now=now, states=states)
    return _done(conn, program_id, broadcast_id)


def approve(conn: Connection, program_id: str, broadcast_id: str, *, version: int, by: Actor, now: datetime) -> Result:
    """Say that a draft's version may be launched.

    Refusals: ``unknown-broadcast``, ``needs-a-person``, ``wrong-state``, ``changed-meanwhile``,
    ``needs-a-second-person`` (who wrote the version, and it goes to many).
    """
    held = _held(conn, program_id, broadcast_id, DRAFT, person=by, version=version)
    if isinstance(held, Refused):
        return held
    lacking = checking.second_person(conn, program_id, held, _who(by), now=now)
    if lacking is not None:
        return lacking
    conn.execute(SQL["approve_broadcast"], {"id": broadcast_id, "by": _who(by), "now": now})
    audit.record(conn, program_id, by, "broadcast.approve", ("broadcast", broadcast_id), now=now, detail=f"v{version}")
    return _done(conn, program_id, broadcast_id)


def launch(conn: Connection, program_id: str, broadcast_id: str, *, by: Actor, now: datetime) -> Result:
    """Hand an approved draft to the worker, which freezes its audience when its time comes.

    Refusals: ``unknown-broadcast``, ``needs-a-person``, ``wrong-state``, ``not-approved``, ``too-late`` (its time or
    ``valid_until`` is over), ``needs-a-second-person`` (its author approved it, and by now it goes to many),
    ``not-ready`` (the preflight finds something that blocks; ``detail`` names the first).
    """
    held = _held(conn, program_id, broadcast_id, DRAFT, person=by)
    if isinstance(held, Refused):
        return held
    if held.approved_by is None:
        return Refused(BroadcastRefusal.NOT_APPROVED)
    lacking = checking.second_person(conn, program_id, held, held.approved_by, now=now)
    if lacking is not None:
        return lacking
    starts_at = timing.starts_at(held.wanted.send, now=now)
    if starts_at is None or (held.wanted.valid_until is not None and held.wanted.valid_until <= starts_at):
        return Refused(BroadcastRefusal.TOO_LATE)
    blocking = [one for one in preflight.look(conn, program_id, held.wanted, now=now) if one.is_blocking]
    if blocking:
        return Refused(BroadcastRefusal.NOT_READY, f"{blocking[0].code}: {blocking[0].detail}")
    parameters = {
        "id": broadcast_id,
        "by": _who(by),
        "starts_at": starts_at,
        "open_wave": 0 if held.wanted.winner else 1,
        "now": now,
    }
    conn.execute(SQL["launch_broadcast"], parameters)
    audit.record(conn, program_id, by, "broadcast.launch", ("broadcast", broadcast_id), now=now)
    return _done(conn, program_id, broadcast_id)


def pause(
    conn: Connection, program_id: str, broadcast_id: str, *, by: Actor, now: datetime, because: str = Warned.BY_HAND
) -> Result:
    """Hold a broadcast: no more is planned once this has committed, and what is queued does not leave.

    Refusals: ``unknown-broadcast``, ``wrong-state``.
    """
    held = _held(conn, program_id, broadcast_id, UNDER_WAY)
    if isinstance(held, Refused):
        return held
    conn.execute(SQL["pause_broadcast"], {"id": broadcast_id, "reason": because, "now": now})
    audit.record(conn, program_id, by, "broadcast.pause", ("broadcast", broadcast_id), now=now, detail=because)
    return _done(conn, program_id, broadcast_id)


def resume(conn: Connection, program_id: str, broadcast_id: str, *, by: Actor, now: datetime) -> Result:
    """Go on with a paused broadcast where it stands. What its health was paused for counts anew from here.

    Refusals: ``unknown-broadcast``, ``needs-a-person``, ``wrong-state``, ``needs-a-second-person`` (it waits for one).
    """
    held = _held(conn, program_id, broadcast_id, PAUSED, person=by)
    if isinstance(held, Refused):
        return held
    if held.reason == Warned.SECOND_PERSON:
        lacking = checking.second_person(conn, program_id, held, _who(by), now=now, count=held.audience)
        if lacking is not None:
            return lacking
    conn.execute(SQL["resume_broadcast"], {"id": broadcast_id, "now": now})
    detail = held.reason or ""
    audit.record(conn, program_id, by, "broadcast.resume", ("broadcast", broadcast_id), now=now, detail=detail)
    return _done(conn, program_id, broadcast_id)


def cancel(conn: Connection, program_id: str, broadcast_id: str, *, by: Actor, now: datetime) -> Result:
    """End a broadcast for good: what is queued does not leave, and the worker withholds it with its reason.

    Refusals: ``unknown-broadcast``, ``wrong-state`` (over already).
    """
    held = _held(conn, program_id, broadcast_id, frozenset(BroadcastState) - OVER)
    if isinstance(held, Refused):
        return held
    conn.execute(SQL["cancel_broadcast"], {"id": broadcast_id, "now": now})
    audit.record(conn, program_id, by, "broadcast.cancel", ("broadcast", broadcast_id), now=now)
    return _done(conn, program_id, broadcast_id)


def _bad_condition(conn: Connection, program_id: str, wanted: NewBroadcast, now: datetime) -> Refused | None:
    if not isinstance(wanted.audience, Matching):
        return None
    chosen = audience.selection(conn, program_id, wanted.audience, now=now)
    return chosen if isinstance(chosen, Refused) else None


def _held(
    conn: Connection,
    program_id: str,
    broadcast_id: str,
    states: frozenset[BroadcastState],
    *,
    person: Actor | None = None,
    version: int | None = None,
) -> Broadcast | Refused:
    """Lock a broadcast, which waits for the planners' chunks, and ask whether this may be done with it."""
    found: list[Broadcast] = []
    if is_id(broadcast_id):
        conn.execute(SQL["lock_broadcast"], {"id": broadcast_id})
        found = reading.broadcasts(conn, "broadcast_locked", {"program": program_id, "id": broadcast_id})
    if not found:
        return Refused(BroadcastRefusal.UNKNOWN)
    if person is not None and person.kind not in PEOPLE:
        return Refused(BroadcastRefusal.NEEDS_A_PERSON)
    if found[0].state not in states:
        return Refused(BroadcastRefusal.WRONG_STATE, found[0].state)
    if version is not None and found[0].version != version:
        return Refused(BroadcastRefusal.CHANGED_MEANWHILE, str(found[0].version))
    return found[0]


def _done(conn: Connection, program_id: str, broadcast_id: str) -> Done:
    (held,) = reading.broadcasts(conn, "broadcast", {"program": program_id, "id": broadcast_id})
    return Done(held)


def _row(program_id: str, id_: str, wanted: NewBroadcast, by: Actor, now: datetime) -> dict[str, object]:
    return {
        "id": id_,
        "program": program_id,
        "name": wanted.name,
        "wanted": Jsonb(_plain(wanted)),
        "priority": wanted.priority,
        "by": _who(by),
        "now": now,
    }


def _plain(wanted: NewBroadcast) -> object:
    return msgspec.to_builtins(wanted)


def _who(by: Actor) -> str:
    return f"{by.kind}:{by.id}"
