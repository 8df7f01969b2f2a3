"""Remember a costly answer for as long as asking again would be a burden.

The dashboard of a shop with ten million receipts takes a second to add up; every open tab asks for it every ten
seconds. An answer is kept for twenty times what it cost: at most a twentieth of one core goes into it, and a small
shop's figures are never older than a blink.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

WORTH = 20


class Memo(Generic[T]):
    """Answers by key, of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing remembered."""
        self._clock = clock
        self._kept: dict[str, tuple[float, T]] = {}
        self._guard = threading.Lock()

    def get(self, key: str, ask: Callable[[], T]) -> T:
        """Return what is remembered of ``key``, or ask. One asks at a time, the others take its answer."""
        with self._guard:
            started = self._clock()
            kept = self._kept.get(key)
            if kept is not None and started < kept[0]:
                return kept[1]
            answer = ask()
            ended = self._clock()
            self._kept[key] = (ended + WORTH * (ended - started), answer)
            return answer
