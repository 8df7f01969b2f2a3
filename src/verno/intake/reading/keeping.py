"""What is kept of stored receipts, for a recount of progress tracks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from verno.intake import sold
from verno.intake.context import Context
from verno.intake.settling import again, effects, remembering
from verno.kit import localtime
from verno.kit.db import Connection
from verno.progress.engine import Gave
from verno.progress.service.publishing import Kept

PIECE = 500
"""Receipts whose lines are read at once."""


def of(conn: Connection, context: Context, holder_ids: Sequence[str], *, now: datetime) -> Iterator[Kept]:
    """Yield what is kept of the settled receipts of some holders, those of a holder one after the other.

    What a receipt does not remember of its member is as it is ``now``; of its goods too.
    """
    found = sold.settled_of(conn, context, holder_ids)
    people = remembering.known(conn, context, list(holder_ids), (), now=now)
    for start in range(0, len(found), PIECE):
        piece = found[start : start + PIECE]
        sold.look_closer(conn, piece)
        goods = remembering.goods_of(conn, context, [thing.sku for one in piece for thing in one.things.values()])
        for one in piece:
            left = one.left()
            if not any(left.values()):
                continue
            earned = one.earned()
            for back in one.returns:
                for code, points in back.taken.items():
                    earned[code] = earned.get(code, 0) - points
            gave = Gave(earned, effects.happened(effects.still_there(context, one)))
            member = None if one.row.facts is not None else people.get(one.row.holder_id)
            facts = again.facts(context, one, left, member, goods=goods)
            day = localtime.business_date(one.row.at, context.zones[one.row.place_id])
            yield Kept(one.row.holder_id, day, facts, gave, one.row.id)
