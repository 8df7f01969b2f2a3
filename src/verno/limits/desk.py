"""The desk at which a batch is counted: decisions in memory, in order, on counters that the transaction has locked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from verno.kit import batches, ids, outbox
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.limits.counting import Key, Want, figure, wants
from verno.limits.queries import SQL
from verno.limits.types import Figures, Limit, Measure, OverLimit, Use

EVENT = "limit.reached.v1"
NOTHING = Figures()


@dataclass(slots=True)
class Counter:
    """A locked counter: what is settled and what is reserved."""

    used: int
    held: int
    alerted: bool
    touched: bool = False

    @property
    def total(self) -> int:
        """What counts now."""
        return self.used + self.held


@dataclass(slots=True)
class Counted:
    """What one operation counts for one limit; ``fresh`` until it is written."""

    operation_id: str
    key: Key
    measure: Measure
    unit: str | None
    amount: int
    until: datetime | None
    ends_at: datetime
    fresh: bool = False
    touched: bool = False


class _Crossing(msgspec.Struct, frozen=True):
    """A use that went over a soft limit: what the alert will say, unless the use is withdrawn."""

    limit: Limit
    key: Key
    used: int
    use: Use


@dataclass(slots=True)
class Desk:
    """The counters of one batch. Lives for one transaction; ``write`` is called once, when all is decided.

    Items are decided in the order of the calls, so that a batch equals its items one after the other.
    """

    program_id: str
    limits: Sequence[Limit]
    now: datetime
    counters: dict[Key, Counter] = field(default_factory=dict)
    counted: dict[str, list[Counted]] = field(default_factory=dict)
    lapsed: list[Key] = field(default_factory=list)
    locked: bool = False
    _crossings: list[_Crossing] = field(default_factory=list)
    _admitted: dict[str, int] = field(default_factory=dict)
    _takes: dict[str, list[tuple[Counted, int]]] = field(default_factory=dict)
    """By operation admitted or confirmed here: its rows, each with what it must go on counting whatever comes of it."""
    _turned_away: list[tuple[int, str, Use | Figures]] = field(default_factory=list)
    """How many were counted before, the operation, and what it asked for: to be admitted, or to be confirmed."""
    _amended: int | None = None

    def admit(self, use: Use) -> OverLimit | None:
        """Count a use, or say which hard limit is in its way; then nothing of it is counted.

        A known operation that was counted before under the same key, as a claimed receipt is for its card, counts
        there once: only what is more than before must find room.
        """
        meets = wants(self.limits, use) if self.limits else []
        over = self._over(use.operation_id, meets)
        if over is not None:
            self._turned_away.append((len(self._admitted), use.operation_id, use))
            return over
        self._admitted[use.operation_id] = len(self._admitted)
        takes = self._takes[use.operation_id] = []
        there = self._there(use.operation_id)
        for want in meets:
            limit = want.limit
            row = there.get(want.key)
            if row is None:
                row = Counted(use.operation_id, want.key, limit.measure, limit.unit, 0, None, want.ends_at, fresh=True)
                self.counted.setdefault(use.operation_id, []).append(row)
            takes.append((row, row.amount))
            if want.amount <= row.amount:
                continue  # all of it was counted before
            self._set(row, want.amount, use.until)
            counter = self.counters[want.key]
            if not limit.hard and not counter.alerted and counter.total > limit.most:
                self._crossings.append(_Crossing(limit, want.key, counter.total, use))
        return None

    def room(self, use: Use) -> dict[str, int]:
        """Return by unit how many points hard limits still let a use spend; a unit that none bounds is not there."""
        out: dict[str, int] = {}
        there = self._there(use.operation_id)
        for want in wants(self.limits, use):
            limit = want.limit
            if limit.hard and limit.measure is Measure.SPENT and limit.unit is not None:
                row = there.get(want.key)
                left = limit.most - self.counters[want.key].total + (row.amount if row else 0)
                out[limit.unit] = max(0, min(left, out.get(limit.unit, left)))
        return out

    def confirm(self, operation_id: str, figures: Figures) -> OverLimit | None:
        """Settle a reservation with what was really used.

        What lies within the reservation always passes, also when the limit was lowered meanwhile. What is more, or all
        of it when the reservation has lapsed, must find room like any other use: else nothing is changed.
        """
        over = self._beyond(operation_id, figures)
        if over is not None:
            self._turned_away.append((len(self._admitted), operation_id, figures))
            return over
        rows = self.counted.get(operation_id, [])
        self._admitted[operation_id] = len(self._admitted)
        self._takes[operation_id] = [(row, 0) for row in rows]
        for row in rows:
            self._set(row, figure(row.measure, row.unit, figures), None)
        return None

    def free(self, operation_id: str) -> None:
        """Give back all that an operation counts: a cancelled hold, a voided sale. What has lapsed is free already."""
        for row in self.counted.get(operation_id, ()):
            self._set(row, 0, None)

    def hand_back(self, operation_id: str, figures: Figures) -> None:
        """Give back a part of what an operation counts, in the hour and day of the operation; never below nothing."""
        for row in self.counted.get(operation_id, ()):
            amount = max(0, row.amount - figure(row.measure, row.unit, figures))
            self._set(row, amount, row.until if amount else None)

    def amend(self, operation_id: str, figures: Figures = NOTHING) -> None:
        """Correct an operation admitted or confirmed at this desk to what came of it; without figures to nothing.

        What it had counted before it was admitted stays counted.
        """
        for row, before in self._takes[operation_id]:
            self._set(row, max(before, figure(row.measure, row.unit, figures)), row.until)
        position = self._admitted[operation_id]
        self._amended = position if self._amended is None else min(position, self._amended)

    def spoiled(self) -> list[str]:
        """Return the operations turned away for the sake of one that was amended: now there would be room for them.

        The caller tries these again in a batch of their own, so that no item suffers from another that was refused.
        """
        if self._amended is None:
            return []
        return [
            operation_id
            for position, operation_id, asked in self._turned_away
            if position > self._amended and self._still(operation_id, asked) is None
        ]

    def write(self, conn: Connection) -> None:
        """Write all that was counted, and what soft limits have to tell: one round trip, none when there is nothing."""
        if not self.locked:
            message = "a desk that holds no locks cannot write"
            raise BrokenInvariant(message)
        rows = [row for of_one in self.counted.values() for row in of_one if row.touched]
        fresh = [self._use_row(row) for row in rows if row.fresh and row.amount]
        changed = [self._use_row(row) for row in rows if not row.fresh]
        alerts, events = self._alerts()
        counters = [self._counter_row(key, one) for key, one in self.counters.items() if one.touched]
        parts: tuple[tuple[str, Sequence[object]], ...] = (
            ("lapse", [_key_row(key) for key in self.lapsed]),
            ("add_uses", fresh),
            ("change_uses", changed),
            ("move_counters", counters),
            ("add_alerts", alerts),
        )
        if not any(rows for _, rows in parts):
            return
        with conn.pipeline():
            for name, some in parts:
                if some:
                    parameters = {"rows": batches.rows(some), "program": self.program_id, "now": self.now}
                    conn.execute(SQL[name], parameters)
            outbox.append(conn, events)

    def _still(self, operation_id: str, asked: Use | Figures) -> OverLimit | None:
        if isinstance(asked, Use):
            return self._over(operation_id, wants(self.limits, asked))
        return self._beyond(operation_id, asked)

    def _beyond(self, operation_id: str, figures: Figures) -> OverLimit | None:
        hard = {limit.id: limit for limit in self.limits if limit.hard}
        for row in self.counted.get(operation_id, ()):
            limit, used = hard.get(row.key[0]), self.counters[row.key].total
            more = figure(row.measure, row.unit, figures) - row.amount
            if limit is not None and more > 0 and used + more > limit.most:
                return OverLimit(limit, used, more, row.ends_at)
        return None

    def _over(self, operation_id: str, meets: Sequence[Want]) -> OverLimit | None:
        there = self._there(operation_id)
        for want in meets:
            limit, used, row = want.limit, self.counters[want.key].total, there.get(want.key)
            more = want.amount - (row.amount if row else 0)
            if limit.hard and more > 0 and used + more > limit.most:
                return OverLimit(limit, used, more, want.ends_at)
        return None

    def _there(self, operation_id: str) -> dict[Key, Counted]:
        """Return what an operation counts by counter; also what was freed, whose row is still in the table."""
        return {row.key: row for row in self.counted.get(operation_id, ())}

    def _set(self, row: Counted, amount: int, until: datetime | None) -> None:
        """Let a row count ``amount``, reserved while ``until`` is set; its counter follows."""
        counter = self.counters[row.key]
        if row.until is None:
            counter.used -= row.amount
        else:
            counter.held -= row.amount
        if until is None:
            counter.used += amount
        else:
            counter.held += amount
        row.amount, row.until = amount, until
        row.touched = counter.touched = True

    def _alerts(self) -> tuple[list[dict[str, object]], list[outbox.NewEvent]]:
        """Return the alerts and their events: the first use of each counter that went over and was not withdrawn."""
        found: dict[Key, _Crossing] = {}
        for one in self._crossings:
            counter = self.counters[one.key]
            stands = any(row.key == one.key and row.amount for row in self.counted[one.use.operation_id])
            if stands and counter.total > one.limit.most:
                found.setdefault(one.key, one)
        rows = []
        for id_, one in zip(ids.new_ids(len(found), now=self.now), found.values(), strict=True):
            self.counters[one.key].alerted = True
            rows.append(self._alert_row(id_, one))
        return rows, [self._event(one) for one in found.values()]

    def _use_row(self, row: Counted) -> dict[str, object]:
        return _key_row(row.key) | {
            "operation_id": row.operation_id,
            "amount": row.amount,
            "until": row.until,
            "ends_at": row.ends_at,
        }

    def _counter_row(self, key: Key, counter: Counter) -> dict[str, object]:
        return _key_row(key) | {"used": counter.used, "held": counter.held, "alerted": counter.alerted}

    def _alert_row(self, id_: str, one: _Crossing) -> dict[str, object]:
        use = one.use
        return _key_row(one.key) | {
            "id": id_,
            "operation_id": use.operation_id,
            "holder_id": use.holder_id,
            "place": use.place,
            "used": one.used,
            "most": one.limit.most,
            "at": use.at,
        }

    def _event(self, one: _Crossing) -> outbox.NewEvent:
        limit_id, subject, bucket = one.key
        limit = one.limit
        body: dict[str, object] = {
            "limit": limit_id,
            "subject": limit.subject,
            "who": subject,
            "measure": limit.measure,
            "unit": limit.unit,
            "window": limit.window,
            "bucket": bucket,
            "most": limit.most,
            "used": one.used,
            "operation": one.use.operation_id,
            "place": one.use.place,
        }
        return outbox.NewEvent(self.program_id, one.use.holder_id, EVENT, body, one.use.at)


def _key_row(key: Key) -> dict[str, object]:
    limit_id, subject, bucket = key
    return {"limit_id": limit_id, "subject": subject, "bucket": bucket}
