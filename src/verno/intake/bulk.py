"""The bulk path: a long stream of receipts, in batches, over two lanes at once.

A member's receipts always take the same lane, so that two batches never wait for one member's account: measured,
batches over the same members run one after the other.

A reader (the caller's iterator) fills the lanes' small queues; each lane has a thread and a connection of its own.
Memory stays bounded by the queues, whatever the stream's length. Receipts are idempotent by number, so a stream that
was cut off is simply sent again.
"""

import queue
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from verno.intake import groups
from verno.intake.types import Outcome, Receipt
from verno.kit import db

LANES = 2
BATCH = 500
QUEUED_BATCHES = 3

OnBatch = Callable[[Sequence[int], Sequence[Receipt], Sequence[Outcome | None]], None]
"""Called in a lane's thread after each commit with the receipts' positions in the stream, receipts and outcomes."""


def lane_of(receipt: Receipt) -> int:
    """Return the lane of a receipt: by whom it names, so that a member's receipts keep their order."""
    ref = receipt.member
    named = (ref.id or ref.external_id or ref.phone or ref.card or ref.email or "") if ref else receipt.number
    return zlib.crc32(named.encode()) % LANES


@dataclass(slots=True)
class _Failure:
    error: BaseException | None = None


def load(program_id: str, receipts: Iterable[Receipt], *, now: datetime, on_batch: OnBatch) -> None:
    """Take a stream of receipts of one program; ``on_batch`` hears of every commit (one call at a time).

    Raises what stopped a lane: the database gone, or a callback's exception.
    """
    failure = _Failure()
    guard = threading.Lock()
    queues: list[queue.Queue[list[tuple[int, Receipt]] | None]] = [queue.Queue(QUEUED_BATCHES) for _ in range(LANES)]
    threads = [
        threading.Thread(target=_lane, args=(program_id, source, now, on_batch, guard, failure), daemon=True)
        for source in queues
    ]
    for thread in threads:
        thread.start()
    try:
        _feed(receipts, queues, failure)
    finally:
        for source in queues:
            _put(source, None, failure)
        for thread in threads:
            thread.join()
    if failure.error is not None:
        raise failure.error


def _feed(
    receipts: Iterable[Receipt], queues: Sequence["queue.Queue[list[tuple[int, Receipt]] | None]"], failure: _Failure
) -> None:
    filling: list[list[tuple[int, Receipt]]] = [[] for _ in queues]
    for position, receipt in enumerate(receipts):
        lane = lane_of(receipt)
        filling[lane].append((position, receipt))
        if len(filling[lane]) >= BATCH:
            _put(queues[lane], filling[lane], failure)
            filling[lane] = []
        if failure.error is not None:
            return
    for lane, rest in enumerate(filling):
        if rest:
            _put(queues[lane], rest, failure)


def _put(
    target: "queue.Queue[list[tuple[int, Receipt]] | None]", item: list[tuple[int, Receipt]] | None, failure: _Failure
) -> None:
    """Put an item, waiting for room as long as somebody still reads."""
    while failure.error is None:
        try:
            target.put(item, timeout=0.5)
        except queue.Full:
            continue
        return


def _lane(
    program_id: str,
    source: "queue.Queue[list[tuple[int, Receipt]] | None]",
    now: datetime,
    on_batch: OnBatch,
    guard: threading.Lock,
    failure: _Failure,
) -> None:
    try:
        with db.connect_for_batches() as conn:
            while failure.error is None:
                try:
                    batch = source.get(timeout=0.5)
                except queue.Empty:
                    continue
                if batch is None:
                    return
                taken = [receipt for _, receipt in batch]
                outcomes = groups.commit(conn, program_id, taken, now=now)
                with guard:
                    on_batch([position for position, _ in batch], taken, outcomes)
    except BaseException as error:  # noqa: BLE001 carried to the caller's thread
        failure.error = failure.error or error
