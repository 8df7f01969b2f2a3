"""What the worker does: a dictionary for each kind of work, each name with the place its verb lies at.

A *part* runs in a loop of its own in every worker; a *scheduled* job is woken by the clock through the queue, once
whatever the number of workers. Both are verbs that open their own transactions and return how much they did.
"""

import importlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol, cast


class Work(Protocol):
    """A verb of the worker."""

    def __call__(self, *, now: datetime, stopping: Callable[[], bool]) -> int:
        """Do what is due at ``now``; long work ends early once ``stopping`` says so. Return how much was done."""


class Looped(NamedTuple):
    """A part: where its verb lies, and the pause in seconds when it found nothing to do."""

    target: str
    pause: float


class Scheduled(NamedTuple):
    """A job: where its verb lies, and when (cron, UTC) it is woken."""

    target: str
    cron: str


WORKER = "worker"
"""The name under which a worker says that it lives."""

PARTS: Mapping[str, Looped] = {
    "heartbeat": Looped("verno.wiring.chores:beat", 3.0),
    "reports": Looped("verno.wiring.chores:count_receipts", 0.5),
    "notices": Looped("verno.wiring.chores:tell_moves", 0.5),
    "broadcasts": Looped("verno.wiring.chores:plan_broadcasts", 1.0),
    "urgent-mail": Looped("verno.wiring.chores:send_urgent_mail", 0.5),
    "mail": Looped("verno.wiring.chores:send_mail", 1.0),
    "urgent-texts": Looped("verno.wiring.chores:send_urgent_texts", 0.5),
    "texts": Looped("verno.wiring.chores:send_texts", 1.0),
    "urgent-chats": Looped("verno.wiring.chores:send_urgent_chats", 0.5),
    "chats": Looped("verno.wiring.chores:send_chats", 1.0),
    "urgent-pushes": Looped("verno.wiring.chores:send_urgent_pushes", 0.5),
    "pushes": Looped("verno.wiring.chores:send_pushes", 1.0),
    "heard-chats": Looped("verno.wiring.chores:hear_chats", 5.0),
    "parked": Looped("verno.wiring.chores:wake_parked", 5.0),
    "suspects": Looped("verno.wiring.chores:send_suspects", 5.0),
    "refusals": Looped("verno.wiring.chores:watch_refusals", 5.0),
    "heard-texts": Looped("verno.wiring.chores:hear_texts", 5.0),
    "bounces": Looped("verno.wiring.chores:read_bounces", 30.0),
    "seal": Looped("verno.wiring.chores:seal_history", 5.0),
    "replay": Looped("verno.wiring.chores:replay", 1.0),
    "events": Looped("verno.wiring.chores:note_events", 0.5),
    "duplicates": Looped("verno.wiring.chores:find_duplicates", 60.0),
    "imports": Looped("verno.wiring.chores:import_members", 2.0),
    "webhooks": Looped("verno.wiring.chores:send_webhooks", 1.0),
}

SCHEDULED: Mapping[str, Scheduled] = {
    "settle-due": Scheduled("verno.wiring.chores:settle_due", "* * * * *"),
    "move-stragglers": Scheduled("verno.wiring.chores:move_stragglers", "* * * * *"),
    "tell-days": Scheduled("verno.wiring.chores:tell_days", "*/10 * * * *"),
    "close-day": Scheduled("verno.wiring.chores:close_day", "*/10 * * * *"),
    "retry-receipts": Scheduled("verno.wiring.chores:retry_receipts", "* * * * *"),
    "apply-parked": Scheduled("verno.wiring.chores:apply_parked", "* * * * *"),
    "fill-tracks": Scheduled("verno.wiring.chores:fill_tracks", "* * * * *"),
    "sweep-progress": Scheduled("verno.wiring.chores:sweep_progress", "* * * * *"),
    "forget-limits": Scheduled("verno.wiring.chores:forget_limits", "37 * * * *"),
    "sort-districts": Scheduled("verno.wiring.chores:sort_districts", "* * * * *"),
    "forget-turns": Scheduled("verno.wiring.chores:forget_turns", "17 3 * * *"),
    "rest-addresses": Scheduled("verno.wiring.chores:rest_addresses", "23 * * * *"),
    "watch-complaints": Scheduled("verno.wiring.chores:watch_complaints", "* * * * *"),
    "forget-paces": Scheduled("verno.wiring.chores:forget_paces", "*/10 * * * *"),
    "forget-returning": Scheduled("verno.wiring.chores:forget_returning", "57 3 * * *"),
    "forget-budgets": Scheduled("verno.wiring.chores:forget_budgets", "47 3 * * *"),
    "forget-webhooks": Scheduled("verno.wiring.chores:forget_webhooks", "27 * * * *"),
    "statements": Scheduled("verno.wiring.chores:plan_statements", "7 * * * *"),
}


def load(target: str) -> Work:
    """Import the verb at ``module:attribute``; here and not above, since the server needs the names only."""
    module, attribute = target.split(":")
    return cast("Work", getattr(importlib.import_module(module), attribute))
