"""Standings in words, in English and in Russian."""

from datetime import date

import pytest

from tests.progress.builders import days, track
from verno.progress import engine, words
from verno.progress.types import (
    AnySettings,
    Beat,
    Calendar,
    Lifetime,
    Metric,
    Period,
    Recount,
    Scale,
    StampCard,
    Step,
    Stored,
    Streak,
    Tiers,
    Track,
    Window,
)

YEAR = Calendar(Period.YEAR)
TODAY = date(2026, 10, 1)
SCALE = (Step(code="a", threshold=50_000_000, share=500), Step(code="b", threshold=100_000_000, share=750))
GOLD = (Step(code="gold", threshold=100, names={"en": "Gold", "ru": "Золото"}),)


def told(one: Track, counts: dict[date, int], locale: str, today: date = TODAY) -> list[str]:
    version = Stored("", 1, "", one, Recount(), today, None, filled=True, published_at=None)  # type: ignore[arg-type]
    standing = engine.standing(version, counts, today, holder_id="")
    return words.tell(standing, one, currency="RUB", today=today, locale=locale)


def made(settings: AnySettings, steps: tuple[Step, ...], window: Window = YEAR, metric: Metric = Metric.SPEND) -> Track:
    return track(1, settings=settings, steps=steps, window=window, metric=metric)


CASES = [
    (made(Scale(), SCALE), 94_900_000, "en",
     ["5 %", "51,000.00 short of 7.5 %, until 31 December", "at this pace: 7.5 %"]),
    (made(Scale(), SCALE), 94_900_000, "ru",
     ["5 %", "до «7,5 %» не хватает 51\xa0000,00, срок до 31 декабря", "такими темпами: «7,5 %»"]),
    (made(Tiers(maintain=YEAR), GOLD), 150, "en",
     ["Gold until 31 December 2027", "1.00 more by 31 December 2027 keeps Gold"]),
    (made(Tiers(maintain=YEAR), GOLD), 150, "ru",
     ["«Золото» до 31 декабря 2027", "чтобы сохранить «Золото», нужно ещё 1,00 до 31 декабря 2027"]),
    (made(Tiers(maintain=YEAR), GOLD), 150, "de",
     ["Gold until 31 Dezember 2027", "1,00 more by 31 Dezember 2027 keeps Gold"]),
    (made(StampCard(), (Step(code="cup", threshold=6),), Lifetime(), Metric.UNITS), 14, "en",
     ["2 full cards", "4 short of cup"]),
    (made(StampCard(), (Step(code="cup", threshold=6),), Lifetime(), Metric.UNITS), 14, "ru",
     ["2 полные карты", "до «cup» не хватает 4"]),
    (made(Streak(of=Beat.MONTH), (Step(code="three", threshold=3),), Lifetime(), Metric.VISITS), 1, "ru",
     ["1 месяц подряд", "продолжится, если успеть до 31 октября включительно", "до «three» не хватает 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "amount", "locale", "expected"), CASES)
def test_a_standing_is_told(one: Track, amount: int, locale: str, expected: list[str]) -> None:
    counts = days(("09-15", amount))
    assert told(one, counts, locale) == expected


@pytest.mark.parametrize(("share", "text"), [(700, "7 %"), (750, "7.5 %"), (755, "7.55 %"), (5, "0.05 %")])
def test_a_share_is_told_without_idle_zeros(share: int, text: str) -> None:
    assert words.percent(share, "en") == text
