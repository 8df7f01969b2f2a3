"""Why, and why not: which leaves, in which words, in both languages."""

from datetime import UTC, date, datetime

import pytest

from tests.predicate import world
from tests.predicate.asking import Tree, all_of, any_of, lines, node_of, none_of, rule
from tests.predicate.languages import LANGUAGES
from verno.kit import localtime
from verno.predicate.explaining import MODES, VALUES, explain, tell
from verno.predicate.operators import OPERATORS
from verno.predicate.types import Kind, Language, Mode, When
from verno.predicate.words import WEEKDAYS

NOW = When(datetime(2026, 11, 26, 9, tzinfo=UTC), date(2026, 11, 26))
WHO = world.person(
    visits=1_234,
    spent=123_450,
    name="чай",
    vip=True,
    tier="c",
    badges=["c", "a"],
    born=date(2000, 2, 29),
    at=datetime(2026, 11, 26, 20, 30, tzinfo=UTC),
    category=["food", "tea"],
    lines=[world.line(sku="tea", amount=150), world.line(sku="cake", amount=250), world.line(sku="tea")],
)
TEA = rule("sku", "=", "tea")
SENTENCES = [
    (
        rule("spent", ">=", 500_000),
        "Spent is at least 5,000.00 — no: 1,234.50",
        "Потрачено не меньше 5\u00a0000,00 — нет: 1\u00a0234,50",
    ),
    (
        rule("visits", "between", [1, 2]),
        "visits is between: 1 … 2 — no: 1,234",
        "visits в пределах: 1 … 2 — нет: 1\u00a0234",
    ),
    (rule("visits", "notNull"), "visits is known — yes: 1,234", "visits: известно — да: 1\u00a0234"),
    (rule("place", "=", "msk-1"), "place is msk-1 — no: not known", "place: msk-1 — нет: неизвестно"),
    (rule("name", "contains", "кофе"), "name contains “кофе” — no: чай", "name содержит «кофе» — нет: чай"),
    (rule("vip", "=", False), "vip is no — no: yes", "vip: нет — нет: да"),
    (
        rule("tier", "in", ["a", "b"]),
        "Tier is one of: Gold, Silver — no: Bronze",
        "Уровень: одно из: Gold, Silver — нет: Bronze",
    ),
    (rule("tier", "!=", "c"), "Tier is not Bronze — no: Bronze", "Уровень: не Bronze — нет: Bronze"),
    (rule("badges", "hasNone", ["a"]), "badges has none of: a — no: a, c", "badges: нет ничего из: a — нет: a, c"),
    (
        rule("born", "=", "2000-02-28"),
        "Birthday is 2000-02-28 — no: 2000-02-29",
        "День рождения: 28.02.2000 — нет: 29.02.2000",
    ),
    (
        rule("born", "anniversaryWithin", 1),
        "Birthday: the anniversary is at most 1 day away — no: 2000-02-29",
        "День рождения: до годовщины или после неё не больше, чем 1 день — нет: 29.02.2000",
    ),
    (
        rule("date", "withinLast", 22),
        "date is within the last 22 days — yes: 2026-11-26",
        "date за последние 22 дня — да: 26.11.2026",
    ),
    (
        rule("at", "<", "2026-11-26T10:00:00+03:00"),
        "at is before 2026-11-26 07:00 UTC — no: 2026-11-26 20:30 UTC",
        "at раньше 26.11.2026 07:00 UTC — нет: 26.11.2026 20:30 UTC",
    ),
    (
        rule("weekday", "in", [6, 7]),
        "Day of the week is one of: Saturday, Sunday — no: Thursday",
        "День недели: одно из: суббота, воскресенье — нет: четверг",
    ),
    (
        rule("time", "between", ["22:00", "06:00"]),
        "time is between: 22:00 … 06:00 — yes: 23:30",
        "time в пределах: 22:00 … 06:00 — да: 23:30",
    ),
    (
        rule("category", "inCategory", [["home"], ["food", "fish"]]),
        "category is in: home, food / fish — no: food / tea",
        "category входит в: home, food / fish — нет: food / tea",
    ),
    (
        lines("some", TEA),
        "Lines: some with (SKU is tea) — yes: 2 of 3",
        "Строки: есть такие, где (Артикул: tea) — да: 2 из 3",
    ),
    (
        lines("all", TEA),
        "Lines: all with (SKU is tea) — no: 2 of 3",
        "Строки: все такие, где (Артикул: tea) — нет: 2 из 3",
    ),
    (lines("all"), "Lines: all with (always) — yes: 3 of 3", "Строки: все такие, где (всегда) — да: 3 из 3"),
    (
        lines("atLeast", TEA, threshold=3),
        "Lines: at least 3 with (SKU is tea) — no: 2 of 3",
        "Строки: не меньше 3 таких, где (Артикул: tea) — нет: 2 из 3",
    ),
    (
        lines("sum", TEA, of="amount", operator=">=", threshold=200),
        "Lines: the sum of “Amount” ≥ 2.00 for those with (SKU is tea) — no: 1.50 in sum",
        "Строки: сумма «Сумма» ≥ 2,00 у таких, где (Артикул: tea) — нет: 1,50 в сумме",
    ),
    (
        none_of(rule("tier", "=", "c")),
        "must not be so: Tier is Bronze — yes: Bronze",
        "не должно быть так: Уровень: Bronze — да: Bronze",
    ),
    (
        none_of(rule("tier", "=", "a")),
        "must not be so: Tier is Gold — no: Bronze",
        "не должно быть так: Уровень: Gold — нет: Bronze",
    ),
]


