"""The arithmetic of broadcasts: draws that stick, sizes told beforehand, winners, lifts, turns, thresholds."""

import uuid
from collections import Counter
from datetime import UTC, date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Shop
from tests.messaging.broadcasts.shows import launch, rows, wanted, work
from tests.messaging.news import NOW, readers
from verno.messaging.broadcasts import health
from verno.messaging.broadcasts.drawing import assigning, samples, timing, winner
from verno.messaging.broadcasts.drawing.assigning import Draw
from verno.messaging.broadcasts.drawing.lift import lift
from verno.messaging.broadcasts.running import cascade
from verno.messaging.broadcasts.running.cascade import Need
from verno.messaging.broadcasts.types import (
    Arm,
    AtBestHour,
    AtLocalHour,
    AtMoment,
    AtOnce,
    Channel,
    Group,
    Measure,
    Outcome,
    Until,
    Variant,
    Warned,
    WinnerRule,
)

PROGRAM = "00000000-0000-7000-8000-000000000001"
HOLDERS = [str(uuid.UUID(int=n)) for n in range(20_000)]
THREE = (Variant("a", "note"), Variant("b", "notice", weight=2), Variant("c", "tier"))

ids = st.uuids().map(str)
weights = st.lists(st.integers(1, 1000), min_size=1, max_size=6)


def variants(some: list[int]) -> tuple[Variant, ...]:
    return tuple([Variant(chr(ord("a") + n), "x", weight) for n, weight in enumerate(some)])


@given(ids, weights, st.integers(0, 5_000))
def test_a_draw_is_the_same_again(holder: str, some: list[int], holdout: int) -> None:
    asked = wanted(variants=variants(some), holdout=holdout)
    again = wanted(variants=variants(some), holdout=holdout)
    assert assigning.draw(assigning.lots(PROGRAM, asked), holder) == assigning.draw(
        assigning.lots(PROGRAM, again), holder
    )


@given(ids, weights, st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_larger_holdout_moves_nobody_to_another_variant(holder: str, some: list[int], one: int, other: int) -> None:
    small, large = [
        assigning.draw(assigning.lots(PROGRAM, wanted(variants=variants(some), holdout=share)), holder)
        for share in sorted((one, other))
    ]
    assert large.variant in (small.variant, None)
    assert (small.bucket, small.wave) == (large.bucket, large.wave)


@given(ids)
def test_broadcasts_of_one_experiment_draw_alike_and_others_do_not_look(holder: str) -> None:
    first = assigning.lots(PROGRAM, wanted(name="One", experiment="autumn", variants=THREE))
    second = assigning.lots(PROGRAM, wanted(name="Two", experiment="autumn", variants=THREE))
    assert assigning.draw(first, holder) == assigning.draw(second, holder)
    assert assigning.lots(PROGRAM, wanted(name="One")).key != assigning.lots(PROGRAM, wanted(name="Two")).key


def test_shares_come_out_as_asked() -> None:
    lots = assigning.lots(PROGRAM, wanted(variants=THREE, holdout=500, winner=WinnerRule(sample=2_000)))
    drawn = [assigning.draw(lots, holder) for holder in HOLDERS]
    counts = Counter(one.variant for one in drawn)
    assert 0.045 < counts[None] / len(HOLDERS) < 0.055
    assert 0.46 < counts["b"] / (len(HOLDERS) - counts[None]) < 0.54
    assert 0.18 < Counter(one.wave for one in drawn)[0] / len(HOLDERS) < 0.22


def test_the_database_draws_as_the_reference_does(shop: Shop) -> None:
    readers(shop, 200)
    rule = WinnerRule(sample=5_000)
    broadcast = launch(shop, variants=THREE, holdout=1_000, winner=rule)
    work()
    lots = assigning.lots(shop.program.id, broadcast.wanted)
    found = rows(shop, "SELECT holder_id::text, bucket, variant, wave FROM messaging_recipient")
    assert len(found) == 200
    assert {one[0]: Draw(*one[1:]) for one in found} == {one[0]: assigning.draw(lots, str(one[0])) for one in found}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("baseline", "effect", "members"),
    # From Fleiss, Levin & Paik (2003), formula 4.14 without continuity correction.
    [(1_000, 500, 686), (300, 100, 5_301), (5_000, 500, 1_565), (1_000, -500, 435)],
)
def test_sample_sizes(baseline: int, effect: int, members: int) -> None:
    assert abs(samples.needed(baseline, effect) - members) <= 1


@pytest.mark.parametrize(("rivals", "members"), [(1, 5_301), (2, 6_420), (5, 7_888)])
def test_rivals_share_what_chance_may_do(rivals: int, members: int) -> None:
    """As the verdict does: of six variants the best is compared five times, and chance has one in twenty for all."""
    assert samples.needed(300, 100, rivals) == members


