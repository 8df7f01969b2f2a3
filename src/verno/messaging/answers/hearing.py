"""The ear of the channels: takes what they bring, a batch at a time, in a transaction of its own."""

from collections.abc import Sequence

from verno.kit import db
from verno.members import stopping
from verno.messaging.answers import receipts
from verno.messaging.channels.port import Heard, Receipt
from verno.workspace import queries as workspace


def hear(told: Sequence[Receipt], words: Sequence[Heard]) -> None:
    """Write receipts, and obey what members wrote.

    STOP and its like end all that is no service on the channel; anything else is for a person.
    """

    def work() -> None:
        with db.across_programs() as conn:
            moment = max([*(one.at for one in told), *(one.at for one in words)])
            receipts.apply(conn, told, now=moment)
            # Whose number it is here, in whichever program: nobody who says STOP means one of two.
            for program in workspace.programs(conn) if words else ():
                for one in words:
                    stopping.heard(conn, program.id, one.channel, one.address, one.text, one.at)

    if told or words:
        db.retrying(work)
