"""What an owner may set, over HTTP."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.api.conftest import Api, problem
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import audit, keys, registry, settings

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    return caller("settings:write")


def patch(api: Api, body: object, scope: str | None = None) -> "Response":
    where = f"/v1/settings?scope={scope}" if scope else "/v1/settings"
    headers = {"Authorization": f"Bearer {api.key}"}
    return Client(raise_request_exception=False).patch(
        where, json.dumps(body), content_type="application/json", headers=headers
    )


def stored(api: Api) -> list[tuple[str, str, object]]:
    with db.transaction() as conn:
        return conn.execute("SELECT scope, key, value FROM workspace_setting ORDER BY 1, 2").fetchall()


def test_every_setting_is_told_with_its_origin(owner: Api) -> None:
    told = owner.get("/settings").json()
    assert list(told) == list(registry.REGISTRY)
    assert told["hold.default_seconds"] == {
        "key": "hold.default_seconds",
        "value": 600,
        "origin": "default",
        "text": "600",
        "allowed": "1 to 86400",
    }


def test_values_are_set_and_told(owner: Api) -> None:
    answer = patch(owner, {"spend.value": 10, "points.expiry": {"model": "months", "months": 12}, "adjust.limit": 5})
    assert answer.status_code == 200
    assert {key: (one["value"], one["origin"]) for key, one in answer.json().items()} == {
        "spend.value": (10, "unit=points"),
        "points.expiry": ({"model": "months", "months": 12}, "unit=points"),
        "adjust.limit": (5, "program"),
    }
    told = owner.get("/settings").json()
    assert told["points.expiry"]["text"] == "months:12"
    assert patch(owner, {"points.expiry": "sliding:90"}).json()["points.expiry"]["value"] == {
        "model": "sliding",
        "days": 90,
    }
    assert patch(owner, {"points.expiry": None}).json()["points.expiry"]["origin"] == "default"


def test_a_place_has_its_own(owner: Api) -> None:
    assert patch(owner, {"hold.default_seconds": 60}, "place=msk-1").status_code == 200
    assert owner.get("/settings").json()["hold.default_seconds"]["value"] == 600
    here = owner.get("/settings?scope=place=msk-1").json()
    assert (here["hold.default_seconds"]["value"], here["hold.default_seconds"]["origin"]) == (60, "place=msk-1")
    assert "points.expiry" not in here


@pytest.mark.parametrize(
    ("scope", "body", "fields"),
    [
        (None, {"hold.default_seconds": 0}, ["hold.default_seconds"]),
        (None, {"hold.default_seconds": "600"}, ["hold.default_seconds"]),
        (None, {"hold.default_seconds": True}, ["hold.default_seconds"]),
        (None, {"hold.default_seconds": 60.5}, ["hold.default_seconds"]),
        (None, {"hold.late_capture": "sometimes", "hold.default_seconds": 30}, ["hold.late_capture"]),
        (None, {"hold.late_capture": "no", "nothing.at_all": 1}, ["hold.late_capture", "nothing.at_all"]),
        (None, {"points.expiry": {"model": "days", "days": 180, "months": 6}}, ["points.expiry"]),
        (None, {"points.expiry": "weeks:1"}, ["points.expiry"]),
        (None, {"adjust.reasons": []}, ["adjust.reasons"]),
        (None, {"adjust.reasons": ["Good will"]}, ["adjust.reasons"]),
        ("place=msk-1", {"points.expiry": "never"}, ["scope"]),
        ("unit=points", {"hold.default_seconds": 60}, ["scope"]),
        ("place=nowhere", {"hold.default_seconds": 60}, ["scope"]),
        ("till=msk-1~7", {"hold.default_seconds": 60}, ["scope"]),
        ("region=msk-1", {"hold.default_seconds": 60}, ["scope"]),
        ("place", {"hold.default_seconds": 60}, ["scope"]),
        ("program=1", {"hold.default_seconds": 60}, ["scope"]),
        ("everywhere", {"hold.default_seconds": 60}, ["scope"]),
        ("place=%00", {"hold.default_seconds": 60}, ["scope"]),
        ("place=%ED%A0%80", {"hold.default_seconds": 60}, ["scope"]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_set(
    owner: Api, scope: str | None, body: dict[str, object], fields: list[str]
) -> None:
    answer = patch(owner, body, scope)
    assert problem(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert stored(owner) == []


def test_a_refusal_says_what_is_allowed(owner: Api) -> None:
    messages = {
        "hold.default_seconds": "hold.default_seconds may be: 1 to 86400",
        "hold.late_capture": "hold.late_capture may be: refuse, rehold",
    }
    answer = patch(owner, dict.fromkeys(messages, "x"))
    assert {error["field"]: error["message"] for error in answer.json()["errors"]} == messages
    unknown = patch(owner, {"spend.values": 1}).json()["errors"][0]["message"]
    assert "spend.value," in unknown


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_a_body_that_is_no_object(owner: Api, body: object) -> None:
    assert problem(patch(owner, body)) == (422, "invalid")


def test_unknown_scopes_of_a_read(owner: Api) -> None:
    for scope in ("everywhere", "place=nowhere", "unit=", "place=%00"):
        assert problem(owner.get(f"/settings?scope={scope}")) == (422, "invalid")


def test_the_scope_is_needed(caller: Callable[..., Api]) -> None:
    stranger = caller("members:write", "receipts:write", "points:spend")
    answer = patch(stranger, {"spend.value": 100})
    assert problem(answer) == (403, "missing-scope")
    assert "settings:write" in answer.json()["detail"]
    assert problem(stranger.get("/settings")) == (403, "missing-scope")
    assert stored(stranger) == []


def test_a_key_of_one_store_sets_for_that_store_alone(owner: Api) -> None:
    with db.transaction() as conn:
        text = keys.create(conn, owner.shop.program.id, "store", ["settings:write"], now=clock.now(), places=["msk-1"])
    bound = Api(text, owner.shop)
    for scope in (None, "program", "network", "place=msk-2", "unit=points", "till=msk-2~1", "place=msk-1x"):
        assert problem(patch(bound, {"hold.default_seconds": 60}, scope)) == (403, "foreign-place"), scope
    assert stored(owner) == []
    assert patch(bound, {"hold.default_seconds": 60}, "place=msk-1").status_code == 200


def test_more_than_a_fifth_is_obeyed_with_a_warning(owner: Api) -> None:
    """One point for every full rouble: a value of 20 kopecks is 20 %, of 21 more."""
    assert "warning" not in patch(owner, {"spend.value": 20}).json()["spend.value"]
    told = patch(owner, {"spend.value": 21}).json()["spend.value"]
    assert told["value"] == 21
    assert "21 %" in told["warning"]


def test_the_audit_names_the_key(owner: Api) -> None:
    assert patch(owner, {"hold.default_seconds": 60}).status_code == 200
    assert patch(owner, {"hold.default_seconds": 60}).status_code == 200, "the same again changes nothing"
    with db.transaction() as conn:
        told = [one for one in audit.page(conn, owner.shop.program.id) if one.action == "setting.set"]
        key_id = conn.execute("SELECT id::text FROM workspace_api_key").fetchone()
    assert [(one.actor_kind, one.object_id) for one in told] == [("key", "hold.default_seconds program")]
    assert key_id
    assert told[0].actor_id == key_id[0]


def test_what_is_set_holds_for_the_street(owner: Api) -> None:
    patch(owner, {"spend.value": 7})
    with db.transaction() as conn:
        assert settings.value(conn, owner.shop.program.id, registry.SPEND_VALUE, unit="points") == 7
