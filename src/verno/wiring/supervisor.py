"""One process tree: starts parts, restarts dead ones with back-off, gives up when one keeps dying.

Deaths are counted in a sliding minute: the fifth of one part stops everything. A part is anything
with the four methods below, so that tests use parts without processes.
"""

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from verno.kit.embedded.cluster import Cluster
from verno.kit.embedded.cluster import stop as stop_cluster
from verno.kit.errors import Unavailable, VernoError

log = logging.getLogger(__name__)

MAX_DEATHS = 5
WINDOW_SECONDS = 60.0
BACK_OFF_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""The wait before the next start, by the number of deaths in the window."""
STOP_SECONDS = 10.0
TICK_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


class Part(Protocol):
    """What the supervisor keeps alive."""

    name: str

    def start(self) -> None:
        """Start it; raises ``VernoError`` when that fails."""

    def alive(self) -> bool:
        """Tell whether it lives."""

    def ask_to_stop(self) -> None:
        """Ask it to end."""

    def stop(self) -> None:
        """End it, by force when it does not end by itself; harmless when it is dead."""


@dataclass
class Process:
    """A part that is one of our own commands."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Spawn the command in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.child = subprocess.Popen(  # noqa: S603 our own command
            list(self.command),
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=2,  # standard output belongs to the supervisor's word "ready"
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 the supervisor has no threads
        )

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.child is not None and self.child.poll() is None

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()

    def stop(self) -> None:
        """Wait for the end, then kill the whole session."""
        if self.child is None:
            return
        self.ask_to_stop()
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %.0f s; killed", self.name, STOP_SECONDS)
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


@dataclass
class Database:
    """The embedded PostgreSQL as a part. It may belong to another command that was quicker to start it."""

    cluster: Cluster
    server: subprocess.Popen[bytes] | None
    name: str = "database"
    _asked_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it again."""
        self.server = self.cluster.revive()

    def alive(self) -> bool:
        """Tell whether our server runs, or whether the one of another command answers (asked once a second)."""
        if self.server is not None:
            return self.server.poll() is None
        if time.monotonic() - self._asked_at < 1:
            return True
        self._asked_at = time.monotonic()
        return self.cluster.answers()

    def ask_to_stop(self) -> None:
        """Leave it to ``stop``: others may still write their last words to it."""

    def stop(self) -> None:
        """Stop our server."""
        if self.server is not None:
            stop_cluster(self.server)


@dataclass
class _Record:
    """What the supervisor remembers of one part."""

    part: Part
    deaths: deque[float] = field(default_factory=deque)
    start_at: float | None = None


class Supervisor:
    """Keeps parts alive; runs in the main thread, since the kernel ties a child to the thread that spawned it."""

    def __init__(self, parts: Sequence[Part], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the parts in the order they start; they stop in the opposite one."""
        self._records = [_Record(part) for part in parts]
        self._clock = clock

    def start(self) -> None:
        """Start what does not live yet; raises ``VernoError``."""
        for record in self._records:
            if not record.part.alive():
                record.part.start()

    def tick(self) -> None:
        """Look after each part once; raises ``Unavailable`` when one has died too often."""
        now = self._clock()
        for record in self._records:
            if record.start_at is None:
                if not record.part.alive():
                    self._bury(record, now, "died")
            elif now >= record.start_at:
                self._restart(record, now)

    def stop(self) -> None:
        """Stop everything, the last started first; the order to end reaches all before we wait for any."""
        for record in reversed(self._records):
            record.part.ask_to_stop()
        for record in reversed(self._records):
            record.part.stop()

    def _restart(self, record: _Record, now: float) -> None:
        record.start_at = None
        try:
            record.part.start()
        except VernoError as error:
            log.warning("%s", error)
            self._bury(record, now, "did not start")

    def _bury(self, record: _Record, now: float, what: str) -> None:
        deaths = record.deaths
        deaths.append(now)
        while deaths[0] <= now - WINDOW_SECONDS:
            deaths.popleft()
        if len(deaths) >= MAX_DEATHS:
            message = f"the {record.part.name} died {MAX_DEATHS} times within a minute; everything is stopped"
            raise Unavailable(message)
        wait = BACK_OFF_SECONDS[len(deaths) - 1]
        log.warning("the %s %s; it starts again in %.1f s", record.part.name, what, wait)
        record.start_at = now + wait


def die_with(parent: int, sign: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return what a child calls on itself to be killed when ``parent``, its spawner, dies in any way."""

    def tie() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)

    return tie
