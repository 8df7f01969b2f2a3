"""What members say is written down with its evidence; texts and topics by which they say it."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.messaging.people import add_members
from verno.intake.settling import remembering
from verno.kit import db
from verno.members import queries, service
from verno.members.consent import texts, topics
from verno.members.consent.saying import NewRecord, say, shortened
from verno.members.consent.texts import NotPublished
from verno.members.consent.topics import NotKept
from verno.members.types import Action, Channel, ConsentFact, NewMember, Purpose, Refusal, Refused, State, Topic
from verno.predicate.closures import closure
from verno.predicate.reading import read
from verno.predicate.types import Node
from verno.predicate.types import Refused as Unreadable
from verno.rules.facts import Facts
from verno.rules.fields import Known, member_registry
from verno.workspace.audit import SYSTEM

NEWS = Topic("news", "marketing", {"en": "News and offers", "ru": "Новости и акции"})
YES = NewRecord(Action.GRANT, "web-form", topic="news", channel=Channel.EMAIL, text_id="ads", text_version="1")


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    made = make_shop(conn)
    topics.put(conn, made.program.id, NEWS, now=NOW, by=SYSTEM)
    texts.publish(
        conn, made.program.id, "ads", Purpose.ADVERTISING, {"en": "Send me offers.\r\n", "ru": "Хочу."},
        now=NOW, by=SYSTEM,
    )  # fmt: skip
    return made


@pytest.fixture
def ann(conn: psycopg.Connection, shop: Shop) -> str:
    return add_members(conn, shop, 1, agree=False)[0]


def speak(conn: psycopg.Connection, shop: Shop, ann: str, **change: object) -> ConsentFact | Refused:
    record = NewRecord(**{name: getattr(YES, name) for name in YES.__struct_fields__} | change)
    (said,) = say(conn, shop.program, ann, [record], actor="key:1", now=NOW)
    return said


def test_the_evidence_is_kept_and_read_back(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    speak(conn, shop, ann, locale="en", surface="form/7", ip="203.0.113.77", agent="A" * 300, evidence_ref="scan-1")
    (read,) = queries.consent_history(conn, shop.program.id, ann, limit=9)
    assert (read.action, read.topic, read.channel, read.method) == (Action.GRANT, "news", "email", "web-form")
    assert read.text_sha256 == texts.sha256("Send me offers.")
    assert (read.text_id, read.text_version, read.locale) == ("ads", "1", "en")
    assert (read.ip, read.agent, read.actor, read.country) == ("203.0.113.0/24", "A" * 200, "key:1", "RU")
    assert (read.at, read.recorded_at, read.evidence_ref) == (NOW, NOW, "scan-1")
    (standing,) = queries.standings(conn, [ann], now=NOW)[ann]
    assert standing.state is State.UNCONFIRMED
    speak(conn, shop, ann, locale="en")
    assert len(queries.consent_history(conn, shop.program.id, ann, limit=9)) == 1, "the same word is one"


def test_a_confirmation_makes_it_count_and_another_address_does_not_inherit_it(
    conn: psycopg.Connection, shop: Shop, ann: str
) -> None:
    speak(conn, shop, ann, locale="ru")
    speak(conn, shop, ann, action=Action.CONFIRM, text_id=None, text_version=None, method="link")
    assert [one.granted for one in queries.consents(conn, [ann])[ann]] == [True]
    service.upsert(conn, shop.program, [NewMember("m-0", email="other@example.com")], now=NOW)
    assert queries.consents(conn, [ann]) == {}, "an unconfirmed yes to advertising is left out"


def test_conditions_may_ask_how_far_the_yes_reaches(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    def tree(*levels: str) -> Node | Unreadable:
        rule = {"field": "member.consent_level", "operator": "in", "value": list(levels)}
        return read({"combinator": "and", "rules": [rule]}, member_registry(Known()))

    node = tree("email-only", "sms-and-email")
    assert not isinstance(node, Unreadable)
    assert isinstance(tree("everything"), Unreadable)

    def holds() -> bool:
        member = queries.facts(conn, shop.program.id, [ann], now=NOW)[ann]
        kept = remembering.member_of(ann, remembering.person(member))
        assert kept == member, "a receipt remembers it"
        facts = Facts(NOW, "Europe/Moscow", (), member=kept)
        return closure(node)(facts, facts.when)

    assert not holds()
    speak(conn, shop, ann, locale="en", method="double-opt-in-link")
    assert holds()


def test_a_whole_class_can_be_left(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    speak(conn, shop, ann, topic="*marketing", action=Action.WITHDRAW, text_id=None, text_version=None)
    topics.put(conn, shop.program.id, Topic("later", "marketing"), now=NOW, by=SYSTEM)
    stands = {(one.topic, one.channel): one.state for one in queries.standings(conn, [ann], now=NOW)[ann]}
    assert stands == {("news", "email"): State.WITHDRAWN, ("later", "email"): State.WITHDRAWN}


def test_purposes_stand_alone(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    plain = {"topic": None, "channel": None, "text_id": None, "text_version": "2026"}
    speak(conn, shop, ann, purpose=Purpose.RULES, **plain)
    speak(conn, shop, ann, purpose=Purpose.PROFILING, action=Action.WITHDRAW, **plain)
    found = {one.purpose: one.state for one in queries.standings(conn, [ann], now=NOW)[ann]}
    assert found == {Purpose.RULES: State.GRANTED, Purpose.PROFILING: State.WITHDRAWN}
    assert queries.consents(conn, [ann]) == {}, "messages ask for advertising alone"


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"topic": "none"}, Refusal.UNKNOWN_TOPIC, "topic"),
        ({"topic": None}, Refusal.UNKNOWN_TOPIC, "topic"),
        ({"topic": "*marketing"}, Refusal.BAD_CONSENT, "topic"),
        ({"topic": "*security", "action": Action.WITHDRAW}, Refusal.UNKNOWN_TOPIC, "topic"),
        ({"channel": None}, Refusal.BAD_CONSENT, "channel"),
        ({"purpose": Purpose.RULES}, Refusal.BAD_CONSENT, "topic"),
        ({"text_version": "2"}, Refusal.UNKNOWN_TEXT, "text_id"),
        ({}, Refusal.UNKNOWN_TEXT, "locale"),
        ({"locale": "de"}, Refusal.UNKNOWN_TEXT, "text_id"),
        ({"locale": "en", "at": NOW + timedelta(hours=1)}, Refusal.TIME_OUT_OF_RANGE, "at"),
        ({"reason": "\x00"}, Refusal.BAD_TEXT, "reason"),
    ],
)
def test_what_cannot_be_kept_leaves_no_trace(
    conn: psycopg.Connection, shop: Shop, ann: str, change: dict[str, object], reason: Refusal, field: str
) -> None:
    said = speak(conn, shop, ann, **change)
    assert isinstance(said, Refused)
    assert (said.reason, said.field) == (reason, field)
    assert queries.consent_history(conn, shop.program.id, ann, limit=9) == []


def test_the_history_cannot_be_changed_nor_texts(database: str) -> None:
    for statement in (
        "UPDATE members_consent SET action = 'grant'",
        "DELETE FROM members_consent",
        "UPDATE members_consent_text SET body = ''",
        "DELETE FROM members_consent_text",
        "UPDATE members_topic SET class_name = 'security'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction() as conn:
            conn.execute(statement)


def test_texts_are_published_in_versions(conn: psycopg.Connection, shop: Shop) -> None:
    def publish(bodies: dict[str, str], purpose: Purpose = Purpose.ADVERTISING, code: str = "ads") -> object:
        return texts.publish(conn, shop.program.id, code, purpose, bodies, now=NOW, by=SYSTEM)

    assert publish({"en": "Second."}) == 2
    assert [(one.version, one.locale) for one in texts.texts(conn, shop.program.id)] == [
        (2, "en"),
        (1, "en"),
        (1, "ru"),
    ]
    assert publish({"en": "x"}, Purpose.RULES) == NotPublished("purpose", "this text asks for advertising")
    assert publish({"en": " "}) == NotPublished("bodies.en", "the text is empty")
    assert publish({}) == NotPublished("bodies", "at least one language is needed")
    assert isinstance(publish({"en": "x"}, code="Ads!"), NotPublished)
    assert publish({"??": "x"}) == NotPublished("bodies.??", "not a language code")


def test_topics_change_but_for_their_class(conn: psycopg.Connection, shop: Shop) -> None:
    def put(topic: Topic) -> object:
        return topics.put(conn, shop.program.id, topic, now=NOW, by=SYSTEM)

    renamed = Topic("news", "marketing", {"en": "Offers"}, {"en": "Once a week."}, archived_at=NOW)
    assert put(renamed) == renamed
    assert {one.code: one for one in queries.topics(conn, shop.program.id)}["news"] == renamed
    assert topics.name(renamed, "ru") == "Offers"
    assert topics.name(NEWS, "ru") == "Новости и акции"
    assert topics.name(Topic("points-statement", "program"), "ru") == "Выписки по баллам"
    assert topics.description(renamed, "ru") == "Once a week."
    for wrong, field in (
        (Topic("news", "program"), "class_name"),
        (Topic("New!", "program"), "code"),
        (Topic("a", "spam"), "class_name"),
        (Topic("a", "marketing", is_default=True), "is_default"),
        (Topic("a", "program", {"en": ""}), "names.en"),
        (Topic("a", "program", {}, {"en": "x" * 301}), "descriptions.en"),
    ):
        kept = put(wrong)
        assert isinstance(kept, NotKept)
        assert kept.field == field


@pytest.mark.parametrize(
    ("given", "expected"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("nonsense", None), (None, None)],
)
def test_an_address_is_shortened(given: str | None, expected: str | None) -> None:
    assert shortened(given) == expected
