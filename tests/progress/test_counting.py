"""Counting in the street's transaction, judged at once; the sweep; merges; buying groups; floors and contracts."""

import re
import tempfile
from datetime import date, timedelta

import psycopg
import pytest
from msgspec import structs
from psycopg import errors

from tests.builders import holder
from tests.progress.builders import day, track
from tests.progress.shop import Shop, noon
from verno.kit import db
from verno.members import merging
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import MemberKind, NewMember
from verno.progress import engine, queries, service
from verno.progress.types import (
    Achievement,
    Audience,
    Beat,
    Between,
    Calendar,
    Challenge,
    Downgrade,
    FloorKey,
    Lifetime,
    Metric,
    Moved,
    NewFloor,
    Period,
    Rolling,
    Scale,
    Source,
    StampCard,
    Step,
    Streak,
    Tiers,
    Whose,
)

YEAR = Calendar(Period.YEAR)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return Shop(conn)


def tiers(**more: object) -> Tiers:
    return structs.replace(Tiers(maintain=YEAR, grace_days=10, warn_days=30), **more)


def test_a_tier_is_reached_at_once_kept_warned_of_lost_and_won_again(shop: Shop) -> None:
    shop.member("ann")
    shop.open(track(100, 300, settings=tiers(), window=YEAR, keep=(80, 200)))
    shop.buys("ann", 99, day("02-01"))
    assert shop.stands("ann", day("02-01")).step is None
    shop.buys("ann", 250, day("03-01"))
    found = shop.stands("ann", day("03-01"))
    assert (found.step, found.since, found.holds_until) == ("b", day("03-01"), day("2027-12-31"))
    shop.buys("ann", 150, day("2027-06-01"))
    shop.sweeps(day("2027-11-30"))
    assert shop.told() == [("tier.reached.v1", "b")]
    shop.sweeps(day("2027-12-01"))
    assert shop.sweeps(day("2027-12-01")) == 0
    assert shop.told()[1:] == [("tier.warning.v1", "b")]
    short = shop.stands("ann", day("2027-12-01"))
    assert (short.warning, short.keep_distance, short.projected) == (True, 50, "a")
    shop.sweeps(day("2028-01-10"))
    assert shop.stands("ann", day("2028-01-10")).grace_until == day("2028-01-10")
    assert shop.told()[2:] == []
    shop.sweeps(day("2028-01-11"))
    assert shop.told()[2:] == [("tier.lost.v1", "a")]
    assert shop.stands("ann", day("2028-01-11")).holds_until == day("2028-12-31")
    shop.buys("ann", 300, day("2028-05-01"))
    assert shop.told()[3:] == [("tier.reached.v1", "b")]


def test_what_is_bought_in_grace_keeps_the_step(shop: Shop) -> None:
    shop.member("ann")
    shop.open(track(100, settings=tiers(), window=YEAR))
    shop.buys("ann", 100, day("03-01"))
    shop.buys("ann", 60, day("2027-03-01"))
    shop.sweeps(day("2028-01-01"))
    assert shop.stands("ann", day("2028-01-01")).grace_until == day("2028-01-10")
    shop.buys("ann", 40, day("2028-01-10"))
    shop.sweeps(day("2028-02-01"))
    assert shop.stands("ann", day("2028-02-01")).holds_until == day("2028-12-31")
    assert [type_ for type_, _ in shop.told("tier")] == ["tier.reached.v1", "tier.warning.v1"]


def test_a_return_takes_the_tier_back_whenever_it_comes(shop: Shop) -> None:
    shop.member("ann")
    shop.open(track(100, settings=tiers(), window=YEAR))
    shop.buys("ann", 120, day("03-01"))
    shop.buys("ann", -50, day("03-01"), on=day("06-01"))
    assert shop.told() == [("tier.reached.v1", "a"), ("tier.lost.v1", None)]
    assert shop.stands("ann", day("06-01")).value == 70
    shop.buys("ann", 50, day("04-01"), on=day("06-02"))
    assert shop.stands("ann", day("06-02")).since == day("04-01")


