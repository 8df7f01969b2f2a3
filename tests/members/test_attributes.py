"""Attributes are declared by hand or by an industry's pack; those of special categories stay where they are."""

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.members import queries, service
from verno.members.attributes import registry
from verno.members.attributes.packs import packs
from verno.members.attributes.types import Attribute, Choice, Installed, NotKept
from verno.members.types import AttributeKind, NewMember, Refused
from verno.predicate.types import Kind
from verno.predicate.types import Refused as NoTree
from verno.segments import service as segments
from verno.workspace.audit import SYSTEM

SIZE = Attribute(
    "size", AttributeKind.CHOICE, {"en": "Size", "ru": "Размер"}, choices=(Choice("s", {"en": "small"}), Choice("m"))
)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def put(conn: psycopg.Connection, shop: Shop, one: Attribute, *, fresh: bool = False) -> Attribute | NotKept:
    return registry.put(conn, shop.program.id, one, now=NOW, by=SYSTEM, fresh=fresh)


def store(conn: psycopg.Connection, shop: Shop, **attributes: object) -> str:
    """Store somebody's attributes; returns why that was refused, or nothing."""
    found = service.upsert(conn, shop.program, [NewMember("ann", attributes=attributes)], now=NOW)[0]  # type: ignore[arg-type]
    return f"{found.field}: {found.detail}" if isinstance(found, Refused) else ""


def test_each_pack_can_be_installed_and_is_told_in_both_languages(conn: psycopg.Connection, shop: Shop) -> None:
    assert set(packs()) == {"pet-shop", "restaurant", "clinic", "salon", "travel", "e-commerce"}
    for pack in packs().values():
        assert set(pack.names) == {"en", "ru"}
        for one in pack.attributes:
            assert set(one.names) == set(one.questions) == {"en", "ru"}, one.name
            assert all(set(choice.names) == {"en", "ru"} for choice in one.choices or ()), one.name
        done = registry.install(conn, shop.program.id, pack, now=NOW, by=SYSTEM)
        assert done == Installed(tuple(sorted(one.name for one in pack.attributes)), (), ()), "names of their own"
        for one in pack.attributes:
            stored = registry.attributes(conn, shop.program.id)[one.name]
            assert put(conn, shop, stored) == stored, "a pack keeps the rules of the registry"


def test_a_choice_takes_its_codes_and_a_list_several(conn: psycopg.Connection, shop: Shop) -> None:
    put(conn, shop, SIZE)
    put(conn, shop, Attribute("pets", AttributeKind.LIST, choices=(Choice("cat"), Choice("dog"))))
    assert store(conn, shop, size="s", pets=["cat", "dog"], brands=["any", "thing"]) == ""
    assert store(conn, shop, size="xl") == "attributes.size: this attribute's choices: s, m"
    assert store(conn, shop, size=["s"]) == "attributes.size: this attribute's type is choice"
    assert store(conn, shop, pets=["cow"]) == "attributes.pets: this attribute's choices: cat, dog"
    assert store(conn, shop, pets="cat") == "attributes.pets: this attribute's type is list"
    assert store(conn, shop, brands="one") == "attributes.brands: this attribute's type is list", "by its first value"
    kinds = queries.attribute_kinds(conn, shop.program.id)
    assert kinds == {"size": Kind.CHOICE, "pets": Kind.CODES, "brands": Kind.CODES}
    assert registry.uses(conn, shop.program.id) == {"size": 1, "pets": 1, "brands": 1}


def test_what_nobody_declared_works_as_ever_and_may_get_its_words_later(conn: psycopg.Connection, shop: Shop) -> None:
    assert store(conn, shop, pet_name="Rex", size=7) == ""
    done = registry.install(conn, shop.program.id, packs()["pet-shop"], now=NOW, by=SYSTEM)
    assert isinstance(done, Installed)
    assert "pet_name" in done.added
    known = registry.attributes(conn, shop.program.id)
    assert registry.label(known, "pet_name", "ru") == "Кличка питомца"
    assert registry.said(known, "pets", "dog", "ru") == "собака"
    assert registry.label(known, "size", "ru") == "size"
    again = registry.install(conn, shop.program.id, packs()["pet-shop"], now=NOW, by=SYSTEM)
    assert isinstance(again, Installed)
    assert (again.added, again.other) == ((), ())
    assert set(again.there) == {one.name for one in packs()["pet-shop"].attributes}


