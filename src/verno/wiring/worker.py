"""The worker: a thread for each part and one for the queue. One part's trouble does not stop the others."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.wiring import jobs

log = logging.getLogger(__name__)

STOP_SECONDS = 8.0
"""How long parts may finish what they are at; the threads are daemons, so none can hold the process."""
TROUBLE_SECONDS = 2.0
"""The pause after a failure."""


def run(stop: threading.Event) -> None:
    """Run every part until ``stop``."""
    threads = [_thread(name, partial(loop, name, part, stop)) for name, part in jobs.PARTS.items()]
    threads.append(_thread("queue", partial(_queue, stop)))
    for thread in threads:
        thread.start()
    stop.wait()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def loop(name: str, part: jobs.Looped, stop: threading.Event) -> None:
    """Call one part's verb again and again: at once while it finds work, after its pause when not."""
    while not stop.is_set():
        pause = TROUBLE_SECONDS
        try:
            done = jobs.load(part.target)(now=clock.now(), stopping=stop.is_set)
            pause = 0.0 if done else part.pause
        except Unavailable as error:
            log.warning("%s: %s", name, error)
        except Exception:
            log.exception("%s failed; it is tried again", name)
        stop.wait(pause)


def _queue(stop: threading.Event) -> None:
    from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 a third of a second

    from verno.wiring import queue  # noqa: PLC0415

    while not stop.is_set():
        try:
            asyncio.run(queue.serve(queue.make_app(stop), stop))
        except ConnectorException:
            log.warning("queue: the database does not answer; trying again")
            stop.wait(TROUBLE_SECONDS)
        except Exception:
            log.exception("the queue failed; it is opened again")
            stop.wait(TROUBLE_SECONDS)


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    return threading.Thread(target=target, name=name, daemon=True)
