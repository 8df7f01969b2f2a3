"""Sending: the rows are the queue, the states are told in docs/explanation/messages.md.

A message is handed over at most once: ``handing_over`` is committed before its first byte leaves, and from there on
only the server's own clear answer decides. A killed worker's messages become ``uncertain`` when its claim lapses;
nobody but a person sends those again. What never got as far goes back to the queue.

Each line (connection) carries one message at a time, so a killed worker leaves at most as many uncertain messages as
it has lines. The database work of all lines is done together: whatever waits while one transaction commits makes up
the next.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeAlias, TypeVar, assert_never

import msgspec

from verno.kit.errors import Unavailable
from verno.messaging import service
from verno.messaging.channels.port import (
    Accepted,
    Channel,
    Line,
    Outcome,
    P,
    Refused,
    Temporary,
    Unknown,
    Unreachable,
    Unwritable,
    together,
)
from verno.messaging.decide import record
from verno.messaging.desk import BULK, URGENT, Desk, End, Job, doubt_end, outage_end, retry_end
from verno.messaging.letters import compose
from verno.messaging.pacing.booking import Pace
from verno.messaging.poison.watch import Watch
from verno.messaging.templates.checks.written import wrong
from verno.messaging.types import Check, Deny, Letter, MessageClass, Reason, State
from verno.outbound import loop

T = TypeVar("T")
Parcels: TypeAlias = list[tuple[str, P]]
"""A message written for each of its addresses."""

CLAIM_BATCH = 100
"""Messages of a claim, or two for each line where that is more: what a claim asks of its program it asks once."""
CLAIMS = 2
"""Batches under way at once: one is claimed while the one before is written, so that no line waits for either."""
STEP_LIMIT = 5000
"""Messages of one step of the worker."""
WRITERS = 2
"""Threads that share the writing of a batch: a signature leaves the interpreter's lock to others, and waits for it."""
GATHER_SECONDS = 0.004
"""How long the clerk waits for company before a transaction for a few: measured, half the commits and their work."""
LOOK_SECONDS = 0.5
"""How often a run that waits for its turn looks whether it is to stop."""
LONGEST_PAUSE = 5.0
"""Seconds that a run waits for its provider's pace; a provider that wants to be left alone for longer ends the run."""
DATABASE_TRIES = 10
"""Seconds that a run waits for its database before it gives up; what it knows would else be lost."""


class SendCounts(msgspec.Struct):
    """What became of the messages of one run."""

    accepted: int = 0
    rejected: int = 0
    deferred: int = 0
    uncertain: int = 0
    withheld: int = 0

    @property
    def total(self) -> int:
        """All messages that the run dealt with."""
        return self.accepted + self.rejected + self.deferred + self.uncertain + self.withheld

    def add(self, state: State) -> None:
        """Count one end."""
        name = State.DEFERRED.value if state is State.QUEUED else state.value
        setattr(self, name, getattr(self, name) + 1)


Progress = Callable[[SendCounts], None]


def send_due(
    channel: Channel[P],
    now: Callable[[], datetime],
    *,
    worker_name: str,
    lanes: Sequence[MessageClass] = (*URGENT, *BULK),
    limit: int | None = None,
    progress: Progress | None = None,
    stopping: Callable[[], bool] | None = None,
    suspects: bool = False,
) -> SendCounts:
    """Send what is due on a channel until nothing is left, or ``limit`` messages; returns what became of them.

    Commits on its own connections. A provider that is away defers what was claimed and ends the run. Several workers
    may run at once, each on all lanes or some. Once ``stopping`` says so, the messages under way are finished and the
    rest goes back to the queue. ``suspects``: send those alone during whose claim a worker died, one at a time.
    """
    pace = Pace(channel.code, channel.per_second, channel.address_seconds)
    desk = Desk(
        channel.code,
        worker_name,
        now,
        channel.answer_seconds,
        lanes=lanes,
        pace=pace,
        suspects=suspects,
    )
    run = _Run(desk, channel, now, limit=limit, progress=progress, stopping=stopping, alone=suspects)
    loop.run(run.main())
    return run.counts


def step(
    channel: Channel[P],
    lanes: Sequence[MessageClass],
    *,
    now: datetime,
    worker_name: str = "worker",
    stopping: Callable[[], bool] | None = None,
) -> int:
    """Send what is due on lanes, at most ``STEP_LIMIT``, for the worker's loop; returns how many it dealt with.

    Time goes on from ``now`` while it runs, since a step can take minutes.
    """
    started = time.monotonic()
    return send_due(
        channel,
        lambda: now + timedelta(seconds=time.monotonic() - started),
        worker_name=worker_name,
        lanes=lanes,
        limit=STEP_LIMIT,
        stopping=stopping,
    ).total


