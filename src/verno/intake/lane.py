"""A lane of the bulk path: a process that takes batches from its input and answers what became of them.

Frames are a length in four bytes and MessagePack. The first frame is an ``Order``, each further one a batch of
receipts; each answer is a list of outcomes, the first an empty one that says the lane has begun, or the sentence that
says why it stops. The lane ends with its input.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from queue import Queue
from struct import Struct
from typing import IO, TypeAlias

import msgspec

from verno.intake import context, groups, service
from verno.intake.context import Context, Settlement
from verno.intake.types import Attributes, Line, Outcome, Receipt, Replayed, Settled
from verno.kit import config, db
from verno.kit.db import Connection
from verno.kit.errors import Unavailable, VernoError

_LENGTH = Struct(">I")
READ_AHEAD = 2
"""Batches read while one is at work, so that a lane never waits for its input."""

Outcomes: TypeAlias = list[Outcome | None]

_encode = msgspec.msgpack.Encoder().encode


class Order(msgspec.Struct, frozen=True):
    """Whose receipts come, and what time it is: a lane reads no clock."""

    program_id: str
    now: datetime


class _Line(Line, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A line as we sent it ourselves: its quantity was seen to be one when it was read first.

    A pattern for every line is two thirds of what a receipt costs to read.
    """

    quantity: str
    attributes: Attributes | None = None  # type: ignore[assignment]
    """None where there are none, instead of an empty dictionary for each line."""


class _Receipt(Receipt, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    lines: list[_Line]  # type: ignore[assignment]


_orders = msgspec.msgpack.Decoder(Order)
_receipts = msgspec.msgpack.Decoder(list[_Receipt])
_answers: msgspec.msgpack.Decoder[Outcomes | str] = msgspec.msgpack.Decoder(Outcomes | str)


class Taker:
    """Settles and commits one batch after the other, over one connection, in the hope that all of it is new.

    A load's receipts are, and then need no look-up of their numbers. Where one is not, the claim of its number fails,
    the batch is tried again with a look-up, and so are those after it, until one is new throughout.
    """

    def __init__(self, conn: Connection, program_id: str, now: datetime) -> None:
        """``now`` is that of the whole load."""
        self.conn = conn
        self.program_id = program_id
        self.now = now
        self._hopes = True

    def take(self, batch: Sequence[Receipt]) -> Outcomes:
        """Return one outcome a receipt, in order, without the answers' bytes."""
        return [_bare(one) for one in groups.serve(self.conn, self.program_id, batch, self._settle, now=self.now)]

    def _settle(self, conn: Connection, about: Context, batch: Sequence[Receipt], /, *, now: datetime) -> Settlement:
        hopes, self._hopes = self._hopes, False
        done = service.settle(conn, about, batch, now=now, new=hopes)
        self._hopes = all(isinstance(outcome, Settled) for outcome in done.outcomes)
        return done


def _bare(outcome: Outcome | None) -> Outcome | None:
    if isinstance(outcome, Settled):
        return Settled(outcome.receipt_id, b"", outcome.points, outcome.matched)
    if isinstance(outcome, Replayed):
        return Replayed(outcome.receipt_id, b"")
    return outcome


def write_frame(pipe: IO[bytes] | None, message: object) -> None:
    """Write one frame; raises ``OSError`` when nobody reads any more."""
    if pipe is None or pipe.closed:
        raise BrokenPipeError
    body = _encode(message)
    pipe.write(_LENGTH.pack(len(body)) + body)
    pipe.flush()


def read_frame(pipe: IO[bytes] | None) -> bytes | None:
    """Read one frame; None at the end of the input, also in the middle of a frame."""
    head = pipe.read(_LENGTH.size) if pipe else b""
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length) if pipe else b""
    return body if len(body) == length else None


def read_answer(pipe: IO[bytes] | None) -> Outcomes | None:
    """Read a lane's answer; None at its end. Raises ``Unavailable`` with the lane's own sentence."""
    body = read_frame(pipe)
    if body is None:
        return None
    answer = _answers.decode(body)
    if isinstance(answer, str):
        raise Unavailable(answer)
    return answer


def main() -> None:
    """Serve one order: standard input to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer; we end with our input
    _speak()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    first = read_frame(source)
    if first is None:
        return
    order = _orders.decode(first)
    frames: Queue[bytes | None] = Queue(READ_AHEAD)
    threading.Thread(target=_read_ahead, args=(source, frames), daemon=True).start()
    try:
        with db.connect_for_batches(order.program_id) as conn:
            context.of(conn, order.program_id).learn_all_goods(conn)
            conn.commit()
            write_frame(target, [])
            taker = Taker(conn, order.program_id, order.now)
            while (body := frames.get()) is not None:
                write_frame(target, taker.take(_receipts.decode(body)))
    except BrokenPipeError:
        os._exit(1)  # the parent is gone, and with it the one to tell
    except (VernoError, db.DatabaseError) as error:
        write_frame(target, str(error).strip() or type(error).__name__)


def _speak() -> None:
    """Prepare Django's translations, all that a lane has of it: it starts in a third of the time."""
    from django.apps import apps  # noqa: PLC0415 a process of its own
    from django.conf import settings  # noqa: PLC0415 the same

    settings.configure(LANGUAGE_CODE="en", LOCALE_PATHS=[config.LOCALE])
    apps.populate(())


def _read_ahead(source: IO[bytes], frames: "Queue[bytes | None]") -> None:
    while (body := read_frame(source)) is not None:
        frames.put(body)
    frames.put(None)


if __name__ == "__main__":
    main()
