"""Broadcasts in the console: drafted in a form, looked at, approved and launched by a person, told afterwards."""

import json
import re
from datetime import UTC, datetime

import pytest

from tests.builders import NOW, Shop
from tests.console.conftest import House
from tests.console.test_corrections import hire
from tests.messaging.broadcasts.shows import name_sender, work
from verno.console.broadcasts import warning
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember, Topic
from verno.messaging.broadcasts import queries
from verno.messaging.broadcasts import service as broadcasts
from verno.messaging.broadcasts.types import AtMoment, Broadcast, Channel, Done, Listed, NewBroadcast, Variant
from verno.messaging.templates import service as templates
from verno.messaging.templates.types import Block, Published, Saved, Template
from verno.messaging.types import MessageClass
from verno.workspace import settings
from verno.workspace.audit import SYSTEM
from verno.workspace.roles import Role

LIST = "/console/messages/broadcasts/"
NEWS = "news"
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello, {{ member.name | default('friend') }}! Autumn teas are here."
    '<a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Choose</a>'
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)


def publish(shop: Shop, *, now: datetime = NOW) -> None:
    """Have a topic, a published template for it, and a sender with a name."""
    program = shop.program.id
    with db.transaction(program) as conn:
        members.ensure_topics(conn, program, [Topic(NEWS, MessageClass.PROGRAM, {"en": "News", "ru": "Новости"})])
        name_sender(conn, shop)
        blocks = {"email": {"en": Block("Autumn", body=MJML)}, "sms": {"en": Block(body="Autumn teas are here.")}}
        template = Template("autumn", "Autumn", MessageClass.PROGRAM, NEWS, blocks)  # type: ignore[arg-type]
        saved = templates.save(conn, program, template, by=SYSTEM, now=now)
        assert isinstance(saved, Saved), saved
        published = templates.publish(conn, program, "autumn", because=None, by=SYSTEM, now=now)
        assert isinstance(published, Published), published


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A shop that can send broadcasts."""
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:25")
    monkeypatch.setenv("VERNO_SMS_URL", "http://127.0.0.1:9/")
    publish(house.story.shop)
    return house


def form(**more: object) -> dict[str, object]:
    """Return what a marketer fills in."""
    return {
        "name": "Autumn teas",
        "topic": NEWS,
        "audience": "everybody",
        "send": "now",
        "holdout": "0",
        "template_a": "autumn@1",
        "channel_1": "email",
        **more,
    }


def draft(house: House, **more: object) -> str:
    """Draft a broadcast through the form; return its page's address."""
    answer = house.client.post(f"{LIST}new/", form(**more))
    assert answer.status_code == 302, re.findall(
        r"field-error[^<]*<?[^<]*|alert-danger[^<]*<[^<]*", answer.content.decode()
    )
    return str(answer["Location"])


def page(house: House, where: str) -> str:
    answer = house.client.get(where)
    assert answer.status_code == 200, where
    return str(answer.content.decode())


def test_a_marketer_sends_a_broadcast(told: House) -> None:
    assert "No broadcasts yet" in page(told, LIST)
    where = draft(told)
    shown = page(told, where)
    assert "All members" in shown
    assert "must be mended" not in shown, shown
    outlook = page(told, f"{where}outlook/")
    assert "Would get it" in outlook
    assert told.client.post(where, {"do": "launch", "version": "1"}).status_code == 409  # nobody has approved it
    assert told.client.post(where, {"do": "approve", "version": "1"}).status_code == 302
    assert told.client.post(where, {"do": "launch", "version": "1"}).status_code == 302
    assert "waits for its time" in page(told, where) or "under way" in page(told, where)
    work(NOW)
    shown = page(told, where)
    assert "What became of the messages" in shown
    assert "Without a holdout nobody knows" in shown
    assert "Vera" in shown
    assert "Autumn teas" in page(told, LIST)


def test_an_edit_takes_the_approval_back(told: House) -> None:
    where = draft(told)
    assert told.client.post(where, {"do": "approve", "version": "1"}).status_code == 302
    edited = told.client.post(f"{where}edit/", form(name="Winter teas", version="1", holdout="7.5"))
    assert edited.status_code == 302
    shown = page(told, where)
    assert "Winter teas" in shown
    assert ">Approve<" in shown
    assert "7.5%" in shown
    assert 'value="7.5' in page(told, f"{where}edit/")
    late = told.client.post(f"{where}edit/", form(name="Spring teas", version="1"))
    assert (late.status_code, "Somebody has changed it meanwhile" in late.content.decode()) == (422, True)


