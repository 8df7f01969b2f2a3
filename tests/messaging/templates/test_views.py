"""What sources can name: plain copies of what is known, and nothing where nothing is."""

from datetime import UTC, datetime

import pytest

from verno.ledger.queries import Expiring
from verno.messaging.letters.wording import Language
from verno.messaging.templates import sampling, views
from verno.messaging.templates.views import Figures, Frame
from verno.workspace.types import Program

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
STEPS = {"status": {"base": {}, "gold": {"ru": "Золотой", "en": "Gold"}, "top": {"en": "Top"}}}
NEEDS = ("balance", "expiring", "tier")
FRAME = Frame(Program("p", "Shop", "RUB", "Europe/Moscow", "RU", "ru"), (), {"legal_name": "Shop Ltd"}, STEPS)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Анна", "Анна"),
        ("Анна Соколова", "Анна"),
        ("Соколова Анна Игоревна", "Анна"),
        ("Иванов Пётр Ильич", "Пётр"),
        ("Иванова Вера Кузьминична", "Вера"),
        ("Anna Maria Brown", "Anna"),
    ],
)
def test_what_somebody_is_called_by(name: str, called: str) -> None:
    assert views.first_name(name) == called


@pytest.mark.parametrize(
    ("step", "language", "told"),
    [
        ("gold", "ru", "Золотой"),
        ("gold", "en", "Gold"),
        ("top", "ru", "Top"),
        ("base", "en", "base"),
        ("gone", "en", "gone"),
    ],
)
def test_a_tier_has_its_name(step: str, language: Language, told: str) -> None:
    member = sampling.member({"city": "Riga", "nose": None}, language, sparse=False)
    found = Figures({}, {}, {member.id: {"status": step}})
    view = views.of_member(FRAME, member, found, language, NEEDS)
    assert view["tier"] == {"status": told}
    assert view["member"] == {
        "name": sampling.NAMES[language],
        "first_name": sampling.NAMES[language].split()[0],
        "attributes": {"city": "Riga"},
    }


def test_of_nobody_nothing_is_known() -> None:
    member = sampling.member({"city": "Riga"}, "en", sparse=True)
    found = Figures({}, {member.id: [Expiring("gone", NOW, 5)]}, {})
    assert views.of_member(FRAME, member, found, "en", NEEDS) == {
        "member": {"attributes": {}},
        "balance": {},
        "expiring": {},
        "tier": {},
    }
    assert views.of_member(FRAME, None, found, "en", NEEDS)["member"] == {"attributes": {}}


def test_figures_are_written_in_the_locale_of_the_words() -> None:
    assert views.of_program(FRAME, "en", "en-GB")["_locale"] == "en-GB"
    assert views.of_program(FRAME, "ru", "de")["_locale"] == "ru", "a German reader of Russian words"
