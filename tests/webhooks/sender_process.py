"""A worker's two parts as a process of their own, for tests that kill it; its time runs faster than ours.

``python -m tests.webhooks.sender_process BEGAN MOMENT SPEED SECONDS``: it was ``MOMENT`` when our clock said ``BEGAN``.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

NEVER = threading.Event()


def running(began: float, moment: datetime, speed: float) -> Callable[[], datetime]:
    """Return a clock that goes ``speed`` times as fast as ours."""
    return lambda: moment + timedelta(seconds=(time.time() - began) * speed)


def work(now: Callable[[], datetime], seconds: float, stop: threading.Event) -> None:
    """Note events and send them, side by side, until ``stop``."""
    from verno.webhooks.sending import reader
    from verno.webhooks.sending.sender import send_due

    def note() -> None:
        while not stop.is_set():
            if not reader.step(now=now()):
                stop.wait(0.02)

    noting = threading.Thread(target=note, daemon=True)
    noting.start()
    while not stop.is_set():
        if not send_due(now, worker_name="process", stopping=stop.is_set, seconds=seconds):
            stop.wait(0.02)
    noting.join()


def main() -> None:
    """Work until killed."""
    import django

    django.setup()
    began, moment, speed, seconds = sys.argv[1:]
    work(running(float(began), datetime.fromisoformat(moment), float(speed)), float(seconds), NEVER)


if __name__ == "__main__":
    main()
