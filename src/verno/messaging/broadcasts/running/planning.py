"""The planner: takes whose turn it is, chunk by chunk, each chunk one transaction, and plans their messages.

A row of the frozen audience changes in the transaction that stores its message, so a killed planner leaves each
member either waiting or planned. Planners skip each other's rows; should two plan a member all the same, the occasion
``broadcast/<id>`` admits one message a channel.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.messaging import facts, service
from verno.messaging.broadcasts import costs, health
from verno.messaging.broadcasts.running import cascade, judging
from verno.messaging.broadcasts.running.cascade import Need
from verno.messaging.broadcasts.types import Broadcast, Outcome, RecipientState, Verdict, Warned
from verno.messaging.facts import SQL
from verno.messaging.types import Beyond, Deny, Draft, Planned, Withheld
from verno.workspace.types import Program

CHUNK = 2_000
"""Members of one transaction: a pause waits for no longer than one takes."""
SECONDS = 60


def spread(audience: int, rate: int | None) -> int:
    """Return over how many seconds what a night has gathered leaves in the morning: no faster than it was planned."""
    return 0 if rate is None else SECONDS * -(-audience // rate)


class Row(msgspec.Struct):
    """A recipient in the planner's hands, as it is written back."""

    holder_id: str
    variant: str
    step: int
    messages: int
    locale: str | None
    state: str = RecipientState.WAITING
    reason: str | None = None
    send_at: datetime | None = None


class _Chunk:
    """One chunk at work."""

    def __init__(
        self,
        conn: Connection,
        program: Program,
        broadcast: Broadcast,
        left: int | None,
        rate: int | None,
        now: datetime,
    ) -> None:
        self.conn, self.program, self.broadcast, self.now = conn, program, broadcast, now
        self.steps = broadcast.wanted.channels
        self.templates = {one.code: one.template for one in broadcast.wanted.variants}
        self.prices = costs.prices(conn, program.id)
        self.spread = spread(broadcast.audience or 0, rate)
        self.left = left
        """What is left of the cost limit."""
        self.cost = 0

    def plan(self, rows: Sequence[Row]) -> None:
        """Bring each row as far as it goes now: at most one round for each channel."""
        self._look_back([row for row in rows if row.step])
        for step in range(len(self.steps)):
            self._plan_step(step, [row for row in rows if row.step == step and self._is_open(row)])

    def _is_open(self, row: Row) -> bool:
        return row.state == RecipientState.WAITING and row.send_at is None

    def _look_back(self, rows: Sequence[Row]) -> None:
        """Ask what became of the messages before; whoever was reached, or may yet be, needs no dearer channel now."""
        asked = [{"holder_id": row.holder_id, "channel": self.steps[row.step - 1].channel} for row in rows]
        parameters = {"rows": batches.rows(asked), "occasion": self.broadcast.occasion}
        found = self.conn.execute(SQL["messages_before"], parameters).fetchall() if rows else []
        states: dict[str, tuple[str, datetime]] = {holder: (state, at) for holder, state, at in found}
        spared: dict[int, list[Row]] = {}
        for row in rows:
            step = self.steps[row.step - 1]
            state, at = states.get(row.holder_id, (None, self.now))
            match cascade.need(step, state):
                case Need.NONE:
                    row.state = RecipientState.REACHED
                    spared.setdefault(row.step, []).append(row)
                case Need.WAIT:
                    row.send_at = self.now + cascade.LOOK_AGAIN
                case Need.NEXT:
                    due = cascade.due(step, state, at)
                    row.send_at = due if due > self.now else None
        for number, some in sorted(spared.items()):
            self._note_unwanted(number, some)

    def _note_unwanted(self, step: int, rows: Sequence[Row]) -> None:
        """Note of whom the channels before were enough why the next one would not have taken them: it cost nothing."""
        channel = self.steps[step].channel
        if not self.prices.get(channel, 0):
            return
        moments = dict.fromkeys([row.holder_id for row in rows], self.now)
        house = facts.house(self.conn, self.program.id, now=self.now)
        sents = judging.turns_given(self.conn, list(moments), before=self.now, occasion=self.broadcast.occasion)
        asked = (self.conn, self.program.id, house, self.broadcast.wanted, channel, moments, sents)
        verdicts = judging.judge(*asked, spread=self.spread)
        for row in rows:
            verdict = verdicts[row.holder_id]
            if isinstance(verdict, Deny):
                row.reason = verdict.reason

    def _plan_step(self, step: int, rows: Sequence[Row]) -> None:
        """Try a step's channel, as far as the money goes; whom the channel does not take costs nothing."""
        price = self.prices.get(self.steps[step].channel, 0)
        most = max(0, self.left - self.cost) // price if price and self.left is not None else None
        drafts = [self._draft(row, step) for row in rows]
        results = service.plan(self.conn, self.program.id, drafts, now=self.now, most=most)
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Beyond):
                self._end(row, RecipientState.UNAFFORDABLE)
                continue
            row.step = step + 1
            row.reason = result.reason if isinstance(result, Withheld) else None
            row.messages += not isinstance(result, Withheld)
            self.cost += price if isinstance(result, Planned) else 0
            if row.step == len(self.steps):
                self._end(row, RecipientState.WITHHELD)
            elif not isinstance(result, Withheld):
                row.send_at = self.now + timedelta(hours=self.steps[step].wait_hours)

    def _end(self, row: Row, otherwise: RecipientState) -> None:
        """End a row; whoever got a message on some channel is ``planned``, whatever the last one said."""
        row.state = RecipientState.PLANNED if row.messages else otherwise

    def _draft(self, row: Row, step: int) -> Draft:
        wanted = self.broadcast.wanted
        return Draft(
            holder_id=row.holder_id,
            topic=wanted.topic,
            template=self.templates[row.variant],
            locale=row.locale or self.program.locale,
            context=wanted.context,
            dedupe_key=self.broadcast.occasion,
            channel=self.steps[step].channel,
            valid_until=wanted.valid_until,
            spread=self.spread,
        )