@pytest.mark.parametrize(("tree", "english", "russian"), SENTENCES, ids=lambda one: str(one)[:50])
def test_sentences(tree: Tree, english: str, russian: str) -> None:
    node = node_of(all_of(tree))
    said = [explain(node, WHO, NOW, LANGUAGES[code]) for code in ("en", "ru")]
    assert [[reason.text for reason in reasons] for reasons in said] == [[english], [russian]]


GOLD, RICH, HERE, VIP = rule("tier", "=", "a"), rule("spent", ">", 1), rule("place", "=", "x"), rule("vip", "=", True)
DECIDED = [
    (all_of(GOLD, RICH, HERE), ["rules.0", "rules.2"]),
    (all_of(RICH, VIP), ["rules.0", "rules.1"]),
    (any_of(GOLD, RICH, HERE), ["rules.1"]),
    (any_of(GOLD, HERE), ["rules.0", "rules.1"]),
    (all_of(RICH, any_of(GOLD, HERE)), ["rules.1.rules.0", "rules.1.rules.1"]),
    (all_of(RICH, any_of(GOLD, VIP)), ["rules.0", "rules.1.rules.1"]),
    (none_of(GOLD, RICH, HERE), ["rules.1"]),
    (none_of(GOLD, HERE), ["rules.0", "rules.1"]),
    (all_of(none_of(VIP), GOLD), ["rules.0.rules.0", "rules.1"]),
    (all_of(), []),
]


@pytest.mark.parametrize(("tree", "paths"), DECIDED, ids=lambda one: str(one)[:70])
def test_who_decided(tree: Tree, paths: list[str]) -> None:
    reasons = explain(node_of(tree), WHO, NOW, LANGUAGES["en"])
    assert [reason.path for reason in reasons] == paths


def test_a_whole_tree_in_words() -> None:
    tree = all_of(RICH, any_of(GOLD, none_of(VIP, HERE)), lines("some", TEA, rule("amount", "<", 100)))
    english, russian = [tell(node_of(tree), LANGUAGES[code]) for code in ("en", "ru")]
    assert english == (
        "Spent is more than 0.01 and (Tier is Gold or not (vip is yes or place is x))"
        " and Lines: some with (SKU is tea and Amount is less than 1.00)"
    )
    assert russian == (
        "Потрачено больше 0,01 и (Уровень: Gold или неверно, что (vip: да или place: x))"
        " и Строки: есть такие, где (Артикул: tea и Сумма меньше 1,00)"
    )
    assert tell(node_of(all_of()), LANGUAGES["ru"]) == "всегда"


def test_moments_are_told_in_the_readers_zone() -> None:
    plain = LANGUAGES["en"]
    moscow = Language("en", plain.gettext, plain.ngettext, localtime.zone("Europe/Moscow"))
    [reason] = explain(node_of(all_of(rule("at", "notNull"))), WHO, NOW, moscow)
    assert reason.text == "at is known — yes: 2026-11-26 23:30 MSK"


def test_nothing_is_told_of_an_empty_set_but_none() -> None:
    [reason] = explain(node_of(all_of(rule("badges", "hasAny", ["a"]))), world.person(badges=[]), NOW, LANGUAGES["en"])
    assert reason.text == "badges has one of: a — no: none"


def test_every_operator_has_words_with_its_operand() -> None:
    russian = LANGUAGES["ru"]
    for kind, operators in OPERATORS.items():
        for name, operator in operators.items():
            for words in (operator.words, russian.gettext(operator.words)):
                assert "{field}" in words, (kind, name)
                assert ("{value}" in words) is (name not in {"null", "notNull"}), (kind, name)
            assert russian.gettext(operator.words) != operator.words
    assert set(MODES) == set(Mode)
    assert set(VALUES) == set(Kind) - {Kind.ITEMS}
    assert len({russian.gettext(day) for day in WEEKDAYS}) == 7
