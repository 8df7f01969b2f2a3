"""Leaving: stop words and nothing else are stop words; everything said before ends, and stays ended."""

from datetime import timedelta
from importlib import import_module

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.messaging.people import add_members
from verno.members import merging, queries, service, stopping
from verno.members.consent.state import WHOLE
from verno.members.stopping import EVERYTHING, Scope, Stop, stop_word
from verno.members.types import Action, Channel, ConsentFact, Created, NewConsent, NewMember, Purpose, State, Topic

DAY = timedelta(days=1)
PHONE = "+79161234567"


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    made = make_shop(conn)
    topics = [Topic("news", "marketing", double_opt_in=False), Topic("orders", "transactional")]
    service.ensure_topics(conn, made.program.id, topics)
    return made


@pytest.fixture
def ann(conn: psycopg.Connection, shop: Shop) -> str:
    said = [
        NewConsent(topic, channel, granted=True, at=NOW - DAY, text_version="1")
        for topic in ("news", "points-statement")
        for channel in (Channel.SMS, Channel.EMAIL)
    ]
    (stored,) = service.upsert(conn, shop.program, [NewMember("ann", phone=PHONE, consents=said)], now=NOW)
    assert isinstance(stored, Created)
    return stored.member_id


def granted(conn: psycopg.Connection, holder: str) -> set[tuple[str, str]]:
    return {(one.topic, one.channel) for one in queries.consents(conn, [holder])[holder] if one.granted}


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop! ", "«стоп»", "СТОП.", "отписаться", "Отписка", "opt-out", "STOP ALL", "unsubscribe",
     "Revoke", "end", "quit", "cancel", "CTOП", "cтоп", "стоп\u00a0",
     "/stop", " /STOP ", "/stop@ShopBot", "/стоп"],
)  # fmt: skip
def test_stop_words(text: str) -> None:
    assert stop_word(text) is Stop.ALL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "please stop",
        "stop by tomorrow",
        "не останавливайтесь",
        "стоп-кран",
        "остановка",
        "ok",
        "1",
        "/help",
        "/stop it",
    ],
)
def test_any_other_wording_is_for_a_person(text: str) -> None:
    assert stop_word(text) is None


