"""Group commit: calls that arrive together are committed together, one transaction for many callers.

A caller waits in its thread (``Lane.submit``), or in the server's event loop (``Lane.outcomes``).

A lane is a thread with a connection of its own that serves one verb: single receipts (a queue stands at the till),
batches (nobody does), steps of held and unmatched receipts, returns. While a group is in the database the next one
gathers, so groups grow with the crowd. Measured with 64 callers: one lane for all single receipts takes less time a
receipt than two, whose groups are half as large. A database error in a group is tried again when the database says so,
and else the group is split and its halves tried, so that a bad neighbour spoils nobody.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar

import psycopg

from verno.intake import context, service
from verno.intake.context import Context, Settlement
from verno.intake.returns import service as returns
from verno.intake.returns.types import Return
from verno.intake.steps import service as steps
from verno.intake.steps.types import Asked
from verno.intake.types import Approved, Outcome, Receipt
from verno.kit import db
from verno.kit.db import Connection
from verno.kit.errors import Unavailable

Item = TypeVar("Item")
Future: TypeAlias = "asyncio.Future[list[Outcome | None]]"
Asked_contra = TypeVar("Asked_contra", contravariant=True)


class Verb(Protocol[Asked_contra]):
    """What a lane does with a group of one program, in one transaction that the lane commits."""

    def __call__(
        self, conn: Connection, about: Context, items: Sequence[Asked_contra], /, *, now: datetime
    ) -> Settlement:
        """Return one outcome per item, in order."""


log = logging.getLogger(__name__)

MOST_IN_GROUP = 500
CROWD = 4
"""Callers in the last group from which on the next one is given time to gather."""
GATHER_SECONDS = 0.0025
"""That time. Answers go out together, so the same callers come back together: the first of them would else leave with
a group of its own. Measured with 64 callers: a fifth more receipts a second; a lone caller never waits."""
MOST_WAITING = 5_000
"""Items that may wait in one lane; beyond it a caller is told to come again."""
PATIENCE = 2.0
"""Seconds a caller waits for its group before it hears 503; the call may still be done, a replay tells."""
PATIENCE_FOR_A_BATCH = 30.0
TOO_MANY = "too many calls are waiting; try again"
TOO_SLOW = "the database is too slow; the call may have been done, send it again to know"


def commit(
    conn: Connection, program_id: str, receipts: Sequence[Receipt | Approved], *, now: datetime
) -> list[Outcome | None]:
    """Settle and commit a group of receipts; see ``serve``."""
    return serve(conn, program_id, receipts, service.settle, now=now)


def serve(
    conn: Connection, program_id: str, items: Sequence[Item], verb: Verb[Item], *, now: datetime
) -> list[Outcome | None]:
    """Do and commit a group; None stands for an item that failed even alone: a bad neighbour spoils nobody.

    Raises ``psycopg.OperationalError`` or ``Unavailable`` when the database is gone.
    """
    try:
        return list(db.retrying(partial(_once, conn, program_id, items, verb, now=now)))
    except (psycopg.OperationalError, Unavailable):
        raise
    except Exception:
        if len(items) == 1:
            log.exception("an item failed, alone")
            return [None]
        half = len(items) // 2
        left = serve(conn, program_id, items[:half], verb, now=now)
        return left + serve(conn, program_id, items[half:], verb, now=now)


def _once(
    conn: Connection, program_id: str, items: Sequence[Item], verb: Verb[Item], *, now: datetime
) -> list[Outcome]:
    try:
        db.stay_in(conn, program_id)
        about = context.of(conn, program_id)
        done = verb(conn, about, items, now=now)
        conn.commit()
    except BaseException:
        if not conn.closed:
            conn.rollback()
        raise
    about.learn(done.learned)
    return done.outcomes


@dataclass(slots=True)
class Ticket(Generic[Item]):
    """What one caller waits for: a lock that a thread waits on, or the future of an event loop."""

    program_id: str
    items: Sequence[Item]
    done: "threading.Lock | None" = None
    future: "Future | None" = None
    outcomes: list[Outcome | None] = field(default_factory=list)
    failure: Exception | None = None


def _call(tickets: Sequence[Ticket[Item]]) -> None:
    """Wake who waits; those of one event loop together, since to wake it costs as much as to answer a request."""
    for ticket in tickets:
        if ticket.done is not None:
            ticket.done.release()
    looped = [ticket for ticket in tickets if ticket.future is not None]
    for loop in {ticket.future.get_loop() for ticket in looped if ticket.future is not None}:
        with suppress(RuntimeError):  # the loop is closed: the server ends, and nobody waits any more
            loop.call_soon_threadsafe(_resolve, [one for one in looped if one.future and one.future.get_loop() is loop])


def _resolve(tickets: Sequence[Ticket[Item]]) -> None:
    for ticket in tickets:
        if ticket.future is None or ticket.future.done():  # its patience has ended
            continue
        if ticket.failure is not None:
            ticket.future.set_exception(ticket.failure)
        else:
            ticket.future.set_result(ticket.outcomes)


def _lose_patience(future: Future) -> None:
    if not future.done():
        future.set_exception(Unavailable(TOO_SLOW))


class Lane(Generic[Item]):
    """One verb, one queue, one thread, one connection."""

    def __init__(self, name: str, verb: Verb[Item], clock: Callable[[], datetime]) -> None:
        """Nothing runs until the first ticket comes."""
        self.name = name
        self.verb = verb
        self.clock = clock
        self.queue: deque[Ticket[Item]] = deque()
        self.waiting = 0
        self.last_size = 0
        self.some = threading.Condition()
        self.thread: threading.Thread | None = None
        self.conn: Connection | None = None

    def enter(self, ticket: Ticket[Item]) -> bool:
        """Queue a ticket; False when too many wait already."""
        with self.some:
            if self.waiting + len(ticket.items) > MOST_WAITING:
                return False
            self.queue.append(ticket)
            self.waiting += len(ticket.items)
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name=self.name, daemon=True)
                self.thread.start()
            self.some.notify()
            return True

    def run(self) -> None:
        """Serve groups for ever."""
        while True:
            tickets = self.take()
            try:
                self.serve(tickets)
            except Exception as error:  # noqa: BLE001 the lane must live; each caller hears of it
                for ticket in tickets:
                    ticket.failure = error
            _call(tickets)

    def take(self) -> list[Ticket[Item]]:
        """Return the next tickets of one program, at most a group's worth."""
        with self.some:
            while not self.queue:
                self.some.wait()
        if self.last_size > CROWD:
            time.sleep(GATHER_SECONDS)
        with self.some:
            first = self.queue.popleft()
            group = [first]
            size = len(first.items)
            while self.queue and self.queue[0].program_id == first.program_id:
                size += len(self.queue[0].items)
                if size > MOST_IN_GROUP:
                    break
                group.append(self.queue.popleft())
            self.last_size = len(group)
            self.waiting -= sum(len(ticket.items) for ticket in group)
            return group

    def serve(self, tickets: Sequence[Ticket[Item]]) -> None:
        """Commit the tickets' items as one group and hand each ticket its outcomes."""
        items = [item for ticket in tickets for item in ticket.items]
        outcomes = self.with_connection(tickets[0].program_id, items)
        start = 0
        for ticket in tickets:
            end = start + len(ticket.items)
            ticket.outcomes = outcomes[start:end]
            start = end

    def with_connection(self, program_id: str, items: Sequence[Item]) -> list[Outcome | None]:
        """Commit over this lane's connection; one that has died meanwhile is replaced once."""
        for attempt in (1, 2):
            fresh = self.conn is None or self.conn.closed
            if self.conn is None or fresh:
                self.conn = db.connect_for_batches()
            try:
                return serve(self.conn, program_id, items, self.verb, now=self.clock())
            except psycopg.OperationalError as error:
                self.conn.close()
                if fresh or attempt == 2:  # noqa: PLR2004 the second and last try
                    message = "the database does not answer; try again"
                    raise Unavailable(message) from error
        raise AssertionError

    def submit(self, program_id: str, items: Sequence[Item], *, patience: float = PATIENCE) -> list[Outcome | None]:
        """Wait until all items are done and committed; one outcome each, in order.

        Raises ``Unavailable`` when the queue is full, the database is down, or patience ends.
        """
        done = threading.Lock()
        done.acquire()  # a held lock is the cheapest thing to wait on
        ticket = Ticket(program_id, items, done=done)
        if not self.enter(ticket):
            raise Unavailable(TOO_MANY)
        if not done.acquire(timeout=patience):
            raise Unavailable(TOO_SLOW)
        if ticket.failure is not None:
            raise ticket.failure
        return ticket.outcomes

    async def outcomes(
        self, program_id: str, items: Sequence[Item], *, patience: float = PATIENCE
    ) -> list[Outcome | None]:
        """Wait as ``submit`` does, in the event loop."""
        loop = asyncio.get_running_loop()
        future: Future = loop.create_future()
        if not self.enter(Ticket(program_id, items, future=future)):
            raise Unavailable(TOO_MANY)
        patient = loop.call_later(patience, _lose_patience, future)
        try:
            return await future
        finally:
            patient.cancel()


class GroupCommit:
    """The lanes of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` is read once per group: a door's reading of time."""
        self.single: Lane[Receipt | Approved] = Lane("intake-single", service.settle, clock)
        self.batches: Lane[Receipt | Approved] = Lane("intake-batches", service.settle, clock)
        self.steps: Lane[Asked] = Lane("intake-steps", steps.take, clock)
        self.returns: Lane[Return] = Lane("intake-returns", returns.take, clock)
