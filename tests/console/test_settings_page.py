"""The page of the settings: what it shows, what it sets, what it asks, whom it lets."""

import re
from html import unescape

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils.translation import override

from tests.builders import NOW
from tests.console.conftest import PASSWORD, House
from verno.console.settings import codes
from verno.console.settings import form as settings_form
from verno.console.settings import words as settings_words
from verno.kit import db
from verno.ledger.lifetime_words import ACTIVATIONS, EXPIRIES
from verno.workspace import audit, queries, registry
from verno.workspace import service as workspace
from verno.workspace.types import NewUnit

PAGE = "/console/settings/"
UNIT = f"{PAGE}?scope=unit%3Dpoints"
PLACE = "msk-1"


def text(page: str) -> str:
    """Return a page's words, one blank between any two."""
    body = page[page.index("<main") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def stored(rows: psycopg.Connection) -> dict[tuple[str, str], object]:
    found = rows.execute("SELECT scope, key, value FROM workspace_setting").fetchall()
    rows.commit()
    return {(scope, key): value for scope, key, value in found}


def post(house: House, where: str, **sent: str) -> tuple[int, str]:
    answer = house.client.post(where, sent)
    return answer.status_code, answer.content.decode()


def test_it_shows_values_in_words_and_where_they_come_from(house: House) -> None:
    whole = text(house.client.get(PAGE).content.decode())
    assert "A receipt from an unknown store by default is refused" in whole
    assert "How long points stay set aside by default 600 seconds" in whole
    assert "Share of a receipt that points may pay by default 100%" in whole
    assert "Most advertising in 7 days by default 3 messages" in whole
    assert "Most members of one household by default 6 members" in whole
    assert "Price of one segment of a text message by default not said" in whole
    assert "When points end" not in whole
    unit = text(house.client.get(UNIT).content.decode())
    assert "When points end points 180 days after they were earned" in unit
    assert "What one point pays by default points cannot be spent yet" in unit
    store = text(house.client.get(f"{PAGE}?scope=place%3D{PLACE}").content.decode())
    assert "A capture after the hold's time" in store
    assert "A receipt from an unknown store" not in store


def test_every_setting_has_a_name_and_every_choice_words() -> None:
    assert set(settings_words.NAMES) == set(registry.REGISTRY)
    for one in registry.ALL:
        assert set(one.kind.choices) == set(settings_words.CHOICES.get(one.key, {}))


def test_a_choice_a_figure_and_a_list_are_set(house: House, rows: psycopg.Connection) -> None:
    for key, value in (
        ("hold.late_capture", "rehold"),
        ("transfers.between_members", "on"),
        ("hold.default_seconds", " 1 200 "),
        ("adjust.reasons", "goodwill, mistake-of-ours"),
    ):
        assert post(house, PAGE, key=key, value=value)[0] == 302
    assert stored(rows) == {
        ("program", "hold.late_capture"): "rehold",
        ("program", "transfers.between_members"): True,
        ("program", "hold.default_seconds"): 1200,
        ("program", "adjust.reasons"): ["goodwill", "mistake-of-ours"],
        ("unit=points", "points.expiry"): {"model": "days", "days": 180},
    }
    page = text(house.client.get(PAGE).content.decode())
    assert "How long points stay set aside for the whole program 1,200 seconds" in page


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("messages.sms_segment_price", "3.50", "$3.50"),
        ("promotions.replay_most_share", "250", "2.5%"),
        ("messages.ads_a_day", "1", "1 message"),
    ],
)
def test_a_figure_is_told_as_what_it_counts(house: House, key: str, typed: str, said: str) -> None:
    status, page = post(house, PAGE, key=key, value=typed)
    assert status == 302, page
    assert f"for the whole program {said}" in text(house.client.get(PAGE).content.decode())


def test_a_store_s_own_value_is_set_and_taken_back(house: House, rows: psycopg.Connection) -> None:
    here = f"{PAGE}?scope=place%3D{PLACE}"
    assert post(house, here, key="spend.max_share", value="30")[0] == 302
    assert stored(rows)[f"place={PLACE}", "spend.max_share"] == 30
    whole = house.client.get(PAGE).content.decode()
    assert "Also set for" in text(whole)
    assert "Take back" not in whole
    assert "Take back" in house.client.get(here).content.decode()
    assert post(house, here, key="spend.max_share", do="reset")[0] == 302
    assert stored(rows)[f"place={PLACE}", "spend.max_share"] is None
    assert "Take back" not in house.client.get(here).content.decode()


