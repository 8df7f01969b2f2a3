"""The ear of the channels: takes what they bring, a batch at a time, in a transaction of its own."""

from collections.abc import Sequence

from verno.kit import db
from verno.messaging.answers import receipts
from verno.messaging.channels.port import Heard, Receipt


def hear(told: Sequence[Receipt], words: Sequence[Heard]) -> None:
    """Write receipts, and obey what members wrote.

    STOP and its like end all that is no service on the channel (members' own verb knows the words); anything else is
    for a person.
    """

    def work() -> None:
        with db.across_programs() as conn:
            moment = max([*(one.at for one in told), *(one.at for one in words)])
            receipts.apply(conn, told, now=moment)

    if told or words:
        db.retrying(work)
