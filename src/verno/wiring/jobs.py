"""What the worker does: a dictionary for each kind of work, each name with the place its verb lies at.

A *part* runs in a loop of its own in every worker; a *scheduled* job is woken by the clock through the queue, once
whatever the number of workers. Both are verbs ``(now) -> int``: they open their own transactions, and return how
much they did.
"""

import importlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol, cast

from verno.kit import db, outbox
from verno.ledger import service as ledger
from verno.messaging import statements
from verno.workspace import queries as workspace


class Work(Protocol):
    """A verb of the worker."""

    def __call__(self, *, now: datetime) -> int:
        """Do what is due at ``now``; return how much was done."""


class Looped(NamedTuple):
    """A part: where its verb lies, and the pause when it found nothing to do."""

    target: str
    pause: float


class Scheduled(NamedTuple):
    """A job: where its verb lies, and when (cron, UTC) it is woken."""

    target: str
    cron: str


BEAT_SECONDS = 3.0
PART = "worker"
"""The name that ``/readyz`` looks for among the heartbeats."""

PARTS: Mapping[str, Looped] = {
    "heartbeat": Looped("verno.wiring.jobs:beat", BEAT_SECONDS),
    "reports": Looped("verno.reports.reader:step", 0.5),
}

SCHEDULED: Mapping[str, Scheduled] = {
    "settle-due": Scheduled("verno.wiring.jobs:settle_due", "* * * * *"),
    "statements": Scheduled("verno.wiring.jobs:plan_statements", "7 * * * *"),
}


def load(target: str) -> Work:
    """Import the verb at ``module:attribute``."""
    module, attribute = target.split(":")
    return cast("Work", getattr(importlib.import_module(module), attribute))


def beat(*, now: datetime) -> int:
    """Say that this worker lives; returns 0, so that the pause is kept."""
    with db.transaction() as conn:
        outbox.beat(conn, PART, now=now)
    return 0


def settle_due(*, now: datetime) -> int:
    """Make visible, program by program, what time alone has changed in the ledger."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        while done := _settle_some(program, now):
            total += done
    return total


def _settle_some(program: str, now: datetime) -> int:
    with db.transaction() as conn:
        return ledger.settle_due(conn, program, now=now)


def plan_statements(*, now: datetime) -> int:
    """Plan last month's points statements where they are missing; returns how many are on their way."""
    with db.transaction() as conn:
        return sum(counts.queued for counts in statements.due_statements(conn, now=now).values())
