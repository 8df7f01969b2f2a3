"""A broadcast to everybody: its audience frozen and its messages planned, beside COPY of as many rows."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg

from verno.bench import scratch
from verno.bench.messages import crowd
from verno.bench.messages.crowd import Crowd
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.messaging.broadcasts import queries, service
from verno.messaging.broadcasts.running import step
from verno.messaging.broadcasts.types import Channel, Done, NewBroadcast, Result, Variant
from verno.messaging.letters import notice
from verno.workspace import settings
from verno.workspace.audit import Actor, ActorKind

BY, APPROVER = Actor(ActorKind.OPERATOR, "bench"), Actor(ActorKind.OPERATOR, "bench-approver")
RELAY = "VERNO_SMTP_URL"
SENDER = {"legal_name": "Bench", "address": "1 Main Street", "contact": "bench@example.com", "tax_id": "7707083893"}


class Planned(msgspec.Struct, frozen=True):
    """A plan: members, the seconds it took, and COPY's for as many rows of the same width."""

    members: int
    seconds: float
    copy_seconds: float


def everybody(people: Crowd) -> Planned:
    """Plan a broadcast to all members, five in a hundred held out."""
    program, now = people.program.id, clock.now()
    wanted = NewBroadcast("Bench", crowd.NEWS, (Variant("a", notice.TEMPLATE),), (Channel("email"),))
    with db.transaction(program) as conn:
        for name, said in SENDER.items():
            settings.write(conn, program, f"brand.{name}", said, now=now)
        one = _done(service.create(conn, program, [wanted], by=BY, now=now)[0])
        _done(service.approve(conn, program, one, version=1, by=APPROVER, now=now))
        with _connected():
            _done(service.launch(conn, program, one, by=BY, now=now))
    scratch.settle()
    began = time.monotonic()
    while step.step(now=clock.now()):
        pass
    took = time.monotonic() - began
    with db.transaction(program) as conn:
        found = queries.progress(conn, program, one)
    waiting = found.by_state.get("waiting", 0)
    if waiting or found.total < len(people.holders):
        message = f"{waiting} of {found.total} members are not planned"
        raise VernoError(message)
    return Planned(found.total, took, _copy(found.total))


@contextmanager
def _connected() -> Iterator[None]:
    """Name a relay, as a launch asks for; none is called."""
    before = os.environ.get(RELAY)
    os.environ[RELAY] = "smtp://127.0.0.1:25"
    try:
        yield
    finally:
        os.environ.pop(RELAY)
        if before is not None:
            os.environ[RELAY] = before


def _copy(rows: int) -> float:
    """Return how long COPY takes for as many rows as wide as a message's."""
    row = "\t".join(["01a19656-4a80-7816-8000-37f211ac0040"] * 3 + ["x" * 600]) + "\n"
    block = row * 1000
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute("CREATE TEMP TABLE plain (holder uuid, id uuid, program uuid, rest text)")
        began = time.monotonic()
        with conn.cursor().copy("COPY plain FROM STDIN") as copy:
            for _ in range(rows // 1000):
                copy.write(block)
        return time.monotonic() - began


def _done(result: Result) -> str:
    if not isinstance(result, Done):
        message = f"the broadcast was refused: {result}"
        raise VernoError(message)
    return result.broadcast.id