@pytest.mark.parametrize(
    ("written", "sample", "weights", "arm"),
    [(2_850, 2_000, (1, 1), 285), (47_500, 2_000, (9, 1), 950), (47_500, 2_000, (1, 2, 2), 1_900)],
)
def test_the_smallest_arm(written: int, sample: int, weights: tuple[int, ...], arm: int) -> None:
    assert samples.smallest_arm(written, sample, weights) == arm


@given(st.integers(1, 5_000), st.integers(10, 1_000_000), st.integers(1, 5))
def test_the_smallest_effect_is_the_smallest(baseline: int, members: int, rivals: int) -> None:
    effect = samples.smallest_effect(baseline, members, rivals)
    if effect is None:
        assert samples.needed(baseline, 10_000 - baseline, rivals) > members
        return
    assert samples.needed(baseline, effect, rivals) <= members
    assert effect == 1 or samples.needed(baseline, effect - 1, rivals) > members


@pytest.mark.parametrize(("baseline", "effect"), [(0, 0), (9_900, 200), (100, -200)])
def test_shares_beyond_the_whole_are_refused(baseline: int, effect: int) -> None:
    with pytest.raises(ValueError, match="no such shares"):
        samples.needed(baseline, effect)


def judged(**arms: tuple[int, int]) -> tuple[Outcome, str | None]:
    told = winner.judge({code: Arm(*arm) for code, arm in arms.items()}, by=Measure.CLICKS, least=100, now=NOW)
    return told.outcome, told.variant


@pytest.mark.parametrize(
    ("arms", "outcome"),
    [
        ({"a": (1000, 100), "b": (1000, 50)}, (Outcome.WON, "a")),
        ({"a": (1000, 50), "b": (1000, 100)}, (Outcome.WON, "b")),
        ({"a": (1000, 60), "b": (1000, 61)}, (Outcome.TIE, None)),
        ({"a": (1000, 0), "b": (1000, 0)}, (Outcome.TIE, None)),
        ({"a": (1000, 100), "b": (99, 50)}, (Outcome.TOO_FEW, None)),
        ({"a": (0, 0), "b": (0, 0)}, (Outcome.TOO_FEW, None)),
        ({"a": (1000, 100), "b": (1000, 98), "c": (1000, 10)}, (Outcome.TIE, None)),
    ],
)
def test_winners(arms: dict[str, tuple[int, int]], outcome: tuple[Outcome, str | None]) -> None:
    assert judged(**arms) == outcome


arms = st.integers(100, 100_000).flatmap(lambda sent: st.tuples(st.just(sent), st.integers(0, sent)))


@given(st.dictionaries(st.sampled_from("abcdef"), arms, min_size=2))
def test_who_wins_has_the_best_share_and_names_do_not_matter(some: dict[str, tuple[int, int]]) -> None:
    outcome, variant = judged(**some)
    if outcome is Outcome.WON:
        assert variant is not None
        best = Fraction(some[variant][1], some[variant][0])
        assert all(best > Fraction(hits, sent) for code, (sent, hits) in some.items() if code != variant)
    turned = {chr(ord("z") - ord(code) + ord("a")): arm for code, arm in some.items()}
    again, other = judged(**turned)
    assert again is outcome
    assert other is None or some[variant or ""] == turned[other]


def test_opens_are_marked_unreliable() -> None:
    told = winner.judge({"a": Arm(200, 9), "b": Arm(200, 9)}, by=Measure.OPENS, least=1, now=NOW)
    assert told.unreliable


def group(values: list[int]) -> Group:
    return Group(len(values), sum(map(bool, values)), sum(values), sum(value**2 for value in values))


def test_a_lift_worked_out_by_hand() -> None:
    # Means 30 and 20, variances 500/3 and 200/3, four members each.
    told = lift(group([15, 25, 35, 45]), group([10, 20, 20, 30]))
    assert told is not None
    assert (told.each, told.total) == (10_000, 40)
    assert abs((told.high - told.each) - round(1_000 * 1.96 * ((500 / 3 + 200 / 3) / 4) ** 0.5)) <= 1
    assert not told.is_certain


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2), st.lists(st.integers(-(10**9), 10**9), min_size=2))
def test_lifts_mirror_each_other(one: list[int], other: list[int]) -> None:
    there, back = lift(group(one), group(other)), lift(group(other), group(one))
    assert there is not None
    assert back is not None
    assert (there.each, there.low, there.high) == (-back.each, -back.high, -back.low)


def test_no_lift_without_two_groups() -> None:
    assert lift(group([1, 2]), group([])) is None
    assert lift(group([1]), group([1, 2])) is None


