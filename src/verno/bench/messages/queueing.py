"""What a crowd of letters does to others: codes that cannot wait, and the till."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec

from verno.bench import http, scratch
from verno.bench.counter import captures, history, latency, shop
from verno.bench.counter.latency import Latency
from verno.bench.messages import crowd, sinks
from verno.bench.messages.crowd import Crowd
from verno.demo.program import Demo
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.members import service as members
from verno.members.types import Created, NewMember

CODES = 200
CODES_PER_SECOND = 10
UNDER_WAY = 1_000
PATIENCE = 120.0
ROUNDS = 3
CAPTURES_A_SECOND = 4_000
LATER = timedelta(days=7)


class Beside(msgspec.Struct, frozen=True):
    """Captures a second with nothing queued, with a crowd that waits, and while it is being sent."""

    alone: float
    waiting: float
    sending: float


def codes(people: Crowd, letters: int) -> Latency:
    """Send codes, ten a second, while a worker sends a broadcast; returns how long each took to the sink."""
    now = clock.now()
    with db.transaction(people.program.id) as conn:
        fresh = [NewMember(f"code-{n}", email=f"code-{n}@example.com", locale="en") for n in range(CODES)]
        found = members.upsert(conn, people.program, fresh, now=now)
    holders = [one.member_id for one in found if isinstance(one, Created)]
    crowd.plan(people, people.holders[:letters], "bench/crowd", now=now)
    scratch.settle()
    sent: dict[str, float] = {}
    with sinks.mail() as sink, _worker(sink.port):
        _until(lambda: sink.taken() >= UNDER_WAY)
        for n, holder in enumerate(holders):
            crowd.plan(people, [holder], "bench/code", now=clock.now(), topic=crowd.CODES)
            sent[f"code-{n}@example.com"] = time.monotonic()
            time.sleep(1 / CODES_PER_SECOND)
        _until(lambda: len(sink.moments()) == CODES)
        if sink.taken() >= letters + CODES:
            message = f"{letters} letters were sent before the codes were; ask for more"
            raise VernoError(message)
        moments = sink.moments()
    return latency.of(moments[address] - moment for address, moment in sent.items())


def till(demo: Demo, people: Crowd, queued: int, *, seconds: int) -> Beside:
    """Capture receipts with nothing queued, with letters queued for next week, and while the worker sends letters."""
    few = shop.open_shop(demo, now=history.today())
    with http.serving() as server:

        def rate(name: str) -> float:
            for _ in shop.hold(few, name, CAPTURES_A_SECOND * seconds, now=history.today()):
                pass
            scratch.settle()
            return captures.measure(server, few, name, seconds=seconds)

        rate("warm-up")
        alone = sorted(rate(f"alone-{n}") for n in range(ROUNDS))[ROUNDS // 2]
        now = clock.now()
        for n, part in enumerate(_parts(people, queued)):
            crowd.plan(people, part, f"bench/later-{n}", now=now, not_before=now + LATER)
        waiting = sorted(rate(f"waiting-{n}") for n in range(ROUNDS))[ROUNDS // 2]
        for n, part in enumerate(_parts(people, CAPTURES_A_SECOND * seconds * 2)):
            crowd.plan(people, part, f"bench/beside-{n}", now=clock.now())
        for _ in shop.hold(few, "sending", CAPTURES_A_SECOND * seconds, now=history.today()):
            pass
        scratch.settle()
        with sinks.mail() as sink, _worker(sink.port):
            _until(lambda: sink.taken() >= UNDER_WAY)
            sending = captures.measure(server, few, "sending", seconds=seconds)
    return Beside(alone, waiting, sending)


def _parts(people: Crowd, count: int) -> Iterator[list[str]]:
    """Yield so many letters' holders, in parts of which each names nobody twice."""
    while count > 0:
        part = list(people.holders[:count])
        yield part
        count -= len(part)


@contextmanager
def _worker(port: int) -> Iterator[None]:
    """Run the worker as it is run anywhere."""
    environment = {**os.environ, "VERNO_SMTP_URL": f"smtp://{sinks.HOST}:{port}"}
    child = subprocess.Popen([sys.executable, "-m", "verno", "work"], env=environment, stdout=2)
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            message = "the worker did not send what it should"
            raise VernoError(message)
        time.sleep(0.2)
