"""Suspects: messages during which a worker died are tried one at a time, in a process of their own.

Whoever shared a claim with what killed the worker is under suspicion too; alone, the innocent leave at once, and the
other takes down nobody but its own process, until its five lives are over.

python -m verno.messaging.poison.alone TARGET NAME MOMENT
"""

import importlib
import os
import resource
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from verno.kit import db
from verno.messaging.channels.port import Channel
from verno.messaging.desk import MOST_LAPSES, RETRY_AFTER, SUSPECT_WAIT
from verno.messaging.facts import SQL
from verno.messaging.sender import send_due

MOST = 200
"""Suspects of one process."""
MOST_MEMORY = 3 << 30
"""Bytes of address space of such a process, so that it is refused memory long before the machine has none."""
POLL_SECONDS = 0.1


def step(target: str, code: str, *, now: datetime, stopping: Callable[[], bool] | None = None) -> int:
    """Try a channel's suspects in a process of their own; returns 1 when it had any, 0 when there are none.

    ``target`` (``module:callable``) gives the channel there. What the process dies of counts at once, without waiting
    for its claim to lapse.
    """
    with db.across_programs() as conn:
        row = conn.execute(SQL["any_suspects"], {"channel": code, "now": now}).fetchone()
    if row is None or not row[0]:
        return 0
    name = f"alone-{secrets.token_hex(8)}"
    command = [sys.executable, "-m", "verno.messaging.poison.alone", target, name, now.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as child:  # noqa: S603 our own
        while child.poll() is None:
            if stopping is not None and stopping():
                child.terminate()
            time.sleep(POLL_SECONDS)
    if child.returncode:
        parameters = {
            "claim": f"{name}/%",
            "now": now,
            "most": MOST_LAPSES,
            "wait": SUSPECT_WAIT,
            "tries": len(RETRY_AFTER),
            "again": now + RETRY_AFTER[0],
        }
        with db.across_programs() as conn:
            conn.execute(SQL["note_death"], parameters)
    return 1


def main(target: str, name: str, moment: str) -> None:
    """Send the suspects that are due, one at a time."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    module, attribute = target.split(":")
    channel = cast("Callable[[], Channel[object] | None]", getattr(importlib.import_module(module), attribute))()
    if channel is None:
        return
    started, now = time.monotonic(), datetime.fromisoformat(moment)
    send_due(
        channel,
        lambda: now + timedelta(seconds=time.monotonic() - started),
        worker_name=name,
        limit=MOST,
        stopping=over.is_set,
        suspects=True,
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")
    main(*sys.argv[1:4])