MOSCOW, VLADIVOSTOK, NEW_YORK = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Vladivostok"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("zone", "start", "turn"),
    [
        (MOSCOW, datetime(2026, 11, 2, 10, tzinfo=UTC), datetime(2026, 11, 3, 8, tzinfo=UTC)),
        (VLADIVOSTOK, datetime(2026, 11, 2, 10, tzinfo=UTC), datetime(2026, 11, 3, 1, tzinfo=UTC)),
        (MOSCOW, datetime(2026, 11, 3, 8, tzinfo=UTC), datetime(2026, 11, 3, 8, tzinfo=UTC)),
        (MOSCOW, datetime(2026, 11, 3, 8, 1, tzinfo=UTC), datetime(2026, 11, 4, 8, tzinfo=UTC)),
        (NEW_YORK, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 3, 16, tzinfo=UTC)),
    ],
)
def test_turns_are_on_the_members_clock(zone: ZoneInfo, start: datetime, turn: datetime) -> None:
    assert timing.turn(date(2026, 11, 3), time(11), zone, start=start) == turn


def test_an_hour_that_the_spring_skips_comes_after_the_gap() -> None:
    skipped = timing.turn(date(2026, 3, 8), time(2, 30), NEW_YORK, start=datetime(2026, 3, 8, 5, tzinfo=UTC))
    assert skipped == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_starts() -> None:
    assert timing.starts_at(AtOnce(), now=NOW) == NOW
    assert timing.starts_at(AtMoment(NOW), now=NOW) is None
    day = date(2026, 11, 10)
    first = datetime(2026, 11, 9, 10, tzinfo=UTC)
    assert timing.starts_at(AtLocalHour(day, time(11)), now=NOW) == first
    assert timing.starts_at(AtBestHour(day, time(11)), now=first.replace(hour=12)) == first.replace(hour=12)
    assert timing.starts_at(AtLocalHour(date(2026, 10, 1), time(11)), now=NOW) is None


@pytest.mark.parametrize(
    ("channel", "until", "state", "need"),
    [
        ("email", Until.DELIVERED, "accepted", Need.NONE),
        ("sms", Until.DELIVERED, "accepted", Need.NEXT),
        ("sms", Until.DELIVERED, "delivered", Need.NONE),
        ("telegram", Until.DELIVERED, "accepted", Need.NONE),
        ("telegram", Until.DELIVERED, "rejected", Need.NEXT),
        ("telegram", Until.READ, "accepted", Need.NEXT),
        ("telegram", Until.READ, "clicked", Need.NONE),
        ("push", Until.DELIVERED, "accepted", Need.NONE),
        ("push", Until.DELIVERED, "bounced", Need.NEXT),
        ("push", Until.READ, "accepted", Need.NEXT),
        ("email", Until.READ, "delivered", Need.NEXT),
        ("email", Until.READ, "opened", Need.NONE),
        ("email", Until.READ, "clicked", Need.NONE),
        ("email", Until.DELIVERED, "bounced", Need.NEXT),
        ("email", Until.DELIVERED, "rejected", Need.NEXT),
        ("email", Until.DELIVERED, "withheld", Need.NEXT),
        ("email", Until.DELIVERED, "queued", Need.WAIT),
        ("email", Until.DELIVERED, "deferred", Need.WAIT),
        ("email", Until.READ, "uncertain", Need.NONE),
        ("email", Until.READ, "complained", Need.NONE),
        ("email", Until.READ, None, Need.NEXT),
    ],
)
def test_who_needs_the_dearer_channel(channel: str, until: Until, state: str | None, need: Need) -> None:
    assert cascade.need(Channel(channel, until=until), state) is need


@pytest.mark.parametrize(
    ("sent", "hard", "stops"),
    [
        (500, 10, False),
        (500, 11, True),
        (499, 11, False),
        (499, 25, True),
        (20, 1, False),
        (20, 2, True),
        (19, 19, False),
    ],
)
def test_hard_bounces(sent: int, hard: int, stops: bool) -> None:
    assert (health.bounces(sent, hard) is not None) is stops


@pytest.mark.parametrize(
    ("sent", "complained", "code"),
    [
        (999, 999, None),
        (1_001, 1, None),
        (1_000, 1, Warned.COMPLAINTS_WARN),
        (1_000, 2, Warned.COMPLAINTS_SLOW),
        (1_000, 3, Warned.COMPLAINTS),
        (2_000, 5, Warned.COMPLAINTS_SLOW),
    ],
)
def test_complaints(sent: int, complained: int, code: Warned | None) -> None:
    found = health.complaints("gmail.com", sent, complained)
    assert (found and found.code) == code
    assert (found is not None and found.is_blocking) == (code is Warned.COMPLAINTS)


@given(st.integers(1, 10_000), st.sampled_from([health.BOUNCES, health.COMPLAINTS_WARN]))
def test_counting_may_stop_once_the_share_cannot_be_reached(ill: int, share: int) -> None:
    assert ill * health.WHOLE <= share * health.enough(ill, share)


@pytest.mark.parametrize(("reached", "left", "warned"), [(0, 0, False), (1_000, 5, False), (1_000, 6, True)])
def test_leavers(reached: int, left: int, warned: bool) -> None:
    assert (health.leavers(reached, left) is not None) is warned
