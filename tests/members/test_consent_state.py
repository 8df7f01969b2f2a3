"""What follows from a history: the law in cases, the property that matters, and the database's reading of the same."""

from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW, make_shop
from tests.messaging.people import add_members
from verno.kit.ids import new_id
from verno.members import queries, service
from verno.members.consent import state
from verno.members.consent.levels import by_messenger, level
from verno.members.consent.state import Word, derive, is_granted
from verno.members.types import Action, Consent, Level, State, Topic

DAY = timedelta(days=1)
GRANT = Word(Action.GRANT, NOW - 9 * DAY, "web-form", text_version="1")
STOP = Word(Action.WITHDRAW, NOW - 8 * DAY, "page")
SPAM = Word(Action.WITHDRAW, NOW - 5 * DAY, "complaint")
TILL = Word(Action.GRANT, NOW - 4 * DAY, "till", "1")
PLAIN = Word(Action.GRANT, NOW - 7 * DAY, "api")

CASES = (
    ((), State.SILENT),
    ((GRANT,), State.GRANTED),
    ((GRANT, STOP), State.WITHDRAWN),
    ((STOP, GRANT), State.WITHDRAWN),
    ((STOP, PLAIN), State.UNPROVEN),
    ((GRANT, PLAIN), State.GRANTED),
    ((Word(Action.GRANT, STOP.at, "web-form", "1"), STOP), State.WITHDRAWN),
    ((Word(Action.GRANT, NOW + DAY, "till", "1"),), State.SILENT),
    ((Word(Action.GRANT, GRANT.at, "till", "1", valid_until=NOW),), State.EXPIRED),
    ((Word(Action.GRANT, GRANT.at, "till", "1", valid_until=NOW + DAY),), State.GRANTED),
    ((GRANT, Word(Action.EXPIRE, NOW - DAY)), State.EXPIRED),
    ((Word(Action.IMPORT, GRANT.at, "import", "1"),), State.UNPROVEN),
    ((Word(Action.IMPORT, GRANT.at, "import", None, "scan-17"),), State.GRANTED),
    ((Word(Action.CONFIRM, GRANT.at, "link"),), State.SILENT),
    ((GRANT, SPAM, TILL), State.WITHDRAWN),
    ((SPAM, Word(Action.IMPORT, TILL.at, "web-form", None, "scan")), State.WITHDRAWN),
    ((SPAM, Word(Action.GRANT, TILL.at, "web-form", "1", surface="import")), State.WITHDRAWN),
    ((SPAM, Word(Action.GRANT, SPAM.at, "web-form", "1")), State.WITHDRAWN),
    ((SPAM, Word(Action.GRANT, NOW + DAY, "web-form", "1"), TILL), State.WITHDRAWN),
    ((SPAM, Word(Action.GRANT, TILL.at, "web-form", "1")), State.GRANTED),
    ((SPAM, TILL, Word(Action.CONFIRM, NOW - DAY, state.LINK)), State.GRANTED),
    ((SPAM, TILL, Word(Action.CONFIRM, NOW - DAY, "till")), State.WITHDRAWN),
    ((SPAM, Word(Action.EXPIRE, NOW - 3 * DAY), Word(Action.GRANT, NOW - DAY, "till", "1")), State.EXPIRED),
    ((SPAM, GRANT, Word(Action.GRANT, TILL.at, "web-form", "1"), Word(Action.WITHDRAW, NOW - 2 * DAY, "page"),
      Word(Action.GRANT, NOW - DAY, "till", "1")), State.GRANTED),
    ((GRANT, Word(Action.WITHDRAW, SPAM.at, "merge", surface="complaint"), TILL), State.WITHDRAWN),
)  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_what_follows(words: tuple[Word, ...], expected: State) -> None:
    assert derive(words, asks=False, verified=False, now=NOW) is expected
    assert derive(words[::-1], asks=False, verified=False, now=NOW) is expected


