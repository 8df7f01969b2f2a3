"""Two members who are one: every name leads to the survivor, and undone they are two again."""

from datetime import datetime, timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.members.test_budget import counted
from verno.kit.ids import new_id
from verno.members import merging, queries, service
from verno.members.consent import confirming
from verno.members.identity import lookup_hash
from verno.members.merging import Restored
from verno.members.types import Channel, ConsentFact, Created, NewConsent, NewMember, Proof, Refusal, Refused, Updated
from verno.members.words import heard
from verno.members.words.heard import NewWord

DAY = timedelta(days=1)
LATER = NOW + timedelta(seconds=1)


def join(conn: psycopg.Connection, shop: Shop, **given: object) -> str:
    made = service.upsert(conn, shop.program, [NewMember(**given)], now=NOW)[0]  # type: ignore[arg-type]
    assert isinstance(made, Created), made
    return made.member_id


def found(conn: psycopg.Connection, shop: Shop, kind: str, value: str) -> str | None:
    text = value if kind in {"id", "external_id"} else lookup_hash(shop.program.id, kind, value)
    return queries.find_holders(conn, shop.program.id, [(kind, text)]).get((kind, text))


def merge(conn: psycopg.Connection, shop: Shop, holder: str, into: str) -> tuple[str, ...]:
    assert set(merging.lock(conn, shop.program.id, [holder, into])) == {holder, into}
    return merging.redirect(conn, shop.program.id, holder, into, now=NOW)


