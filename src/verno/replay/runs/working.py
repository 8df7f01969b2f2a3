"""Doing runs: one long transaction that reads, short ones that say how far it is.

Killed at any moment, nothing is lost but the time: nobody believes a run whose worker is silent.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from verno.intake import context
from verno.intake.context import Context
from verno.kit import db
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.replay import service as replaying
from verno.replay.reading import Reader
from verno.replay.runs import queries, service
from verno.replay.runs.types import Run, State
from verno.replay.types import Report

SECONDS = 0.5
"""How often a run says how far it is, and hears that it was cancelled."""
Step = Callable[[int], None]


class _Ended(Exception):
    """The run is over for this worker; ``state`` is what it goes back to, None when it is another's by now."""

    def __init__(self, state: State | None) -> None:
        self.state = state


def work(program_id: str, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Do the oldest run that waits; returns how many receipts that was. A run that is stopped waits for the next."""
    worker = new_id(now=now)
    with db.transaction(program_id) as conn:
        id_ = service.claim(conn, program_id, worker, now=now)
    return 0 if id_ is None else do(program_id, id_, worker, now=now, stopping=stopping)


def do(
    program_id: str, id_: str, worker: str, *, now: datetime, stopping: Callable[[], bool], shown: Step = lambda _: None
) -> int:
    """Do a run that ``worker`` has claimed; ``shown`` hears of the receipts done. Time goes on from ``now``."""
    under_way = _UnderWay(program_id, id_, worker, now, stopping, shown)
    try:
        under_way.go()
    except _Ended as ended:
        if ended.state is not None:
            under_way.give_back(ended.state)
    except KeyboardInterrupt:
        under_way.give_back(State.CANCELLED)
        raise
    except BaseException:
        under_way.give_back(State.INTERRUPTED)
        raise
    return under_way.done


class _UnderWay:
    """A run at work."""

    def __init__(
        self, program_id: str, id_: str, worker: str, now: datetime, stopping: Callable[[], bool], shown: Step
    ) -> None:
        self.program_id, self.id, self.worker = program_id, id_, worker
        self.began, self.started = now, time.monotonic()
        self.stopping, self.shown = stopping, shown
        self.done = 0
        self.total: int | None = None
        self.told = 0.0

    @property
    def now(self) -> datetime:
        return self.began + timedelta(seconds=time.monotonic() - self.started)

    def go(self) -> None:
        with db.transaction(self.program_id) as conn:
            run = queries.run(conn, self.program_id, self.id, now=self.now)
            if run is None:
                return
            about = context.of(conn, self.program_id)
            self.total = Reader(conn, about, self.began).count(run.period)
            self.tell()
            self._replay(conn, about, run)

    def _replay(self, conn: Connection, about: Context, run: Run) -> None:
        draft = drafts.read(queries.body(conn, self.program_id, self.id))
        if isinstance(draft, str):
            service.finish(conn, run, self.worker, (draft,), kept=False, now=self.now)
            return
        found = replaying.run(
            *(conn, about, draft, run.period),
            step=self.step,
            now=self.began,
            losers=lambda losses: service.write_losses(conn, self.program_id, self.id, losses),
        )
        if not isinstance(found, Report):
            service.finish(conn, run, self.worker, found.reasons, kept=False, now=self.now)
            return
        kept = self._keep(conn, about, run, found)
        if not service.finish(conn, run, self.worker, found, kept=kept, now=self.now):
            raise _Ended(None)  # cancelled at the last moment: nothing of it stays

    def _keep(self, conn: Connection, about: Context, run: Run, found: Report) -> bool:
        """Keep the result with the draft, unless that has gone on since."""
        if run.draft is None or run.revision is None:
            return False
        desk = drafting.open_desk(conn, self.program_id, about.known)
        made = service.kept(run, found, now=self.now)
        return drafting.keep_result(
            *(desk, run.draft, run.revision, made), above_budget=found.above_budget, now=self.now
        )

    def step(self, count: int) -> None:
        self.done += count
        self.shown(count)
        if self.stopping():
            raise _Ended(State.WAITING)
        if time.monotonic() - self.told >= SECONDS:
            self.tell()

    def tell(self) -> None:
        self.told = time.monotonic()
        with db.transaction(self.program_id) as conn:
            if not service.tell(conn, self.id, self.worker, self.done, self.total, now=self.now):
                raise _Ended(None)

    def give_back(self, state: State) -> None:
        with db.transaction(self.program_id) as conn:
            service.release(conn, self.id, self.worker, state, now=self.now)
