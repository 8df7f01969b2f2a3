"""Whom a condition is true of: all of them, some of them, how many, page by page."""

from datetime import date, timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.predicate.asking import Tree, all_of, any_of, none_of, rule
from verno.kit import db
from verno.kit.ids import new_id
from verno.members import merging
from verno.members import service as members
from verno.members.types import Channel, Created, MemberKind, NewBadge, NewConsent, NewMember
from verno.predicate.types import Refused, Wrong
from verno.segments import desk, service
from verno.segments.types import MOST_ASKED, Selection


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def join(conn: psycopg.Connection, shop: Shop, code: str, **given: object) -> str:
    made = members.upsert(conn, shop.program, [NewMember(code, **given)], now=NOW)[0]  # type: ignore[arg-type]
    assert isinstance(made, Created), made
    return made.member_id


def chosen(conn: psycopg.Connection, shop: Shop, tree: Tree) -> set[str]:
    """Whom a tree is true of; however it is asked, the answer is one."""
    found = service.page(conn, shop.program.id, tree, now=NOW, limit=100)
    assert not isinstance(found, Refused), found
    assert service.count(conn, shop.program.id, tree, now=NOW) == len(found)
    assert service.matching(conn, shop.program.id, tree, found, now=NOW) == set(found)
    return set(found)


def test_a_tree_chooses_members_by_what_they_are(conn: psycopg.Connection, shop: Shop) -> None:
    ann = join(conn, shop, "ann", birth_date=date(1990, 11, 27), phone="+79160000001", attributes={"pets": 2})
    bob = join(conn, shop, "bob", birth_date=date(1980, 5, 1), email="b@example.com", locale="en")
    firm = join(conn, shop, "firm", kind=MemberKind.COMPANY, buying_group="north")
    everybody = {ann, bob, firm}
    assert chosen(conn, shop, all_of()) == everybody
    assert chosen(conn, shop, all_of(rule("member.kind", "=", "person"))) == {ann, bob}
    assert chosen(conn, shop, all_of(rule("member.birth_date", "anniversaryWithin", 3))) == {ann}
    assert chosen(conn, shop, none_of(rule("member.birth_date", "notNull"))) == {firm}
    assert chosen(conn, shop, all_of(rule("member.identities", "hasAny", ["phone"]))) == {ann}
    assert chosen(conn, shop, all_of(rule("member.attributes.pets", ">=", 2))) == {ann}
    assert chosen(conn, shop, all_of(rule("member.attributes.pets", "!=", 2))) == {bob, firm}, "unknown is not two"
    assert chosen(conn, shop, any_of(rule("member.locale", "=", "en"), rule("member.buying_group", "=", "north"))) == {
        bob,
        firm,
    }


def test_consents_badges_and_their_absence(conn: psycopg.Connection, shop: Shop) -> None:
    ann, bob = join(conn, shop, "ann"), join(conn, shop, "bob")
    said = NewConsent("points-statement", Channel.EMAIL, granted=True)
    members.upsert(conn, shop.program, [NewMember("ann", consents=[said])], now=NOW)
    members.give_badges(conn, shop.program.id, [NewBadge(bob, "vip", NOW + timedelta(days=1), "test")], now=NOW)
    assert chosen(conn, shop, all_of(rule("member.consents", "hasAny", ["points-statement/email"]))) == {ann}
    assert chosen(conn, shop, all_of(rule("member.consent_level", "=", "service-only"))) == {ann}
    assert chosen(conn, shop, all_of(rule("member.consent_level", "=", "nothing"))) == {bob}
    assert chosen(conn, shop, all_of(rule("member.badges", "hasAll", ["vip"]))) == {bob}
    later = service.count(
        conn, shop.program.id, all_of(rule("member.badges", "hasAll", ["vip"])), now=NOW + timedelta(2)
    )
    assert later == 0


