"""Scheduled jobs through procrastinate: PostgreSQL is the queue, and one of all workers defers a tick."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import APPLICATION
from verno.wiring import jobs

log = logging.getLogger(__name__)

STALLED_SECONDS = 30.0
KEEP_HOURS = 24
STOP_SECONDS = 5.0
LOOK_SECONDS = 1.0


def make_app(stop: threading.Event) -> App:
    """Return the queue with the jobs of the dictionary, running with the application's rights."""
    connector = PsycopgConnector(
        conninfo=db.url(), kwargs={"options": f"-c role={APPLICATION}", "connect_timeout": 5}, min_size=1, max_size=4
    )
    app = App(connector=connector)
    for name, job in jobs.SCHEDULED.items():
        task = app.task(name=name, queueing_lock=name)(_tick(name, job.target, stop))
        app.periodic(cron=job.cron, queueing_lock=name)(task)
    tidy = app.task(name="tidy-queue", queueing_lock="tidy-queue")(_tidier(app))
    app.periodic(cron="*/5 * * * *", queueing_lock="tidy-queue")(tidy)
    return app


async def serve(app: App, stop: threading.Event) -> None:
    """Run jobs until ``stop``; each job is also deferred once now: its hour may have passed while we were down."""
    async with app.open_async():
        for name in (*jobs.SCHEDULED, "tidy-queue"):
            with suppress(AlreadyEnqueued):
                await app.configure_task(name, queueing_lock=name).defer_async(timestamp=0)
        worker = asyncio.create_task(
            app.run_worker_async(
                install_signal_handlers=False,
                concurrency=2,
                shutdown_graceful_timeout=STOP_SECONDS,
                delete_jobs="successful",
            )
        )
        while not stop.is_set() and not worker.done():
            await asyncio.wait({worker}, timeout=LOOK_SECONDS)
        if worker.done():
            worker.result()
        worker.cancel()
        await asyncio.wait({worker}, timeout=STOP_SECONDS + 1)


def _tick(name: str, target: str, stop: threading.Event) -> Callable[[int], None]:
    def tick(timestamp: int) -> None:  # noqa: ARG001 procrastinate tells the tick's time; the door reads the clock
        try:
            jobs.load(target)(now=clock.now(), stopping=stop.is_set)
        except Exception:
            log.exception("%s failed; its next tick tries again", name)
            raise

    return tick


def _tidier(app: App) -> Callable[[int], object]:
    async def tidy(timestamp: int) -> None:  # noqa: ARG001 see _tick
        """Close jobs whose worker was killed (the next tick does their work), and forget old ones."""
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await app.job_manager.delete_old_jobs(KEEP_HOURS, include_failed=True)

    return tidy
