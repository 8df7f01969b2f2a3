"""Templates in the console: who may, what is refused in words, publication with a reason, versions, the brand."""

import html
import json
import re
from collections.abc import Callable
from datetime import datetime

import psycopg
import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_roles import hire  # noqa: F401 a fixture
from tests.messaging.postman import Postman
from verno.console.letters import naming
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging.layouts import brand, gallery
from verno.messaging.templates import queries, trying
from verno.messaging.templates.types import AdClass, Lint, Refusal, Refused, Sent, Stored
from verno.workspace import settings
from verno.workspace.audit import SYSTEM
from verno.workspace.roles import Role

LIST = "/console/messages/templates/"
BRAND = "/console/messages/brand/"
Hire = Callable[..., tuple[Client, str]]


@pytest.fixture
def topics(house: House) -> None:
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        members.ensure_topics(conn, program, [Topic("news", "marketing"), Topic("orders", "transactional")])
        settings.write_all(conn, program, {"messages.country": "EU"}, now=NOW, by=SYSTEM)


def page(client: Client, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200, where
    return html.unescape(answer.content.decode())


def begin(house: House, layout: str, code: str = "") -> None:
    topic = {"welcome": "points-statement", "birthday": "news", "order-courier": "orders", "": "points-statement"}
    sent = {"layout": layout, "name": "Test", "code": code or layout, "topic": topic[layout]}
    answer = house.client.post(f"{LIST}new/", sent)
    assert answer.status_code == 302, answer.content.decode()


def stored(house: House, code: str, version: int | None = None) -> Stored | None:
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        return queries.template(conn, program, code, version)


def draft(house: House, code: str) -> Stored | None:
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        return queries.draft(conn, program, code)


def test_a_layout_becomes_a_draft_in_both_languages(house: House, topics: None) -> None:
    assert "No templates yet" in page(house.client, LIST)
    begin(house, "order-courier")
    found = draft(house, "order-courier")
    assert found is not None
    assert {str(channel): sorted(some) for channel, some in found.template.blocks.items()} == {
        channel: ["en", "ru"] for channel in ("email", "sms", "push", "telegram")
    }
    assert "Nothing to mend" in page(house.client, f"{LIST}order-courier/") or "Look:" in page(
        house.client, f"{LIST}order-courier/"
    )
    again = house.client.post(f"{LIST}new/", {"name": "T", "code": "order-courier", "topic": "orders"})
    assert again.status_code == 422
    assert "There is a template with this code" in again.content.decode()
    for code in ("new", "layouts", "Bad", "1x", "a b"):
        assert house.client.post(f"{LIST}new/", {"name": "T", "code": code, "topic": "orders"}).status_code == 422


def test_a_layout_offers_topics_of_its_class_alone(house: House, topics: None) -> None:
    offered = re.findall(r'<option value="([^"]+)"', page(house.client, f"{LIST}new/?layout=birthday"))
    assert offered == ["news"]
    sent = {"layout": "birthday", "name": "B", "code": "b", "topic": "orders"}
    assert house.client.post(f"{LIST}new/", sent).status_code == 422


def test_what_cannot_be_rendered_is_told_and_what_was_typed_stays(house: House, topics: None) -> None:
    begin(house, "welcome")
    for body, said in {
        "<mjml><mj-body><script>x</script></mj-body></mjml>": "<script>",
        "<mjml><mj-body><mj-include path='/etc/passwd' /></mj-body></mjml>": "mj-include",
        "<mjml><mj-body>{{ 7 / 0 }}</mj-body></mjml>": "email/en",
        "Hello": "email/en",
    }.items():
        answer = house.client.post(f"{LIST}welcome/email/en/", {"subject": "S", "body": body, "do": "save"})
        assert answer.status_code == 422
        told = html.unescape(answer.content.decode())
        assert "It cannot be rendered, so it is not stored." in told
        assert said in told.split('role="alert">')[1].split("</div>")[0]
        assert body in told
    found = draft(house, "welcome")
    assert found is not None
    assert "Welcome" in found.template.blocks["email"]["en"].body  # type: ignore[index]  # a channel is a text


def test_a_text_is_stored_without_what_browsers_add(house: House, topics: None) -> None:
    begin(house, "welcome")
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "One\r\ntwo", "do": "save"})
    found = draft(house, "welcome")
    assert found is not None
    assert found.template.blocks["sms"]["en"].body == "One\ntwo"  # type: ignore[index]  # the same
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "One", "do": "remove"})
    found = draft(house, "welcome")
    assert found is not None
    assert "en" not in found.template.blocks["sms"]  # type: ignore[index]  # the same


