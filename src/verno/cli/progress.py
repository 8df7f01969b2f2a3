"""Progress bars with rates on standard error; long work asks for one, whoever runs it."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

SECONDS_BETWEEN = 5.0
"""How often a bar is drawn where standard error is a file, so that a log stays readable."""


class Bars:
    """Opens bars; with ``stop`` set, the next step of any of them ends the work with ``KeyboardInterrupt``."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        """Watch ``stop`` when given."""
        self._stop = stop

    @contextmanager
    def __call__(self, title: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """Open a bar; ``total`` None when nobody knows. Gives the function to call with the steps done."""
        pause = 0.1 if sys.stderr.isatty() else SECONDS_BETWEEN
        with tqdm(
            total=total, desc=title, unit=f" {unit}", file=sys.stderr, mininterval=pause, dynamic_ncols=True
        ) as bar:

            def step(count: int) -> None:
                if self._stop is not None and self._stop.is_set():
                    raise KeyboardInterrupt
                bar.update(count)

            yield step