def test_badges_of_an_achievement_come_with_its_steps_and_go_with_a_return(shop: Shop) -> None:
    ann = shop.member("ann")
    steps = (Step(code="a", threshold=3, badge="three"), Step(code="b", threshold=5, badge="five", badge_days=30))
    shop.open(track(1, settings=Achievement(), window=Lifetime(), metric=Metric.VISITS, steps=steps))
    shop.buys("ann", 5, day("03-01"))
    assert [badge.code for badge in members.badges(shop.conn, shop.program.id, [ann])[ann]] == ["five", "three"]
    shop.buys("ann", -1, day("03-01"), on=day("03-05"))
    left = members.badges(shop.conn, shop.program.id, [ann], at=noon(day("03-06")))[ann]
    assert [badge.code for badge in left] == ["three"]
    assert shop.told("track", "badge") == [
        ("track.step_reached.v1", "b"),
        ("badge.given.v1", "five"),
        ("badge.given.v1", "three"),
        ("track.step_lost.v1", "a"),
        ("badge.taken.v1", "five"),
    ]


def test_stamp_cards_fill_one_after_the_other(shop: Shop) -> None:
    shop.member("ann")
    step = (Step(code="a", threshold=6, badge="coffee"),)
    shop.open(track(1, settings=StampCard(), window=Rolling(60), metric=Metric.UNITS, steps=step))
    for text, pieces in (("03-01", 4), ("03-05", 3), ("03-09", 6)):
        shop.buys("ann", pieces, day(text))
    found = shop.stands("ann", day("03-09"))
    assert (found.times, found.value, found.distance, found.until) == (2, 1, 5, day("05-07"))
    assert shop.told("track") == [("track.step_reached.v1", "a")] * 2
    shop.sweeps(day("05-08"))
    assert shop.stands("ann", day("05-08")).value == 0
    shop.buys("ann", -6, day("03-09"), on=day("05-09"))
    assert shop.stands("ann", day("05-09")).times == 1
    assert shop.told("track")[2:] == [("track.step_lost.v1", "a")]


def test_a_streak_grows_reaches_and_breaks(shop: Shop) -> None:
    shop.member("ann")
    shop.open(track(2, settings=Streak(of=Beat.WEEK), window=Lifetime(), metric=Metric.VISITS))
    shop.buys("ann", 1, day("03-02"))
    shop.buys("ann", 1, day("03-15"))
    assert shop.stands("ann", day("03-15")).until == day("03-22")
    assert shop.sweeps(day("03-22")) == 0
    shop.sweeps(day("03-23"))
    assert shop.told() == [
        ("streak.grown.v1", "1"),
        ("streak.grown.v1", "2"),
        ("track.step_reached.v1", "a"),
        ("streak.broken.v1", "2"),
        ("track.step_lost.v1", None),
    ]


def test_a_challenge_is_over_with_its_deadline(shop: Shop) -> None:
    shop.member("ann")
    shop.open(track(100, settings=Challenge(), window=Between(day("03-01"), day("03-31"))))
    shop.buys("ann", 70, day("03-31"))
    shop.buys("ann", 70, day("04-01"))
    assert shop.stands("ann", day("04-01")).value == 70
    assert shop.told() == []
    shop.buys("ann", 30, day("03-02"), on=day("04-02"))
    assert shop.told() == [("track.step_reached.v1", "a")]


def test_a_merge_joins_what_was_counted_and_its_undoing_parts_it(shop: Shop) -> None:
    ann, double = shop.member("ann"), shop.member("double")
    shop.open(track(100, settings=tiers(), window=YEAR))
    shop.buys("ann", 60, day("03-01"))
    shop.buys("double", 60, day("03-02"))

    def merged(today: date) -> None:
        service.judge_again(shop.conn, shop.program.id, [ann, double], on=shop.board(today), now=noon(today))

    merging.redirect(shop.conn, shop.program.id, double, ann, now=noon(day("03-03")))
    merged(day("03-03"))
    assert shop.told() == [("tier.reached.v1", "a")]
    shop.buys("double", -20, day("03-02"), on=day("03-04"))
    shop.buys("double", 20, day("03-04"))
    assert shop.stands("double", day("03-04")).value == shop.stands("ann", day("03-04")).value == 120
    shop.sweeps(day("2027-01-01"))
    merging.restore(shop.conn, shop.program.id, double, ann, now=noon(day("03-05")))
    merged(day("03-05"))
    assert shop.told("tier")[-1] == ("tier.lost.v1", None)
    assert [shop.stands(name, day("03-05")).value for name in ("ann", "double")] == [60, 60]


