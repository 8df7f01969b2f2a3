"""The engine of progress against a member with a calendar and a pencil."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.progress import naive
from tests.progress.builders import day, days, line, receipt, steps, track
from verno.ledger.lifetime import plus_months
from verno.predicate.types import Refused
from verno.progress import checks, engine, machine, windows
from verno.progress.engine import judge
from verno.progress.types import (
    Anniversary,
    AnySettings,
    Audience,
    Badge,
    Beat,
    Between,
    Calendar,
    Challenge,
    Downgrade,
    Floor,
    Lifetime,
    Metric,
    Period,
    Rolling,
    Scale,
    StampCard,
    Step,
    Streak,
    Tiers,
    Track,
    Window,
)
from verno.progress.windows import Series
from verno.rules.fields import Known

START = date(2024, 1, 1)
DAYS = st.integers(0, 1200).map(lambda n: START + timedelta(days=n))
BUCKETS = st.dictionaries(DAYS, st.integers(-20, 100), max_size=25)
PERIODS = st.sampled_from(Period)
MOVING = st.one_of(st.integers(1, 500).map(Rolling), PERIODS.map(Calendar), st.just(Anniversary()), st.just(Lifetime()))
WINDOWS: st.SearchStrategy[Window] = MOVING | st.tuples(DAYS, st.integers(0, 400)).map(
    lambda pair: Between(pair[0], pair[0] + timedelta(days=pair[1]))
)
JOINED = st.none() | DAYS
METRICS = st.sampled_from((Metric.SPEND, Metric.BEST_MONTH))


@st.composite
def tiers(draw: st.DrawFn) -> Track:
    maintain = draw(st.none() | MOVING)
    downgrade = draw(st.sampled_from(Downgrade))
    grace = draw(st.integers(0, 40))
    later = draw(st.integers(0, 2)) if isinstance(maintain, Calendar | Anniversary) else 1
    thresholds = sorted(draw(st.sets(st.integers(0, 300), min_size=1, max_size=4)))
    keep = sorted(draw(st.lists(st.integers(0, 300), min_size=len(thresholds), max_size=len(thresholds))))
    made = track(
        *thresholds,
        settings=Tiers(maintain=maintain, later=later, grace_days=grace, downgrade=downgrade),
        window=draw(WINDOWS),
        metric=draw(METRICS),
        keep=tuple(min(k, t) for k, t in zip(keep, thresholds, strict=True)),
        most_a_day=draw(st.none() | st.integers(1, 80)),
    )
    return made if not checks.problems(made, Known(), []) else track(100, 200)


@given(WINDOWS, METRICS, BUCKETS, DAYS, JOINED)
def test_a_window_is_the_sum_of_its_days(
    window: Window, metric: Metric, buckets: dict[date, int], today: date, joined: date | None
) -> None:
    one = track(1, window=window, metric=metric)
    series = Series(buckets, since=None, until=today, most_a_day=None)
    assert windows.value(metric, window, series, today, joined) == naive.value(one, buckets, today, joined)


@settings(max_examples=300, deadline=None)
@given(tiers(), BUCKETS, DAYS, JOINED)
def test_tiers_are_those_of_a_life_day_by_day(
    one: Track, buckets: dict[date, int], today: date, joined: date | None
) -> None:
    assert isinstance(one.settings, Tiers)
    card = naive.Card(one, one.settings, buckets, joined).live(today)
    series = Series(buckets, since=None, until=today, most_a_day=one.most_a_day)
    held = machine.Course(one, one.settings, series, joined).run(today)
    assert (held.step, held.since) == (card.step, card.since)
    if one.settings.maintain is not None and held.step >= 0:
        assert (held.holds_until, held.grace_until) == (card.ends, card.grace)


@settings(max_examples=100, deadline=None)
@given(tiers(), BUCKETS, DAYS, JOINED)
def test_nothing_changes_before_it_is_due(
    one: Track, buckets: dict[date, int], today: date, joined: date | None
) -> None:
    """Whoever looks only on the days that are due sees what one sees who looks every day."""
    kept = {d: n for d, n in buckets.items() if d <= today}
    known = judge(one, kept, today, joined=joined)
    for n in range(1, 420):
        later = today + timedelta(days=n)
        found = judge(one, kept, later, joined=joined)
        if known.due_on is not None and later >= known.due_on:
            known = found
        assert (found.step, found.warning) == (known.step, known.warning), later


@given(BUCKETS, st.integers(1, 400), DAYS)
def test_a_tier_lasts_as_long_as_it_says(buckets: dict[date, int], wide: int, today: date) -> None:
    one = track(50, window=Rolling(wide))
    kept = {d: n for d, n in buckets.items() if d <= today}
    found = judge(one, kept, today)
    if found.step == 0 and found.holds_until is not None:
        assert judge(one, kept, found.holds_until).step == 0
        assert judge(one, kept, found.holds_until + timedelta(days=1)).step == -1


@given(st.lists(st.tuples(DAYS, st.integers(1, 100)), max_size=20), st.randoms(), tiers(), DAYS)
def test_what_came_back_was_never_there(sales: list[tuple[date, int]], random: object, one: Track, today: date) -> None:
    """Any order of sales and returns leaves what the sales that are kept would have led to."""
    half = sales[::2]
    buckets: dict[date, int] = {}
    moves = [*sales, *((d, -n) for d, n in half)]
    random.shuffle(moves)  # type: ignore[attr-defined]
    for d, n in moves:
        buckets[d] = buckets.get(d, 0) + n
    alone: dict[date, int] = {}
    for d, n in sales[1::2]:
        alone[d] = alone.get(d, 0) + n
    assert judge(one, buckets, today) == judge(one, alone, today)


@given(st.lists(DAYS, max_size=60), st.integers(0, 3), DAYS)
def test_a_streak_of_days_by_walking_back(bought: list[date], grace: int, today: date) -> None:
    one = track(1, settings=Streak(of=Beat.DAY, grace_days=grace), window=Lifetime(), metric=Metric.VISITS)
    found = judge(one, dict.fromkeys(bought, 1), today)
    there, length, missed, walk = {d for d in bought if d <= today}, 0, 0, today
    if today not in there:
        walk, missed = today - timedelta(days=1), 0
    while missed <= grace:
        if walk in there:
            length, missed = length + 1, 0
        else:
            missed += 1
        walk -= timedelta(days=1)
    assert found.value == length


@given(st.lists(st.tuples(DAYS, st.integers(1, 9)), max_size=25), st.integers(2, 12), st.integers(1, 200), DAYS)
def test_a_stamp_card_stamp_by_stamp(stamps: list[tuple[date, int]], full: int, wide: int, today: date) -> None:
    buckets: dict[date, int] = {}
    for d, n in stamps:
        buckets[d] = buckets.get(d, 0) + n
    one = track(full, settings=StampCard(), window=Rolling(wide), metric=Metric.UNITS)
    card: list[date] = []
    cards = 0
    for d in sorted(buckets):
        if d <= today:
            for _ in range(buckets[d]):
                card = [stamp for stamp in card if (d - stamp).days < wide] + [d]
                if len(card) == full:
                    card, cards = [], cards + 1
    card = [stamp for stamp in card if (today - stamp).days < wide]
    found = judge(one, buckets, today)
    assert (found.times, found.value) == (cards, len(card))
    assert found.until == (card[0] + timedelta(days=wide - 1) if card else None)
    assert judge(track(full, settings=StampCard(repeats=False), window=Rolling(wide)), buckets, today).times == min(
        cards, 1
    )


def test_what_a_receipt_adds() -> None:
    tea = line(300, sku="tea", pieces=3, cost=70, category=("food", "tea"))
    cup = line(150, number=2, sku="cup", pieces=1)
    sale = receipt(tea, cup, place="msk-1")
    tea.paid = 250  # points pay 50 of it

    def adds(metric: str, **more: object) -> int:
        made = engine.ready(structs.replace(track(1, metric=Metric(metric)), **more), Known())
        assert not isinstance(made, Refused)
        return engine.contribution(made, sale, engine.Gave({"points": 7}, {"review": 2}))

    only_tea = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "tea"}]}
    elsewhere = {"combinator": "and", "rules": [{"field": "place", "operator": "=", "value": "spb-1"}]}
    assert adds("spend") == adds("best_month") == 400
    assert adds("amount") == 450
    assert adds("margin") == 250 - 210
    assert adds("visits") == 1
    assert adds("units") == 4
    assert adds("points", unit="points") == 7
    assert adds("points", unit="miles") == 0
    assert (adds("events", event="review"), adds("events", event="visit")) == (2, 0)
    assert adds("spend", lines=only_tea) == 250
    assert adds("units", lines=only_tea) == 3
    assert adds("spend", where=elsewhere) == adds("visits", where=elsewhere) == 0


def test_nothing_kept_adds_nothing() -> None:
    made = engine.ready(track(1, metric=Metric.VISITS), Known())
    assert not isinstance(made, Refused)
    assert engine.contribution(made, receipt()) == 0


def test_a_step_that_was_set_is_a_floor() -> None:
    one = track(100, 200)
    floors = (Floor("b", day("03-01"), day("05-31")),)
    bought = days(("01-10", 120))
    found = {text: judge(one, bought, day(text), floors=floors) for text in ("02-28", "03-01", "05-31", "06-01")}
    assert [(one.step, one.is_set) for one in found.values()] == [(0, False), (1, True), (1, True), (0, False)]
    assert found["02-28"].due_on == day("03-01")
    assert found["03-01"].due_on == day("06-01")
    assert judge(one, days(("01-10", 250)), day("04-01"), floors=floors).is_set is False


def test_who_comes_near_the_end_of_a_term_is_warned_once_it_is_short() -> None:
    term = Tiers(maintain=Calendar(Period.YEAR), warn_days=30)
    one = track(100, settings=term, window=Calendar(Period.YEAR))
    bought = days(("05-01", 100), ("2027-03-01", 40))
    assert judge(one, bought, day("2027-12-01")).warning is True
    assert judge(one, bought, day("2027-11-30")).due_on == day("2027-12-01")
    assert judge(one, bought, day("2027-11-30")).warning is False
    assert judge(one, bought | days(("2027-11-01", 60)), day("2027-12-01")).warning is False


def test_a_leapling_has_an_anniversary_every_year() -> None:
    joined = date(2024, 2, 29)
    assert windows.span(Anniversary(), date(2026, 2, 27), joined) == (date(2025, 2, 28), date(2026, 2, 27))
    assert windows.span(Anniversary(), date(2026, 2, 28), joined) == (date(2026, 2, 28), date(2027, 2, 27))
    assert windows.span(Anniversary(), date(2028, 2, 29), joined) == (date(2028, 2, 29), date(2029, 2, 27))
    assert plus_months(joined, 12) == date(2025, 2, 28)


BAD: list[tuple[Track, str]] = [
    (track(1, metric=Metric.POINTS), "unit:"),
    (track(1, metric=Metric.POINTS, unit="stars"), "name one of the units: points"),
    (track(1, metric=Metric.EVENTS), "event:"),
    (track(1, unit="points"), "unit:"),
    (track(1, metric=Metric.EVENTS, event="x", where={"combinator": "and", "rules": []}), "events are no receipts"),
    (track(2, 1), "each threshold is above"),
    (track(1, 2, steps=(*steps(1), Step(code="a", threshold=2))), "codes are unique"),
    (track(1, 2, keep=(1, 0)), "a higher step is not kept with less"),
    (track(1, keep=(2,)), "what reaches a step keeps it"),
    (track(1, keep=(1,), settings=Challenge()), "only tiers are kept"),
    (track(1, steps=(Step(code="a", threshold=1, share=5),)), "only a scale has shares"),
    (track(1, steps=(Step(code="a", threshold=1, badge_days=5),)), "days are those of a badge"),
    (track(1, window=Between(day("02-01"), day("01-01"))), "its last day is not before"),
    (track(1, settings=Scale()), "each step of a scale has a share"),
    (track(1, settings=Challenge()), "between two dates"),
    (track(1, settings=Badge()), "each step gives a badge"),
    (track(1, settings=Streak(of=Beat.WEEK)), "a streak is counted for ever"),
    (track(0, settings=StampCard()), "a full card has stamps"),
    (track(1, settings=StampCard(), metric=Metric.MARGIN), "stamps are counted"),
    (track(1, settings=Tiers(downgrade=Downgrade.ONE_STEP)), "one step at a time"),
    (track(1, settings=Tiers(maintain=Calendar(Period.MONTH), grace_days=28)), "less than the term itself"),
    (track(1, settings=Tiers(maintain=Between(day("01-01"), day("02-01")))), "cannot be kept again"),
    (track(1, settings=Tiers(later=2)), "settings.later"),
    (track(1, where={"combinator": "and", "rules": [{"field": "moon", "operator": "=", "value": 1}]}), "where.rules.0"),
]


@pytest.mark.parametrize(("one", "words"), BAD, ids=[words for _, words in BAD])
def test_what_may_not_be_stored(one: Track, words: str) -> None:
    assert any(words in problem for problem in checks.problems(one, Known(), ["points"]))


GOOD: list[tuple[AnySettings, Window]] = [
    (Tiers(maintain=Calendar(Period.YEAR), downgrade=Downgrade.ONE_STEP, grace_days=30), Rolling(365)),
    (StampCard(), Rolling(90)),
    (Challenge(), Between(day("01-01"), day("02-01"))),
    (Streak(of=Beat.WEEK), Lifetime()),
]


@pytest.mark.parametrize(("kind", "window"), GOOD)
def test_what_may_be_stored(kind: AnySettings, window: Window) -> None:
    one = track(1, 2, settings=kind, window=window, audience=Audience.PERSON)
    assert checks.problems(one, Known(), ["points"]) == []
