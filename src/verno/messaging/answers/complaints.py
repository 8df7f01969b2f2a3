"""Whether a yes counts: who called a message spam, here or at an earlier provider, comes back by themselves alone."""

from collections.abc import Collection

from verno.kit.db import Connection
from verno.members.consent import complaints
from verno.members.consent.complaints import Matter
from verno.messaging import facts
from verno.messaging.types import MessageClass


def unheard(conn: Connection, program_id: str, matters: Collection[Matter]) -> list[Matter]:
    """Return on which of these a yes that is on record counts for nothing, in order: a complaint stands there.

    The same answer serves whoever writes such a yes down. Two round trips, and two a channel with addresses.
    """
    if not matters:
        return []
    found = complaints.standing(conn, program_id, matters)
    classes = facts.topic_classes(conn, program_id)
    about = [one for one in matters if classes.get(one[1]) is MessageClass.MARKETING]
    for channel in sorted({one[2] for one in about if facts.ADDRESS_KIND.get(one[2]) in facts.IDENTITIES}):
        here = {(holder, topic) for holder, topic, over in about if over == channel}
        silent = facts.complained(conn, program_id, channel, sorted({holder for holder, _ in here}))
        own = complaints.came_back(conn, channel, silent) if silent else set()
        found |= {(holder, topic, channel) for holder, topic in here - own if holder in silent}
    return sorted(found)