@pytest.mark.parametrize(
    ("model", "detail", "words"),
    [
        ("never", "", "never"),
        ("days", "90", "90 days after they were earned"),
        ("months", "1", "1 month after they were earned"),
        ("end-of-quarter", "", "at the end of the quarter"),
        ("end-of-year", "2", "at the end of the year, 2 periods later"),
        ("yearly", "31.12", "on 31 December of every year"),
        ("yearly", "12-31", "on 31 December of every year"),
        ("date", "31.5.2027", "on 31 May 2027"),
        ("date", "2027-05-31", "on 31 May 2027"),
        ("sliding", "365", "after 365 days without activity"),
    ],
)
def test_a_lifetime_is_set(house: House, model: str, detail: str, words: str) -> None:
    assert post(house, UNIT, key="points.expiry", model=model, detail=detail)[0] == 302
    page = house.client.get(UNIT).content.decode()
    assert f"When points end {'points'} {words}" in text(page)


@pytest.mark.parametrize("told", [*EXPIRIES.split(", "), *ACTIVATIONS.split(", "), "end-of-year+2", "end-of-day"])
def test_the_two_fields_of_a_lifetime_say_its_words(told: str) -> None:
    assert settings_form._put_together(*settings_form._taken_apart(told)) == told


@pytest.mark.parametrize(
    ("key", "sent", "said"),
    [
        ("hold.default_seconds", {"value": "0"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": ""}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "60.5"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "60."}, "for the whole program 60 seconds"),
        ("hold.default_seconds", {"value": "1e3"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "-60"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "NaN"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "Infinity"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "1e999999999"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "none"}, "A whole number from 1 to 86400."),
        ("hold.default_seconds", {"value": "default"}, "A whole number from 1 to 86400."),
        ("hold.late_capture", {"value": "perhaps"}, "Select a valid choice."),
        ("adjust.reasons", {"value": "Good will"}, "This is not possible here."),
        ("adjust.reasons", {"value": ""}, "This is not possible here."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    house: House, rows: psycopg.Connection, key: str, sent: dict[str, str], said: str
) -> None:
    status, page = post(house, PAGE, key=key, **sent)
    if status == 302:
        page = house.client.get(PAGE).content.decode()
    else:
        assert status == 422
        assert re.search(rf'<details[^>]* id="{re.escape(key)}" open', page)
        assert ("program", key) not in stored(rows)
    assert said in text(page)


@pytest.mark.parametrize(
    ("model", "detail"),
    [("days", ""), ("days", "0"), ("months", "1201"), ("yearly", "30.2"), ("yearly", "31.12.2027"),
     ("yearly", "2027-05-31"), ("date", "31.12"), ("date", "29.2.2027"), ("end-of-year", "x"), ("nonsense", "1")],
)  # fmt: skip
def test_a_lifetime_that_cannot_be(house: House, rows: psycopg.Connection, model: str, detail: str) -> None:
    before = stored(rows)
    status, page = post(house, UNIT, key="points.expiry", model=model, detail=detail)
    assert status == 422
    assert "field-error" in page
    assert stored(rows) == before


def test_what_a_point_pays_is_typed_in_money(house: House, rows: psycopg.Connection) -> None:
    """One point for every full dollar: worth a cent it is 1 %."""
    assert post(house, UNIT, key="spend.value", value="0.01")[0] == 302
    assert stored(rows)["unit=points", "spend.value"] == 1
    assert "What one point pays points $0.01" in text(house.client.get(UNIT).content.decode())
    assert post(house, UNIT, key="spend.value", value="0,05")[0] == 302
    assert stored(rows)["unit=points", "spend.value"] == 5
    status, page = post(house, UNIT, key="spend.value", value="0.001")
    assert status == 422
    assert "A number from 0.01 to 10000000.00." in text(page)
    assert post(house, UNIT, key="spend.value", value="")[0] == 302
    assert "points cannot be spent yet" in text(house.client.get(UNIT).content.decode())


def test_figures_say_what_they_count(house: House, rows: psycopg.Connection) -> None:
    """People are no days, and what a message costs is money."""
    whole = text(house.client.get(PAGE).content.decode())
    assert "Most members of one household by default 6 members" in whole
    assert "Price of an e-mail by default not said" in whole
    assert post(house, PAGE, key="messages.sms_segment_price", value="0,03")[0] == 302
    assert post(house, PAGE, key="promotions.replay_most_share", value="250")[0] == 302
    assert stored(rows)["program", "messages.sms_segment_price"] == 3
    whole = text(house.client.get(PAGE).content.decode())
    assert "Price of one segment of a text message for the whole program $0.03" in whole
    assert "2.5%" in whole


def test_more_than_a_fifth_is_asked_about(house: House, rows: psycopg.Connection) -> None:
    assert post(house, UNIT, key="spend.value", value="0.20")[0] == 302
    status, page = post(house, UNIT, key="spend.value", value="1.00")
    assert status == 422
    assert "A point would pay 100 % of the spending that earns it." in text(page)
    assert "That is meant" in page
    assert stored(rows)["unit=points", "spend.value"] == 20
    another = post(house, UNIT, key="spend.value", value="2.00", confirmed="100")
    assert another[0] == 422
    assert post(house, UNIT, key="spend.value", value="1.00", confirmed="100")[0] == 302
    assert stored(rows)["unit=points", "spend.value"] == 100


def test_a_balance_s_cap_is_typed_in_whole_points(house: House, rows: psycopg.Connection) -> None:
    with db.transaction() as conn:
        workspace.add_units(conn, queries.only_program(conn).id, [NewUnit("gift", 2)], now=NOW)
    gift = f"{PAGE}?scope=unit%3Dgift"
    assert post(house, gift, key="points.max_balance", value="1 500.50")[0] == 302
    assert stored(rows)["unit=gift", "points.max_balance"] == 150_050
    page = house.client.get(gift).content.decode()
    assert "1,500.50" in text(page)
    assert 'value="1500.50"' in page
    assert post(house, gift, key="points.max_balance", value="0.001")[0] == 422


def test_a_unit_is_added(house: House, rows: psycopg.Connection) -> None:
    answer = house.client.post(PAGE, {"do": "add-unit", "code": "status", "scale": "0"})
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?scope=unit%3Dstatus")
    assert "When points end by default never" in text(house.client.get(answer["Location"]).content.decode())
    for code, said in (
        ("status", "The program has this one already."),
        ("Status", "Small Latin letters"),
        ("", "This field is required."),
    ):
        status, page = post(house, PAGE, do="add-unit", code=code, scale="0")
        assert status == 422
        assert said in text(page)
    assert rows.execute("SELECT count(*) FROM workspace_unit").fetchone() == (2,)


@pytest.mark.parametrize(
    "scope", ["", "unit", "unit=", "unit=x", "place=", "place=x", "network", "program=", "x", "till=a~b"]
)
def test_scopes_that_are_not_here(house: House, rows: psycopg.Connection, scope: str) -> None:
    where = f"{PAGE}?scope={scope}"
    before = stored(rows)
    assert house.client.get(where).status_code == 404
    assert post(house, where, key="spend.max_share", value="30")[0] == 404
    assert stored(rows) == before


def test_keys_that_are_not_set_here(house: House, rows: psycopg.Connection) -> None:
    before = stored(rows)
    for where, key in ((PAGE, "points.expiry"), (UNIT, "spend.max_share"), (PAGE, "nothing"), (PAGE, "")):
        assert post(house, where, key=key, value="30", do="reset")[0] == 404
    assert stored(rows) == before


@pytest.mark.parametrize(("role", "sees"), [("admin", True), ("analyst", True), ("cashier", False), ("nobody", False)])
def test_whom_it_lets(house: House, rows: psycopg.Connection, role: str, *, sees: bool) -> None:
    with db.transaction() as conn:
        conn.execute(
            "INSERT INTO workspace_staff (id, program_id, email, name, role, locale, is_active, password, created_at)"
            " SELECT gen_random_uuid(), id, 'x@example.com', 'X', %s, 'en', true, %s, now() FROM workspace_program",
            (role, make_password(PASSWORD)),
        )
    client = Client()
    assert client.post("/console/sign-in/", {"email": "x@example.com", "password": PASSWORD}).status_code == 302
    looked = client.get(PAGE)
    assert looked.status_code == (200 if sees else 403)
    assert ('name="key"' in looked.content.decode()) == (role == "admin")
    done = client.post(PAGE, {"key": "spend.max_share", "value": "30"})
    assert done.status_code == (302 if role == "admin" else 403)
    assert (("program", "spend.max_share") in stored(rows)) == (role == "admin")
    added = client.post(PAGE, {"do": "add-unit", "code": "status", "scale": "0"})
    assert added.status_code == (302 if role == "admin" else 403)
    assert rows.execute("SELECT count(*) FROM workspace_unit").fetchone() == (2 if role == "admin" else 1,)


def test_the_audit_names_the_person(house: House) -> None:
    post(house, PAGE, key="claim.days", value="9")
    with db.transaction() as conn:
        told = audit.page(conn, queries.only_program(conn).id)
    said = next(one for one in told if one.action == "setting.set")
    assert (said.actor_kind, said.object_id) == ("staff", "claim.days program")


def test_it_speaks_russian(house: House) -> None:
    house.client.post("/console/language/", {"language": "ru"})
    page = text(house.client.get(UNIT).content.decode())
    assert "Когда баллы сгорают баллы через 180 дней после начисления" in page
    with override("ru"):
        english = re.compile(r"[A-Za-z]{3,}")
        for name, hint in settings_words.NAMES.values():
            assert not english.search(f"{name} {hint}".replace("e-mail", "").replace("status", "")), name


def boxes(page: str, key: str) -> list[tuple[str, bool]]:
    """Return the boxes of a setting: what each would post, and whether it is ticked."""
    part = page[page.index(f'id="{key}"') :]
    part = part[: part.index("</details>")]
    return [
        (value, bool(on)) for value, on in re.findall(r'<input[^>]*type="checkbox"[^>]*value="(.*?)"( checked)?>', part)
    ]


def test_every_code_of_a_list_has_words() -> None:
    assert set(codes.NOTICES) == set(registry.NOTICE_KINDS)
    assert set(codes.MATCHING) == set(registry.Matching)
    for key, known in codes.LISTED.items():
        definition = registry.REGISTRY[key]
        assert definition.kind.accept(list(known)) == tuple(known)
        assert not isinstance(definition.kind.accept(list(known)[:1]), registry.Wrong)
    with override("ru"):
        said = [str(text) for text in (*codes.NOTICES.values(), *codes.MATCHING.values())]
    assert [text for text in said if re.search("[A-Za-z]{2,}", text)] == []


def test_notices_are_ticked(house: House, rows: psycopg.Connection) -> None:
    page = house.client.get(PAGE).content.decode()
    assert boxes(page, "messages.notices") == [(code, True) for code in registry.NOTICE_KINDS]
    assert "Which notices members get by default all" in text(page)
    wanted = [code for code in registry.NOTICE_KINDS if code != "tier-near"]
    assert house.client.post(PAGE, {"key": "messages.notices", "value": wanted}).status_code == 302
    assert stored(rows)["program", "messages.notices"] == wanted
    page = house.client.get(PAGE).content.decode()
    assert boxes(page, "messages.notices") == [(code, code != "tier-near") for code in registry.NOTICE_KINDS]
    assert "for the whole program all but: the next tier is near" in text(page)
    assert house.client.post(PAGE, {"key": "messages.notices", "value": "expired,spent"}).status_code == 302
    told = "points that have ended, points that a purchase was paid with"
    assert f"for the whole program {told}" in text(house.client.get(PAGE).content.decode())


def test_channels_of_notices_are_put_in_order(house: House, rows: psycopg.Connection) -> None:
    sent = {"key": "messages.notice_channels", "value": ["telegram", "", "email"]}
    assert house.client.post(PAGE, sent).status_code == 302
    assert stored(rows)["program", "messages.notice_channels"] == ["telegram", "email"]
    page = house.client.get(PAGE).content.decode()
    assert "What carries notices for the whole program Telegram, E-mail" in text(page)
    part = page[page.index('id="messages.notice_channels"') :].partition("</details>")[0]
    assert re.findall(r'<option value="(\w*)" selected>', part) == ["telegram", "email", ""]


@pytest.mark.parametrize("value", [[], ["email", "email"], ["pigeon"], ["email,email"]], ids=str)
def test_a_list_that_cannot_be(house: House, rows: psycopg.Connection, value: list[str]) -> None:
    answer = house.client.post(PAGE, {"key": "messages.notice_channels", "value": value})
    assert answer.status_code == 422
    assert "Choose at least one, and each only once." in text(answer.content.decode())
    assert ("program", "messages.notice_channels") not in stored(rows)


def test_codes_that_are_typed_have_their_words_beside_them(house: House) -> None:
    assert post(house, PAGE, key="members.code_countries", value="RU, KZ")[0] == 302
    assert post(house, PAGE, key="adjust.reasons", value="goodwill, ours")[0] == 302
    page = text(house.client.get(PAGE).content.decode())
    assert "for the whole program Russia, Kazakhstan" in page
    assert "RU Russia KZ Kazakhstan" in page
    house.client.post("/console/language/", {"language": "ru"})
    page = text(house.client.get(PAGE).content.decode())
    assert "Россия, Казахстан" in page
    assert "жест доброй воли, ours" in page
    assert "Какие уведомления получают участники по умолчанию все" in page