def test_advertising_in_another_topic_takes_a_reason(house: House, topics: None) -> None:
    begin(house, "welcome")
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "A discount for you", "do": "save"})
    told = page(house.client, f"{LIST}welcome/")
    assert "This is advertising, and the topic is not." in told
    assert "Why it is published all the same" in told
    refused = house.client.post(f"{LIST}welcome/", {"do": "publish"})
    assert refused.status_code == 422
    assert "Say why it is published" in html.unescape(refused.content.decode())
    assert stored(house, "welcome") is None
    house.client.post(f"{LIST}welcome/", {"do": "publish", "because": "The lawyer agreed"})
    assert stored(house, "welcome") is not None
    assert "The lawyer agreed" in page(house.client, f"{LIST}welcome/")


def test_what_must_be_mended_stops_the_publication(house: House, topics: None) -> None:
    begin(house, "welcome")
    body = "Hello {{ member.first_name }}"
    house.client.post(f"{LIST}welcome/sms/en/", {"body": body, "do": "save"})
    told = page(house.client, f"{LIST}welcome/")
    assert "May be empty: say what stands there then." in told
    assert "member.first_name" in told
    assert house.client.post(f"{LIST}welcome/", {"do": "publish", "because": "x"}).status_code == 422
    assert stored(house, "welcome") is None


def test_versions_say_what_they_changed(house: House, topics: None) -> None:
    begin(house, "welcome")
    house.client.post(f"{LIST}welcome/", {"do": "publish"})
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "Quite other words", "do": "save"})
    house.client.post(f"{LIST}welcome/", {"do": "publish"})
    told = page(house.client, f"{LIST}welcome/versions/2/")
    assert re.search(r"<ins>.*Quite other words</ins>", told)
    assert re.search(r"<del>.*you are a member", told)
    assert "compared with version 1" in told
    assert "Russian" not in told.split("<main")[1]
    assert house.client.get(f"{LIST}welcome/versions/3/").status_code == 404
    house.client.post(f"{LIST}welcome/", {"do": "retire"})
    assert "out of use" in page(house.client, LIST)


def test_conditions_and_marks_are_stored(house: House, topics: None) -> None:
    begin(house, "welcome")
    sent = {
        "name": "New name",
        "topic": "points-statement",
        "utm_source": "mail",
        "ad_class": "own",
        "ad_name": "Lavka",
        "inn": "7701234567",
        "erid": "2Vtzq",
        "shown_name": ["old", ""],
        "shown_tree": ['{"all": [{"field": "member.age_days", "op": "ge", "value": 1}]}', ""],
    }
    answer = house.client.post(f"{LIST}welcome/settings/", {**sent, "inn": "12"})
    assert answer.status_code == 422
    answer = house.client.post(f"{LIST}welcome/settings/", {**sent, "shown_name": ["Not A Name", ""]})
    assert answer.status_code == 422
    assert "A condition has a name" in answer.content.decode()
    house.client.post(f"{LIST}welcome/settings/", sent)
    found = draft(house, "welcome")
    assert found is not None
    one = found.template
    assert (one.name, one.utm, list(one.shown)) == ("New name", {"utm_source": "mail"}, ["old"])
    assert one.advert is not None
    assert (one.advert.erid, one.advert.inn) == ("2Vtzq", "7701234567")
    assert one.advert.content_sha256
    before = one.advert.content_sha256
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "Other words", "do": "save"})
    house.client.post(f"{LIST}welcome/settings/", sent)
    again = draft(house, "welcome")
    assert again is not None
    assert again.template.advert is not None
    assert again.template.advert.content_sha256 == before, "the token is for other words"


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800", "\x00"])
def test_signs_that_cannot_be_stored_are_refused_in_words(house: House, topics: None, sign: str) -> None:
    begin(house, "welcome")
    tree = '{"all": [{"field": "member.city", "op": "eq", "value": "x"}]}'.replace("x", sign)
    sent = {"name": "N", "topic": "points-statement", "ad_class": "none", "shown_name": "gold", "shown_tree": tree}
    answer = house.client.post(f"{LIST}welcome/settings/", sent)
    assert (answer.status_code, "A condition has a name" in answer.content.decode()) == (422, True)
    house.client.post(f"{LIST}welcome/sms/en/", {"body": "A discount for you", "do": "save"})
    assert house.client.post(f"{LIST}welcome/", {"do": "publish", "because": f"The{sign}lawyer"}).status_code == 302
    assert house.client.get(f"{LIST}welcome/preview/", {"q": sign}).status_code in (200, 422)