def test_a_condition_is_checked_and_told_in_words(told: House) -> None:
    tree = {"combinator": "and", "rules": [{"field": "member.kind", "operator": "=", "value": "person"}]}
    where = draft(told, audience="condition", condition=json.dumps(tree))
    assert "person" in page(told, where)
    tree["rules"][0]["field"] = "member.shoe_size"  # type: ignore[index]
    answer = told.client.post(f"{LIST}new/", form(audience="condition", condition=json.dumps(tree)))
    assert answer.status_code == 422
    assert "shoe_size" in answer.content.decode()
    nul, half = [json.dumps(tree).replace("shoe_size", sign) for sign in ("\\u0000", "\\ud800")]
    for text in ("", "[]", "{", nul, half, '{"a": 1e999}', "[" * 9_999):
        assert told.client.post(f"{LIST}new/", form(audience="condition", condition=text)).status_code == 422


def test_what_a_choice_needs_is_asked_for(told: House) -> None:
    for wrong in (
        {"send": "at"},
        {"send": "at", "at": "9999-12-31T23:59"},
        {"send": "best", "day": "9999-12-31", "time": "10:00"},
        {"valid_until": "0001-01-01T00:00"},
        {"send": "local", "day": "2026-12-01"},
        {"audience": "list", "external_ids": " "},
        {"context": "no sign"},
        {"channel_2": "email"},
        {"holdout": "60"},
        {"winner": "on"},
        {"template_a": "spring@1"},
    ):
        answer = told.client.post(f"{LIST}new/", form(**wrong))
        assert answer.status_code == 422, wrong
        assert "field-error" in answer.content.decode() or "alert-danger" in answer.content.decode(), wrong


def test_every_choice_comes_back_as_it_was(told: House) -> None:
    where = draft(
        told,
        audience="list",
        external_ids="anna\nivan, nobody",
        send="local",
        day="2026-12-24",
        time="10:30",
        channel_2="sms",
        wait_1="12",
        until_1="read",
        template_b="autumn@1",
        weight_b="3",
        winner="on",
        sample="25",
        after_hours="6",
        by="clicks",
        rate="600",
        cost_limit="99.50",
        valid_until="2026-12-25T18:00",
        context="promo = TEA",
    )
    id_ = where.rstrip("/").rpartition("/")[2]
    program = told.story.shop.program.id
    with db.transaction(program) as conn:
        before = queries.broadcast(conn, program, id_)
    assert before is not None
    again = page(told, f"{where}edit/")
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', again))
    fields |= {
        name: found[1]
        for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', again, re.DOTALL)
        if (found := re.search(r'<option value="([^"]*)" selected', options))
    }
    fields |= dict(re.findall(r'<textarea name="(\w+)"[^>]*>\s*(.*?)</textarea>', again, re.DOTALL))
    fields |= {"winner": "on"}
    assert told.client.post(f"{where}edit/", fields).status_code == 302
    with db.transaction(program) as conn:
        after = queries.broadcast(conn, program, id_)
    assert after is not None
    assert (after.version, after.wanted) == (2, before.wanted)


def test_what_a_trial_can_tell_is_reckoned_from_who_would_get_it(told: House) -> None:
    """1,900 members without an address tell nothing of what the few others do."""
    shop = told.story.shop
    with db.transaction(shop.program.id) as conn:
        for start in (0, 950):
            people = [NewMember(external_id=f"mute-{n}") for n in range(start, start + 950)]
            members.upsert(conn, shop.program, people, now=NOW)
    where = draft(told, template_b="autumn@1", weight_b="1", winner="on", sample="90")
    outlook = page(told, f"{where}outlook/")
    assert "What the trial can tell" in outlook
    assert re.findall(r"<td>(\d+%)</td><td[^>]*>([^<]*)", outlook) == [("1%", "none"), ("3%", "none"), ("10%", "none")]


def by_api(house: House, **changes: object) -> tuple[str, Broadcast]:
    """Draft a broadcast as the API may; returns its page's address."""
    shop = house.story.shop
    wanted = NewBroadcast(
        **{  # type: ignore[arg-type]
            "name": "Autumn",
            "topic": NEWS,
            "variants": (Variant("control", "autumn@1"), Variant("bold", "notice", 3)),
            "channels": (Channel("email"),),
            "context": {"promo": "TEA", "off": 20, "gift": True},
            **changes,
        }
    )
    with db.transaction(shop.program.id) as conn:
        (done,) = broadcasts.create(conn, shop.program.id, [wanted], by=SYSTEM, now=NOW)
    assert isinstance(done, Done), done
    return f"{LIST}{done.broadcast.id}/", done.broadcast


def again(house: House, one: Broadcast) -> Broadcast:
    with db.transaction(house.story.shop.program.id) as conn:
        found = queries.broadcast(conn, house.story.shop.program.id, one.id)
    assert found is not None
    return found