class _Run(Generic[P]):
    """One call of ``send_due`` at work."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel[P],
        now: Callable[[], datetime],
        *,
        limit: int | None,
        progress: Progress | None,
        stopping: Callable[[], bool] | None,
        alone: bool,
    ) -> None:
        self.counts = SendCounts()
        self._lines, self._batch = (1, 1) if alone else (channel.lines, max(CLAIM_BATCH, 2 * channel.lines))
        self._watches = [Watch() for _ in range(1 if alone else WRITERS)]
        self._desk = desk
        self._channel = channel
        self._now = now
        self._left: float = math.inf if limit is None else limit
        self._progress = progress
        self._stopping = stopping or (lambda: False)
        self._stock: deque[tuple[Job, Parcels[P]]] = deque()
        self._dry = False
        self._claims: set[asyncio.Task[None]] = set()
        self._claiming = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._tasks = asyncio.TaskGroup()
        self._asks: list[tuple[Job, asyncio.Future[bool]]] = []
        self._ends: list[End] = []
        self._dead: list[Job] = []
        self._hold = 0
        self._outage = "the provider does not answer"
        self._waiting = asyncio.Event()
        self._closed = False

    async def main(self) -> None:
        clerk = asyncio.create_task(self._clerk())
        try:
            async with self._tasks as tasks:
                tasks.create_task(self._watch(clerk))
                await asyncio.wait([tasks.create_task(self._line()) for _ in range(self._lines)])
                while self._claims:
                    await asyncio.wait(self._claims)
                for job, _ in self._stock:
                    self._end(self._leftover(job))
                self._closed = True
                self._waiting.set()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            for watch in self._watches:
                watch.close()

    def _leftover(self, job: Job) -> End:
        """All lines are gone while messages are left: we are asked to stop, or no server was to be had."""
        if self._stopping():
            return End(job.content.holder_id, job.content.message_id, State.QUEUED, refund=1)
        return outage_end(job, self._outage, self._now())

    async def _watch(self, clerk: "asyncio.Task[None]") -> None:
        """Let a clerk that fails take the lines down with it."""
        await clerk

    async def _line(self) -> None:
        """Carry messages over one connection until there are none, or no server."""
        line = self._channel.line()
        try:
            while (found := await self._next()) is not None:
                job, parcels = found
                try:
                    await line.open()
                except Unreachable as error:
                    self._outage = str(error)
                    self._end(outage_end(job, self._outage, self._now()))
                    return
                await self._carry(line, job, parcels)
        finally:
            await line.close()

    async def _carry(self, line: Line[P], job: Job, parcels: Parcels[P]) -> None:
        if (early := job.ready - time.monotonic()) > 0:
            await asyncio.sleep(early)
        # A channel with several addresses a member asks nothing beforehand.
        outcome = await line.offer(parcels[0][1])
        if outcome is None:
            if not await self._may_leave(job):
                await line.reset()
                return
            outcome = together([await self._hand_over(line, job, *parcel) for parcel in parcels])
        else:
            self._note_dead(job, job.address, outcome)
        self._end(self._conclusion(job, outcome))

    async def _written(self, jobs: Sequence[Job]) -> list[Parcels[P] | End]:
        """Return messages as they are written, in order; some threads share the work, each with its own watch."""
        share = math.ceil(len(jobs) / len(self._watches))
        shares = [jobs[at : at + share] for at in range(0, len(jobs), share)] if jobs else []
        writing = [
            asyncio.to_thread(self._write, some, watch) for some, watch in zip(shares, self._watches, strict=False)
        ]
        return [one for some in await asyncio.gather(*writing) for one in some]

    def _write(self, jobs: Sequence[Job], watch: Watch) -> list[Parcels[P] | End]:
        out: list[Parcels[P] | End] = []
        for job, content in zip(jobs, compose.print_ahead([job.content for job in jobs]), strict=True):
            watch.begin(job.content.message_id, weigh=not out)
            try:
                out.append(self._parcels(msgspec.structs.replace(job, content=content)))
            finally:
                watch.end()
        return out

    def _parcels(self, job: Job) -> Parcels[P] | End:
        """Return the message written for each of its addresses, or how it ends, where it cannot be for any."""
        printed = job.content.printed
        if isinstance(printed, Letter) and (why := wrong(printed, job.content.channel)) is not None:
            return _unfit(job, why, self._now())
        parcels: Parcels[P] = []
        problem = ""
        for address in (job.address, *job.others):
            try:
                parcels.append((address, self._channel.write(job.content, address, now=self._now())))
            except Unwritable as error:
                problem = str(error)
            except Unavailable as error:  # of our own house, such as the press for templates: not the message's fault
                return outage_end(job, str(error), self._now())
            except Exception as error:  # noqa: BLE001 one message that cannot be written must not stop the rest
                return _end_of(job, State.REJECTED, Reason.BROKEN, f"{type(error).__name__}: {error}"[:500])
        return parcels or _end_of(job, State.REJECTED, Reason.REFUSED, problem)

    async def _hand_over(self, line: Line[P], job: Job, address: str, parcel: P) -> Outcome:
        outcome = await line.hand_over(parcel)
        self._note_dead(job, address, outcome)
        return outcome

    def _note_dead(self, job: Job, address: str, outcome: Outcome) -> None:
        if isinstance(outcome, Refused) and outcome.gone:
            self._dead.append(msgspec.structs.replace(job, address=address))

    def _conclusion(self, job: Job, outcome: Outcome) -> End:
        match outcome:
            case Accepted(response=response, reference=reference):
                return msgspec.structs.replace(_end_of(job, State.ACCEPTED, None, response), reference=reference)
            case Refused(response=response):
                return _end_of(job, State.REJECTED, Reason.REFUSED, response)
            case Temporary(response=response, retry_after=seconds):
                if seconds is not None and self._channel.is_one_provider:
                    self._hold = max(self._hold, seconds)
                return retry_end(job, response, self._now(), seconds)
            case Unknown(timed_out=timed_out, response=response):
                reason = Reason.TIMED_OUT if timed_out else Reason.CONNECTION_LOST
                return doubt_end(job, reason, response, self._now())
            case _:
                assert_never(outcome)

    async def _next(self) -> tuple[Job, Parcels[P]] | None:
        """Return the next message; the batch after it is claimed before the stock is empty."""
        while not self._stopping():
            most = 1 if self._desk.is_paced else CLAIMS
            if len(self._claims) < most and len(self._stock) < self._batch and not self._dry:
                claim = self._tasks.create_task(self._claim())
                self._claims.add(claim)
                claim.add_done_callback(self._claims.discard)
            if self._stock:
                return self._stock.popleft()
            if not self._claims:
                return None
            await asyncio.wait(self._claims, return_when=asyncio.FIRST_COMPLETED)
        return None

    async def _claim(self) -> None:
        """Claim a batch and write it; while it is being written, in a thread, another one may be claimed."""
        async with self._claiming:
            if self._dry:
                return
            jobs, ends = await _patiently(partial(self._desk.claim, int(min(self._batch, self._left))))
            self._left -= len(jobs) + len(ends)
            for end in ends:
                self._count(end)
            if not jobs and not ends and 0 < self._desk.pause <= LONGEST_PAUSE:
                # The pace has no room yet: not dry, only early.
                await asyncio.sleep(min(self._desk.pause, LOOK_SECONDS))
            else:
                self._dry = self._left == 0 or not (jobs or ends)
        async with self._writing:
            written: dict[str, Parcels[P]] = {}
            for job, parcels in zip(jobs, await self._written(jobs), strict=True):
                if isinstance(parcels, End):
                    self._end(parcels)
                else:
                    written[job.content.message_id] = parcels
            ready = [job for job in jobs if job.content.message_id in written]
            weights = [
                sum([self._channel.parts(parcel) for _, parcel in written[job.content.message_id]]) for job in ready
            ]
            leaving, late = await _patiently(partial(self._desk.book, ready, weights))
        for end in late:
            self._count(end)
        self._stock.extend([(job, written[job.content.message_id]) for job in leaving])

    async def _may_leave(self, job: Job) -> bool:
        """Wait for the commit that marks the message as handed over; False when it may not leave, or is not ours."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asks.append((job, answer))
        self._waiting.set()
        return await answer

    def _end(self, end: End) -> None:
        """Note what became of a message; it is written with, and before, the next hand-over of the same line."""
        self._ends.append(end)
        self._count(end)
        self._waiting.set()

    def _count(self, end: End) -> None:
        self.counts.add(end.state)
        if self._progress is not None:
            self._progress(self.counts)

    async def _clerk(self) -> None:
        """Take what has gathered, commit it together, tell the lines."""
        while not (self._closed and not self._asks and not self._ends):
            await self._waiting.wait()
            if len(self._asks) < self._lines // 2:
                await asyncio.sleep(GATHER_SECONDS)
            self._waiting.clear()
            asks, self._asks = self._asks, []
            ends, self._ends = self._ends, []
            dead, self._dead = self._dead, []
            hold, self._hold = self._hold, 0
            if hold:
                await _patiently(partial(self._desk.hold, hold))
            try:
                leaving, staying = await _patiently(partial(self._desk.exchange, [job for job, _ in asks], ends))
            except BaseException:
                for _, answer in asks:
                    answer.cancel()
                raise
            for end in staying:
                self._count(end)
            for job, answer in asks:
                answer.set_result(job.content.message_id in leaving)
            if dead:
                await asyncio.to_thread(self._desk.suppress_dead, dead)


async def _patiently(work: Callable[[], T]) -> T:
    """Do a transaction, and wait for a database that is away: what servers answered would else be lost."""
    for _ in range(DATABASE_TRIES):
        try:
            return await asyncio.to_thread(work)
        except Unavailable:
            await asyncio.sleep(1)
    return await asyncio.to_thread(work)


def _unfit(job: Job, why: str, now: datetime) -> End:
    """Return the end of a message that must not leave as it is written; why stands with its decisions."""
    told = record(Deny(Reason.CONTENT, (Check("content", "deny", why),)), stage=service.HAND_OVER, now=now)
    content = job.content
    return End(content.holder_id, content.message_id, State.WITHHELD, Reason.CONTENT, refund=1, decision=told)


def _end_of(job: Job, state: State, reason: Reason | None, response: str) -> End:
    return End(job.content.holder_id, job.content.message_id, state, reason, response)
