"""The worker's loops, its queue, and what /readyz says of them."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.commands import wait_for
from verno.cli import run
from verno.kit import db, outbox
from verno.kit.clock import clock
from verno.wiring import jobs, queue, worker
from verno.wiring.health import OLDEST_BEAT, Probe

calls: list[tuple[str, datetime]] = []


def good(*, now: datetime, stopping: Callable[[], bool]) -> int:
    calls.append(("good", now))
    return 0


def bad(*, now: datetime, stopping: Callable[[], bool]) -> int:
    calls.append(("bad", now))
    message = "on purpose"
    raise ValueError(message)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    calls.clear()


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def count(name: str) -> int:
    return sum(1 for called, _ in calls if called == name)


def test_every_target_can_be_loaded() -> None:
    targets = [part.target for part in jobs.PARTS.values()] + [job.target for job in jobs.SCHEDULED.values()]
    assert all(callable(jobs.load(target)) for target in targets)


def test_a_failing_part_goes_on_and_stops_no_other(monkeypatch: pytest.MonkeyPatch, stop: threading.Event) -> None:
    monkeypatch.setattr(worker, "TROUBLE_SECONDS", 0.01)
    parts = {name: jobs.Looped(f"{__name__}:{name}", 0.01) for name in ("good", "bad")}
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(worker.loop, name, part, stop) for name, part in parts.items()]
        wait_for("both were called again", 5, lambda: count("good") > 3 and count("bad") > 3)
        stop.set()
    assert all(done.result() is None for done in running)


def test_a_part_that_finds_work_is_called_again_at_once(monkeypatch: pytest.MonkeyPatch, stop: threading.Event) -> None:
    left = [3]

    def busy(*, now: datetime, stopping: Callable[[], bool]) -> int:
        left[0] -= 1
        if left[0] == 0:
            stop.set()
        return left[0]

    monkeypatch.setattr(jobs, "load", lambda _target: busy)
    began = time.monotonic()
    worker.loop("busy", jobs.Looped("", 60), stop)
    assert time.monotonic() - began < 5


def test_scheduled_jobs_run_at_the_start_and_a_failing_one_does_not_stop_the_queue(
    monkeypatch: pytest.MonkeyPatch, database: str, stop: threading.Event
) -> None:
    far = "0 0 29 2 *"
    scheduled = {name: jobs.Scheduled(f"{__name__}:{name}", far) for name in ("bad", "good")}
    monkeypatch.setattr(jobs, "SCHEDULED", scheduled)
    monkeypatch.setattr(clock, "read", lambda: datetime(2027, 1, 2, tzinfo=UTC))
    with ThreadPoolExecutor() as threads:
        served = threads.submit(lambda: asyncio.run(queue.serve(queue.make_app(stop), stop)))
        wait_for("both jobs ran", 20, lambda: count("good") == 1 and count("bad") == 1)
        stop.set()
        assert served.result(20) is None
    assert {now for _, now in calls} == {datetime(2027, 1, 2, tzinfo=UTC)}


def test_a_job_of_a_killed_worker_does_not_bar_the_way(database: str, stop: threading.Event) -> None:
    with db.transaction() as conn:
        conn.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        conn.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status, worker_id) "
            "SELECT 'default', 'settle-due', 'settle-due', '{}', 'doing', max(id) FROM procrastinate_workers"
        )
    with ThreadPoolExecutor() as threads:
        served = threads.submit(lambda: asyncio.run(queue.serve(queue.make_app(stop), stop)))
        wait_for("the job is gone", 20, lambda: _jobs("doing") == 0 and _jobs("todo") == 0)
        stop.set()
        served.result(20)


def _jobs(status: str) -> int:
    with db.transaction() as conn:
        row = conn.execute("SELECT count(*) FROM procrastinate_jobs WHERE status::text = %s", (status,)).fetchone()
    assert row is not None
    return int(row[0])


def test_readiness_names_the_part_that_fails(database: str) -> None:
    probe = Probe()
    try:
        assert probe.failing() == "worker"
        with db.transaction() as conn:
            outbox.beat(conn, jobs.WORKER, now=clock.now() - OLDEST_BEAT - timedelta(seconds=1))
        assert probe.failing() == "worker"
        with db.transaction() as conn:
            outbox.beat(conn, jobs.WORKER, now=clock.now())
        assert probe.failing() is None
    finally:
        probe.close()


def test_a_slow_look_is_shared_by_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    release = threading.Event()

    def slow() -> None:
        looks.append(time.monotonic())
        release.wait(10)

    monkeypatch.setattr("verno.wiring.health.PATIENCE_SECONDS", 0.3)
    probe = Probe()
    monkeypatch.setattr(probe, "_failing", slow)
    before = threading.active_count()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: probe.failing(), range(20)))
    assert set(answers) == {"database"}
    assert len(looks) == 1
    assert threading.active_count() <= before + 1
    release.set()
    probe.close()


@pytest.mark.parametrize(("asked", "names"), [("", ["worker"]), ("2", ["worker", "worker-2"]), ("-1", ["worker"])])
def test_as_many_workers_run_as_are_asked_for(asked: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_WORKERS", asked)
    monkeypatch.setenv("VERNO_DATABASE_URL", "postgresql:///nowhere")
    assert [part.name for part in run._our_parts("127.0.0.1", 8000)] == ["server", *names]
