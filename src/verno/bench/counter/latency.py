"""Requests at a steady pace, as a queue at the counter sends them, and how long each took.

Open loop: a request is due at its time whether or not the one before has been answered, and its wait counts, so that a
server that stumbles cannot hide it by slowing its clients down.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue

import msgspec

from verno.bench.http import Server
from verno.kit.errors import VernoError

SENDERS = 16
TIMEOUT = 30.0

Request = tuple[str, bytes]
"""(path, body)."""


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds."""

    requests: int
    p50: float
    p99: float
    worst: float


def of(times: Iterable[float]) -> Latency:
    """Return the percentiles of times in seconds."""
    found = sorted(times)
    if not found:
        message = "nothing was measured"
        raise VernoError(message)

    def at(share: float) -> float:
        return found[min(len(found) - 1, int(share * len(found)))] * 1000

    return Latency(len(found), at(0.5), at(0.99), found[-1] * 1000)


def measure(
    server: Server,
    key: str,
    requests: Iterable[Request],
    *,
    rate: float,
    good: frozenset[int] = frozenset({200, 201}),
    until: Callable[[], bool] | None = None,
) -> Latency:
    """Send the requests at ``rate`` a second, until they end or ``until`` says so. Raises on any answer not good."""
    due: SimpleQueue[tuple[float, Request] | None] = SimpleQueue()
    times: list[float] = []
    bad: list[str] = []
    senders = [
        threading.Thread(target=_send, args=(server.port, key, due, times, bad, good), daemon=True)
        for _ in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    began = time.monotonic() + 0.1
    for number, request in enumerate(requests):
        moment = began + number / rate
        time.sleep(max(0.0, moment - time.monotonic()))
        if bad or (until is not None and until()):
            break
        due.put((moment, request))
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    if bad:
        raise VernoError(bad[0])
    return of(times)


def _send(
    port: int,
    key: str,
    due: "SimpleQueue[tuple[float, Request] | None]",
    times: list[float],
    bad: list[str],
    good: frozenset[int],
) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    while True:
        try:
            item = due.get(timeout=TIMEOUT)
        except Empty:
            return
        if item is None:
            conn.close()
            return
        moment, (path, body) = item
        try:
            conn.request("POST", path, body, headers)
            answer = conn.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            bad.append(f"{path}: {error}")
            return
        times.append(time.monotonic() - moment)
        if answer.status not in good:
            bad.append(f"{path}: {answer.status} {text[:200].decode(errors='replace')}")
