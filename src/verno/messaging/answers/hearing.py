"""The ear of the channels: takes what they bring, a batch at a time, in a transaction of its own."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from verno.kit import db
from verno.kit.db import Connection
from verno.members import stopping
from verno.members.words import heard as kept
from verno.members.words.heard import NewWord
from verno.messaging.answers import receipts, replying
from verno.messaging.channels.port import Heard, Receipt
from verno.messaging.leaving import farewell, links
from verno.workspace import queries as workspace
from verno.workspace.types import Program


def hear(told: Sequence[Receipt], words: Sequence[Heard]) -> None:
    """Write receipts, and obey what members wrote.

    STOP and its like end all that is no service on the channel, and are answered once a day; anything else is kept for
    a person to read, where a member wrote it.
    """

    def work() -> None:
        with db.across_programs() as conn:
            moment = max([*(one.at for one in told), *(one.at for one in words)])
            receipts.apply(conn, told, now=moment)
            # Whose number it is here, in whichever program: nobody who says STOP means one of two.
            written = [one for one in words if not one.leaves]
            for program in workspace.programs(conn) if written else ():
                _obey(conn, program, written, now=moment)
            for one in words:
                _leave(conn, one)

    if told or words:
        db.retrying(work)


def _leave(conn: Connection, word: Heard) -> None:
    """End the subscription that a letter names; the program may be gone."""
    left = links.read(word.leaves) if word.leaves else None
    if left is None:
        return
    with suppress(KeyError):
        workspace.program(conn, left.program_id)
        farewell.leave(conn, left, method=farewell.ONE_CLICK, now=word.at)


def _obey(conn: Connection, program: Program, words: Sequence[Heard], *, now: datetime) -> None:
    others: list[NewWord] = []
    for one in words:
        found = stopping.heard(conn, program.id, one.channel, one.address, one.text, one.at)
        if found is None:
            _, holder = stopping.whose(conn, program.id, one.channel, one.address, country=program.country)
            if holder is not None:
                others.append(NewWord(holder, one.channel, one.text, one.at))
        elif found.holder_id is not None and found.answer is not None:
            replying.confirm_stop(conn, program, found.holder_id, one.channel, stopping.spoken(one.text), now=now)
    kept.keep(conn, program.id, others, now=now)
