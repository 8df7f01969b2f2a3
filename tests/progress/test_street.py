"""What the street gives to progress: sales, claims and returns in any order, events, and conditions that went stale."""

from datetime import date, timedelta

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.progress.builders import day, line, receipt, track
from tests.progress.shop import Shop, noon
from verno.kit import localtime
from verno.progress import engine, queries, service
from verno.progress.types import (
    Achievement,
    Calendar,
    Fresh,
    Lifetime,
    Metric,
    Period,
    Published,
    Rolling,
    Stored,
    Tiers,
    Track,
)
from verno.rules.facts import Facts
from verno.rules.fields import Known

YEAR = Calendar(Period.YEAR)
FIRST = day("03-01")
SALES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9), st.booleans()), min_size=1, max_size=6)


def facts(pieces: int, on: date) -> Facts:
    return receipt(line(100 * pieces, pieces=pieces), at=noon(on))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SALES, st.randoms())
def test_any_order_of_a_feed_leaves_the_same(
    conn: psycopg.Connection, sales: list[tuple[int, int, bool]], random: object
) -> None:
    """Sales and their returns in whatever order they come: the same days, the same step, the same end."""
    found = []
    for shuffled in (False, True):
        conn.rollback()
        shop = Shop(conn)
        ann = shop.member("ann")
        shop.open(track(1000, 2000, settings=Tiers(maintain=Rolling(30), grace_days=3), window=Rolling(20)))
        board = shop.board(FIRST)
        feed: list[tuple[date, Facts | None, Facts | None]] = []
        for after, pieces, returned in sales:
            on, sold = FIRST + timedelta(days=after), facts(pieces, FIRST + timedelta(days=after))
            feed.append((on, None, sold))
            if returned:
                feed.append((on, sold, facts(pieces // 2, on) if pieces > 1 else None))
        if shuffled:
            random.shuffle(feed)  # type: ignore[attr-defined]
        for on, before, kept in feed:
            moved = engine.moves(board, ann, on, before, kept)
            service.count(conn, shop.program.id, moved, on=board, now=noon(FIRST + timedelta(days=60)))
        row = conn.execute("SELECT step, since, value, holds_until, grace_until, due_on FROM progress_tier").fetchone()
        buckets = conn.execute("SELECT day, amount FROM progress_bucket WHERE amount <> 0 ORDER BY day").fetchall()
        found.append((row, buckets))
    conn.rollback()
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 9)), max_size=12), st.integers(5, 30))
def test_whose_days_are_not_read_stands_where_they_would_put_them(
    conn: psycopg.Connection, bought: list[tuple[int, int]], wide: int
) -> None:
    conn.rollback()
    shop = Shop(conn)
    ann = shop.member("ann")
    shop.open(track(7, 15, 40, settings=Tiers(grace_days=2), window=Rolling(wide)))
    today, there = FIRST, 0
    for days_later, wanted in bought:
        today, amount = today + timedelta(days=days_later), max(wanted, -there)
        there += amount
        shop.sweeps(today)
        shop.buys("ann", amount, today if amount > 0 else FIRST, on=today)
        step, value = conn.execute("SELECT step, value FROM progress_tier").fetchone() or (None, 0)
        found = shop.stands("ann", today)
        assert (found.step, found.value <= value) == (step, True)
    assert ann
    conn.rollback()


def test_a_receipt_that_moves_nothing_is_left_out(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    ann = shop.member("ann")
    shop.open(track(10))
    visits = structs.replace(track(3, metric=Metric.VISITS, settings=Achievement()), code="visits")
    shop.open(visits, date(2026, 3, 2))
    board = shop.board(FIRST)
    codes = {one.counter_id: one.track.code for one in board.stored}

    def moves(on: date, before: Facts | None, after: Facts | None) -> list[tuple[str, int]]:
        return sorted((codes[one.counter_id], one.amount) for one in engine.moves(board, ann, on, before, after))

    two, one = facts(2, FIRST), facts(1, FIRST)
    assert moves(FIRST, None, two) == [("main", 200)]
    assert moves(day("03-02"), None, two) == [("main", 200), ("visits", 1)]
    assert moves(day("03-02"), two, one) == [("main", -100)]
    assert moves(day("03-02"), one, None) == moves(day("03-02"), one, receipt()) == [("main", -100), ("visits", -1)]
    assert moves(FIRST, two, two) == []


def test_events_count_one_each(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    ann = shop.member("ann")
    shop.open(track(2, metric=Metric.EVENTS, event="review", settings=Achievement(), window=Lifetime()))
    board = shop.board(FIRST)

    def moves(**events: int) -> list[int]:
        after = engine.Gave(events=events)
        found = engine.moves(board, ann, FIRST, None, facts(1, FIRST), gave=(engine.NOTHING, after))
        return [one.amount for one in found]

    assert (moves(other=1), moves(review=2, other=1)) == ([], [2])


def test_what_conditions_may_ask_of_tracks(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    shop.open(track(10, names={"en": "Club"}))
    known = queries.all_known(shop.board(FIRST).stored, currency="RUB")
    assert (known["main"].name, known["main"].steps, known["main"].decimals) == ("Club", {"a": "a"}, 2)
    tree = {"combinator": "and", "rules": [{"field": "tiers.main", "operator": "in", "value": ["a"]}]}
    gifted: Track = structs.replace(track(1, metric=Metric.VISITS, where=tree), code="gifted")
    since = date(2026, 3, 1)
    done = service.publish(conn, shop.program, gifted, Fresh(since), known=Known(tracks=known), now=noon(day("02-01")))
    assert isinstance(done, Published)
    stored: list[Stored] = queries.tracks(conn, shop.program.id)
    zone = localtime.zone("Europe/Moscow")
    assert "tiers.main" in engine.board(stored, Known(tracks=known), zone, today=FIRST).uses


def test_a_condition_that_cannot_be_read_any_more_counts_nothing(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    tree = {"combinator": "and", "rules": [{"field": "place", "operator": "in", "value": ["msk-1"]}]}
    done = service.publish(
        conn,
        shop.program,
        track(1, where=tree),
        Fresh(FIRST),
        known=Known(places={"msk-1": "Shop"}),
        now=noon(day("02-01")),
    )
    assert isinstance(done, Published)
    stored, zone = queries.tracks(conn, shop.program.id), localtime.zone("Europe/Moscow")
    sale = at_the_shop(facts(1, FIRST))
    there = engine.board(stored, Known(places={"msk-1": "Shop"}), zone, today=FIRST)
    gone = engine.board(stored, Known(places={"spb-1": "Shop"}), zone, today=FIRST)
    assert [len(engine.moves(board, "", FIRST, None, sale)) for board in (there, gone)] == [1, 0]


def at_the_shop(sale: Facts) -> Facts:
    sale.place = "msk-1"
    return sale
