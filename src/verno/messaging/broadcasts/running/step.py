"""One step of the worker: broadcasts begin, go on, are watched, end."""

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from verno.kit import db
from verno.kit.errors import Unavailable
from verno.messaging.broadcasts import queries, reading
from verno.messaging.broadcasts.running import freezing, planning, sweeping, watching
from verno.messaging.broadcasts.types import Broadcast, BroadcastState
from verno.workspace import queries as workspace
from verno.workspace.types import Program

log = logging.getLogger(__name__)

CHUNKS = 25
"""Chunks of one broadcast on each thread before the next one has its turn, unless it is more important."""
SIDE_BY_SIDE = 2
"""Chunks that a worker has in hand at once."""


def step(*, now: datetime, stopping: Callable[[], bool] = lambda: False, chunk: int = planning.CHUNK) -> int:
    """Do what broadcasts of all programs need, ``chunk`` members a transaction; returns how much that was."""
    with db.transaction() as conn:
        programs = list(workspace.programs(conn))
    return sum(_alone(partial(_step, program, now, stopping, chunk), "program", program.id) for program in programs)


def _alone(work: Callable[[], int], kind: str, id_: str) -> int:
    """Run work that keeps nobody else from theirs when it fails; its next turn tries again.

    A failure is named by its kind alone: what a database says of a row may tell of a member.
    """
    try:
        return work()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 whatever is wrong with one broadcast is not wrong with the others
        at = traceback.extract_tb(error.__traceback__)[-1]
        log.error("the %s %s failed: %s in %s:%s", kind, id_, type(error).__name__, at.name, at.lineno)  # noqa: TRY400
        return 0


def _step(program: Program, now: datetime, stopping: Callable[[], bool], chunk: int) -> int:
    with db.transaction(program.id) as conn:
        due = reading.readable(conn, "broadcasts_under_way", {"program": program.id, "now": now})
    total = 0
    for broadcast in due:
        if stopping():
            break
        work = partial(_go_on, program, broadcast, now, stopping, chunk)
        total += _alone(work, "broadcast", broadcast.id)
    return total


def _go_on(program: Program, broadcast: Broadcast, now: datetime, stopping: Callable[[], bool], chunk: int) -> int:
    match broadcast.state:
        case BroadcastState.SCHEDULED:
            return db.retrying(partial(_freeze, program, broadcast, now))
        case BroadcastState.CANCELLED:
            return db.retrying(partial(_sweep, program, broadcast, now))
        case _:
            return _plan(program, broadcast, now, stopping, chunk)


def _plan(program: Program, broadcast: Broadcast, now: datetime, stopping: Callable[[], bool], chunk: int) -> int:
    seen = db.retrying(partial(_watch, program, broadcast, now))
    looked, broadcast = seen is not None, seen or broadcast
    more = partial(_plan_some, program, broadcast, now, stopping, chunk)
    total = more(1)
    if total == chunk:
        # A large one: while one chunk waits for the database, the next is judged here.
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            total += sum(pool.map(more, [CHUNKS] * SIDE_BY_SIDE))
    if looked and not total and not stopping():
        db.retrying(partial(_finish, program, broadcast, now))
    return total


def _plan_some(
    program: Program, broadcast: Broadcast, now: datetime, stopping: Callable[[], bool], chunk: int, most: int
) -> int:
    """Plan chunk after chunk, at most so many, until nobody is left."""
    total = 0
    for _ in range(most):
        done = 0 if stopping() else db.retrying(partial(_plan_chunk, program, broadcast, now, chunk))
        total += done
        if not done:
            break
    return total


def _freeze(program: Program, broadcast: Broadcast, now: datetime) -> int:
    with db.transaction(program.id) as conn:
        return int(freezing.freeze(conn, program, broadcast, now=now))


def _sweep(program: Program, broadcast: Broadcast, now: datetime) -> int:
    with db.transaction(program.id) as conn:
        return sweeping.sweep(conn, broadcast, now=now)


def _watch(program: Program, broadcast: Broadcast, now: datetime) -> Broadcast | None:
    """Look at a broadcast; returns it as it stands afterwards, None when it was looked at a moment ago."""
    with db.transaction(program.id) as conn:
        looked = watching.watch(conn, program.id, broadcast, now=now)
        return queries.broadcast(conn, program.id, broadcast.id) if looked else None


def _plan_chunk(program: Program, broadcast: Broadcast, now: datetime, chunk: int) -> int:
    with db.transaction(program.id) as conn:
        return planning.plan_chunk(conn, program, broadcast, now=now, most=chunk)


def _finish(program: Program, broadcast: Broadcast, now: datetime) -> None:
    with db.transaction(program.id) as conn:
        watching.finish(conn, broadcast, now=now)
