"""The desk at which budgets are counted: decisions in memory, in order, on counters that the transaction has locked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verno.kit import batches, outbox
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.promotions.budgets.counting import figure, wants
from verno.promotions.budgets.types import Budgets, Figures, Key, Use
from verno.promotions.queries import SQL
from verno.rules.types import Counts
from verno.workspace import audit

EVENT = "budget.reached.v1"
TOLD = (100, 80, 50)
"""Per cent of a budget at which it is told, once a period; budgets for each member tell nothing."""
WHOLE = 100
NOTHING = Figures()


@dataclass(slots=True)
class Counter:
    """A counter: what is settled, what is reserved, the last per cent that was told; ``most`` as last asked."""

    used: int = 0
    held: int = 0
    told: int = 0
    most: int = 0
    touched: bool = False

    @property
    def total(self) -> int:
        """What counts now."""
        return self.used + self.held


@dataclass(slots=True)
class Counted:
    """What one receipt takes of one budget."""

    operation_id: str
    key: Key
    amount: int
    until: datetime | None
    fresh: bool = False
    touched: bool = False


@dataclass(slots=True)
class Desk:
    """The budgets of one batch. Lives for one transaction; ``write`` is called once, when all is decided.

    Without locks it is a quote's: it reads, and is never written.
    """

    program_id: str
    now: datetime
    locked: bool
    counters: dict[Key, Counter] = field(default_factory=dict)
    counted: dict[str, list[Counted]] = field(default_factory=dict)
    lapsed: list[Key] = field(default_factory=list)
    _before: dict[str, list[tuple[Counted, int, datetime | None]]] = field(default_factory=dict)
    """By receipt counted here: what its rows said before."""

    def lock(self, conn: Connection, keys: Iterable[Key], known: Sequence[str] = ()) -> None:
        """Lock and read the counters that are not here yet, and those of receipts known before: one round trip.

        Called before accounts are locked. More than one call a transaction may meet another's in a circle, which the
        database breaks, and the door tries again.
        """
        missing = [key for key in dict.fromkeys(keys) if key not in self.counters]
        if not missing and not known:
            return
        parameters = self._parameters(missing, known)
        with conn.pipeline():
            if self.locked:
                conn.execute(SQL["open_budgets"], parameters)
            counters = conn.execute(SQL["lock_budgets" if self.locked else "look_at_budgets"], parameters)
            uses = conn.execute(SQL["known_budget_uses"], parameters) if known else None
        self.counters.update({key: Counter() for key in missing})
        for rule, budget, subject, bucket, used, held, told in counters.fetchall():
            self.counters[Key(rule, budget, subject, bucket)] = Counter(used, held, told)
        read = [*missing]
        for operation_id, rule, budget, subject, bucket, amount, until in uses.fetchall() if uses else ():
            key = Key(rule, budget, subject, bucket)
            read.append(key)
            self.counted.setdefault(operation_id, []).append(Counted(operation_id, key, amount, until))
        parameters = self._parameters(list(dict.fromkeys(read)), ())
        for rule, budget, subject, bucket, amount in conn.execute(SQL["lapsed_budgets"], parameters).fetchall():
            key = Key(rule, budget, subject, bucket)
            self.counters[key].held -= amount
            self.counters[key].touched = True
            self.lapsed.append(key)

    def admit(self, budgets: Budgets, use: Use, *, anyway: Collection[str] = ()) -> frozenset[str]:
        """Count a receipt, or return the rules that have no room for it; then nothing of it is counted.

        A receipt that counts already counts what is said now instead, and what it had always has room. Rules of
        ``anyway`` have acted long ago and are counted whether or not there is room. All counters must be locked.
        """
        rows = {row.key: row for row in self.counted.get(use.operation_id, ())}
        wanted = list(wants(budgets, use))
        over = set()
        for want in wanted:
            counter, row = self.counters[want.key], rows.get(want.key)
            counter.most = want.most
            more = want.amount - (row.amount if row else 0)
            if more > 0 and counter.total + more > want.most and want.key.rule not in anyway:
                over.add(want.key.rule)
        if over:
            return frozenset(over)
        before = self._before[use.operation_id] = []
        amounts = {want.key: want.amount for want in wanted}
        for key in [*rows, *(key for key in amounts if key not in rows)]:
            row = rows.get(key)
            if row is None:
                row = Counted(use.operation_id, key, 0, None, fresh=True)
                self.counted.setdefault(use.operation_id, []).append(row)
            before.append((row, row.amount, row.until))
            amount = amounts.get(key, 0)
            self._set(row, amount, use.until if amount else None)
        return frozenset()

    def drop(self, operation_id: str) -> None:
        """Undo what was counted at this desk for a receipt that did not happen after all."""
        for row, amount, until in self._before.pop(operation_id, ()):
            self._set(row, amount, until)

    def free(self, operation_id: str) -> None:
        """Give back all of a receipt: a cancelled hold, a sale of which nothing is left."""
        for row in self.counted.get(operation_id, ()):
            self._set(row, 0, None)

    def reduce(self, operation_id: str, acted: Mapping[str, Figures]) -> None:
        """Let a receipt count no more than what its rules still do to what is left of it."""
        for row in self.counted.get(operation_id, ()):
            counts = Counts(row.key.budget.partition(":")[0])
            amount = min(row.amount, figure(counts, acted.get(row.key.rule, NOTHING)))
            self._set(row, amount, row.until if amount else None)

    def write(self, conn: Connection) -> None:
        """Write all that was counted and what there is to tell: one round trip, none when there is nothing."""
        uses = [row for rows in self.counted.values() for row in rows if row.touched and (row.amount or not row.fresh)]
        told = [(key, percent) for key, one in self.counters.items() if one.touched and (percent := _percent(key, one))]
        counters = [(key, one) for key, one in self.counters.items() if one.touched]
        if not counters:
            return
        if not self.locked:
            message = "a desk that holds no locks cannot write"
            raise BrokenInvariant(message)
        for key, percent in told:
            self.counters[key].told = percent
        parts: tuple[tuple[str, Sequence[object]], ...] = (
            ("lapse_budgets", [key._asdict() for key in self.lapsed]),
            ("write_budget_uses", [_use_row(row) for row in uses]),
            ("move_budgets", [_counter_row(key, one) for key, one in counters]),
        )
        with conn.pipeline():
            for name, rows in parts:
                if rows:
                    parameters = {"rows": batches.rows(rows), "program": self.program_id, "now": self.now}
                    conn.execute(SQL[name], parameters)
            outbox.append(conn, [self._event(key, percent) for key, percent in told])
            for key, percent in told:
                about, detail = ("rule", key.rule), f"{key.budget}:{percent}"
                audit.record(
                    *(conn, self.program_id, audit.SYSTEM, "budget.reached", about), now=self.now, detail=detail
                )

    def _parameters(self, keys: Sequence[Key], known: Sequence[str]) -> dict[str, object]:
        return {
            "rows": batches.rows([key._asdict() for key in keys]),
            "known": batches.rows([{"operation_id": id_} for id_ in known]),
            "program": self.program_id,
            "now": self.now,
        }

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

    def _event(self, key: Key, percent: int) -> outbox.NewEvent:
        counter = self.counters[key]
        body: dict[str, object] = {
            "rule": key.rule,
            "budget": key.budget,
            "since": key.bucket,
            "percent": percent,
            "used": counter.total,
            "most": counter.most,
        }
        return outbox.NewEvent(self.program_id, None, EVENT, body, self.now)


def _percent(key: Key, counter: Counter) -> int:
    """Return the per cent to tell now; 0 for nothing new. What nobody has asked for here is not known to be much."""
    if key.subject or not counter.most:
        return 0
    reached = next((percent for percent in TOLD if counter.total * WHOLE >= counter.most * percent), 0)
    return reached if reached > counter.told else 0


def _use_row(row: Counted) -> dict[str, object]:
    return row.key._asdict() | {"operation_id": row.operation_id, "amount": row.amount, "until": row.until}


def _counter_row(key: Key, counter: Counter) -> dict[str, object]:
    return key._asdict() | {"used": counter.used, "held": counter.held, "told": counter.told}
