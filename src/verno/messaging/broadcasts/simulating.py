"""What a launch would do now: the audience is judged as planning would judge it, and nothing is written."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from psycopg import sql

from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.broadcasts import audience, costs
from verno.messaging.broadcasts.audience import Selection
from verno.messaging.broadcasts.drawing import assigning, timing
from verno.messaging.broadcasts.running import freezing, judging, planning
from verno.messaging.broadcasts.running.judging import Sents
from verno.messaging.broadcasts.types import NewBroadcast, Outlook, Refused
from verno.messaging.facts import SQL
from verno.messaging.types import Defer, Deny
from verno.workspace import queries as workspace

LOOKED_AT = 5_000
"""Members that are judged; of a larger audience a sample, and the outlook says so."""
FEW = 1_000
"""Members that are judged where only the share matters that a message would leave for."""


def outlook(
    conn: Connection, program_id: str, wanted: NewBroadcast, *, now: datetime, most: int = LOOKED_AT
) -> Outlook | Refused:
    """Judge the audience as it is now without writing anything, at most ``most`` members of it, each at their own turn.

    Caps are counted as well, which planning leaves to the claim. The rest of a trial is judged as if its turn were that
    of the sample. Refusals: ``bad-condition``.
    """
    chosen = audience.selection(conn, program_id, wanted.audience, now=now)
    if isinstance(chosen, Refused):
        return chosen
    count = audience.count(conn, chosen)
    looked_at, trial = _judged(conn, program_id, wanted, chosen, count, now, most)

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


def would_get(
    conn: Connection, program_id: str, wanted: NewBroadcast, chosen: Selection, count: int, *, now: datetime
) -> int:
    """Return for how many of a selection of ``count`` members a message would leave, reckoned from a few of them."""
    looked_at, trial = _judged(conn, program_id, wanted, chosen, count, now, FEW)
    return trial.by_channel.total() * count // looked_at if looked_at else 0


def _judged(
    conn: Connection,
    program_id: str,
    wanted: NewBroadcast,
    chosen: Selection,
    count: int,
    now: datetime,
    most: int,
) -> tuple[int, "_Trial"]:
    """Judge at most so many of a selection; returns how many it was."""
    statement = sql.SQL(SQL["sample_audience"]).format(selection=sql.SQL(chosen.sql))
    drawn = conn.execute(statement, {**chosen.parameters, "most": most}).fetchall()
    trial = _Trial(conn, program_id, wanted, count, now)
    trial.judge([holder for (holder,) in drawn])
    return len(drawn), trial


class _Trial:
    """The judging of an outlook, and what it counts."""

    def __init__(self, conn: Connection, program_id: str, wanted: NewBroadcast, count: int, now: datetime) -> None:
        self.conn, self.program_id, self.wanted, self.count = conn, program_id, wanted, count
        self.start = timing.starts_at(wanted.send, now=now) or now
        self.house = facts.house(conn, program_id, now=self.start)
        self.spread = planning.spread(count, wanted.rate)
        self.turns: dict[str, datetime] = {}
        """When each member is planned."""
        self.sent: Sents = {}
        self.holdout = 0
        self.withheld: Counter[str] = Counter()
        self.later: Counter[str] = Counter()
        self.by_channel: Counter[str] = Counter()

    def judge(self, holders: Sequence[str]) -> None:
        lots = assigning.lots(self.program_id, self.wanted)
        left = [holder for holder in holders if assigning.draw(lots, holder).variant is not None]
        self.holdout = len(holders) - len(left)
        program = workspace.program(self.conn, self.program_id)
        turns = freezing.foresee(self.conn, program, self.wanted.send, left, start=self.start)
        self.turns = _in_line(turns, self.wanted.rate, self.count, len(holders))
        self.sent = judging.turns_given(self.conn, left, before=self.start)
        reasons: dict[str, str] = {}
        for step in self.wanted.channels:
            reasons = self._try(step.channel, left)
            left = list(reasons)
        self.withheld.update(reasons.values())

    def _try(self, channel: str, holders: Sequence[str]) -> dict[str, str]:
        """Count whom a channel would take; returns why it would not take the others."""
        moments = {holder: self.turns[holder] for holder in holders}
        asked = (self.conn, self.program_id, self.house, self.wanted, channel, moments, self.sent)
        reasons: dict[str, str] = {}
        for holder, verdict in judging.judge(*asked, spread=self.spread).items():
            if isinstance(verdict, Deny):
                reasons[holder] = verdict.reason
                continue
            self.by_channel[channel] += 1
            if isinstance(verdict, Defer):
                self.later[verdict.reason] += 1
        return reasons


def _in_line(turns: dict[str, datetime], rate: int | None, count: int, looked_at: int) -> dict[str, datetime]:
    """Return when each is planned: at their turn, and at a rate no sooner than it lets all before them through."""
    if rate is None or not looked_at:
        return turns
    each = timedelta(minutes=1) * count / looked_at / rate
    out: dict[str, datetime] = {}
    free = datetime.min.replace(tzinfo=UTC)
    for holder, turn in sorted(turns.items(), key=lambda one: (one[1], one[0])):
        out[holder] = max(turn, free)
        free = out[holder] + each
    return out
