"""Random days at the tills against a model that remembers every use and adds up anew each time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW, make_shop
from tests.limits.builders import limit, live, setup, uneven, use
from verno.kit import db
from verno.kit.ids import new_ids
from verno.limits import queries, service
from verno.limits.counting import Key, figure, wants
from verno.limits.types import Figures, Limit, OverLimit, Use

MEMBERS = new_ids(2, now=NOW)
LIMITS = (
    limit("member", "receipts", "hour", most=2),
    limit("member", "spent", "day", most=25),
    limit("place", "spent", "day", most=60, hard=False),
    limit("program", "receipts", "day", most=5),
    limit("program", "earned", "hour", most=12, place="msk-1"),
)


@dataclass
class Part:
    """What an operation counts in one counter."""

    operation_id: str
    limit: Limit
    key: Key
    amount: int
    until: datetime | None


@dataclass
class Model:
    """Adds up the living parts; decides one item at a time."""

    limits: tuple[Limit, ...]
    now: datetime = NOW
    parts: list[Part] = field(default_factory=list)
    told: set[Key] = field(default_factory=set)
    crossed: dict[Key, int] = field(default_factory=dict)
    """What went over a soft limit in this batch, with the limit: told when it still is at the end."""

    def used(self, key: Key) -> int:
        return sum(part.amount for part in self.parts if part.key == key and self.lives(part))

    def lives(self, part: Part) -> bool:
        return part.until is None or part.until > self.now

    def admit(self, one: Use) -> str | None:
        meets = wants(self.limits, one)
        for want in meets:
            if want.limit.hard and self.used(want.key) + want.amount > want.limit.most:
                return want.limit.id
        for want in meets:
            self.parts.append(Part(one.operation_id, want.limit, want.key, want.amount, one.until))
            if not want.limit.hard and self.used(want.key) > want.limit.most:
                self.crossed[want.key] = want.limit.most
        return None

    def confirm(self, operation_id: str, figures: Figures) -> str | None:
        mine = [part for part in self.parts if part.operation_id == operation_id]
        for part in mine:
            amount = figure(part.limit.measure, part.limit.unit, figures)
            had = part.amount if self.lives(part) else 0
            if part.limit.hard and amount > had and self.used(part.key) - had + amount > part.limit.most:
                return part.limit.id
        for part in mine:
            part.amount, part.until = figure(part.limit.measure, part.limit.unit, figures), None
        return None

    def hand_back(self, operation_id: str, figures: Figures) -> None:
        for part in self.parts:
            if part.operation_id == operation_id:
                back = figure(part.limit.measure, part.limit.unit, figures)
                part.amount = max(0, part.amount - back) if self.lives(part) else 0

    def commit(self) -> None:
        self.told |= {key for key, most in self.crossed.items() if self.used(key) > most}
        self.crossed.clear()

    def totals(self) -> dict[Key, int]:
        return {key: used for key in {part.key for part in self.parts} if (used := self.used(key))}


figures = st.builds(
    lambda receipts, earned, spent: Figures(receipts, {"points": earned}, {"points": spent}),
    st.integers(0, 1), st.integers(0, 8), st.integers(0, 15),
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("use"), figures, st.sampled_from([None, *MEMBERS]), st.integers(0, 3), st.integers(-60, 60)),
    st.tuples(st.sampled_from(["confirm", "hand_back", "free"]), figures, st.integers(0, 30)),
)
batches = st.lists(st.tuples(st.integers(0, 30), st.lists(steps, min_size=1, max_size=6)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def shelf() -> Iterator[tuple[psycopg.Connection, str, tuple[Limit, ...]]]:
    """A connection as tills have it, in a transaction with limits that each example starts from."""
    conn = db.connect_for_batches()
    program = make_shop(conn).program.id
    yield conn, program, setup(conn, program, *LIMITS)
    conn.rollback()
    conn.close()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches)
def test_any_day_ends_as_the_model_says(shelf: tuple[psycopg.Connection, str, tuple[Limit, ...]], day: list) -> None:  # type: ignore[type-arg]
    conn, program, limits = shelf
    with conn.transaction(force_rollback=True):
        model, known = Model(limits), list[str]()
        for minutes, items in day:
            model.now += timedelta(minutes=minutes)
            fresh = dict(zip(range(len(items)), new_ids(len(items), now=model.now), strict=True))
            uses = {i: as_use(item, fresh[i], model.now) for i, item in enumerate(items) if item[0] == "use"}
            touched = {i: known[item[2] % len(known)] for i, item in enumerate(items) if item[0] != "use" and known}
            desk = service.open_counters(
                conn, program, limits, list(uses.values()), known=list(set(touched.values())), now=model.now
            )
            for i, item in enumerate(items):
                if i in uses:
                    assert named(desk.admit(uses[i])) == model.admit(uses[i])
                    known.append(fresh[i])
                elif i in touched and item[0] == "confirm":
                    assert named(desk.confirm(touched[i], item[1])) == model.confirm(touched[i], item[1])
                elif i in touched and item[0] == "hand_back":
                    desk.hand_back(touched[i], item[1])
                    model.hand_back(touched[i], item[1])
                elif i in touched:
                    desk.free(touched[i])
                    model.hand_back(touched[i], Figures(10**6, {"points": 10**6}, {"points": 10**6}))
            desk.write(conn)
            model.commit()
            assert live(conn, now=model.now) == model.totals()
            assert uneven(conn) == []
            assert {(row.limit.id, row.subject) for row in queries.alerts(conn, program)} == {
                key[:2] for key in model.told
            }


def as_use(item: tuple, id_: str, now: datetime) -> Use:  # type: ignore[type-arg]
    _, asked, member, hold, minutes = item
    return use(
        member, key=id_, at=now - timedelta(minutes=minutes), receipts=asked.receipts, earned=asked.earned,
        spent=asked.spent, place="msk-1" if minutes % 2 else "msk-2",
        until=now + timedelta(minutes=10 * hold) if hold else None,
    )  # fmt: skip


def named(over: OverLimit | None) -> str | None:
    return over.limit.id if over is not None else None
