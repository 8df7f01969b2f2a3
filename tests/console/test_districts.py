"""The room of districts: drawn or listed, refused with the reason, shown on a member's page."""

import json

import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_consents import text
from tests.members.test_districts import SQUARE, polygon
from verno.kit import db
from verno.members import service
from verno.members.districts import locating
from verno.members.types import Created, Location, NewMember

DISTRICTS = "/console/members/districts/"
CENTRE = {"code": "centre", "kind": "list", "name_ru": "Центр", "name_en": "Centre", "entries": "101000\n1010*\n"}
DRAWN = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": polygon(SQUARE)}]}


def test_a_district_is_listed_changed_into_a_border_and_archived(house: House) -> None:
    assert "There are none yet." in text(house.client.get(DISTRICTS).content.decode())
    assert house.client.post(DISTRICTS, CENTRE)["Location"] == DISTRICTS
    assert "Centre centre Postcodes and streets 2 lines 0" in text(house.client.get(DISTRICTS).content.decode())
    assert "1010*\n101000" in house.client.get(f"{DISTRICTS}centre/").content.decode()
    drawn = CENTRE | {"kind": "polygon", "polygon": json.dumps(DRAWN), "archived": "on"}
    assert house.client.post(f"{DISTRICTS}centre/", drawn).status_code == 302
    with db.transaction() as conn:
        (kept,) = locating.districts(conn, house.story.shop.program.id)
    assert (kept.kind, kept.entries, kept.archived_at) == ("polygon", [], NOW)
    assert kept.polygon == DRAWN["features"][0]
    assert house.client.get(f"{DISTRICTS}gone/").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "The centre"}, "digits and hyphens"),
        ({"entries": ""}, "at least one"),
        ({"kind": "polygon"}, "This is no border."),
        ({"kind": "polygon", "polygon": "{"}, "This is no JSON."),
        ({"kind": "polygon", "polygon": "[1]"}, "This is no border."),
        ({"kind": "polygon", "polygon": json.dumps(polygon(SQUARE[:-1]))}, "ends where it begins"),
    ],
)
def test_what_is_no_district_is_said_in_its_place(house: House, change: dict[str, str], said: str) -> None:
    page = house.client.post(DISTRICTS, CENTRE | change)
    assert page.status_code == 422
    assert said in text(page.content.decode())
    with db.transaction() as conn:
        assert locating.districts(conn, house.story.shop.program.id) == []


def test_a_member_is_shown_with_districts_and_home_place(house: House) -> None:
    house.client.post(DISTRICTS, CENTRE)
    assert "There is a district of this code." in text(house.client.post(DISTRICTS, CENTRE).content.decode())
    with db.transaction() as conn:
        wanted = NewMember("ann", location=Location(postcode="101000", street="Secret lane"), home_place="msk-1")
        (ann,) = service.upsert(conn, house.story.shop.program, [wanted], now=NOW)
    assert isinstance(ann, Created)
    page = text(house.client.get(f"/console/members/{ann.member_id}/").content.decode())
    assert "Lives in Centre" in page
    assert "Home place msk-1" in page
    assert "101000" not in page
    assert "Secret" not in page
    assert "2 lines 1" in text(house.client.get(DISTRICTS).content.decode())
