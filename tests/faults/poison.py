"""A channel whose messages poison what writes them, and a worker of it that tests may lose.

python -m tests.faults.poison MOMENT: send what is due, then try the suspects, as the worker's parts do.
"""

import os
import sys
import time
from datetime import datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")

from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.channels.port import Outcome
from verno.messaging.letters import mime
from verno.messaging.letters.compose import Content
from verno.messaging.poison import watch

POISONS = ("raise", "hang", "leak", "exit", "huge")
LATE = "late"
"""Poison that acts once the letter has arrived, before anybody could write that down."""
PORT = "POISON_PORT"
watch.WRITE_SECONDS = 1.0
watch.WRITE_MEMORY = 256 << 20


class Poisoned(Email):
    """Mail, but for what the context calls poison."""

    def __init__(self, settings: smtp.Settings) -> None:
        super().__init__(settings)
        self._late: set[str] = set()

    def line(self) -> smtp.Line:
        """Return a connection that some letters bring down."""
        return Fatal(self._settings, self._late)

    def write(self, content: Content, address: str, *, now: datetime) -> smtp.Envelope:
        """Write a letter, or do what poison does."""
        poison = str(content.context.get("poison", ""))
        _act(poison)
        if poison == LATE:
            self._late.add(address)
        return super().write(content, address, now=now)


class Fatal(smtp.Line):
    """A connection whose process dies of some addresses' letters, after the server has taken them."""

    def __init__(self, settings: smtp.Settings, late: set[str]) -> None:
        super().__init__(settings)
        self._late = late

    async def hand_over(self, parcel: smtp.Envelope) -> Outcome:
        """Send the letter; of some, die before the answer is told."""
        outcome = await super().hand_over(parcel)
        if parcel.recipient in self._late:
            os._exit(1)
        return outcome


def _act(poison: str) -> None:
    kept: list[bytes] = []
    match poison:
        case "raise":
            raise RuntimeError(poison)
        case "hang":
            while True:
                time.sleep(0.001)
        case "leak":
            while len(kept) < 2048:
                kept.append(b"x" * (1 << 20))
                time.sleep(0.002)
        case "exit":
            os._exit(1)
        case "huge":
            long = "x" * (200 << 20)
            now = datetime.now().astimezone()
            mime.build(mime.Parts("a", "a@b.c", "d@e.f", "s", "", long, "<i@b.c>", now, "en"))


def channel() -> Poisoned:
    """Return the channel, as the process for suspects asks for it."""
    return Poisoned(smtp.Settings("127.0.0.1", int(os.environ[PORT]), connections=4))


def main(moment: str) -> None:
    """Work as a worker does, once through."""
    from verno.messaging.poison import alone
    from verno.messaging.sender import send_due

    started, at = time.monotonic(), datetime.fromisoformat(moment)
    send_due(channel(), lambda: at + timedelta(seconds=time.monotonic() - started), worker_name="worker")
    while alone.step("tests.faults.poison:channel", "email", now=at + timedelta(seconds=time.monotonic() - started)):
        pass


if __name__ == "__main__":
    main(sys.argv[1])