def test_a_letter_is_shown_in_a_sandbox_as_a_member_sees_it(house: House, topics: None) -> None:
    begin(house, "welcome")
    anna = house.story.anna
    answer = house.client.get(f"{LIST}welcome/preview/en/?member={anna}")
    policy = answer["Content-Security-Policy"]
    assert policy.endswith("; sandbox")
    assert "script-src" not in policy
    assert "Anna" in answer.content.decode()
    assert "Anna" not in house.client.get(f"{LIST}welcome/preview/en/").content.decode().replace("Hello, Anna!", "")
    off = house.client.get(f"{LIST}welcome/preview/en/?pictures=off")
    assert "img-src 'none'" in off["Content-Security-Policy"]
    told = page(house.client, f"{LIST}welcome/preview/?member={anna}")
    assert told.count("<iframe") == 2
    assert re.search(r"<iframe[^>]* sandbox ", told)
    assert house.client.get(f"{LIST}welcome/preview/en/?member=x").status_code == 404
    assert house.client.get(f"{LIST}welcome/preview/xx/").status_code == 404


def test_the_editor_has_a_policy_of_its_own_and_no_other_page_has(house: House, topics: None) -> None:
    begin(house, "welcome")
    letter = house.client.get(f"{LIST}welcome/email/en/")["Content-Security-Policy"]
    assert "script-src 'self';" in letter
    assert "unsafe-eval" not in letter
    assert "'unsafe-inline'" in letter.split("style-src")[1].split(";")[0]
    for where in (f"{LIST}welcome/sms/en/", f"{LIST}welcome/", f"{LIST}welcome/preview/", LIST, BRAND):
        policy = house.client.get(where)["Content-Security-Policy"]
        assert "require-trusted-types-for 'script'" in policy, where
        assert "unsafe-inline" not in policy, where
    assert "letter.js" in page(house.client, f"{LIST}welcome/email/en/")
    assert "letter.js" not in page(house.client, f"{LIST}welcome/sms/en/")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR])
def test_who_may_not_write_only_reads(house: House, topics: None, hire: Hire, role: Role) -> None:  # noqa: F811
    begin(house, "welcome")
    client, _ = hire(role)
    for where in (f"{LIST}new/", f"{LIST}welcome/", f"{LIST}welcome/sms/en/", f"{LIST}welcome/settings/"):
        assert client.post(where, {"do": "publish", "name": "x", "code": "x", "body": "x"}).status_code == 403
    assert client.post(f"{LIST}welcome/preview/", {"do": "test", "address": "a@b.example"}).status_code == 403
    assert client.post(BRAND, {}).status_code == 403
    told = page(client, f"{LIST}welcome/sms/en/")
    assert "Save the draft" not in told
    assert stored(house, "welcome") is None


def test_an_analyst_sees_nobody(house: House, topics: None, hire: Hire) -> None:  # noqa: F811
    begin(house, "welcome")
    client, _ = hire(Role.ANALYST)
    where = f"{LIST}welcome/preview/en/"
    nobody = client.get(where).content
    assert client.get(f"{where}?member={house.story.anna}").content == nobody
    assert house.client.get(f"{where}?member={house.story.anna}").content != nobody
    told = client.post(f"{LIST}welcome/preview/", {"q": "anna-1@example.com"})
    assert "anna" not in told.content.decode().lower().replace("anna!", "")


def test_a_brand_is_saved_whole_or_not_at_all(house: House, topics: None) -> None:
    told = page(house.client, BRAND)
    assert "legal name, postal address, contact" in told
    said = {
        "brand-colour-value": "#FFD400",
        "brand-logo_url-value": "",
        "brand-legal_name-value": "Lavka Ltd",
        "brand-address-value": "1 Market Street",
        "brand-contact-value": "hello@shop.example",
        "brand-tax_id-value": "",
        "brand-site-value": "https://shop.example/",
    }
    wrong = house.client.post(BRAND, {**said, "brand-logo_url-value": "http://shop.example/x.png"})
    assert wrong.status_code == 422
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        assert brand.brand(conn, program) == brand.PLAIN
    assert house.client.post(BRAND, said).status_code == 302
    with db.transaction(program) as conn:
        look = brand.brand(conn, program)
    assert (look["colour"], look["ink"], look["legal_name"]) == ("#ffd400", "#000000", "Lavka Ltd")
    assert "wants letters to say this" not in page(house.client, BRAND)
    assert "Lavka Ltd" in house.client.get(f"{BRAND}example/").content.decode()
    house.client.post(BRAND, {**said, "brand-legal_name-value": ""})
    with db.transaction(program) as conn:
        assert brand.brand(conn, program)["legal_name"] == ""


