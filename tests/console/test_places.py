"""The page of stores: who sees it, who puts stores into regions, and what the builder then offers."""

from html import unescape

import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_settings_page import text
from verno.kit import db
from verno.workspace import service as workspace
from verno.workspace.places import queries
from verno.workspace.types import NewStore

PAGE = "/console/settings/places/"


@pytest.fixture
def stores(house: House) -> list[str]:
    """Return the codes of three stores."""
    with db.transaction() as conn:
        workspace.add_stores(conn, house.story.shop.program.id, [NewStore("spb-1", "Nevsky"), NewStore("spb-2", "x")],
                             now=NOW)  # fmt: skip
    return ["msk-1", "spb-1", "spb-2"]


def regions(house: House) -> list[str | None]:
    with db.transaction() as conn:
        return [one.region for one in queries.places(conn, house.story.shop.program.id)]


def owners(house: House) -> list[str | None]:
    with db.transaction() as conn:
        return [one.legal_entity for one in queries.places(conn, house.story.shop.program.id)]


def post(house: House, **sent: object) -> tuple[int, str]:
    answer = house.client.post(PAGE, sent)
    return answer.status_code, answer.content.decode()


def test_stores_are_put_into_a_region_and_out_of_it(house: House, stores: list[str]) -> None:
    assert PAGE in house.client.get("/console/settings/").content.decode()
    assert post(house, do="set", stores=stores[1:], region="Северо-Запад")[0] == 302
    assert regions(house) == [None, "Северо-Запад", "Северо-Запад"]
    page = text(house.client.get(PAGE).content.decode())
    assert "Nevsky spb-1 Северо-Запад –" in page
    assert post(house, do="no-region", stores="spb-2")[0] == 302
    assert regions(house) == [None, "Северо-Запад", None]
    told = text(house.client.get("/console/audit/").content.decode())
    assert "Store changed" in told
    assert "its region" in told


def test_who_owns_them_is_the_setting_of_each(house: House, stores: list[str]) -> None:
    post(house, do="set", stores=stores[:2], legal_entity="Daisy LLC")
    assert owners(house) == ["Daisy LLC", "Daisy LLC", None]
    shown = text(house.client.get("/console/settings/?scope=place%3Dspb-1").content.decode())
    assert "Daisy LLC" in shown
    post(house, do="no-owner", stores=stores)
    assert owners(house) == [None, None, None]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"do": "set", "region": "south"}, "Choose stores first."),
        ({"do": "set", "stores": "spb-1", "region": " "}, "This must be filled in."),
        ({"do": "set", "stores": "spb-1"}, "This must be filled in."),
        ({"do": "set", "stores": "spb-1", "region": "x" * 65}, "at most 64 characters"),
        ({"do": "set", "stores": "spb-1", "region": "a\nb"}, "A region is called by one line"),
        ({"do": "set", "stores": "spb-1", "legal_entity": "a\nb"}, "A legal entity is called by one line"),
        ({"do": "set", "stores": "nowhere", "region": "south"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    house: House, stores: list[str], sent: dict[str, str], sentence: str
) -> None:
    status, page = post(house, **sent)
    assert (status, sentence in text(page)) == (422, True)
    assert regions(house) == [None, None, None]
    if sent.get("stores") == "spb-1":
        assert 'value="spb-1" id="store-2" checked' in page, "what was chosen is chosen still"


def test_what_nobody_asks_is_not_there(house: House, stores: list[str]) -> None:
    assert post(house, do="burn", stores="spb-1")[0] == 404
    assert Client().get(PAGE).status_code == 302


def test_the_builder_offers_the_regions(house: House, stores: list[str]) -> None:
    post(house, do="set", stores="spb-1", region="south")
    answer = house.client.post("/console/promotions/drafts/", {"do": "empty", "title": "South"})
    page = unescape(house.client.get(f"{answer['Location']}rules/new/").content.decode())
    assert '"choices":[["south","south"]]' in page


def test_a_rule_says_when_no_store_is_in_its_region(house: House, stores: list[str]) -> None:
    answer = house.client.post("/console/promotions/gallery/", {"mechanic": "region-only"}, follow=True)
    number = answer.request["PATH_INFO"].partition("rules/")[0]
    said = "no store is in the region siberia"
    assert said in text(house.client.get(number).content.decode())
    post(house, do="set", stores="spb-1", region="siberia")
    assert said not in text(house.client.get(number).content.decode())
