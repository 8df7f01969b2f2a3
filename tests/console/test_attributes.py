"""The rooms of attributes: declaring one, taking an industry's pack, what a member's page says."""

import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_consents import text
from verno.kit import db
from verno.members import service
from verno.members.attributes import registry
from verno.members.types import AttributeValue, Created, NewMember

ATTRIBUTES, PACKS = "/console/members/attributes/", "/console/members/packs/"
SIZE = {
    "name": "size",
    "kind": "choice",
    "name_ru": "Размер",
    "name_en": "Size",
    "choices": "s = маленький | small\n\nm = средний | medium",
}


def test_an_attribute_is_declared_changed_and_archived(house: House) -> None:
    before = text(house.client.get(ATTRIBUTES).content.decode())
    assert "household_size Whole number" in before
    assert "synthetic" not in before, "the mark of invented members is nobody's attribute"
    assert house.client.post(ATTRIBUTES, SIZE)["Location"] == ATTRIBUTES
    assert "Size size One of a list 2 choices 0" in text(house.client.get(ATTRIBUTES).content.decode())
    page = house.client.get(f"{ATTRIBUTES}size/").content.decode()
    assert "s = маленький | small\nm = средний | medium" in page
    change = SIZE | {"name": "other", "kind": "text", "name_en": "", "archived": "on"}
    assert house.client.post(f"{ATTRIBUTES}size/", change).status_code == 302
    with db.transaction() as conn:
        kept = registry.attributes(conn, house.story.shop.program.id)["size"]
    assert (kept.name, kept.kind, kept.names, kept.archived_at) == ("size", "choice", {"ru": "Размер"}, NOW)
    assert house.client.get(f"{ATTRIBUTES}gone/").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "My size"}, "a letter first"),
        ({"choices": ""}, "at least one"),
        ({"choices": "Big one"}, "A line each"),
        ({"kind": "text"}, "A line each"),
        ({"kind": "money"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_declared_is_said_in_its_place(house: House, change: dict[str, str], said: str) -> None:
    page = house.client.post(ATTRIBUTES, SIZE | change)
    assert page.status_code == 422
    assert said in text(page.content.decode())
    with db.transaction() as conn:
        known = registry.attributes(conn, house.story.shop.program.id)
    assert not {"size", "My size"} & set(known)


def test_a_pack_is_taken_once_and_members_show_its_words(house: House) -> None:
    assert "Pet shop" in text(house.client.get(PACKS).content.decode())
    assert "7 attributes added." in text(house.client.post(PACKS, {"pack": "pet-shop"}).content.decode())
    assert "0 attributes added." in text(house.client.post(PACKS, {"pack": "pet-shop"}).content.decode())
    assert house.client.post(PACKS, {"pack": "bank"}).status_code == 404
    with db.transaction() as conn:
        known: dict[str, AttributeValue] = {
            "pets": ["cat", "dog"],
            "pet_size": "small",
            "pet_birth_date": "2023-04-01",
            "shelf": "A",
        }
        (ann,) = service.upsert(conn, house.story.shop.program, [NewMember("ann", attributes=known)], now=NOW)
    assert isinstance(ann, Created)
    page = text(house.client.get(f"/console/members/{ann.member_id}/").content.decode())
    for shown in ("Pets cat, dog", "Pet's size up to 10 kg", "Pet's birthday Apr 1, 2023", "shelf A"):
        assert shown in page.replace("&#x27;", "'").replace("1 Apr 2023", "Apr 1, 2023"), page
    house.client.post("/console/language/", {"language": "ru"})
    page = text(house.client.get(f"/console/members/{ann.member_id}/").content.decode())
    assert "Питомцы кошка, собака" in page