def test_all_that_is_wrong_has_words() -> None:
    assert set(naming.WORDS["template_problem"]) == set(Lint)
    assert set(Refusal) <= set(naming.WORDS["template_refusal"])
    assert set(naming.WORDS["ad_class"]) == set(AdClass)


def test_nothing_waits_in_the_database_while_a_provider_thinks(
    house: House, topics: None, rows: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(house, "welcome")
    waiting = []
    send = trying.send

    def looks(trial: trying.Trial, *, now: datetime) -> Sent | Refused:
        told = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        waiting.append(rows.execute(told).fetchone())
        rows.rollback()
        return send(trial, now=now)

    monkeypatch.setattr(trying, "send", looks)
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        wanted = {"do": "test", "address": "me@example.com", "language": "en"}
        answer = house.client.post(f"{LIST}welcome/preview/?channel=email", wanted)
        assert answer.status_code == 302, answer.content.decode()
        assert [to for to, _ in postman.stored] == ["me@example.com"]
    assert waiting == [(0,)]
    assert "The test has left." in page(house.client, f"{LIST}welcome/preview/")


def test_topics_are_named_in_the_reader_s_language(house: House, topics: None) -> None:
    program = house.story.shop.program.id
    offers = Topic("offers", "marketing", {"ru": "Новости и акции", "en": "News and offers"})
    with db.transaction(program) as conn:
        members.ensure_topics(conn, program, [offers])
    sent = {"layout": "birthday", "name": "Test", "code": "birthday", "topic": "offers"}
    assert house.client.post(f"{LIST}new/", sent).status_code == 302
    for locale, name in (("en", "News and offers"), ("ru", "Новости и акции")):
        house.client.post("/console/language/", {"language": locale, "next": "/console/"})
        for where in (LIST, f"{LIST}birthday/", f"{LIST}birthday/settings/", f"{LIST}new/?layout=birthday"):
            assert name in page(house.client, where), (locale, where)
        assert "· offers ·" not in page(house.client, f"{LIST}birthday/")


def test_a_test_says_what_its_preview_said(house: House, topics: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout's own made-up figures, not the names of what it asks for; each channel asks for its address."""
    begin(house, "birthday")
    where = f"{LIST}birthday/preview/"
    assert "Your own e-mail address." in page(house.client, where)
    shown = html.unescape(house.client.get(f"{LIST}birthday/preview/en/").content.decode())
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        sent = {"do": "test", "address": "vera@example.com", "language": "en"}
        assert house.client.post(where, sent).status_code == 302
        found = postman.letter("vera@example.com")
    assert found["Subject"].startswith("[Test] ")
    part = found.get_body(("html",))
    assert part is not None
    gift = gallery.sample("en")["gift"]
    assert gift in shown
    assert gift in html.unescape(part.get_content())
    assert "Your own phone number." in page(house.client, f"{where}?channel=sms")
    assert 'name="address"' not in page(house.client, f"{where}?channel=push")


def test_a_condition_of_a_template_is_asked_of_members_alone(house: House, topics: None) -> None:
    begin(house, "birthday")
    shown = page(house.client, f"{LIST}birthday/settings/")
    asking = re.search(r'data-form="(\{.*?\})" data-problems', shown, re.DOTALL)
    assert asking
    pressed = json.loads(asking[1])["shortcuts"]
    assert [one["label"] for one in pressed] == ["Birthday", "Badge"]


def test_an_excerpt_says_one_of_two_ways(house: House, topics: None) -> None:
    begin(house, "birthday")
    said = "{% if member.first_name %}{{ member.first_name }}, hello{% else %}Hello{% endif %} there"
    block = {"do": "save", "subject": said, "preheader": "", "body": "Words."}
    assert house.client.post(f"{LIST}birthday/push/en/", block).status_code == 302
    assert "[member.first_name], hello there" in page(house.client, f"{LIST}birthday/").replace("  ", " ")
