"""The bulk path: a long stream of receipts, in batches, over two lanes at once.

A lane is a process with a connection of its own (``verno.intake.lane``): threads would share one interpreter's time,
and measured, two of them leave a third of two cores idle. A member's receipts always take the same lane, so that they
keep their order and two batches never wait for one member's account. Within a lane they are gathered by member, too: a
batch has many receipts of few members, which locks and writes fewer accounts and stays in fewer pages of each index.
Memory stays bounded by what is gathered and a few batches, whatever the stream's length. Receipts are idempotent by
number, so a stream that was cut off is simply sent again.
"""

import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import TypeAlias

from verno.intake import lane
from verno.intake.types import Outcome, Receipt
from verno.kit import db
from verno.kit.errors import Unavailable

LANES = 2
BATCH = 500
BUCKETS = 32
"""Gathered at once, the same number for each lane; together at most half a batch each on the average."""
LATEST = 2
"""How many times the buckets' whole room may pass by a receipt before it goes, full batch or not: a stream that is cut
off goes on at the first that was not taken."""
SHORT = 2_000
"""Streams up to this length are taken here: two interpreters would take longer to start."""
UNDER_WAY = 3
"""Batches sent to a lane and not yet answered: one at work, one on the way, one to come."""

OnBatch = Callable[[Sequence[int], Sequence[Receipt], Sequence[Outcome | None]], None]
"""Called after each commit with the receipts' positions in the stream, the receipts and their outcomes (without the
answers' bytes), one call at a time."""


def bucket_of(receipt: Receipt) -> int:
    """Return the bucket of a receipt: by whom it names, so that a member's receipts keep their order."""
    ref = receipt.member
    named = (ref.id or ref.external_id or ref.phone or ref.card or ref.email or "") if ref else receipt.number
    return zlib.crc32(named.encode()) % BUCKETS


def load(program_id: str, receipts: Iterable[Receipt], *, now: datetime, on_batch: OnBatch) -> None:
    """Take a stream of receipts of one program; ``on_batch`` hears of every commit.

    Raises ``Unavailable`` when the database or a lane is gone, and whatever ``on_batch`` raised.
    """
    stream = iter(receipts)
    head = list(islice(stream, SHORT + 1))
    if len(head) <= SHORT:
        _take_here(program_id, head, now=now, on_batch=on_batch)
        return
    with opened(program_id, now=now, on_batch=on_batch) as lanes:
        lanes.load(chain(head, stream))


@contextmanager
def opened(program_id: str, *, now: datetime, on_batch: OnBatch) -> Iterator["Lanes"]:
    """Start the lanes, and end them with the block: for one stream of any length. Raises as ``load`` does."""
    guard = threading.Lock()
    lanes = Lanes([Lane(program_id, now, on_batch, guard) for _ in range(LANES)])
    try:
        yield lanes
    finally:
        for one in lanes.lanes:
            one.stop()


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lanes of one stream."""

    lanes: Sequence["Lane"]

    def wait(self) -> None:
        """Wait until every lane is connected and knows the goods; nobody has to."""
        for one in self.lanes:
            one.ready.wait()
            one.check()

    def load(self, receipts: Iterable[Receipt]) -> None:
        """Take the stream, and wait for the last answer."""
        for positions, batch, where in _batches(receipts):
            self.lanes[where].send(positions, batch)
        for one in self.lanes:
            one.finish()


def _take_here(program_id: str, receipts: Sequence[Receipt], *, now: datetime, on_batch: OnBatch) -> None:
    with db.connect_for_batches() as conn:
        taker = lane.Taker(conn, program_id, now)
        for positions, batch, _ in _batches(receipts):
            on_batch(positions, batch, taker.take(batch))


Filling: TypeAlias = tuple[list[int], list[Receipt]]


def _batches(receipts: Iterable[Receipt]) -> Iterator[tuple[list[int], list[Receipt], int]]:
    """Yield (positions in the stream, receipts, lane), each batch of one lane; what is left goes together."""
    buckets: list[Filling] = [([], []) for _ in range(BUCKETS)]
    for position, receipt in enumerate(receipts):
        number = bucket_of(receipt)
        positions, batch = buckets[number]
        positions.append(position)
        batch.append(receipt)
        if len(batch) >= BATCH:
            buckets[number] = ([], [])
            yield positions, batch, number % LANES
            for late, (waiting, few) in enumerate(buckets):
                if waiting and position - waiting[0] > LATEST * BUCKETS * BATCH:
                    buckets[late] = ([], [])
                    yield waiting, few, late % LANES
    for where in range(LANES):
        positions = list(chain.from_iterable(waiting for waiting, _ in buckets[where::LANES]))
        batch = list(chain.from_iterable(few for _, few in buckets[where::LANES]))
        for at in range(0, len(batch), BATCH):
            yield positions[at : at + BATCH], batch[at : at + BATCH], where


class Lane:
    """One lane's process, and the thread that hears its answers."""

    def __init__(self, program_id: str, now: datetime, on_batch: OnBatch, guard: threading.Lock) -> None:
        """Start the process; it ends when its input does, so it never outlives us."""
        self.child = subprocess.Popen(
            [sys.executable, "-m", "verno.intake.lane"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.on_batch = on_batch
        self.guard = guard
        self.under_way: list[tuple[list[int], list[Receipt]]] = []
        self.room = threading.Semaphore(UNDER_WAY)
        self.failure: BaseException | None = None
        self.ready = threading.Event()
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        self.write(lane.Order(program_id, now))

    def send(self, positions: list[int], batch: list[Receipt]) -> None:
        """Send a batch once there is room; raises what stopped the lane."""
        while not self.room.acquire(timeout=0.5):
            self.check()
        self.check()
        self.under_way.append((positions, batch))
        self.write(batch)

    def write(self, message: object) -> None:
        """Write one frame."""
        try:
            lane.write_frame(self.child.stdin, message)
        except OSError:
            self.listener.join()
            self.check()
            raise

    def finish(self) -> None:
        """Say that nothing more comes, and wait for the last answers; raises what stopped the lane."""
        if self.child.stdin:
            with suppress(BrokenPipeError):  # what it says is what the listener found
                self.child.stdin.close()
        self.listener.join()
        self.check()

    def stop(self) -> None:
        """End the process, whatever it is at: what it has not committed was never answered, and is sent again."""
        if self.child.poll() is None:
            self.child.kill()
        self.listener.join()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe and not pipe.closed:
                with suppress(BrokenPipeError):  # of what was half written nobody reads the rest
                    pipe.close()
        self.child.wait()

    def check(self) -> None:
        """Raise what stopped the lane, if anything did."""
        if self.failure is not None:
            raise self.failure

    def listen(self) -> None:
        """Hand each answer to ``on_batch``, in the order of the batches."""
        try:
            lane.read_answer(self.child.stdout)  # an empty one: it has begun
            self.ready.set()
            while (answer := lane.read_answer(self.child.stdout)) is not None:
                positions, batch = self.under_way.pop(0)
                with self.guard:
                    self.on_batch(positions, batch, answer)
                self.room.release()
        except BaseException as error:  # noqa: BLE001 carried to the caller's thread
            self.failure = error
            self.ready.set()
            self.child.kill()
            return
        if self.child.wait() != 0 or self.under_way:
            self.failure = Unavailable("a lane of the import has died; start it again, it goes on where it was")