def test_who_was_merged_is_chosen_as_whom_they_are_now(conn: psycopg.Connection, shop: Shop) -> None:
    old, new = join(conn, shop, "old"), join(conn, shop, "new")
    members.give_badges(conn, shop.program.id, [NewBadge(old, "vip", None, "test")], now=NOW)
    merging.lock(conn, shop.program.id, [old, new])
    merging.redirect(conn, shop.program.id, old, new, now=NOW)
    vip = all_of(rule("member.badges", "hasAny", ["vip"]))
    assert chosen(conn, shop, vip) == {new}
    assert chosen(conn, shop, none_of(rule("member.badges", "hasAny", ["vip"]))) == set()
    found = service.matching(conn, shop.program.id, vip, [old, new, new_id(now=NOW), "nobody"], now=NOW)
    assert found == {old, new}, "whoever is asked about by an old name is answered by it"


def test_every_field_can_be_asked(conn: psycopg.Connection, shop: Shop) -> None:
    members.declare_attributes(
        conn,
        shop.program.id,
        {"a": "text", "b": "integer", "c": "boolean", "d": "date"},  # type: ignore[dict-item]
    )
    ann = join(conn, shop, "ann")
    found = desk.of(conn, shop.program.id, now=NOW)
    for field in found.registry.fields.values():
        assert field.sql, field.name
        if field.items is None:
            assert chosen(conn, shop, any_of(rule(field.name, "null"), rule(field.name, "notNull"))) == {ann}
            continue
        for inner in field.items.fields.values():
            asked = {"field": field.name, "match": {"mode": "none"}, "value": all_of(rule(inner.name, "notNull"))}
            assert chosen(conn, shop, all_of(asked)) == {ann}, inner.name


def test_several_selections_stand_in_one_statement(conn: psycopg.Connection, shop: Shop) -> None:
    ann, bob = join(conn, shop, "ann", locale="ru"), join(conn, shop, "bob", locale="ru", attributes={"x": 1})
    some = service.selection(conn, shop.program.id, all_of(rule("member.locale", "=", "ru")), now=NOW, prefix="a")
    less = service.selection(conn, shop.program.id, all_of(rule("member.attributes.x", "=", 1)), now=NOW, prefix="b")
    assert isinstance(some, Selection)
    assert isinstance(less, Selection)
    rows = conn.execute(f"{some.sql} EXCEPT {less.sql}", {**some.parameters, **less.parameters}).fetchall()
    assert [str(id_) for (id_,) in rows] == [ann]
    assert bob != ann


def test_what_is_wrong_with_a_tree_is_said(conn: psycopg.Connection, shop: Shop) -> None:
    wrong = service.count(conn, shop.program.id, all_of(rule("amount", ">", 5)), now=NOW)
    assert isinstance(wrong, Refused)
    assert [one.wrong for one in wrong.problems] == [Wrong.UNKNOWN_FIELD], "a receipt's field is no member's"
    place = service.matching(conn, shop.program.id, all_of(rule("purchases.last_place", "=", "nowhere")), [], now=NOW)
    assert isinstance(place, Refused)
    assert [one.wrong for one in place.problems] == [Wrong.BAD_VALUE]


def test_too_many_are_not_asked_about_at_once(conn: psycopg.Connection, shop: Shop) -> None:
    with pytest.raises(ValueError, match="at most"):
        service.matching(conn, shop.program.id, all_of(), ["x"] * (MOST_ASKED + 1), now=NOW)


def test_another_programs_members_are_not_chosen(conn: psycopg.Connection, shop: Shop) -> None:
    mine, theirs = join(conn, shop, "ann"), new_id(now=NOW)
    db.see_all(conn)  # row security is the second barrier, not the first
    conn.execute(
        "INSERT INTO members_member (id, program_id, external_id, attributes, created_at, changed_at)"
        " VALUES (%s, %s, 'ann', '{}', %s, %s)",
        (theirs, new_id(now=NOW), NOW, NOW),
    )
    assert chosen(conn, shop, all_of()) == {mine}
    assert service.matching(conn, shop.program.id, all_of(), [theirs, mine], now=NOW) == {mine}
