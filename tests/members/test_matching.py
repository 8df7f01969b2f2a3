"""An item that names two members is refused; the program's policy says whom it means, and the two are offered."""

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.members.test_budget import counted
from verno.members import merging, queries, rehearsing, service
from verno.members.likeness import service as likeness
from verno.members.likeness.types import Reason
from verno.members.types import Created, NewMember, Refusal, Refused, Result, Updated
from verno.workspace import settings
from verno.workspace.queries import SQL

PHONE, CARD, MAIL = "+79160000001", "00000001", "anna@example.com"


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    """A program with its topic."""
    return make_shop(conn)


def store(conn: psycopg.Connection, shop: Shop, *items: NewMember) -> list[Result]:
    return service.upsert(conn, shop.program, items, now=NOW)


def join(conn: psycopg.Connection, shop: Shop, item: NewMember) -> str:
    (made,) = store(conn, shop, item)
    assert isinstance(made, Created), made
    return made.member_id


def refused(conn: psycopg.Connection, shop: Shop, item: NewMember) -> tuple[str, str | None]:
    """Return the field and whom the refusal of an item means."""
    (one,) = store(conn, shop, item)
    assert isinstance(one, Refused), one
    assert one.reason is Refusal.IDENTITY_TAKEN
    return one.field, one.member


def believe(conn: psycopg.Connection, shop: Shop, *policy: str) -> None:
    done = settings.write(conn, shop.program.id, "members.matching", list(policy), scope=None, now=NOW)
    assert isinstance(done, settings.Value), done


def offered(conn: psycopg.Connection, shop: Shop) -> list[set[str]]:
    pairs = likeness.listed(conn, shop.program.id)
    assert all(pair.reasons == [Reason.NAMED_TOGETHER] for pair in pairs)
    return [{pair.one_id, pair.other_id} for pair in pairs]


def test_who_is_new_by_the_id_is_the_one_whose_contacts_they_are(conn: psycopg.Connection, shop: Shop) -> None:
    anna = join(conn, shop, NewMember("a", phone=PHONE, card=CARD))
    assert refused(conn, shop, NewMember("x", phone=PHONE, card=CARD)) == ("phone", anna)
    assert offered(conn, shop) == []
    assert queries.find_holders(conn, shop.program.id, [("external_id", "x")]) == {}


@pytest.mark.parametrize(
    ("policy", "verified", "by_card"),
    [
        (["card", "phone"], False, True),
        (["phone", "card"], False, False),
        (["phone-verified", "card", "phone"], False, True),
        (["phone-verified", "card", "phone"], True, False),
    ],
)
def test_of_two_the_policy_means_one_and_both_are_offered(
    conn: psycopg.Connection, shop: Shop, policy: list[str], verified: bool, by_card: bool
) -> None:
    believe(conn, shop, *policy)
    phone, card = join(conn, shop, NewMember("p", phone=PHONE)), join(conn, shop, NewMember("c", card=CARD))
    if verified:
        conn.execute("UPDATE members_identity SET verified_at = %s WHERE holder_id = %s", (NOW, phone))
    assert refused(conn, shop, NewMember("x", phone=PHONE, card=CARD)) == ("phone", card if by_card else phone)
    assert offered(conn, shop) == [{phone, card}]


@pytest.mark.parametrize(("policy", "own"), [(["phone", "external_id"], False), (["external_id", "phone"], True)])
def test_a_member_with_anothers_phone(conn: psycopg.Connection, shop: Shop, policy: list[str], own: bool) -> None:
    believe(conn, shop, *policy)
    anna, boris = join(conn, shop, NewMember("a", phone=PHONE)), join(conn, shop, NewMember("b"))
    assert refused(conn, shop, NewMember("b", phone=PHONE, name="Boris")) == ("phone", boris if own else anna)
    assert offered(conn, shop) == [{anna, boris}]
    found = queries.members(conn, shop.program.id, [anna, boris])
    assert (found[anna].phone, found[boris].phone, found[boris].name) == (PHONE, None, None), "by no policy"


def test_what_they_have_themselves_counts_too(conn: psycopg.Connection, shop: Shop) -> None:
    anna, boris = join(conn, shop, NewMember("a", phone=PHONE)), join(conn, shop, NewMember("b", card=CARD))
    assert refused(conn, shop, NewMember("b", phone=PHONE, card=CARD)) == ("phone", boris)
    assert offered(conn, shop) == [{anna, boris}]


def test_whoever_was_merged_is_the_survivor(conn: psycopg.Connection, shop: Shop) -> None:
    old, new = join(conn, shop, NewMember("old", phone=PHONE)), join(conn, shop, NewMember("new", phone="+79160000002"))
    merging.lock(conn, shop.program.id, [old, new])
    merging.redirect(conn, shop.program.id, old, new, now=NOW)
    (same,) = store(conn, shop, NewMember("new", phone=PHONE))
    assert isinstance(same, Updated), "one person: nothing is contested"
    stranger = join(conn, shop, NewMember("s"))
    assert refused(conn, shop, NewMember("s", phone=PHONE))[1] == new
    assert offered(conn, shop) == [{new, stranger}]


def test_within_a_batch_and_with_what_it_has_freed(conn: psycopg.Connection, shop: Shop) -> None:
    items = [NewMember("a", phone=PHONE), NewMember("b", email=MAIL), NewMember("x", phone=PHONE, email=MAIL)]
    freed = [NewMember("a", phone=None), NewMember("x", phone=PHONE)]
    one, other, both, _, made = store(conn, shop, *items, *freed)
    assert isinstance(one, Created)
    assert isinstance(other, Created)
    assert isinstance(both, Refused)
    assert both.member == one.member_id
    assert isinstance(made, Created)
    assert offered(conn, shop) == [{one.member_id, other.member_id}]


def test_said_to_be_two_they_are_not_offered_again(conn: psycopg.Connection, shop: Shop) -> None:
    anna, boris = join(conn, shop, NewMember("a", phone=PHONE)), join(conn, shop, NewMember("b"))
    likeness.dismiss(conn, shop.program.id, [(anna, boris)], by="staff", now=NOW)
    refused(conn, shop, NewMember("b", phone=PHONE))
    assert offered(conn, shop) == []


def test_a_rehearsal_says_the_same_and_offers_nobody(conn: psycopg.Connection, shop: Shop) -> None:
    anna = join(conn, shop, NewMember("a", phone=PHONE))
    join(conn, shop, NewMember("b"))
    (seen,) = rehearsing.rehearse(conn, shop.program, [NewMember("b", phone=PHONE)], now=NOW)
    assert isinstance(seen.result, Refused)
    assert (seen.result.field, seen.result.member) == ("phone", anna)
    assert offered(conn, shop) == []


def test_the_policy_is_read_once_and_only_where_somebody_is_named(
    conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(conn, shop, NewMember("a", phone=PHONE))

    def cost(size: int, phone: str | None) -> tuple[int, int]:
        items = [NewMember(f"x{n}", phone=phone) for n in range(size)]
        with counted(monkeypatch) as sent:
            store(conn, shop, *items)
        return sent.count(SQL["settings"]), len(sent)

    assert cost(50, None)[0] == 0
    assert cost(1, PHONE) == cost(50, PHONE)
    assert cost(50, PHONE)[0] == 1