def test_a_draft_by_the_api_comes_back_whole(told: House) -> None:
    where, one = by_api(told)
    shown = page(told, f"{where}edit/")
    assert "off = 20" in shown
    assert '<option value="notice" selected' in shown
    more = {"name": "Winter", "version": "1", "template_b": "notice", "weight_b": "3", "holdout": "5"}
    context = "promo = TEA\noff = 25\ngift = true"
    assert told.client.post(f"{where}edit/", form(**more, context=context, template_c="autumn@1")).status_code == 302
    wanted = again(told, one).wanted
    assert [(had.code, had.template, had.weight) for had in wanted.variants] == [
        ("control", "autumn@1", 1),
        ("bold", "notice", 3),
        ("a", "autumn@1", 1),
    ]
    assert wanted.context == {"promo": "TEA", "off": 25, "gift": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": tuple([Variant(code, "autumn@1") for code in "abcde"])},
        {"channels": tuple([Channel(one) for one in ("email", "sms", "push", "telegram")])},
        {"context": {"Promo": "TEA"}},
        {"context": {"promo": "one\ntwo"}},
        {"send": AtMoment(datetime(2026, 12, 1, 10, 0, 30, tzinfo=UTC))},
        {"audience": Listed(("anna,ivan",))},
    ],
)
def test_what_the_form_cannot_show_it_does_not_change(told: House, changes: dict[str, object]) -> None:
    where, one = by_api(told, **changes)
    shown = page(told, f"{where}edit/")
    assert "holds what the form cannot show" in shown
    assert "<form" not in shown.partition("<h1")[2]
    assert told.client.post(f"{where}edit/", form(name="Winter", version="1")).status_code == 409
    assert again(told, one).wanted == one.wanted


def test_only_topics_for_many_are_offered_by_their_names(told: House) -> None:
    program = told.story.shop.program.id
    with db.transaction(program) as conn:
        members.ensure_topics(conn, program, [Topic("orders", "transactional"), Topic("account-security", "security")])
    shown = page(told, f"{LIST}new/")
    offered = re.search(r'<select name="topic".*?</select>', shown, re.DOTALL)
    assert offered
    assert "Points statement<" in offered[0]
    assert ">News<" in offered[0]
    assert 'value="orders"' not in offered[0]
    assert 'value="account-security"' not in offered[0]
    assert told.client.post(f"{LIST}new/", form(topic="orders")).status_code == 422


def test_what_speaks_against_a_launch_is_said_in_words(told: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERNO_SMS_URL", raising=False)
    shown = page(told, draft(told, channel_2="sms"))
    assert re.search(r"The channel is not connected\.\s*<span[^>]*>SMS<", shown)
    assert "nobody can write back to this address: localhost" in shown
    for codes, words in (
        (("barred-by-country", "push"), "Push"),
        (("stopped-by-switch", "channel:sms"), "All SMS"),
        (("sender-not-named", "legal_name"), "legal name"),
        (("limit-without-a-price", "messages.email_price"), "Price of an e-mail"),
        (("template-of-another-class", "news@1: program"), "news@1: Program"),
        (("template-without-channel", "news@1: sms"), "news@1: SMS"),
        (("cannot-be-written", "news@1: email/ru: html: no such name"), "news@1: E-mail, Russian: html: no such name"),
        (("unknown-listed", "3"), "3"),
        (("small-sample", "285/5301"), "the smallest variant goes to 285; it takes some 5301"),
    ):
        assert warning.told(*codes) == words


def test_who_may(told: House) -> None:
    where = draft(told)
    analyst = hire(told, "rita", Role.ANALYST)
    assert analyst.get(where).status_code == 200
    assert analyst.get(f"{LIST}new/").status_code == 403
    assert analyst.post(where, {"do": "approve", "version": "1"}).status_code == 403
    cashier = hire(told, "olga", Role.CASHIER)
    assert cashier.get(where).status_code == 403
    assert told.client.get(f"{LIST}01a19656-4a80-7816-8000-37f211ac0040/").status_code == 404
    assert told.client.post(where, {"do": "explode"}).status_code == 404


def test_an_author_alone_is_told_what_to_do(told: House) -> None:
    """Nobody is locked out without a word: the page names the setting, and the refusal is told to whoever posts."""
    shop = told.story.shop
    with db.transaction(shop.program.id) as conn:
        settings.write(conn, shop.program.id, "broadcasts.second_person_over", 1, now=NOW)
    where = draft(told)
    shown = page(told, where)
    assert "somebody else than its author approves it" in shown
    assert "Nobody else here may" in shown
    assert "How many members an author may write to alone" in shown
    assert ">Approve<" not in shown
    answer = told.client.post(where, {"do": "approve", "version": "1"})
    assert (answer.status_code, "somebody else than its author has to approve it" in answer.content.decode()) == (
        409,
        True,
    )
    other = hire(told, "boris", Role.MARKETER)
    shown = page(told, where)
    assert "somebody else than its author approves it" in shown
    assert "Nobody else here may" not in shown
    assert other.post(where, {"do": "approve", "version": "1"}).status_code == 302
    assert ">Launch<" in page(told, where)
