"""What a launch would do now: the audience is judged as planning would judge it, and nothing is written."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg import sql

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import new_ids
from verno.messaging import facts
from verno.messaging.broadcasts import audience, costs
from verno.messaging.broadcasts.drawing import assigning, timing
from verno.messaging.broadcasts.types import NewBroadcast, Outlook, Refused
from verno.messaging.decide import decide
from verno.messaging.facts import SQL
from verno.messaging.law.caps import LONGEST, Sent
from verno.messaging.types import Defer, Deny

LOOKED_AT = 5_000
"""Members that are judged; of a larger audience a sample, and the outlook says so."""

Sents = dict[str, tuple[Sent, ...]]


def outlook(
    conn: Connection, program_id: str, wanted: NewBroadcast, *, now: datetime, most: int = LOOKED_AT
) -> Outlook | Refused:
    """Judge the audience as it is now without writing anything, at most ``most`` members of it.

    Caps are counted as well, which planning leaves to the claim. Refusals: ``bad-condition``.
    """
    chosen = audience.selection(conn, program_id, wanted.audience, now=now)
    if isinstance(chosen, Refused):
        return chosen
    text = sql.SQL(chosen.sql)
    row = conn.execute(sql.SQL(SQL["count_audience"]).format(selection=text), chosen.parameters).fetchone()
    drawn = conn.execute(
        sql.SQL(SQL["sample_audience"]).format(selection=text), {**chosen.parameters, "most": most}
    ).fetchall()
    holders = [holder for (holder,) in drawn]
    trial = _Trial(conn, program_id, wanted, now)
    trial.judge(holders)
    count, looked_at = row[0] if row else 0, len(holders)

    def whole(part: int) -> int:
        return part * count // looked_at if looked_at else 0

    prices = costs.prices(conn, program_id)
    by_channel = {channel: whole(part) for channel, part in trial.by_channel.items()}
    return Outlook(
        audience=count,
        unknown=chosen.unknown,
        looked_at=looked_at,
        holdout=whole(trial.holdout),
        would_get=whole(trial.by_channel.total()),
        withheld={reason: whole(part) for reason, part in sorted(trial.withheld.items())},
        later={reason: whole(part) for reason, part in sorted(trial.later.items())},
        by_channel=by_channel,
        cost=sum(part * prices.get(channel, 0) for channel, part in by_channel.items()),
    )


class _Trial:
    """The judging of an outlook, and what it counts."""

    def __init__(self, conn: Connection, program_id: str, wanted: NewBroadcast, now: datetime) -> None:
        self.conn, self.program_id, self.wanted = conn, program_id, wanted
        self.house = facts.house(conn, program_id, now=now)
        self.moment = timing.starts_at(wanted.send, now=now) or now
        self.sent: Sents = {}
        self.holdout = 0
        self.withheld: Counter[str] = Counter()
        self.later: Counter[str] = Counter()
        self.by_channel: Counter[str] = Counter()

    def judge(self, holders: Sequence[str]) -> None:
        lots = assigning.lots(self.program_id, self.wanted)
        left = [holder for holder in holders if assigning.draw(lots, holder).variant is not None]
        self.holdout = len(holders) - len(left)
        self.sent = _turns(self.conn, left, self.moment)
        reasons: dict[str, str] = {}
        for step in self.wanted.channels:
            reasons = self._try(step.channel, left)
            left = list(reasons)
        self.withheld.update(reasons.values())

    def _try(self, channel: str, holders: Sequence[str]) -> dict[str, str]:
        """Count whom a channel would take; returns why it would not take the others."""
        wanted, moment = self.wanted, self.moment
        where = self.house.asks_where(wanted.topic, channel)
        topics = [wanted.topic]
        born = self.house.asks_age(topics)
        reach = facts.foresee(self.conn, self.program_id, channel, holders, topics=topics, where=where, born=born)
        reasons: dict[str, str] = {}
        for holder, id_ in zip(holders, new_ids(len(holders), now=moment), strict=True):
            message = self.house.outgoing(wanted.topic, channel, moment, id_=id_, valid_until=wanted.valid_until)
            member = reach.member_facts(holder, self.house.zones)
            member = msgspec.structs.replace(member, sent=self.sent.get(holder, ()))
            verdict = decide(message, member, reach.address_facts(holder), moment)
            if isinstance(verdict, Deny):
                reasons[holder] = verdict.reason
                continue
            self.by_channel[channel] += 1
            if isinstance(verdict, Defer):
                self.later[verdict.reason] += 1
        return reasons


def _turns(conn: Connection, holders: Sequence[str], moment: datetime) -> Sents:
    asked = {"holders": batches.rows(list(holders)), "since": moment - LONGEST, "but": "[]"}
    out: dict[str, list[Sent]] = {}
    for holder, channel, at, _ in conn.execute(SQL["turns"], asked).fetchall():
        out.setdefault(holder, []).append(Sent(channel, at))
    return {holder: tuple(some) for holder, some in out.items()}