def test_a_stop_word_ends_the_channel_and_is_answered_once(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    def say(text: str, at: int) -> stopping.Obeyed | None:
        return stopping.heard(conn, shop.program.id, "sms", "8 (916) 123-45-67", text, NOW + at * DAY)

    assert say("please stop", 0) is None
    first = say("СТОП", 0)
    assert first is not None
    assert (first.holder_id, first.withdrawn) == (ann, 2)
    assert first.answer == "Shop: больше не пишем вам сюда. Сообщения о покупках и коды входа останутся."
    assert granted(conn, ann) == {("news", "email"), ("points-statement", "email")}
    again = say("stop", 1)
    assert again is not None
    assert (again.answer, again.withdrawn) == (None, 0)


def test_an_address_that_nobody_has(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    found = stopping.heard(conn, shop.program.id, "sms", "+79160000000", "stop", NOW)
    assert found is not None
    assert (found.holder_id, found.withdrawn) == (None, 0)
    assert found.answer is not None
    assert len(granted(conn, ann)) == 4


def test_a_yes_from_before_the_stop_that_comes_later_is_none(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    stopping.stop(conn, shop.program.id, ann, Scope(channels=["viber"]), method="voice", now=NOW)
    late = ConsentFact(ann, "news", "viber", True, NOW - DAY, "paper", "1")
    service.record_consents(conn, shop.program.id, [late], now=NOW + DAY)
    assert ("news", "viber") not in granted(conn, ann)


@pytest.mark.parametrize(
    "scope", [EVERYTHING, Scope(channels=["sms"]), Scope(["news"], ["sms"])], ids=["all", "channel", "topic"]
)
def test_a_yes_between_two_stops_that_comes_later_is_none(
    conn: psycopg.Connection, shop: Shop, ann: str, scope: Scope
) -> None:
    """Ann says stop, signs a paper at a till, says stop again; only then somebody types the paper in."""
    assert stopping.stop(conn, shop.program.id, ann, scope, method="voice", now=NOW - 2 * DAY)
    assert not stopping.stop(conn, shop.program.id, ann, scope, method="voice", now=NOW), "it was withdrawn before"
    said = len(queries.consent_history(conn, shop.program.id, ann, limit=99))
    stopping.stop(conn, shop.program.id, ann, scope, method="voice", now=NOW + timedelta(minutes=59))
    assert len(queries.consent_history(conn, shop.program.id, ann, limit=99)) == said, "a link may be followed for ever"
    paper = ConsentFact(ann, "news", "sms", True, NOW - timedelta(hours=3), "paper", "1")
    service.record_consents(conn, shop.program.id, [paper], now=NOW + DAY)
    assert ("news", "sms") not in granted(conn, ann)
    anew = ConsentFact(ann, "news", "sms", True, NOW + DAY, "paper", "1")
    service.record_consents(conn, shop.program.id, [anew], now=NOW + DAY)
    assert ("news", "sms") in granted(conn, ann), "a yes after the last stop is one"


def test_everything_ends_profiling_too_and_leaves_what_was_bought(
    conn: psycopg.Connection, shop: Shop, ann: str
) -> None:
    ahead = ConsentFact(ann, "news", "sms", True, NOW + 3 * DAY, "till", "1")
    service.record_consents(conn, shop.program.id, [ahead], now=NOW)
    done = stopping.stop(conn, shop.program.id, ann, EVERYTHING, method="page", reason="too-often", now=NOW)
    assert len(done) == 2 * len(Channel) + 1
    assert "orders" not in {one.topic for one in done}
    standings = queries.standings(conn, [ann], now=NOW + 5 * DAY)[ann]
    assert {one.state for one in standings} == {State.WITHDRAWN}
    assert Purpose.PROFILING in {one.purpose for one in standings}
    assert granted(conn, ann) == set()
    assert not stopping.stop(conn, shop.program.id, ann, EVERYTHING, method="page", now=NOW + DAY)


def test_a_no_goes_along_with_a_merge_whatever_was_confirmed_after_it(
    conn: psycopg.Connection, shop: Shop, ann: str
) -> None:
    (stored,) = service.upsert(conn, shop.program, [NewMember("double")], now=NOW)
    assert isinstance(stored, Created)
    double = stored.member_id
    stopping.stop(conn, shop.program.id, double, Scope(["news"], ["sms"]), method="page", now=NOW)
    later = ConsentFact(double, "news", "sms", False, NOW + DAY, "link", action=Action.CONFIRM)
    other = ConsentFact(double, "", "", False, NOW, "paper", purpose=Purpose.THIRD_PARTIES)
    service.record_consents(conn, shop.program.id, [later, other], now=NOW + DAY)
    merging.lock(conn, shop.program.id, [ann, double])
    merging.redirect(conn, shop.program.id, double, ann, now=NOW + DAY)
    ended = {(one.purpose, one.topic, one.channel) for one in queries.standings(conn, [ann], now=None)[ann]
             if one.state is State.WITHDRAWN}  # fmt: skip
    assert ended == {(Purpose.ADVERTISING, "news", "sms"), (Purpose.THIRD_PARTIES, "", "")}


LATER = [Topic("later", "marketing", double_opt_in=False), Topic("tiers", "program")]
"""Topics that are made once the member has left."""


def test_who_left_all_topics_has_left_those_that_are_made_later(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    stopping.stop(conn, shop.program.id, ann, Scope(channels=["sms"]), method="page", now=NOW)
    service.ensure_topics(conn, shop.program.id, LATER)
    pairs = [(topic.code, channel) for topic in LATER for channel in ("sms", "viber")]
    yes = [ConsentFact(ann, *pair, True, NOW - DAY, "paper", "1") for pair in pairs]
    service.record_consents(conn, shop.program.id, yes, now=NOW + DAY)
    stands = {(one.topic, one.channel): one.state for one in queries.standings(conn, [ann], now=NOW + DAY)[ann]}
    assert stands[("later", "sms")] == stands[("tiers", "sms")] == stands[("news", "sms")] == State.WITHDRAWN
    assert stands[("later", "viber")] == stands[("tiers", "viber")] == State.GRANTED, "another channel"
    assert not {topic for topic, _ in stands if topic.startswith("*")}
    anew = ConsentFact(ann, "later", "sms", True, NOW + DAY, "till", "2")
    service.record_consents(conn, shop.program.id, [anew], now=NOW + DAY)
    assert {one for one in granted(conn, ann) if one[1] == "sms"} == {("later", "sms")}, "it opens this topic alone"
    (again,) = stopping.stop(conn, shop.program.id, ann, Scope(channels=["sms"]), method="page", now=NOW + 2 * DAY)
    assert again.topic == "later"
    rows = queries.consent_history(conn, shop.program.id, ann, limit=99)
    said = [(row.topic, row.at) for row in rows if row.topic.startswith("*")]
    assert sorted(said) == sorted((topic, at) for topic in WHOLE.values() for at in (NOW, NOW + 2 * DAY))


def test_who_left_one_topic_hears_of_those_that_are_made_later(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    stopping.stop(conn, shop.program.id, ann, Scope(["news", "points-statement"]), method="page", now=NOW)
    service.ensure_topics(conn, shop.program.id, LATER)
    assert not {one.topic for one in queries.standings(conn, [ann], now=NOW)[ann]} & {"later", "tiers"}


def test_a_whole_class_goes_along_with_a_merge_and_back(conn: psycopg.Connection, shop: Shop, ann: str) -> None:
    (stored,) = service.upsert(conn, shop.program, [NewMember("double")], now=NOW)
    assert isinstance(stored, Created)
    double = stored.member_id
    stopping.stop(conn, shop.program.id, double, Scope(channels=["sms"]), method="page", now=NOW)
    service.ensure_topics(conn, shop.program.id, LATER)
    yes = ConsentFact(ann, "later", "sms", True, NOW + DAY, "till", "1")
    service.record_consents(conn, shop.program.id, [yes], now=NOW + DAY)
    merging.lock(conn, shop.program.id, [ann, double])
    merging.redirect(conn, shop.program.id, double, ann, now=NOW + 2 * DAY)
    assert ("later", "sms") not in granted(conn, ann), "the strictest word holds, over a later yes too"
    merging.restore(conn, shop.program.id, double, ann, now=NOW + 3 * DAY)
    assert ("later", "sms") in granted(conn, ann)


def test_who_had_left_everything_before_has_left_later_topics_too(
    conn: psycopg.Connection, shop: Shop, ann: str
) -> None:
    (ben, eve, dan, kim) = add_members(conn, shop, 4, agree=False)

    def no(who: str, method: str, topic: str = "", channel: str = "") -> ConsentFact:
        purpose = Purpose.ADVERTISING if topic else Purpose.PROFILING
        return ConsentFact(who, topic, channel, granted=False, at=NOW, method=method, purpose=purpose)

    said = [
        *(no(ann, "page", "points-statement", "sms"), no(ann, "page")),
        no(ben, "stop-word", "news", "sms"),
        no(eve, "complaint", "news", "email"),
        no(dan, "page"),
        no(kim, "page", "points-statement", "sms"),
    ]
    service.record_consents(conn, shop.program.id, said, now=NOW)
    conn.execute(import_module("verno.members.migrations.0019_whole_classes").LEFT_BEFORE)
    left = {name: set(queries.left_whole(conn, shop.program.id, who)) for name, who in
            {"ann": ann, "ben": ben, "eve": eve, "dan": dan, "kim": kim}.items()}  # fmt: skip
    assert left == {
        "ann": {(topic, channel) for topic in WHOLE.values() for channel in Channel},
        "ben": {("*marketing", "sms"), ("*program", "sms")},
        "eve": {("*marketing", "email")},
        "dan": set(),
        "kim": set(),
    }