def plan_chunk(conn: Connection, program: Program, broadcast: Broadcast, *, now: datetime, most: int = CHUNK) -> int:
    """Plan the next members of a running broadcast, at most ``most``, in the caller's transaction; returns how many.

    0: nobody's turn, the minute's rate is used up, or the broadcast does not run (any more).
    """
    wanted = broadcast.wanted
    rate = _rate(broadcast)
    shares = rate is not None or wanted.cost_limit is not None
    conn.execute(SQL["by_key"])
    conn.execute(SQL["lock_shared"], {"id": broadcast.id})
    statement = "running_broadcast_alone" if shares else "running_broadcast"
    found = conn.execute(SQL[statement], {"id": broadcast.id}).fetchone()
    if found is None:
        return 0
    minute, used, cost, open_wave, winner = found
    # Workers' clocks differ, and a step may have begun in the minute before: the latest minute is everybody's.
    this_minute = now.replace(second=0, microsecond=0)
    this_minute = max(this_minute, minute or this_minute)
    if rate is not None:
        most = min(most, rate - (used if minute == this_minute else 0))
    rows = _take(conn, broadcast, open_wave, _won(winner), most, now)
    if not rows:
        return 0
    left = None if wanted.cost_limit is None else wanted.cost_limit - cost
    chunk = _Chunk(conn, program, broadcast, left, rate, now)
    chunk.plan(rows)
    _write(conn, broadcast, rows, now)
    if shares:
        parameters = {"id": broadcast.id, "minute": this_minute, "used": len(rows), "cost": chunk.cost}
        conn.execute(SQL["spend_tokens"], parameters)
    return len(rows)


def _rate(broadcast: Broadcast) -> int | None:
    """Return how many members may be planned a minute; None: as many as can be."""
    rate = broadcast.wanted.rate
    if broadcast.reason != Warned.COMPLAINTS_SLOW:
        return rate
    return health.SLOW_RATE if rate is None else min(rate, health.SLOW_RATE)


def _won(winner: Mapping[str, object] | None) -> str | None:
    if winner is None:
        return None
    verdict = msgspec.convert(winner, Verdict, strict=False)
    return verdict.variant if verdict.outcome is Outcome.WON else None


def _take(
    conn: Connection, broadcast: Broadcast, open_wave: int, winner: str | None, most: int, now: datetime
) -> list[Row]:
    """Take rows: the sample before the rest, to whom the winner goes."""
    out: list[Row] = []
    for wave in range(open_wave + 1):
        if most <= len(out):
            break
        parameters = {"id": broadcast.id, "wave": wave, "limit": most - len(out), "now": now}
        for holder, variant, step, messages, locale in conn.execute(SQL["take_recipients"], parameters).fetchall():
            out.append(Row(holder, winner if winner and wave else variant, step, messages, locale))
    return out


def _write(conn: Connection, broadcast: Broadcast, rows: Sequence[Row], now: datetime) -> None:
    for row in rows:
        row.send_at = row.send_at or now
    conn.execute(SQL["mark_recipients"], {"rows": batches.rows(rows), "id": broadcast.id, "now": now})