def undo(conn: psycopg.Connection, shop: Shop, holder: str, into: str) -> Restored:
    merging.lock(conn, shop.program.id, [holder, into])
    return merging.restore(conn, shop.program.id, holder, into, now=LATER)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def test_every_name_leads_to_the_survivor(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old", name="Anna", phone="+79160000001", card="4000-0001")
    new = join(conn, shop, external_id="new", name="Anna Ivanova", phone="+79160000002", email="a@example.com")
    assert merge(conn, shop, old, new) == ("card",), "the survivor has a phone of their own"
    names = [("id", old), ("external_id", "old"), ("phone", "+79160000001"), ("card", "40000001")]
    names += [("id", new), ("external_id", "new"), ("phone", "+79160000002"), ("email", "a@example.com")]
    assert {found(conn, shop, *name) for name in names} == {new}
    member = queries.members(conn, shop.program.id, [new])[new]
    assert (member.phone, member.card, member.name) == ("+79160000002", "40000001", "Anna Ivanova")
    assert [one.id for one in queries.search(conn, shop.program.id, "Anna")] == [new], "found once, as who they are"
    assert queries.count(conn, shop.program.id) == 1
    assert [id_ for id_, _ in queries.page(conn, shop.program.id, after=None, limit=9)] == [new]
    (merged,) = queries.merged_from(conn, shop.program.id, [new])[new]
    assert (merged.id, merged.external_id, merged.into_id) == (old, "old", new)


def test_undone_they_are_two_again(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old", phone="+79160000001", email="old@example.com")
    new = join(conn, shop, external_id="new", phone="+79160000002")
    merge(conn, shop, old, new)
    assert undo(conn, shop, old, new) == Restored(("email",), ())
    assert found(conn, shop, "id", old) == found(conn, shop, "email", "old@example.com") == old
    assert found(conn, shop, "phone", "+79160000001") == old
    people = queries.members(conn, shop.program.id, [old, new])
    assert (people[old].email, people[new].email) == ("old@example.com", None)
    assert queries.merged_from(conn, shop.program.id, [new]) == {}


def test_a_confirmed_address_stays_confirmed(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old", phone="+79160000001", email="old@example.com")
    new = join(conn, shop, external_id="new")

    def confirm(holder: str, kind: str, address: str, method: str, now: datetime) -> None:
        digest = lookup_hash(shop.program.id, kind, address)
        confirming.confirm(conn, shop.program.id, holder, kind, digest, method=method, proof=Proof(), now=now)

    def confirmed(holder: str) -> dict[str, tuple[object, object]]:
        held = queries.identities(conn, [holder]).get(holder, {})
        return {kind: (one.verified_at, one.verified_by) for kind, one in held.items()}

    confirm(old, "email", "old@example.com", "code", NOW)
    merge(conn, shop, old, new)
    assert confirmed(new) == {"email": (NOW, "code"), "phone": (None, None)}
    confirm(new, "phone", "+79160000001", "call", LATER)
    undo(conn, shop, old, new)
    assert confirmed(old) == {"email": (NOW, "code"), "phone": (LATER, "call")}


def test_what_somebody_claimed_since_stays_theirs(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old", phone="+79160000001", email="old@example.com")
    new = join(conn, shop, external_id="new")
    assert merge(conn, shop, old, new) == ("email", "phone")
    service.upsert(conn, shop.program, [NewMember("new", phone="+79160000009", email=None)], now=NOW)
    third = join(conn, shop, external_id="third", phone="+79160000001")
    assert undo(conn, shop, old, new) == Restored(("email",), ("phone",))
    assert found(conn, shop, "phone", "+79160000001") == third
    assert found(conn, shop, "email", "old@example.com") == old
    assert found(conn, shop, "phone", "+79160000009") == new


def test_chains_lead_to_the_end_and_back(conn: psycopg.Connection, shop: Shop) -> None:
    a, b, c = (join(conn, shop, external_id=name) for name in "abc")
    merge(conn, shop, a, b)
    merge(conn, shop, b, c)
    assert [found(conn, shop, "id", one) for one in (a, b, c)] == [c, c, c]
    assert [one.id for one in queries.merged_from(conn, shop.program.id, [c])[c]] == sorted([a, b])
    standing = merging.lock(conn, shop.program.id, [a, b, c])
    assert (standing[a].into_id, standing[a].survivor_id, standing[c].into_id) == (b, c, None)
    undo(conn, shop, b, c)
    assert [found(conn, shop, "id", one) for one in (a, b, c)] == [b, b, c]
    undo(conn, shop, a, b)
    assert [found(conn, shop, "id", one) for one in (a, b, c)] == [a, b, c]


def test_a_system_that_knows_nothing_of_the_merge(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old", phone="+79160000001", email="old@example.com")
    new = join(conn, shop, external_id="new", email="new@example.com")
    merge(conn, shop, old, new)
    again = NewMember("old", name="Anna", phone="+79160000001", email="old@example.com")
    assert service.upsert(conn, shop.program, [again], now=NOW) == [Updated(old)]
    people = queries.members(conn, shop.program.id, [old, new])
    assert (people[old].name, people[old].phone, people[new].phone) == ("Anna", None, "+79160000001")
    (stranger,) = service.upsert(conn, shop.program, [NewMember("third", email="old@example.com")], now=NOW)
    assert isinstance(stranger, Refused)
    assert stranger.reason is Refusal.IDENTITY_TAKEN
    taken = NewMember("new", email="old@example.com")
    assert service.upsert(conn, shop.program, [taken], now=NOW) == [Updated(new)], "their own address, after all"
    people = queries.members(conn, shop.program.id, [old, new])
    assert (people[old].email, people[new].email) == (None, "old@example.com")


def test_a_no_goes_along_and_a_yes_does_not(conn: psycopg.Connection, shop: Shop) -> None:
    topic = service.POINTS_STATEMENT
    said = [NewConsent(topic, Channel.EMAIL, granted=False, at=NOW), NewConsent(topic, Channel.SMS, granted=True)]
    old = join(conn, shop, external_id="old", consents=said)
    new = join(conn, shop, external_id="new")
    merge(conn, shop, old, new)
    (word,) = queries.consents(conn, [new])[new]
    assert (word.channel, word.granted, word.method) == ("email", False, "merge")


def test_a_no_under_a_merged_ones_name_is_the_survivors(conn: psycopg.Connection, shop: Shop) -> None:
    (yes,) = [NewConsent(topic="points-statement", channel=Channel.EMAIL, granted=True)]
    old, new = join(conn, shop, external_id="old"), join(conn, shop, external_id="new", consents=[yes])
    merge(conn, shop, old, new)
    no = NewConsent(topic="points-statement", channel=Channel.EMAIL, granted=False)
    (said,) = service.upsert(conn, shop.program, [NewMember(external_id="old", consents=[no])], now=LATER)
    assert isinstance(said, Updated), said
    assert [one.granted for one in queries.consents(conn, [new])[new]] == [False]
    assert queries.consents(conn, [old]).get(old, []) == []


def test_the_strictest_word_holds_and_the_survivors_own_comes_back(conn: psycopg.Connection, shop: Shop) -> None:
    """A "no" of one half is heard over a later "yes" of the other, for as long as they are one."""
    topic, day = service.POINTS_STATEMENT, timedelta(days=1)

    def said(*words: tuple[Channel, bool, int]) -> list[NewConsent]:
        return [NewConsent(topic, channel, granted, NOW - ago * day, "paper", "7") for channel, granted, ago in words]

    old = join(conn, shop, external_id="old", consents=said((Channel.EMAIL, False, 9), (Channel.SMS, False, 9)))
    new = join(conn, shop, external_id="new", consents=said((Channel.EMAIL, True, 2), (Channel.PUSH, True, 2)))

    def stands() -> dict[str, bool]:
        return {one.channel: one.granted for one in queries.consents(conn, [new], now=LATER)[new]}

    merge(conn, shop, old, new)
    assert stands() == {"email": False, "sms": False, "push": True}
    undo(conn, shop, old, new)
    assert stands() == {"email": True, "sms": False, "push": True}
    email = next(one for one in queries.consents(conn, [new], now=LATER)[new] if one.channel == "email")
    assert (email.method, email.text_version) == ("paper", "7"), "with the evidence that there was"


def test_a_yes_comes_back_though_the_no_was_the_newer(conn: psycopg.Connection, shop: Shop) -> None:
    topic, day = service.POINTS_STATEMENT, timedelta(days=1)
    yes, no = (NewConsent(topic, Channel.EMAIL, granted, NOW - n * day) for granted, n in ((True, 9), (False, 2)))
    old = join(conn, shop, external_id="old", consents=[no])
    new = join(conn, shop, external_id="new", consents=[yes])
    merge(conn, shop, old, new)
    assert [one.granted for one in queries.consents(conn, [new], now=LATER)[new]] == [False]
    undo(conn, shop, old, new)
    assert [one.granted for one in queries.consents(conn, [new], now=LATER)[new]] == [True]
    assert [one.granted for one in queries.consents(conn, [old], now=LATER)[old]] == [False]


def test_what_the_survivor_said_since_is_not_undone(conn: psycopg.Connection, shop: Shop) -> None:
    topic = service.POINTS_STATEMENT
    no, yes = (NewConsent(topic, Channel.EMAIL, granted, NOW - timedelta(days=1)) for granted in (False, True))
    old = join(conn, shop, external_id="old", consents=[no])
    new = join(conn, shop, external_id="new", consents=[yes])
    merge(conn, shop, old, new)
    then = NOW + timedelta(milliseconds=500)
    fact = ConsentFact(new, topic, "email", granted=False, at=then, method="till")
    service.record_consents(conn, shop.program.id, [fact], now=then)
    undo(conn, shop, old, new)
    assert [one.granted for one in queries.consents(conn, [new], now=LATER)[new]] == [False]


@pytest.mark.parametrize(("method", "back"), [("till", False), ("web-form", True)])
def test_a_complaint_goes_along_as_one(conn: psycopg.Connection, shop: Shop, method: str, back: bool) -> None:
    """Over what staff wrote down of the other one since, and over what they write down of the survivor later."""
    old, new = join(conn, shop, external_id="old"), join(conn, shop, external_id="new")
    said = [
        ConsentFact(old, "news", "push", False, NOW - 3 * DAY, "complaint"),
        ConsentFact(old, "news", "push", True, NOW - 2 * DAY, "till", "1"),
    ]
    service.record_consents(conn, shop.program.id, said, now=NOW)
    merge(conn, shop, old, new)
    yes = ConsentFact(new, "news", "push", True, NOW + DAY, method, "1")
    service.record_consents(conn, shop.program.id, [yes], now=NOW + DAY)
    assert [one.granted for one in queries.consents(conn, [new], now=NOW + DAY)[new]] == [back]


def test_what_somebody_without_contacts_writes_is_kept(conn: psycopg.Connection, shop: Shop) -> None:
    """As a merged member may be, or one whom a chat alone reaches: their first word makes their key."""
    who = join(conn, shop, external_id="old")
    gone = NewWord(new_id(now=NOW), "telegram", "hello", NOW)
    assert heard.keep(conn, shop.program.id, [NewWord(who, "telegram", "hello", NOW), gone], now=NOW) == 1
    assert [one.text for one in heard.heard(conn, shop.program.id, [who])] == ["hello"]


def test_nobody_elses_members_can_be_locked(conn: psycopg.Connection, shop: Shop) -> None:
    old = join(conn, shop, external_id="old")
    assert merging.lock(conn, new_id(now=NOW), [old]) == {}
    assert queries.merged_from(conn, new_id(now=NOW), [old]) == {}


def test_a_redirect_costs_no_round_trip(conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = join(conn, shop, external_id="old"), join(conn, shop, external_id="new")
    for merged in (False, True):
        if merged:
            merge(conn, shop, old, new)
        with counted(monkeypatch) as sent:
            assert found(conn, shop, "id", old) == (new if merged else old)
        assert len(sent) == 1