def test_companies_of_a_group_buy_as_one(shop: Shop) -> None:
    north, south = (shop.member(name, kind="company", group="g") for name in ("north", "south"))
    alone, ann = shop.member("alone", kind="company"), shop.member("ann")
    steps = (Step(code="five", threshold=500_000, share=500), Step(code="seven", threshold=1_000_000, share=700))
    shop.open(track(1, settings=Scale(whose=Whose.GROUP), window=YEAR, steps=steps, audience=Audience.COMPANY))
    for name in ("north", "south", "alone", "ann"):
        shop.buys(name, 474_500, day("03-01"))
    found = queries.standings(
        shop.conn, shop.program.id, [north, south, alone, ann], on=shop.board(day("03-01")), at=noon(day("03-01"))
    )
    assert [
        (one.value, one.share, one.distance, one.group) for one in (*found[north], *found[south], *found[alone])
    ] == [
        (949_000, 500, 51_000, "g"),
        (949_000, 500, 51_000, "g"),
        (474_500, None, 25_500, None),
    ]
    assert found[ann] == []


def test_a_step_that_is_set_lifts_and_lets_down_again(shop: Shop) -> None:
    ann = shop.member("ann")
    stored = shop.open(track(100, 200, settings=tiers(), window=YEAR))
    shop.buys("ann", 100, day("03-01"))
    floor = NewFloor(
        holder_id=ann, track_id=stored.id, step="b", first=day("03-02"), last=day("03-31"), source=Source.HAND, key="k"
    )
    for _ in range(2):
        service.set_floors(shop.conn, shop.program.id, [floor], on=shop.board(day("03-02")), now=noon(day("03-02")))
    assert shop.stands("ann", day("03-31")).set_by
    assert queries.steps(shop.conn, shop.program.id, [ann], on=shop.board(day("03-02"))) == {ann: {"main": "b"}}
    shop.sweeps(day("04-01"))
    assert shop.told() == [("tier.reached.v1", "a"), ("tier.reached.v1", "b"), ("tier.lost.v1", "a")]


def test_a_step_that_was_set_is_revoked_with_what_had_set_it(shop: Shop) -> None:
    ann = shop.member("ann")
    stored = shop.open(track(100, 200, settings=tiers(), window=YEAR))
    one = NewFloor(
        holder_id=ann, track_id=stored.id, step="b", first=day("03-02"), last=None, source=Source.EFFECT, key="r/1"
    )
    service.set_floors(shop.conn, shop.program.id, [one], on=shop.board(day("03-02")), now=noon(day("03-02")))
    assert shop.stands("ann", day("2028-03-02")).step == "b"
    key = [FloorKey(ann, stored.id, "r/1")]
    service.revoke_floors(shop.conn, shop.program.id, key, on=shop.board(day("03-05")), now=noon(day("03-05")))
    assert shop.stands("ann", day("03-05")).step is None
    assert shop.told() == [("tier.reached.v1", "b"), ("tier.lost.v1", None)]


def test_one_and_five_hundred_cost_the_same_and_no_tracks_cost_nothing(shop: Shop) -> None:
    conn, program = shop.conn, shop.program.id
    nothing = shop.board(day("03-01"))

    def cost(moved: list[Moved]) -> int:
        on = shop.board(day("03-01")) if moved else nothing
        with tempfile.TemporaryFile("w+") as wire:
            conn.pgconn.trace(wire.fileno())
            service.count(conn, program, moved, on=on, now=noon(day("03-01")))
            conn.pgconn.untrace()
            wire.seek(0)
            sent = re.findall(r"^[^\t]*\tF\t\d+\t(\w+)", wire.read(), re.MULTILINE)
            return sent.count("Sync") + sent.count("Query")

    assert not nothing
    assert cost([]) == 0
    stored = shop.open(track(10, 50, settings=tiers(downgrade=Downgrade.NEVER), window=YEAR))
    people = [shop.member(f"m{n}") for n in range(501)]
    moved = [Moved(one, stored.counter_id, day("03-01"), 20) for one in people]
    assert cost(moved[:1]) == cost(moved[1:]) == 4
    assert len(shop.told("tier")) == 501
    assert cost(moved[:1]) == cost(moved[1:]) == 3  # short of the next step by all means: no days are read


