"""A track changes, and nobody's progress is silently wiped: previews, written rules, recounts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import psycopg
import pytest
from msgspec import structs

from tests.progress.builders import day, line, receipt, steps, track
from tests.progress.shop import Shop, noon
from verno.members import merging
from verno.progress import engine, queries, service
from verno.progress.service import Kept
from verno.progress.types import (
    Calendar,
    Example,
    Fresh,
    KeepSteps,
    Lifetime,
    Metric,
    Move,
    NotPublished,
    Period,
    Published,
    Recount,
    Rule,
    Scale,
    StampCard,
    Step,
    Stored,
    Tiers,
    Track,
    Whose,
)
from verno.rules.fields import Known

YEAR = Calendar(Period.YEAR)
TODAY = day("06-01")
NOW = noon(TODAY)
OLD = track(100, 200, settings=Tiers(maintain=YEAR), window=YEAR)
HARDER = structs.replace(OLD, steps=steps(150, 300))


@dataclass
class Till:
    """Receipts that whoever is above progress has stored."""

    shop: Shop
    stored: list[Kept] = field(default_factory=list)

    def sells(self, name: str, price: int, on: date, *, sku: str = "tea") -> None:
        sale = receipt(line(price, sku=sku), at=noon(on))
        self.stored.append(Kept(self.shop.who[name], on, sale))
        board = self.shop.board(on)
        moved = engine.moves(board, self.shop.who[name], on, None, sale)
        service.count(self.shop.conn, self.shop.program.id, moved, on=board, now=noon(on))

    def of(self, conn: psycopg.Connection, holders: Sequence[str]) -> Iterator[Kept]:
        yield from sorted((one for one in self.stored if one.holder_id in holders), key=lambda kept: kept.holder_id)


@pytest.fixture
def till(conn: psycopg.Connection) -> Till:
    shop = Shop(conn)
    for name in ("ann", "bob", "eve"):
        shop.member(name)
    shop.open(OLD)
    till = Till(shop)
    for name, price in (("ann", 120), ("bob", 250), ("eve", 400)):
        till.sells(name, price, day("03-01"))
    return till


def publish(till: Till, draft: Track, rule: Rule, on: date = TODAY) -> Stored:
    done = service.publish(till.shop.conn, till.shop.program, draft, rule, known=Known(), now=noon(on))
    assert isinstance(done, Published), done
    return done.stored


def on_steps(till: Till, on: date) -> list[str | None]:
    till.shop.sweeps(on)
    return [till.shop.stands(name, on).step for name in ("ann", "bob", "eve")]


def test_a_preview_says_who_moves_and_writes_nothing(till: Till) -> None:
    shop = till.shop
    found = service.preview(shop.conn, shop.program.id, HARDER, Recount(), on=shop.board(TODAY), known=Known(), now=NOW)
    assert found.members == 3
    assert found.moves == (Move("a", None, 1), Move("b", "a", 1), Move("b", "b", 1))
    assert sorted(found.examples, key=lambda one: one.value_after) == [
        Example(shop.who["ann"], "a", None, 120, 120),
        Example(shop.who["bob"], "b", "a", 250, 250),
    ]
    kept = service.preview(
        shop.conn, shop.program.id, HARDER, KeepSteps(), on=shop.board(TODAY), known=Known(), now=NOW
    )
    assert kept.moves == (Move("a", "a", 1), Move("b", "b", 2))
    assert on_steps(till, TODAY) == ["a", "b", "b"]


def test_recount_puts_everybody_where_the_new_version_has_them(till: Till) -> None:
    stored = publish(till, HARDER, Recount())
    assert (stored.version, stored.filled) == (2, True)
    assert on_steps(till, TODAY) == [None, "a", "b"]
    assert [type_ for type_, _ in till.shop.told("tier")] == ["tier.reached.v1"] * 3 + ["tier.lost.v1"] * 2


def test_keep_takes_nothing_before_its_promised_end(till: Till) -> None:
    publish(till, HARDER, KeepSteps())
    assert on_steps(till, TODAY) == ["a", "b", "b"]
    assert till.shop.stands("ann", TODAY).holds_until == day("2027-12-31")
    assert on_steps(till, day("2027-12-31")) == ["a", "b", "b"]
    assert on_steps(till, day("2028-01-01")) == [None, None, None]


def test_fresh_lets_the_old_version_hold_until_its_date(till: Till) -> None:
    publish(till, HARDER, Fresh(day("07-01")))
    till.sells("ann", 90, day("06-20"))
    assert on_steps(till, day("06-30")) == ["b", "b", "b"]
    assert on_steps(till, day("07-01")) == [None, None, None]
    assert [type_ for type_, _ in till.shop.told("tier")][-3:] == ["tier.lost.v1"] * 3
    till.sells("ann", 150, day("07-02"))
    assert on_steps(till, day("07-02")) == ["a", None, None]
    assert till.shop.conn.execute("SELECT sum(amount) FROM progress_bucket").fetchone() == (120 + 250 + 400 + 90 + 150,)


def test_what_counts_otherwise_is_recounted_while_the_street_goes_on(till: Till) -> None:
    only_tea = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "tea"}]}
    till.sells("bob", 100, day("04-01"), sku="cup")
    draft, shop = structs.replace(OLD, lines=only_tea), till.shop
    seen = service.preview(
        shop.conn,
        shop.program.id,
        structs.replace(draft, steps=steps(100, 300)),
        Recount(),
        on=shop.board(TODAY),
        known=Known(),
        now=NOW,
        receipts=till.of(shop.conn, list(shop.who.values())),
    )
    assert seen.moves == (Move("a", "a", 1), Move("b", "a", 1), Move("b", "b", 1))
    stored = publish(till, draft, Recount())
    assert not stored.filled
    till.sells("ann", 60, TODAY)  # counts for both
    board = shop.board(TODAY)
    assert [one.version for one in board.holding(TODAY)] == [1]
    for name in ("ann", "bob", "eve"):
        service.refill(shop.conn, shop.program.id, stored, [shop.who[name]], till.of, known=Known(), on=board, now=NOW)
        till.sells(name, 5, TODAY)
    service.finish(shop.conn, shop.program.id, stored, on=board, now=NOW)
    assert [one.version for one in shop.board(TODAY).holding(TODAY)] == [2]
    shop.sweeps(TODAY)
    assert [shop.stands(name, TODAY).value for name in ("ann", "bob", "eve")] == [185, 255, 405]


def test_a_new_track_may_be_filled_from_the_past(till: Till) -> None:
    shop = till.shop
    visits = structs.replace(track(1, settings=Tiers(), window=Lifetime(), metric=Metric.VISITS), code="visits")
    stored = publish(till, visits, Recount())
    board = shop.board(TODAY)
    ids = list(shop.who.values())
    assert service.refill(shop.conn, shop.program.id, stored, ids, till.of, known=Known(), on=board, now=NOW) == 3
    service.finish(shop.conn, shop.program.id, stored, on=board, now=NOW)
    shop.sweeps(TODAY)
    found = queries.standings(shop.conn, shop.program.id, ids, on=shop.board(TODAY), at=NOW)
    assert [[(one.track, one.value) for one in found[id_]][1] for id_ in ids] == [("visits", 1)] * 3


def test_a_removed_track_counts_nothing_and_comes_back_as_its_next_version(till: Till) -> None:
    shop = till.shop
    assert service.remove(shop.conn, shop.program.id, "main", now=NOW)
    assert not service.remove(shop.conn, shop.program.id, "main", now=NOW)
    assert not shop.board(TODAY)
    assert publish(till, OLD, Fresh(day("07-01"))).version == 2


REFUSED = [
    (HARDER, Fresh(TODAY), "has begun somewhere"),
    (structs.replace(OLD, settings=StampCard()), Recount(), "another kind is a new track"),
    (structs.replace(OLD, code="other"), KeepSteps(), "no steps to keep"),
    (structs.replace(OLD, steps=steps(2, 1)), Recount(), "each threshold"),
]


@pytest.mark.parametrize(("draft", "rule", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_what_is_refused_changes_nothing(till: Till, draft: Track, rule: Rule, words: str) -> None:
    done = service.publish(till.shop.conn, till.shop.program, draft, rule, known=Known(), now=NOW)
    assert isinstance(done, NotPublished)
    assert any(words in reason for reason in done.reasons)
    assert len(queries.tracks(till.shop.conn, till.shop.program.id)) == 1


def test_a_version_waits_for_the_recount_before_it(till: Till) -> None:
    publish(till, structs.replace(OLD, metric=Metric.AMOUNT), Recount())
    done = service.publish(till.shop.conn, till.shop.program, OLD, Recount(), known=Known(), now=NOW)
    assert done == NotPublished(("the version before is still being recounted",))


def test_a_preview_adds_up_groups_and_those_who_were_merged(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    for name in ("north", "south"):
        shop.member(name, kind="company", group="g")
    for name in ("alone", "double"):
        shop.member(name, kind="company")
    merging.redirect(conn, shop.program.id, shop.who["double"], shop.who["alone"], now=NOW)
    scale = track(
        100, settings=Scale(whose=Whose.GROUP), window=YEAR, steps=(Step(code="a", threshold=100, share=500),)
    )
    on = day("03-01")
    receipts = [Kept(holder, on, receipt(line(60), at=noon(on))) for holder in shop.who.values()]
    board = shop.board(TODAY)
    found = service.preview(
        conn, shop.program.id, scale, Recount(), on=board, known=Known(), now=NOW, receipts=receipts
    )
    assert (found.members, found.moves) == (2, (Move(None, "a", 2),))
