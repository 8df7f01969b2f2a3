"""Watching over the writing of messages: what hangs, or eats the memory, takes its process down at once.

Nothing gentler works: a thread that never returns cannot be ended, and while it holds the loop no other message goes
out. The supervisor starts the worker anew; the message's claim lapses and counts, and it is tried alone from then on.
"""

import logging
import os
import threading
import time
from pathlib import Path

log = logging.getLogger(__name__)

WRITE_SECONDS = 30.0
"""How long one message may take to be written; a letter takes a millisecond."""
WRITE_MEMORY = 1 << 30
"""By how many bytes the process may grow meanwhile."""
LOOK_SECONDS = 0.1
MOST_STEP = 1.0
"""What one look counts at most: time in which the whole machine, or this process, stood still is nobody's."""
HANGS, EATS = 70, 71
"""Exit codes: EX_SOFTWARE, and our own beside it."""


class Watch:
    """Looks at a run from a thread of its own; the run says when it begins to write a message, and when it is done."""

    def __init__(self) -> None:
        """Take no thread yet: most runs find nothing to write."""
        self._since: float | None = None
        self._about = ""
        self._before = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, message_id: str, *, weigh: bool = True) -> None:
        """Note that a message is being written from now on.

        ``weigh``: what the process holds is looked up first; not for each of those that are written one right after
        the other, since to ask the system takes a tenth of the time of a letter.
        """
        if weigh:
            self._before = resident()
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
            self._thread.start()
        self._about = message_id
        self._since = time.monotonic()

    def end(self) -> None:
        """Note that the message is written, or cannot be."""
        self._since = None

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self) -> None:
        """Count how long the same message is being written. What looks bad is believed when it is seen twice."""
        seen: float | None = None
        spent, last, suspected = 0.0, time.monotonic(), 0
        while not self._over.wait(LOOK_SECONDS):
            now, since = time.monotonic(), self._since
            spent = spent + min(now - last, MOST_STEP) if since == seen else 0.0
            found = 0 if since is None else self._judged(spent)
            if found and since == seen and found == suspected and since == self._since:
                self._leave(found)
            seen, last, suspected = since, now, found

    def _judged(self, spent: float) -> int:
        if spent > WRITE_SECONDS:
            return HANGS
        return EATS if resident() - self._before > WRITE_MEMORY else 0

    def _leave(self, code: int) -> None:
        why = "takes too long to be written" if code == HANGS else "eats the memory while it is written"
        log.critical("message %s %s; this process ends, and the message is tried alone", self._about, why)
        os._exit(code)


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
