"""The worker's part that sends: as many calls side by side as endpoints have lines, and one transaction for many ends.

One slow endpoint never delays another: the claim counts lines for each, and calls do not wait for each other.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from verno.kit.errors import Unavailable
from verno.outbound.client import Client
from verno.webhooks.sending import calls
from verno.webhooks.sending.desk import CALL_SECONDS, Desk, End, Job, Policy

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often something new is looked for while calls are under way."""
GATHER_SECONDS = 0.01
"""How long the first end waits for others, to be written together."""
LAST_SECONDS = 3.0
"""How long calls may go on once the worker is to end."""
DATABASE_TRIES = 30


def send_due(
    now: Callable[[], datetime],
    *,
    worker_name: str,
    stopping: Callable[[], bool] | None = None,
    seconds: float = CALL_SECONDS,
) -> int:
    """Send until nothing is due and no call is under way; returns how many tries were made."""
    return asyncio.run(_Run(now, worker_name, stopping or (lambda: False), seconds).main())


def step(*, now: datetime, worker_name: str = "worker", stopping: Callable[[], bool] | None = None) -> int:
    """Send what is due, for the worker's loop. Time goes on from ``now`` while it runs."""
    started = time.monotonic()
    return send_due(
        lambda: now + timedelta(seconds=time.monotonic() - started), worker_name=worker_name, stopping=stopping
    )


class _Run:
    """One call of ``send_due`` at work."""

    def __init__(
        self, now: Callable[[], datetime], worker_name: str, stopping: Callable[[], bool], seconds: float
    ) -> None:
        self._now = now
        self._desk = Desk(worker_name)
        self._stopping = stopping
        self._seconds = seconds
        self._clients: dict[Policy, Client] = {}
        self._flying: dict[asyncio.Task[End], Job] = {}
        self._tries = 0

    async def main(self) -> int:
        ends: list[End] = []
        try:
            while not self._stopping():
                for job in await self._exchange(ends, claim=True):
                    self._flying[asyncio.create_task(self._call(job))] = job
                if not self._flying:
                    return self._tries
                ends = await self._landed(LOOK_SECONDS)
            await self._exchange([*ends, *await self._last()], claim=False)
        finally:
            for task in self._flying:
                task.cancel()
            for client in self._clients.values():
                await client.close()
        return self._tries

    async def _call(self, job: Job) -> End:
        client = self._clients.get(job.policy)
        if client is None:
            client = Client(public_only=True, allowed=job.policy.networks, plain_http=job.policy.plain_http)
            self._clients[job.policy] = client
        try:
            return await calls.deliver(client, job, self._now, seconds=self._seconds)
        except Exception as error:
            # Whatever one endpoint brings about is its own trouble: the other tenants' calls go on, and what they
            # were answered is written down.
            log.exception("a call of endpoint %s broke", job.endpoint_id)
            return calls.broken(job, error, self._now())

    async def _landed(self, wait: float) -> list[End]:
        """Return how calls have ended that did so within ``wait``, together with those that end right after."""
        if not self._flying:
            return []
        done, _ = await asyncio.wait(self._flying, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if done:
            await asyncio.sleep(GATHER_SECONDS)
        done = {task for task in self._flying if task.done()}
        for task in done:
            del self._flying[task]
        self._tries += len(done)
        return [task.result() for task in done]

    async def _last(self) -> list[End]:
        """Let calls under way end, briefly; the rest is cut short and sent again."""
        until = time.monotonic() + LAST_SECONDS
        ends: list[End] = []
        while self._flying and time.monotonic() < until:
            ends += await self._landed(until - time.monotonic())
        for task, job in self._flying.items():
            task.cancel()
            ends.append(calls.cut_short(job, self._now()))
        self._flying.clear()
        return ends

    async def _exchange(self, ends: list[End], *, claim: bool) -> list[Job]:
        """Do the desk's transaction, and wait for a database that is away: what was answered would else be lost."""
        for _ in range(DATABASE_TRIES):
            try:
                return await asyncio.to_thread(self._desk.exchange, ends, now=self._now(), claim=claim)
            except Unavailable:
                await asyncio.sleep(1)
        return await asyncio.to_thread(self._desk.exchange, ends, now=self._now(), claim=claim)
