"""The one clock. Only doors read it; engines and services take ``now`` as an argument."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def system_now() -> datetime:
    """Return the current moment, UTC."""
    return datetime.now(UTC)  # noqa: TID251 the one place


@dataclass(slots=True)
class Clock:
    """The clock port: doors ask ``clock.now()``; a test or ``verno demo --as-of`` sets another reader."""

    read: Callable[[], datetime] = system_now

    def now(self) -> datetime:
        """Return the current moment, UTC."""
        return self.read()


clock = Clock()