def test_what_comes_to_nothing_is_not_written(shop: Shop) -> None:
    stored = shop.open(track(10))
    ann = shop.member("ann")
    moved = [Moved(ann, stored.counter_id, day("03-01"), amount) for amount in (5, -5)]
    service.count(shop.conn, shop.program.id, moved, on=shop.board(day("03-01")), now=noon(day("03-01")))
    assert shop.conn.execute("SELECT count(*) FROM progress_bucket").fetchone() == (0,)


def test_who_is_no_member_is_counted_all_the_same(shop: Shop) -> None:
    stored = shop.open(track(10))
    shop.who["ghost"] = holder()
    shop.buys("ghost", 15, day("03-01"))
    assert shop.stands("ghost", day("03-01")).step == "a"
    assert stored.version == 1


def test_days_go_by_the_zone_of_the_program(shop: Shop) -> None:
    shop.open(track(10, settings=tiers(), window=YEAR))
    late = noon(day("12-31")) + timedelta(hours=12)  # 00:00 in Moscow
    assert engine.today_of(shop.board(day("12-31")), late) == day("2027-01-01")


NO_RIGHT = errors.InsufficientPrivilege
ILLEGAL = [
    ("UPDATE progress_version SET body = '{}'", NO_RIGHT),
    ("UPDATE progress_version SET counts_from = NULL", NO_RIGHT),
    ("DELETE FROM progress_version", NO_RIGHT),
    ("DELETE FROM progress_bucket", NO_RIGHT),
    ("UPDATE progress_bucket SET day = '2020-01-01'", NO_RIGHT),
    ("DELETE FROM progress_tier", NO_RIGHT),
    ("UPDATE progress_floor SET step = 'z'", NO_RIGHT),
    ("UPDATE progress_floor SET last = NULL", NO_RIGHT),
    ("DELETE FROM progress_floor", NO_RIGHT),
    ("UPDATE progress_contract SET share = 1", NO_RIGHT),
    ("DELETE FROM progress_track", NO_RIGHT),
    ("UPDATE progress_tier SET times = -1", errors.CheckViolation),
    ("DELETE FROM members_badge", NO_RIGHT),
]


@pytest.mark.parametrize(("sql", "error"), ILLEGAL, ids=[sql for sql, _ in ILLEGAL])
def test_the_database_refuses(shop: Shop, sql: str, error: type[Exception]) -> None:
    shop.member("ann")
    shop.open(track(10))
    shop.buys("ann", 15, day("03-01"))
    with pytest.raises(error), shop.conn.transaction():
        shop.conn.execute(sql)


PLANS = (
    "owners",
    "open_tiers",
    "companies_of",
    "lock_tiers",
    "add_counts",
    "counts",
    "floors",
    "contracts",
    "write_tiers",
    "tiers_of",
)


@pytest.mark.parametrize("name", PLANS)
def test_the_plans_go_by_key_though_nothing_is_known_of_the_tables(name: str) -> None:
    with db.connect_for_batches() as conn:
        values = {
            "rows": "[]",
            "owners": "[]",
            "ids": "[]",
            "groups": "[]",
            "counters": [],
            "today": day("03-01"),
            "program": holder(),
            "now": noon(day("03-01")),
        }
        plan = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {queries.SQL[name]}", values))
        conn.rollback()
    assert "Seq Scan" not in plan, plan
    assert "Hash Join" not in plan, plan


def test_the_sweep_rests_rows_of_those_who_were_merged_or_joined_a_group(shop: Shop) -> None:
    steps = (Step(code="five", threshold=100, share=500),)
    shop.open(track(1, settings=Scale(whose=Whose.GROUP), window=YEAR, steps=steps, audience=Audience.COMPANY))
    for name in ("north", "south", "ann"):
        shop.member(name, kind="company")
        shop.buys(name, 60, day("03-01"))
    assert shop.told() == []
    group = [NewMember(name, buying_group="g") for name in ("north", "south")]
    people.upsert(shop.conn, shop.program, [*group, NewMember("ann", kind=MemberKind.PERSON)], now=noon(day("03-02")))
    assert shop.sweeps(day("2027-01-01")) == 3
    assert shop.sweeps(day("2027-01-01")) == 0
    due = shop.conn.execute("SELECT count(*) FROM progress_tier WHERE due_on IS NOT NULL").fetchone()
    assert due == (1,)
    assert shop.stands("south", day("03-02")).value == 120
