"""Verbs of erasure: asked for, called off, done; and done again where a restore has brought somebody back."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from verno.corrections import pooling
from verno.corrections import service as corrections
from verno.corrections.types import By, ByKind, Erased
from verno.corrections.types import Refused as NotMoved
from verno.kit import batches, ids, outbox
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.members import merging, stopping
from verno.members.households import service as households
from verno.members.returning import service as returning
from verno.messaging import service as messaging
from verno.privacy import certificates, journal, queries
from verno.privacy.queries import SQL
from verno.privacy.tables import ELSEWHERE, HELD, Fate, fates
from verno.privacy.types import (
    CERTIFICATE,
    DUE_DAYS,
    Certificate,
    Erasure,
    Forgotten,
    Journalled,
    Outcome,
    Refusal,
    Refused,
    RequestOutcome,
    State,
)
from verno.workspace import audit, registry, settings
from verno.workspace import queries as workspace
from verno.workspace.audit import SYSTEM, Actor

EVENT = "member.erased.v1"
METHOD = "erasure"
WRITTEN = "the erasure journal has it already: carry it out, or it is done at the next start"
log = logging.getLogger(__name__)


def request(conn: Connection, program_id: str, holder_id: str, *, by: Actor, now: datetime) -> RequestOutcome:
    """Write down that a member wants to be forgotten: all that they agreed to is withdrawn now.

    A consent that is given later opens it again, and what is owed still leaves.
    Refusals: ``unknown-member``, ``merged``, ``already-requested``.
    """
    locked = merging.lock(conn, program_id, [holder_id]).get(holder_id) if is_id(holder_id) else None
    if locked is None:
        return Refused(Refusal.UNKNOWN_MEMBER, "there is no such member")
    if locked.into_id is not None:
        return _merged(locked.survivor_id)
    id_ = ids.new_id(now=now)
    due = now + timedelta(days=DUE_DAYS)
    if not _add(conn, program_id, id_, holder_id, [], now, _name(by), due):
        return Refused(Refusal.ALREADY_REQUESTED, "somebody has asked for it already")
    stopping.stop(conn, program_id, holder_id, stopping.EVERYTHING, method=METHOD, now=now)
    audit.record(conn, program_id, by, "member.erasure-requested", ("member", holder_id), now=now)
    return Erasure(id_, holder_id, State.REQUESTED, now, _name(by), due, None, None, None)


def cancel(conn: Connection, program_id: str, id_: str, *, by: Actor, now: datetime) -> RequestOutcome:
    """Call a request off; what the member hears stays as it is: they may agree anew.

    Refusals: ``unknown-request``, ``not-open``, ``journalled`` (it was carried out, and its COMMIT failed).
    """
    found = _lock(conn, program_id, id_)
    if isinstance(found, Refused):
        return found
    # No line of the journal is ever taken back: a restore of an older backup would erase whom this lets live.
    if journal.holds(program_id, id_):
        return Refused(Refusal.JOURNALLED, WRITTEN)
    conn.execute(SQL["cancel_erasure"], {"id": id_, "now": now, "by": _name(by)})
    audit.record(conn, program_id, by, "member.erasure-cancelled", ("member", found.holder_id), now=now)
    return msgspec.structs.replace(found, state=State.CANCELLED, done_at=now, done_by=_name(by))


def carry_out(conn: Connection, program_id: str, id_: str, *, by: Actor, now: datetime) -> Outcome:
    """Forget a member, in the caller's transaction; there is no way back.

    They leave their household; holds are voided and points go to breakage, those of a pool that closes too; what waits
    to be sent is withheld; contacts, keys, the profile go; of history what tells of a person. The journal has its line
    before this returns: commit at once. What was asked for whoever was merged into them is done with it. Refusals:
    ``unknown-request``, ``not-open``, ``on-hold``, ``merged``.
    """
    found = _lock(conn, program_id, id_)
    if isinstance(found, Refused):
        return found
    until = held_until(conn, program_id, found)
    if now < until:
        return Refused(Refusal.ON_HOLD, f"on hold for open disputes until {until.isoformat()}")
    holders = _hold(conn, program_id, found.holder_id)
    if isinstance(holders, Refused):
        return holders
    waiting = queries.preview(conn, found.holder_id).waiting
    erased = _empty(conn, program_id, holders, by=by, now=now)
    conn.execute(SQL["name_holders"], {"id": id_, "holders": list(holders)})
    _remember(conn, program_id, holders, now=now)
    done = _forget(conn, id_)
    points: dict[str, int] = {}
    for one in erased:
        for unit, amount in one.points.items():
            points[unit] = points.get(unit, 0) + amount
    outbox.append(
        conn,
        [
            outbox.NewEvent(program_id, holder, EVENT, {"member": holder, "into": found.holder_id}, now)
            for holder in holders
        ],
    )
    audit.record(conn, program_id, by, "member.erase", ("member", found.holder_id), now=now)
    line = Journalled(
        journal.FORMAT, id_, program_id, holders, found.requested_at, found.due_at, now, _name(by), journal.FIRST
    )
    certificate = certificates.sign(
        Certificate(
            format=CERTIFICATE,
            id=id_,
            program=program_id,
            member=found.holder_id,
            merged=tuple(one for one in holders if one != found.holder_id),
            requested_at=found.requested_at,
            due_at=found.due_at,
            done_at=now,
            done_by=_name(by),
            points=points,
            withheld_messages=waiting,
            erased={table: done[table] for table in fates(Fate.GOES) if done.get(table)},
            emptied={table: done[table] for table in fates(Fate.EMPTIED) if done.get(table)},
            kept={table: HELD[table].why for table in (*fates(Fate.EMPTIED), *fates(Fate.STAYS))} | ELSEWHERE,
            journal=journal.write(line),
        )
    )
    text = certificates.document(certificate)
    finished = {"id": id_, "now": now, "by": _name(by), "certificate": text}
    conn.execute(SQL["finish_erasure"], finished)
    conn.execute(SQL["finish_others"], finished | {"program": program_id, "holders": list(holders)})
    closed = msgspec.structs.replace(found, state=State.DONE, done_at=now, done_by=_name(by), certificate=text)
    return Forgotten(closed, certificate)


def held_until(conn: Connection, program_id: str, erasure: Erasure) -> datetime:
    """Return from when on a request may be carried out; nobody is written to from the request on."""
    return erasure.requested_at + timedelta(days=settings.value(conn, program_id, registry.HOLD_DAYS))


def replay(conn: Connection, program_id: str, lines: Sequence[Journalled], *, now: datetime) -> list[str]:
    """Forget again whom a restore has brought back, and nobody else; returns the erasures that were done again.

    What is done here already, or was called off here, is left alone. No new line is written and nothing is certified
    anew: the certificate is of the day when it was done first.
    """
    asked = {"program": program_id, "ids": batches.rows([line.id for line in lines])}
    closed: dict[str, str] = dict(conn.execute(SQL["closed_erasures"], asked).fetchall())
    program = workspace.program(conn, program_id)
    again = []
    for line in lines:
        if line.id in closed:
            # What is called off was never done, nor certified, whatever the line says: its COMMIT had failed. Such are
            # from a release that let it be called off then, or from a connection lost just before the line was written.
            if closed[line.id] == State.CANCELLED:
                log.warning("erasure %s has a line in the journal and was called off: nobody is erased", line.id)
            continue
        holders = list(line.holders)
        conn.execute(SQL["cancel_others"], asked | {"holders": holders, "now": now})
        _add(conn, program_id, line.id, holders[0], holders, line.requested_at, line.by, line.due_at)
        conn.execute(SQL["name_holders"], {"id": line.id, "holders": holders})
        merging.lock(conn, program_id, holders)
        # Whoever was one with them to the end is in the line: a merge with anybody else was undone before the erasure.
        corrections.separate(conn, program, holders, By(ByKind.SYSTEM, SYSTEM.id), now=now)
        _empty(conn, program_id, holders, by=SYSTEM, now=now)
        _remember(conn, program_id, holders, now=line.at)
        _forget(conn, line.id)
        finished = {"id": line.id, "now": line.at, "by": line.by, "certificate": None}
        conn.execute(SQL["finish_erasure"], finished)
        audit.record(conn, program_id, SYSTEM, "member.erase-again", ("member", holders[0]), now=now)
        again.append(line.id)
    return again


def _lock(conn: Connection, program_id: str, id_: str) -> Erasure | Refused:
    asked = {"id": id_ if is_id(id_) else None, "program": program_id}
    row = conn.execute(SQL["lock_erasure"], asked).fetchone()
    if row is None:
        return Refused(Refusal.UNKNOWN_REQUEST, "there is no such request")
    found = msgspec.convert(dict(zip(Erasure.__struct_fields__, row, strict=True)), Erasure)
    if found.state is not State.REQUESTED:
        return Refused(Refusal.NOT_OPEN, f"the request is {found.state} already")
    return found


def _hold(conn: Connection, program_id: str, holder_id: str) -> tuple[str, ...] | Refused:
    """Lock a member with whoever was merged into them, those too who were while it waited; return all of them."""
    holders: tuple[str, ...] = ()
    while (found := queries.kin(conn, holder_id)) != holders:
        holders = found
        locked = merging.lock(conn, program_id, holders).get(holder_id)
        if locked is not None and locked.into_id is not None:
            return _merged(locked.survivor_id)
    return holders


def _merged(survivor_id: str | None) -> Refused:
    return Refused(Refusal.MERGED, f"this member is {survivor_id} now: erase that one")


def _empty(conn: Connection, program_id: str, holders: Sequence[str], *, by: Actor, now: datetime) -> list[Erased]:
    """Take members out of their households and let their points go; a household that closes leaves its pool behind.

    The last adult gets the pool, and where they may not hold so much, it goes to breakage from where it lies.
    """
    program = workspace.program(conn, program_id)
    hand = By(ByKind(by.kind.value), by.id, by.address)
    pools = []
    for holder, household in sorted(households.of(conn, program_id, holders).items()):
        left = pooling.leave(conn, program, household.id, holder, hand, now=now)
        if isinstance(left, NotMoved):
            pools += corrections.erase_points(conn, program_id, [household.id], now=now)
            households.leave(conn, program_id, household.id, holder, pooling.rules(conn, program_id), now=now)
    return [*corrections.erase_points(conn, program_id, holders, now=now), *pools]


def _remember(conn: Connection, program_id: str, holders: Sequence[str], *, now: datetime) -> None:
    """Keep two hashes of each address: one so that no list brings advertising back, one against a second welcome."""
    messaging.silence_erased(conn, program_id, holders, now=now)
    days = settings.value(conn, program_id, registry.RETURNING_DAYS)
    returning.remember(conn, program_id, holders, days=days, now=now)


def _forget(conn: Connection, id_: str) -> Mapping[str, int]:
    row = conn.execute(SQL["forget"], {"id": id_}).fetchone()
    return row[0] if row else {}


def _add(
    conn: Connection,
    program_id: str,
    id_: str,
    holder_id: str,
    holders: Sequence[str],
    at: datetime,
    by: str,
    due: datetime,
) -> bool:
    asked = {
        "id": id_,
        "program": program_id,
        "holder": holder_id,
        "holders": list(holders),
        "at": at,
        "by": by,
        "due": due,
    }
    return conn.execute(SQL["add_erasure"], asked).fetchone() is not None


def _name(by: Actor) -> str:
    return f"{by.kind}:{by.id}"
