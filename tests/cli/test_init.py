"""``verno init``, ``verno key``, ``verno setup-link`` and ``verno doctor`` on a fresh home."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.commands import init_words, verno
from verno.cli import group, session
from verno.cli.start import country_of
from verno.kit.errors import VernoError


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Run commands in this process; a command that reaches for the database fails the test."""

    def reached(**_options: object) -> None:
        message = "the database was touched"
        raise AssertionError(message)

    monkeypatch.setattr(session, "database", reached)
    return CliRunner()


def test_an_empty_start(home: Path) -> None:
    made = verno(home, *init_words(expire_days="180", spend_value="20"))
    assert made.returncode == 0, made.stderr
    printed = json.loads(made.stdout)
    assert printed["program"] | {"id": ""} == {
        "id": "",
        "name": "Shop",
        "currency": "RUB",
        "timezone": "Europe/Moscow",
        "country": "RU",
        "locale": "ru",
    }
    assert made.stderr == ""
    unit = {"id": "", "code": "points", "scale": 0, "life_days": 180, "spend_value": 20}
    assert printed["unit"] | {"id": ""} == unit
    assert printed["place"]["code"] == "msk-1"
    assert (printed["rule"]["points"], printed["rule"]["per"]) == (1, 100)
    assert printed["setup_link"].startswith("http://127.0.0.1:8000/console/setup/")

    again = verno(home, *init_words(name="Another"))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "verno: there is a program here already; nothing was changed\n"

    key = verno(home, "key", "create", "--name", "till", "--scope", "receipts:write", "--json")
    assert json.loads(key.stdout)["key"].startswith("vk_")

    link = verno(home, "setup-link", "--json")
    assert json.loads(link.stdout)["setup_link"] != printed["setup_link"]

    found = verno(home, "doctor", "--json")
    assert found.returncode == 1, found.stdout
    left = {finding["what"] for finding in json.loads(found.stdout)["findings"] if finding["verdict"] != "ok"}
    assert left == {"mail", "worker", "keys", "log", "backup"}, "nothing unsafe; what is left to do"


def test_a_generous_start_is_obeyed_with_a_warning(home: Path) -> None:
    made = verno(home, *init_words(spend_value="100"))
    assert made.returncode == 0
    assert json.loads(made.stdout)["unit"]["spend_value"] == 100
    assert made.stderr.startswith("verno: warning: a point of points pays 100 % of the spending that earns it")
    told = verno(home, "get", "spend.value", "--json")
    assert json.loads(told.stdout)["spend.value"]["value"] == 100


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"currency": "RUR5"}, "ISO 4217"),
        ({"currency": "rub"}, "ISO 4217"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"timezone": "Europe"}, "IANA"),
        ({"timezone": "../../etc/passwd"}, "IANA"),
        ({"country": "Russia"}, "ISO 3166"),
        ({"currency": "EUR", "timezone": "UTC"}, "--country"),
        ({"earn_per": "0"}, "--earn-per"),
        ({"earn_per": "1.5"}, "--earn-per"),
        ({"earn_per": "-100"}, "--earn-per"),
        ({"earn_per": None}, "--earn-per"),
        ({"expire_days": "0"}, "--expire-days"),
        ({"expire_days": "99999999999"}, "--expire-days"),
        ({"spend_value": "0"}, "--spend-value"),
        ({"spend_value": "1.5"}, "--spend-value"),
        ({"spend_value": "10000000000"}, "--spend-value"),
        ({"locale": "xx"}, "--locale"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"place": "msk 1"}, "code"),
        ({"place": ""}, "code"),
    ],
)
def test_bad_input_is_a_sentence_and_touches_no_database(
    untouched: CliRunner, changed: dict[str, str | None], sentence: str
) -> None:
    refused = untouched.invoke(group, init_words(**changed))
    assert refused.exit_code in {1, 2}, refused.exception
    assert refused.stdout == ""
    assert sentence in refused.stderr


@pytest.mark.parametrize(
    ("timezone", "currency", "country"),
    [
        ("Europe/Moscow", "RUB", "RU"),
        ("America/New_York", "USD", "US"),
        ("Europe/Moscow", "USD", "US"),
        ("Asia/Almaty", "KZT", "KZ"),
        ("Asia/Almaty", "RUB", "RU"),
        ("Europe/Berlin", "EUR", "DE"),
        ("Europe/Helsinki", "EUR", "FI"),
        ("UTC", "GBP", "GB"),
    ],
)
def test_the_country_follows_from_zone_and_currency(timezone: str, currency: str, country: str) -> None:
    assert country_of(timezone, currency) == country


def test_the_country_is_asked_for_when_it_does_not_follow() -> None:
    with pytest.raises(VernoError, match="--country"):
        country_of("UTC", "EUR")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("key", "create", "--name", "n", "--scope", "world:rule"), 2, "world:rule"),
        (("key", "create", "--name", "n"), 2, "--scope"),
        (("key", "create", "--name", "", "--scope", "receipts:write"), 1, "the name must be"),
        (("nonsense",), 2, "No such command"),
        (("up", "--port", "99999"), 2, "--port"),
    ],
)
def test_wrong_words_are_refused(untouched: CliRunner, words: tuple[str, ...], code: int, sentence: str) -> None:
    refused = untouched.invoke(group, words)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert sentence in refused.stderr


def test_commands_say_what_is_missing(home: Path) -> None:
    empty = verno(home, "setup-link")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "run 'verno init'" in empty.stderr
    assert verno(home, "migrate").returncode == 0
    still = verno(home, "setup-link")
    assert (still.returncode, "there is no program yet" in still.stderr) == (1, True)
