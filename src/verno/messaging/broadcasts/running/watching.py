"""Watches what runs: pauses what bounces or is complained of too much, and ends trials when their time is over."""

from datetime import datetime, timedelta

import msgspec
from psycopg.types.json import Jsonb

from verno.kit.db import Connection
from verno.messaging.answers import standing
from verno.messaging.broadcasts import health, service
from verno.messaging.broadcasts.drawing import winner
from verno.messaging.broadcasts.running import freezing
from verno.messaging.broadcasts.types import Arm, Broadcast, Measure, Problem, Warned, WinnerRule
from verno.messaging.facts import SQL
from verno.messaging.types import CHANNEL_EMAIL
from verno.workspace import queries as workspace
from verno.workspace.audit import SYSTEM

EVERY = timedelta(minutes=1)
"""How often a broadcast is looked at, whatever the number of workers."""

HIT_STATES = {Measure.CLICKS: ["clicked"], Measure.OPENS: ["opened", "clicked"], Measure.PURCHASES: []}
LEAVES_WITHIN = timedelta(days=14)
"""How long a trial waits for a sample that does not leave, since its channel is stopped or rests or nobody sends."""
TRIES = 2
"""What was refused more often is not waited for: its next try comes hours later, and the last one after days."""
LOUDEST = (Warned.COMPLAINTS_SLOW, Warned.COMPLAINTS_WARN)


def watch(conn: Connection, program_id: str, broadcast: Broadcast, *, now: datetime) -> bool:
    """Look at a running broadcast, in the caller's transaction, if nobody has within a minute; True when looked at.

    Many hard bounces, and complaints of a mail provider's readers, pause it until a person lets it go on; fewer
    complaints slow it down or are told.
    """
    looked = conn.execute(SQL["look_at_broadcast"], {"id": broadcast.id, "now": now, "before": now - EVERY}).fetchone()
    if looked is None:
        return False
    since, released = looked
    problem = _bounces(conn, broadcast, since) or _complaints(conn, program_id, broadcast, (since, released), now)
    if problem is not None and problem.is_blocking:
        service.pause(conn, program_id, broadcast.id, by=SYSTEM, now=now, because=problem.code)
        return True
    told = None if problem is None else problem.code
    if told != broadcast.reason:
        conn.execute(SQL["tell_broadcast"], {"id": broadcast.id, "reason": told})
    rule = None if broadcast.winner is not None else broadcast.wanted.winner
    if rule is not None and _has_had_its_hours(conn, broadcast, rule, since, now):
        _decide(conn, program_id, broadcast, rule, now)
    return True


def _bounces(conn: Connection, broadcast: Broadcast, since: datetime) -> Problem | None:
    asked = {"occasion": broadcast.occasion, "id": broadcast.id, "since": since}
    words = {"policy": standing.POLICY, "dead": standing.DEAD}
    row = conn.execute(SQL["hard_bounces"], asked | words).fetchone()
    hard = row[0] if row else 0
    if not hard:
        return None
    most = max(health.enough(hard, health.BOUNCES), health.BOUNCES_FROM)
    sent = conn.execute(SQL["sent_at_most"], asked | {"most": most}).fetchone()
    return health.bounces(sent[0] if sent else 0, hard)


def _complaints(
    conn: Connection, program_id: str, broadcast: Broadcast, began: tuple[datetime, datetime | None], now: datetime
) -> Problem | None:
    """Return the gravest finding of all mail providers, over all advertising of the program within a day.

    ``began``: since when it runs, and since when a person let it go on. What came before it, or before that, pauses
    nothing: it only slows down, where the provider's letters are not held back anyway.
    """
    if all(one.channel != CHANNEL_EMAIL for one in broadcast.wanted.channels):
        return None
    since, released = began
    found = standing.complaints(conn, program_id, now=now, since=released)
    if any(one.is_blocking for one in found.values()):
        own = standing.complaints(conn, program_id, now=now, since=since)
        grave = [one for one in own.values() if one.is_blocking]
        if grave:
            return grave[0]
        held = standing.held(conn, program_id, now=now)
        found = {domain: one for domain, one in found.items() if domain not in held}
    slow = [
        msgspec.structs.replace(one, code=Warned.COMPLAINTS_SLOW, is_blocking=False) if one.is_blocking else one
        for one in found.values()
    ]
    return min(slow, key=lambda one: LOUDEST.index(one.code), default=None)


def _has_had_its_hours(
    conn: Connection, broadcast: Broadcast, rule: WinnerRule, since: datetime, now: datetime
) -> bool:
    """Tell whether a trial's sample is in, has left, and had its hours after that.

    What waits for the morning, for a switch or for a place in the warm-up is waited for, but not for ever: until
    ``LEAVES_WITHIN`` after the last one was planned, or after ``since``, when a person let the broadcast go on.
    """
    asked = {"id": broadcast.id, "occasion": broadcast.occasion, "tries": TRIES, "now": now}
    row = conn.execute(SQL["sample_in"], asked).fetchone()
    unasked, leave, wait, left, planned, last = row or (0, 0, 0, 0, None, None)
    is_patient = now < max(planned or since, since) + LEAVES_WITHIN
    if unasked or (is_patient and (wait or leave > left)):
        return False
    return now >= (last or planned or since) + timedelta(hours=rule.after_hours)


def _decide(conn: Connection, program_id: str, broadcast: Broadcast, rule: WinnerRule, now: datetime) -> None:
    """End a trial that had its hours; the rest is planned from here on."""
    asked = {
        "id": broadcast.id,
        "occasion": broadcast.occasion,
        "states": HIT_STATES[rule.by],
        "purchases": rule.by is Measure.PURCHASES,
    }
    counted = {variant: Arm(sent, hits) for variant, sent, hits in conn.execute(SQL["arms"], asked).fetchall()}
    arms = {one.code: counted.get(one.code, Arm(0, 0)) for one in broadcast.wanted.variants}
    verdict = winner.judge(arms, by=rule.by, least=rule.least, now=now)
    opened = {"id": broadcast.id, "winner": Jsonb(msgspec.to_builtins(verdict)), "now": now}
    if conn.execute(SQL["open_rest"], opened).rowcount:
        freezing.wait_for_own_hour(conn, workspace.program(conn, program_id), broadcast, now=now)


def finish(conn: Connection, broadcast: Broadcast, *, now: datetime) -> bool:
    """End a broadcast, in the caller's transaction, when nobody waits any more and no message of it is in the queue."""
    asked = {"id": broadcast.id, "occasion": broadcast.occasion, "now": now}
    if conn.execute(SQL["still_waiting"], asked).fetchone() is not None:
        return False
    if conn.execute(SQL["still_leaving"], asked).fetchone() is not None:
        return False
    return conn.execute(SQL["finish_broadcast"], asked).rowcount == 1