def test_a_name_of_another_type_is_left_alone(conn: psycopg.Connection, shop: Shop) -> None:
    assert store(conn, shop, pets=2) == ""
    done = registry.install(conn, shop.program.id, packs()["pet-shop"], now=NOW, by=SYSTEM)
    assert isinstance(done, Installed)
    assert done.other == ("pets",)
    assert registry.attributes(conn, shop.program.id)["pets"] == Attribute("pets", AttributeKind.INTEGER)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Attribute("Size", AttributeKind.TEXT), "name"),
        (Attribute("size", AttributeKind.TEXT), "kind"),
        (Attribute("colour", AttributeKind.CHOICE), "choices"),
        (Attribute("colour", AttributeKind.TEXT, choices=(Choice("red"),)), "choices"),
        (Attribute("colour", AttributeKind.CHOICE, choices=(Choice("red"), Choice("red"))), "choices"),
        (Attribute("colour", AttributeKind.CHOICE, choices=(Choice("Red one"),)), "choices"),
        (Attribute("colour", AttributeKind.TEXT, {"en": "x" * 81}), "names.en"),
        (Attribute("colour", AttributeKind.TEXT, {"en": "two\nlines"}), "names.en"),
        (Attribute("colour", AttributeKind.TEXT, questions={"???": "why"}), "questions.???"),
        (
            Attribute("colour", AttributeKind.LIST, choices=tuple(Choice(f"c{n}") for n in range(101))),
            "choices",
        ),
    ],
)
def test_what_cannot_be_declared_is_refused(
    conn: psycopg.Connection, shop: Shop, wanted: Attribute, field: str
) -> None:
    put(conn, shop, SIZE)
    before = registry.attributes(conn, shop.program.id)
    refused = put(conn, shop, wanted)
    assert isinstance(refused, NotKept)
    assert refused.field == field
    assert registry.attributes(conn, shop.program.id) == before
    assert isinstance(put(conn, shop, SIZE, fresh=True), NotKept)


def test_special_categories_are_in_no_condition_no_facts_and_no_audit(conn: psycopg.Connection, shop: Shop) -> None:
    registry.install(conn, shop.program.id, packs()["clinic"], now=NOW, by=SYSTEM)
    assert store(conn, shop, blood_group="ab", insurance="own") == ""
    (holder,) = queries.find_holders(conn, shop.program.id, [("external_id", "ann")]).values()
    told = queries.facts(conn, shop.program.id, [holder], now=NOW)[holder]
    assert told.attributes == {"insurance": "own"}
    assert queries.members(conn, shop.program.id, [holder])[holder].attributes == {"insurance": "own"}
    seen = queries.members(conn, shop.program.id, [holder], sensitive=True)[holder]
    assert seen.attributes == {"insurance": "own", "blood_group": "ab"}
    tree = {"combinator": "and", "rules": [{"field": "member.attributes.blood_group", "operator": "=", "value": "ab"}]}
    assert isinstance(segments.count(conn, shop.program.id, tree, now=NOW), NoTree)
    written = conn.execute("SELECT string_agg(a::text, ' ') FROM workspace_audit a").fetchone()
    assert written
    assert "ab" not in str(written[0]).split()


def test_too_many_values_are_refused_at_the_door() -> None:
    import msgspec

    from verno.web import wire
    from verno.web.problems import Refused as NotRead

    body = {"external_id": "ann", "attributes": {"pets": ["x"] * 51}}
    with pytest.raises((NotRead, msgspec.ValidationError)):
        wire.convert(body, NewMember)
