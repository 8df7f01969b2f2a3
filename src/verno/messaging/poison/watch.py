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

    def begin(self, message_id: str) -> None:
        """Note that a message is being written from now on."""
        if self._thread is None:
            self._before = resident()
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
        while not self._over.wait(LOOK_SECONDS):
            since, now = self._since, resident()
            if since is None:
                self._before = now
            elif time.monotonic() - since > WRITE_SECONDS:
                self._leave(HANGS, "takes too long to be written")
            elif now - self._before > WRITE_MEMORY:
                self._leave(EATS, "eats the memory while it is written")

    def _leave(self, code: int, why: str) -> None:
        log.critical("message %s %s; this process ends, and the message is tried alone", self._about, why)
        os._exit(code)


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