@pytest.mark.parametrize(
    ("more", "verified", "expected"),
    [
        ((), False, State.UNCONFIRMED),
        ((), True, State.GRANTED),
        ((Word(Action.CONFIRM, NOW - DAY, "link"),), False, State.GRANTED),
        ((Word(Action.CONFIRM, NOW - DAY, "link", elsewhere=True),), False, State.UNCONFIRMED),
        ((Word(Action.CONFIRM, NOW - DAY, "link"), Word(Action.WITHDRAW, NOW)), True, State.WITHDRAWN),
        ((Word(Action.GRANT, NOW - DAY, state.LINK, "1"),), False, State.GRANTED),
    ],
)
def test_where_the_address_must_be_confirmed(more: tuple[Word, ...], verified: bool, expected: State) -> None:
    assert derive((GRANT, *more), asks=True, verified=verified, now=NOW) is expected


def test_marketing_needs_the_whole_proof() -> None:
    assert [one for one in State if is_granted(one, "marketing")] == [State.GRANTED]
    assert {one for one in State if is_granted(one, "program")} == {State.GRANTED, State.UNPROVEN, State.UNCONFIRMED}


_moments = st.integers(-6, 1).map(lambda day: NOW + day * DAY)
_words = st.builds(
    Word,
    action=st.sampled_from(Action),
    at=_moments,
    method=st.sampled_from(["web-form", "till", "complaint", "merge", *sorted(state.OWN)]),
    surface=st.sampled_from([None, "import", "complaint"]),
    text_version=st.sampled_from([None, "1"]),
    evidence_ref=st.sampled_from([None, "scan"]),
    valid_until=st.one_of(st.none(), st.integers(-2, 2).map(lambda day: NOW + day * DAY)),
    elsewhere=st.booleans(),
)
_histories = st.lists(_words, max_size=6)


@settings(max_examples=300, deadline=None)
@given(_histories, st.booleans(), st.booleans())
def test_after_a_complaint_only_the_member_comes_back(words: list[Word], asks: bool, verified: bool) -> None:
    """Whatever others say later, in whatever order, and whatever was before."""
    told = [word for word in words if not state.is_own(word.action, word.method, word.surface) or word.at <= SPAM.at]
    found = derive([SPAM, *told], asks=asks, verified=verified, now=NOW)
    assert found in {State.WITHDRAWN, State.EXPIRED}
    back = [SPAM, *told, Word(Action.GRANT, NOW, "web-form", "1")]
    unended = [one for one in back if one is SPAM or one.action in {Action.GRANT, Action.CONFIRM, Action.IMPORT}]
    assert derive(unended, asks=False, verified=verified, now=NOW) is State.GRANTED


@settings(max_examples=300, deadline=None)
@given(_histories, _moments, st.sampled_from(["page", "complaint"]), st.booleans(), st.booleans(),
       st.sampled_from(["marketing", "program"]))  # fmt: skip
def test_adding_a_withdrawal_never_turns_a_no_into_a_yes(
    words: list[Word], at: object, method: str, asks: bool, verified: bool, class_name: str
) -> None:
    before = derive(words, asks=asks, verified=verified, now=NOW)
    more = [*words, Word(Action.WITHDRAW, at, method)]  # type: ignore[arg-type]
    after = derive(more, asks=asks, verified=verified, now=NOW)
    assert is_granted(before, class_name) or not is_granted(after, class_name)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(_histories, st.booleans(), st.sampled_from(["news", "points-statement", "loose", "gone"]),
                  st.sampled_from(["email", "sms", "telegram"])),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_the_database_reads_the_same(conn: psycopg.Connection, cases: list[tuple[list[Word], bool, str, str]]) -> None:
    conn.rollback()  # what a failure before has left
    shop = make_shop(conn)
    topics = [Topic("news", "marketing"), Topic("loose", "marketing", double_opt_in=False)]
    service.ensure_topics(conn, shop.program.id, topics)
    holders = add_members(conn, shop, len(cases), agree=False)
    expected = {}
    for holder, (words, verified, topic, channel) in zip(holders, cases, strict=True):
        if verified:
            conn.execute("UPDATE members_identity SET verified_at = %s WHERE holder_id = %s", (NOW, holder))
        for word in words:
            _insert(conn, shop.program.id, holder, topic, channel, word)
        class_name = "program" if topic == "points-statement" else "marketing"
        asked = state.asks(class_name, channel, double_opt_in=topic != "loose")
        at_home = verified and channel == "email"
        found = derive(words, asks=asked, verified=at_home, now=NOW)
        if found is not State.SILENT:
            expected[holder] = (found, is_granted(found, class_name))
    read = queries.standings(conn, holders, now=NOW)
    assert {holder: (one.state, one.granted) for holder, (one,) in read.items()} == expected
    for topic in {case[2] for case in cases}:
        for channel in {case[3] for case in cases}:
            mine = {h for h, case in zip(holders, cases, strict=True) if case[2:] == (topic, channel)}
            states = queries.consent_states(conn, shop.program.id, topic, channel, now=NOW)
            assert states == {h: granted for h, (_, granted) in expected.items() if h in mine}
    conn.rollback()


