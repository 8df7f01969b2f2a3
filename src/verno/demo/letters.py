"""Last month's points statements, planned and sent to the catcher."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from verno.demo.load import Progress
from verno.demo.program import SQL, Demo
from verno.kit import db, localtime
from verno.kit.errors import BrokenInvariant
from verno.messaging import sender, statements
from verno.messaging.channels.email.channel import relay
from verno.messaging.sender import SendCounts
from verno.messaging.statements import StatementRefusal

WORKER = "demo"
"""The sender's name; its claims begin with it, so that those of a killed demo are known."""
LEASES_LAPSED = timedelta(hours=1)
"""Longer than the sender's longest lease."""


def last_month(demo: Demo, now: datetime) -> tuple[int, int]:
    """Return (year, month) of the last whole month on the program's calendar."""
    return localtime.month_before(localtime.business_date(now, localtime.zone(demo.program.timezone)))


def occasion(demo: Demo, now: datetime) -> dict[str, str]:
    """Return the parameters that find last month's statements."""
    return {"program": demo.program.id, "dedupe_key": statements.occasion(*last_month(demo, now))}


def send_statements(demo: Demo, *, progress: Progress, now: datetime) -> None:
    """Plan what is not planned yet and send what was not sent; a second run finds nothing to do.

    What a killed demo held is taken up by a second pass at a moment when its leases have lapsed: one demo runs at a
    time, so nobody else can be at work on them.
    """
    year, month = last_month(demo, now)
    with db.transaction(demo.program.id) as conn:
        planned = statements.plan_statements(conn, demo.program, year, month, now=now)
    if isinstance(planned, StatementRefusal):
        message = f"the statements of {year}-{month:02d} were not planned: {planned}"
        raise BrokenInvariant(message)
    waiting = _count("waiting", demo, now)
    if not waiting:
        return
    with progress("statements", waiting, "mails") as step:
        _send(now, step)
        if _count("stuck", demo, now):
            _send(now + LEASES_LAPSED, step)


def _send(now: datetime, step: Callable[[int], None]) -> None:
    started = time.monotonic()
    seen = 0

    def told(counts: SendCounts) -> None:
        nonlocal seen
        step(counts.total - seen)
        seen = counts.total

    channel = relay()
    if channel is not None:
        sender.send_due(
            channel,
            lambda: now + timedelta(seconds=time.monotonic() - started),
            worker_name=WORKER,
            progress=told,
        )


def _count(statement: str, demo: Demo, now: datetime) -> int:
    with db.transaction(demo.program.id) as conn:
        row = conn.execute(SQL[statement], occasion(demo, now)).fetchone()
    return row[0] if row else 0
