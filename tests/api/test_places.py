"""Stores and their regions over HTTP, and a rule that asks for a region, from the key to the receipt."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Api, problem
from tests.builders import Shop
from verno.intake.context import FRESH_SECONDS
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import audit, keys, service
from verno.workspace.types import NewStore

SOUTH = {
    "rules": [
        {
            "id": "south",
            "when": {"combinator": "and", "rules": [{"field": "region", "operator": "=", "value": "south"}]},
            "effects": [{"type": "earn_per_full", "unit": "points", "points": 7, "per": 10_000}],
        }
    ]
}


@pytest.fixture
def api(caller: Callable[..., Api], shop: Shop) -> Api:
    """A caller that may do all of it, in a program of two stores that publishes without a second person."""
    with db.transaction() as conn:
        service.add_stores(conn, shop.program.id, [NewStore("spb-1", "Nevsky")], now=clock.now())
    api = caller("settings:write", "promotions:read", "promotions:write", "receipts:write", "members:write")
    assert api.patch("/settings", {"promotions.review": False}).status_code == 200
    assert api.post("/members", {"external_id": "m-1"}).status_code == 201
    return api


def regions(api: Api) -> dict[str, str | None]:
    return {one["code"]: one["region"] for one in api.get("/places").json()["places"]}


def change(api: Api, *places: dict[str, object]) -> list[tuple[int, Any]]:
    answer = api.patch("/places", {"places": list(places)})
    assert answer.status_code == 200, answer.content
    return [(one["code"], one["body"]) for one in answer.json()["results"]]


def points(api: Api, number: str, place: str) -> list[int]:
    """Return what a sale at a store brings."""
    sale = {
        "number": number,
        "place": place,
        "at": clock.now().isoformat(),
        "lines": [{"sku": "tea", "quantity": "1", "amount": 10_000}],
        "member": {"external_id": "m-1"},
    }
    answer = api.post("/receipts", sale)
    assert answer.status_code == 201, answer.content
    return [int(one["earned"]) for one in answer.json()["points"]]


def test_a_rule_for_a_region_acts_at_its_stores_alone(api: Api) -> None:
    draft = api.post("/promotions/drafts", {"title": "South", "body": SOUTH}).json()["draft"]
    done = api.post(f"/promotions/drafts/{draft['number']}:publish", {})
    assert done.status_code == 200, done.content
    assert [points(api, "A-1", "msk-1"), points(api, "A-2", "spb-1")] == [[0], [0]]
    change(api, {"code": "spb-1", "region": "south"})
    time.sleep(FRESH_SECONDS)
    assert [points(api, "A-3", "msk-1"), points(api, "A-4", "spb-1")] == [[0], [7]]
    change(api, {"code": "msk-1", "region": "south"}, {"code": "spb-1", "region": None})
    time.sleep(FRESH_SECONDS)
    assert [points(api, "A-5", "msk-1"), points(api, "A-6", "spb-1")] == [[7], [0]]


def test_stores_are_read_and_changed_one_result_each(api: Api) -> None:
    assert regions(api) == {"msk-1": None, "spb-1": None}
    done = change(
        api,
        {"code": "spb-1", "name": "Nevsky 1", "region": "Северо-Запад", "legal_entity": "Daisy LLC"},
        {"code": "nowhere", "region": "south"},
        {"code": "msk-1", "region": "\t"},
    )
    whole = {
        "code": "spb-1", "name": "Nevsky 1", "timezone": "Europe/Moscow", "region": "Северо-Запад",
        "legal_entity": "Daisy LLC",
    }  # fmt: skip
    assert [code for code, _body in done] == [200, 404, 422]
    assert done[0][1] == whole
    assert done[2][1]["errors"] == [{"field": "region", "message": "must be one line of 1 to 64 characters"}]
    assert regions(api) == {"msk-1": None, "spb-1": "Северо-Запад"}
    assert api.get("/settings?scope=place=spb-1").json()["place.legal_entity"]["value"] == "Daisy LLC"
    with db.transaction() as conn:
        told = [one.action for one in audit.page(conn, api.shop.program.id) if one.object_kind == "place"]
    assert told == ["place.change"]


@pytest.mark.parametrize(
    "body",
    [{}, {"places": {}}, {"places": [{"region": "x"}]}, {"places": [{"code": "spb-1", "zone": "x"}]},
     {"places": [{"code": "spb-1", "name": None}]}, {"places": [{"code": "spb-1"}] * 1001}],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused_whole(api: Api, body: object) -> None:
    assert problem(api.patch("/places", body)) == (422, "invalid")


def test_a_key_of_one_store_changes_none(api: Api, shop: Shop) -> None:
    with db.transaction() as conn:
        text = keys.create(conn, shop.program.id, "till", ["settings:write"], now=clock.now(), places=["spb-1"])
    bound = Api(text, shop)
    assert regions(bound) == {"msk-1": None, "spb-1": None}
    assert problem(bound.patch("/places", {"places": [{"code": "spb-1", "region": "south"}]})) == (403, "foreign-place")
    assert regions(api)["spb-1"] is None
