"""Group commit: receipts that arrive together are committed together, one transaction for many callers.

Two lanes, each a thread with a connection of its own: single receipts (a queue stands at the till) and batches (nobody
does). While a group is in the database the next one gathers, so groups grow with the crowd. Measured with 64 callers:
one lane for all single receipts takes less time a receipt than two, whose groups are half as large. A database error
in a group is tried again when the database says so, and else the group is split and its halves tried, so that a bad
neighbour spoils nobody.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import psycopg

from verno.intake import context, service
from verno.intake.types import Outcome, Receipt
from verno.kit import db
from verno.kit.db import Connection
from verno.kit.errors import TryAgain, Unavailable

MOST_IN_GROUP = 500
CROWD = 4
"""Callers in the last group from which on the next one is given time to gather."""
GATHER_SECONDS = 0.0025
"""That time. Answers go out together, so the same callers come back together: the first of them would else leave with
a group of its own. Measured with 64 callers: a fifth more receipts a second; a lone caller never waits."""
MOST_WAITING = 5_000
"""Receipts that may wait in one lane; beyond it a caller is told to come again."""
PATIENCE = 2.0
"""Seconds a caller waits for its group before it hears 503; the receipt may still be taken, a replay tells."""
PATIENCE_FOR_A_BATCH = 30.0


def commit(conn: Connection, program_id: str, receipts: Sequence[Receipt], *, now: datetime) -> list[Outcome | None]:
    """Settle and commit a group; None stands for a receipt that the database refused even alone.

    Raises ``psycopg.OperationalError`` when the database is gone.
    """
    try:
        return list(db.retrying(partial(_once, conn, program_id, receipts, now=now)))
    except psycopg.OperationalError:
        raise
    except (psycopg.Error, TryAgain):
        if len(receipts) == 1:
            return [None]
        half = len(receipts) // 2
        left = commit(conn, program_id, receipts[:half], now=now)
        return left + commit(conn, program_id, receipts[half:], now=now)


def _once(conn: Connection, program_id: str, receipts: Sequence[Receipt], *, now: datetime) -> list[Outcome]:
    try:
        about = context.of(conn, program_id)
        done = service.settle(conn, about, receipts, now=now)
        conn.commit()
    except BaseException:
        if not conn.closed:
            conn.rollback()
        raise
    about.learn(done.learned)
    return done.outcomes


@dataclass(slots=True)
class Ticket:
    """What one caller waits for."""

    program_id: str
    receipts: list[Receipt]
    outcomes: list[Outcome | None] = field(default_factory=list)
    failure: Exception | None = None
    done: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Hold the lock: a held lock is the cheapest thing to wait on."""
        self.done.acquire()


class Lane:
    """One queue, one thread, one connection."""

    def __init__(self, name: str, clock: Callable[[], datetime]) -> None:
        """Nothing runs until the first ticket comes."""
        self.name = name
        self.clock = clock
        self.queue: deque[Ticket] = deque()
        self.waiting = 0
        self.last_size = 0
        self.some = threading.Condition()
        self.thread: threading.Thread | None = None
        self.conn: Connection | None = None

    def enter(self, ticket: Ticket) -> bool:
        """Queue a ticket; False when too many wait already."""
        with self.some:
            if self.waiting + len(ticket.receipts) > MOST_WAITING:
                return False
            self.queue.append(ticket)
            self.waiting += len(ticket.receipts)
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
            for ticket in tickets:
                ticket.done.release()

    def take(self) -> list[Ticket]:
        """Return the next tickets of one program, at most a group's worth."""
        with self.some:
            while not self.queue:
                self.some.wait()
        if self.last_size > CROWD:
            time.sleep(GATHER_SECONDS)
        with self.some:
            first = self.queue.popleft()
            group = [first]
            size = len(first.receipts)
            while self.queue and self.queue[0].program_id == first.program_id:
                size += len(self.queue[0].receipts)
                if size > MOST_IN_GROUP:
                    break
                group.append(self.queue.popleft())
            self.last_size = len(group)
            self.waiting -= sum(len(ticket.receipts) for ticket in group)
            return group

    def serve(self, tickets: Sequence[Ticket]) -> None:
        """Commit the tickets' receipts as one group and hand each ticket its outcomes."""
        receipts = [receipt for ticket in tickets for receipt in ticket.receipts]
        outcomes = self.with_connection(tickets[0].program_id, receipts)
        start = 0
        for ticket in tickets:
            end = start + len(ticket.receipts)
            ticket.outcomes = outcomes[start:end]
            start = end

    def with_connection(self, program_id: str, receipts: Sequence[Receipt]) -> list[Outcome | None]:
        """Commit over this lane's connection; one that has died meanwhile is replaced once."""
        for attempt in (1, 2):
            fresh = self.conn is None or self.conn.closed
            if self.conn is None or fresh:
                self.conn = db.connect_for_batches()
            try:
                return commit(self.conn, program_id, receipts, now=self.clock())
            except psycopg.OperationalError as error:
                self.conn.close()
                if fresh or attempt == 2:  # noqa: PLR2004 the second and last try
                    message = "the database does not answer; try again"
                    raise Unavailable(message) from error
        raise AssertionError


class GroupCommit:
    """The lanes of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` is read once per group: a door's reading of time."""
        self.single = Lane("intake-single", clock)
        self.batches = Lane("intake-batches", clock)

    def submit(self, program_id: str, receipts: Sequence[Receipt]) -> list[Outcome | None]:
        """Wait until all receipts are settled and committed; one outcome each, in order.

        Raises ``Unavailable`` when the queue is full, the database is down, or patience ends.
        """
        alone = len(receipts) == 1
        ticket = Ticket(program_id, list(receipts))
        if not (self.single if alone else self.batches).enter(ticket):
            message = "too many receipts are waiting; try again"
            raise Unavailable(message)
        if not ticket.done.acquire(timeout=PATIENCE if alone else PATIENCE_FOR_A_BATCH):
            message = "the database is too slow; the receipt may have been taken, send it again to know"
            raise Unavailable(message)
        if ticket.failure is not None:
            raise ticket.failure
        return ticket.outcomes
