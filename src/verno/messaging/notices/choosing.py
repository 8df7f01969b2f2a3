"""What carries a notice: of the program's channels the first that reaches the member and that they want."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from verno.kit import ids
from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.decide import decide
from verno.messaging.types import Deny, Draft
from verno.workspace import registry
from verno.workspace.settings import Book


def chosen(conn: Connection, program_id: str, drafts: Sequence[Draft], said: Book, *, now: datetime) -> list[Draft]:
    """Return each draft on its channel; on the first one where none would do, so that its reason is on record.

    The same question is asked as when a message leaves, so that whoever has left a topic on one channel is written to
    on the next one they agreed to. The statements do not depend on how many drafts there are.
    """
    order = [one for one in said.value(registry.NOTICE_CHANNELS) if one in facts.ADDRESS_KIND]
    if len(order) < 2:  # noqa: PLR2004 nothing to choose
        return [structs.replace(one, channel=order[0]) for one in drafts] if order else list(drafts)
    house = facts.house(conn, program_id, now=now)
    open_ = dict(enumerate(drafts))
    out = [structs.replace(one, channel=order[0]) for one in drafts]
    for channel in order:
        where = any(house.asks_where(one.topic, channel) for one in open_.values())
        born = house.asks_age(one.topic for one in open_.values())
        holders = sorted({one.holder_id for one in open_.values()})
        reach = facts.load(conn, program_id, channel, holders, where=where, born=born)
        for place, one in list(open_.items()):
            message = house.outgoing(one.topic, channel, now, id_=ids.new_id(now=now), valid_until=one.valid_until)
            member = reach.member_facts(one.holder_id, house.zones)
            if not isinstance(decide(message, member, reach.address_facts(one.holder_id), now), Deny):
                out[place] = structs.replace(one, channel=channel)
                del open_[place]
        if not open_:
            break
    return out