_left = st.lists(
    st.tuples(_moments, st.sampled_from([*state.WHOLE]), st.sampled_from(["stop-word", "complaint"])), max_size=2
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(_histories, _left, st.sampled_from(["loose", "points-statement"])), min_size=1, max_size=6))
def test_a_whole_class_is_a_no_to_each_of_its_topics(
    conn: psycopg.Connection, cases: list[tuple[list[Word], list[tuple[datetime, str, str]], str]]
) -> None:
    conn.rollback()  # what a failure before has left
    shop = make_shop(conn)
    holders = add_members(conn, shop, len(cases), agree=False)
    expected = {}
    for holder, (words, left, topic) in zip(holders, cases, strict=True):
        class_name = "program" if topic == "points-statement" else "marketing"
        for word in words:
            _insert(conn, shop.program.id, holder, topic, "telegram", word)
        for at, whole, how in left:
            _insert(conn, shop.program.id, holder, state.WHOLE[whole], "telegram", Word(Action.WITHDRAW, at, how))
        ended = [Word(Action.WITHDRAW, at, how) for at, whole, how in left if whole == class_name]
        found = derive([*words, *ended], asks=False, verified=False, now=NOW)
        if found is not State.SILENT:
            expected[holder, topic] = (found, is_granted(found, class_name))
    service.ensure_topics(conn, shop.program.id, [Topic("loose", "marketing", double_opt_in=False)])
    asked = {(holder, case[2]) for holder, case in zip(holders, cases, strict=True)}
    read = queries.standings(conn, holders, now=NOW)
    seen = {(holder, one.topic): (one.state, one.granted) for holder, some in read.items() for one in some}
    assert {about: stands for about, stands in seen.items() if about in asked} == expected
    assert not [topic for _, topic in seen if topic.startswith("*")]
    conn.rollback()


def _insert(conn: psycopg.Connection, program: str, holder: str, topic: str, channel: str, word: Word) -> None:
    conn.execute(
        """INSERT INTO members_consent (holder_id, id, program_id, topic, channel, action, method, text_version,
               evidence_ref, valid_until, address_hash, surface, occurred_at, recorded_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (holder, new_id(now=NOW), program, topic, channel, word.action, word.method, word.text_version,
         word.evidence_ref, word.valid_until, b"another" if word.elsewhere else None, word.surface, word.at, NOW),
    )  # fmt: skip


def _yes(topic: str, channel: str, class_name: str = "marketing", *, granted: bool = True) -> Consent:
    return Consent(topic, channel, granted, NOW, "m", "1", State.GRANTED, class_name)


@pytest.mark.parametrize(
    ("consents", "expected", "messenger"),
    [
        ([], Level.NOTHING, False),
        ([_yes("news", "sms", granted=False)], Level.NOTHING, False),
        ([_yes("points-statement", "email", "program")], Level.SERVICE_ONLY, False),
        ([_yes("news", "email"), _yes("points-statement", "sms", "program")], Level.EMAIL_ONLY, False),
        ([_yes("news", "sms"), _yes("news", "telegram")], Level.SMS_ONLY, True),
        ([_yes("news", "sms"), _yes("offers", "email")], Level.SMS_AND_EMAIL, False),
        ([_yes("news", "max")], Level.MESSENGERS_ONLY, True),
    ],
)
def test_the_level_in_one_word(consents: list[Consent], expected: Level, messenger: bool) -> None:
    assert (level(consents), by_messenger(consents)) == (expected, messenger)
