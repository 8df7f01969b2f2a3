"""Whether a channel would take members, without writing anything: for outlooks, and for what a cascade spared."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import new_ids
from verno.messaging import facts
from verno.messaging.broadcasts.types import NewBroadcast
from verno.messaging.decide import decide
from verno.messaging.facts import SQL, House
from verno.messaging.law.caps import LONGEST, Sent
from verno.messaging.types import Decision

Sents = Mapping[str, tuple[Sent, ...]]
"""The advertisements that had their turn, by member."""


def turns_given(conn: Connection, holders: Sequence[str], *, before: datetime, occasion: str = "") -> Sents:
    """Return the turns that members have given, but for those of an occasion: it takes one, whatever it tries."""
    asked = {"holders": batches.rows(list(holders)), "since": before - LONGEST, "but": "[]"}
    out: dict[str, list[Sent]] = {}
    for holder, channel, at, about in conn.execute(SQL["turns"], asked).fetchall():
        if not occasion or about != occasion:
            out.setdefault(holder, []).append(Sent(channel, at))
    return {holder: tuple(some) for holder, some in out.items()}


def judge(
    conn: Connection,
    program_id: str,
    house: House,
    wanted: NewBroadcast,
    channel: str,
    moments: Mapping[str, datetime],
    sents: Sents,
    *,
    spread: int = 0,
) -> dict[str, Decision]:
    """Judge a broadcast's message to each member at a moment of theirs, caps included."""
    holders = list(moments)
    where, topics = house.asks_where(wanted.topic, channel), [wanted.topic]
    born = house.asks_age(topics)
    reach = facts.foresee(conn, program_id, channel, holders, topics=topics, where=where, born=born)
    out: dict[str, Decision] = {}
    fresh = new_ids(len(holders), now=min(moments.values())) if holders else []
    for (holder, moment), id_ in zip(moments.items(), fresh, strict=True):
        message = house.outgoing(wanted.topic, channel, moment, id_=id_, valid_until=wanted.valid_until, spread=spread)
        member = msgspec.structs.replace(reach.member_facts(holder, house.zones), sent=sents.get(holder, ()))
        out[holder] = decide(message, member, reach.address_facts(holder), moment)
    return out
