"""What a point gives back of the spending that earns it."""

from datetime import timedelta
from fractions import Fraction

import psycopg
import pytest

from tests.builders import NOW, make_shop
from verno.promotions import service as promotions
from verno.promotions import worth
from verno.promotions.types import StoredRulebook
from verno.rules.effects import Earn
from verno.rules.types import Rule, Rulebook
from verno.workspace import service as workspace
from verno.workspace.types import NewUnit, Unit


def book(*earns: tuple[str, int, int]) -> Rulebook:
    return Rulebook(tuple(Rule(id=f"r{i}", effects=(Earn(*earn),)) for i, earn in enumerate(earns)))


@pytest.mark.parametrize(
    ("scale", "value", "earns", "percent"),
    [
        (0, 100, [("points", 1, 10_000)], 1),
        (0, 100, [("points", 1, 100)], 100),
        (0, 20, [("points", 1, 100)], 20),
        (0, 21, [("points", 1, 100)], 21),
        (0, 1, [("points", 1, 3)], Fraction(100, 3)),
        # A hundredth of a point for every rouble; a whole one pays a rouble.
        (2, 100, [("points", 1, 100)], 1),
        # Rules of one unit give together; another unit's do not.
        (0, 100, [("points", 1, 1_000), ("points", 3, 2_000), ("status", 1, 1)], 25),
        (0, 100, [("status", 1, 1)], 0),
        (0, 100, [], 0),
    ],
)
def test_share(scale: int, value: int, earns: list[tuple[str, int, int]], percent: Fraction) -> None:
    assert worth.share(book(*earns), Unit("id", "points", scale), value) == percent


def test_what_holds_now_and_later_counts_and_what_held_before_does_not(conn: psycopg.Connection) -> None:
    shop = make_shop(conn, per=100)
    program, unit = shop.program.id, shop.unit

    def ask(value: int | None) -> int | None:
        return worth.too_generous(conn, program, unit, value, now=NOW)

    def publish(per: int, days: int) -> None:
        stored = promotions.publish(
            conn,
            program,
            book(("points", 1, per)),
            units=[unit],
            effective_from=NOW + timedelta(days=days),
            now=NOW,
        )
        assert isinstance(stored, StoredRulebook)

    assert (ask(None), ask(20), ask(21)) == (None, None, 21)
    publish(1000, -1)
    assert (ask(21), ask(200), ask(201)) == (None, None, 21), "rounded up, so that 20.1 is not shown as 20"
    publish(500, 30)
    assert (ask(100), ask(101)) == (None, 21)
    (other,) = workspace.add_units(conn, program, [NewUnit("status")], now=NOW)
    assert isinstance(other, Unit)
    assert worth.too_generous(conn, program, other, 10**9, now=NOW) is None, "nothing earns it"
