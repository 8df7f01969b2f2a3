"""A receipt that names a member in several ways means the one whom the program's policy believes."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter
from tests.intake.test_settle import answer, sale, settle
from verno.intake import context
from verno.intake.types import MemberRef
from verno.members import service as members
from verno.members.likeness import matching
from verno.members.likeness import service as likeness
from verno.members.likeness.types import Reason
from verno.members.types import Created, NewMember
from verno.workspace import settings

pytestmark = pytest.mark.usefixtures("honest")

OTHER = "+79160000777"


@pytest.fixture
def other(conn: psycopg.Connection, counter: Counter) -> str:
    """A second member, with a phone of their own."""
    made = members.upsert(conn, counter.program, [NewMember("m-777", phone=OTHER)], now=NOW)[0]
    assert isinstance(made, Created)
    return made.member_id


def believe(conn: psycopg.Connection, counter: Counter, *policy: str) -> None:
    done = settings.write(conn, counter.program.id, "members.matching", list(policy), scope=None, now=NOW)
    assert isinstance(done, settings.Value), done
    context.forget()


def test_names_of_one_member_are_one_name(conn: psycopg.Connection, counter: Counter) -> None:
    both = MemberRef(card="card 0001", phone="8 (916) 000-00-01", email="nobody@example.com")
    body = answer(settle(conn, counter, sale(member=both))[0])
    assert body["member"] == {"id": counter.member_id}
    assert likeness.listed(conn, counter.program.id) == []


@pytest.mark.parametrize(
    ("policy", "verified", "by_card"),
    [
        (["card", "phone"], False, True),
        (["phone", "card"], False, False),
        (["phone-verified", "card", "phone"], False, True),
        (["phone-verified", "card", "phone"], True, False),
        (["email"], False, True),
    ],
)
def test_of_two_members_the_policy_believes_one_and_offers_both(
    conn: psycopg.Connection, counter: Counter, other: str, policy: list[str], verified: bool, by_card: bool
) -> None:
    believe(conn, counter, *policy)
    if verified:
        conn.execute("UPDATE members_identity SET verified_at = %s WHERE holder_id = %s", (NOW, other))
    body = answer(settle(conn, counter, sale(member=MemberRef(card="card 0001", phone=OTHER)))[0])
    assert body["member"] == {"id": counter.member_id if by_card else other}
    (pair,) = likeness.listed(conn, counter.program.id)
    assert {pair.one_id, pair.other_id} == {counter.member_id, other}
    assert pair.reasons == [Reason.NAMED_TOGETHER]


def test_what_nobody_has_is_sought_by_the_first_name(conn: psycopg.Connection, counter: Counter) -> None:
    believe(conn, counter, "phone", "card")
    body = answer(settle(conn, counter, sale(member=MemberRef(card="0000 9999", phone="+79169998877")))[0])
    assert (body["status"], body["member"]) == ("unmatched", None)
    assert conn.execute("SELECT sought_kind FROM intake_receipt").fetchall() == [("phone",)]


def test_an_id_is_believed_before_all(conn: psycopg.Connection, counter: Counter, other: str) -> None:
    body = answer(settle(conn, counter, sale(member=MemberRef(id=other, card="card 0001")))[0])
    assert body["member"] == {"id": other}


def test_the_pair_stays_offered_when_the_finder_looks(conn: psycopg.Connection, counter: Counter, other: str) -> None:
    settle(conn, counter, sale(member=MemberRef(card="card 0001", phone=OTHER)))
    while likeness.find(conn, counter.program.id, now=NOW + timedelta(hours=1)):
        pass
    assert len(likeness.listed(conn, counter.program.id)) == 1, other


@pytest.mark.parametrize("policy", [[], ["card", "card"], ["passport"], ["card"] * 9])
def test_no_other_policy_is_taken(conn: psycopg.Connection, counter: Counter, policy: list[str]) -> None:
    done = settings.write(conn, counter.program.id, "members.matching", policy, scope=None, now=NOW)
    assert not isinstance(done, settings.Value)


def test_ranks_are_stable() -> None:
    keys = [("card", "1"), ("phone", "2"), ("external_id", "3"), ("id", "4")]
    assert [kind for kind, _ in matching.ranked(keys, ["phone"])] == ["id", "phone", "card", "external_id"]
