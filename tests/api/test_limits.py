"""Limits over HTTP, and the words of a full one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.api.conftest import Api, problem
from verno.api.limits import over_limit
from verno.kit import db
from verno.limits import queries
from verno.limits.types import Limit, Measure, OverLimit, Subject, Window
from verno.workspace import audit

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAILY = {"subject": "member", "measure": "receipts", "window": "day", "most": 5, "hard": True}


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    return caller("settings:write")


def put(api: Api, limits: object) -> "Response":
    client = Client(raise_request_exception=False)
    return client.put(
        "/v1/limits",
        json.dumps({"limits": limits}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.key}"},
    )


def test_limits_are_put_as_a_list_and_read_back(owner: Api) -> None:
    assert owner.get("/limits").json() == {"limits": []}
    spent = {"subject": "till", "measure": "spent", "window": "hour", "most": 10_000, "hard": False, "place": "msk-1"}
    first = put(owner, [DAILY, spent])
    assert first.status_code == 200, first.content
    one, two = first.json()["limits"]
    assert {name: one[name] for name in DAILY} == DAILY
    assert (one["unit"], one["place"], two["unit"], two["place"]) == (None, None, "points", "msk-1")
    assert owner.get("/limits").json() == first.json()
    again = put(owner, [{**two, "most": 9}])
    assert again.json() == {"limits": [{**two, "most": 9}]}
    with db.transaction() as conn:
        told = {entry.action for entry in audit.page(conn, owner.shop.program.id)}
    assert {"limit.add", "limit.change", "limit.remove"} <= told


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({**DAILY, "subject": "shop"}, "limits[1].subject"),
        ({**DAILY, "most": -1}, "limits[1].most"),
        ({**DAILY, "most": True}, "limits[1].most"),
        ({**DAILY, "most": 10**13}, "limits[1].most"),
        ({**DAILY, "colour": "red"}, "limits[1].colour"),
        ({"subject": "member"}, "limits[1].measure"),
        ({**DAILY, "unit": "points"}, "limits[1].unit"),
        ({**DAILY, "measure": "spent", "unit": "stars"}, "limits[1].unit"),
        ({**DAILY, "place": "nowhere"}, "limits[1].place"),
        ({**DAILY, "id": "x"}, "limits[1].id"),
        ("a limit", "limits[1]"),
    ],
)
def test_a_list_with_a_mistake_changes_nothing(owner: Api, wrong: object, field: str) -> None:
    before = put(owner, [DAILY]).json()
    answer = put(owner, [DAILY, wrong])
    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == field
    assert owner.get("/limits").json() == before


def test_only_who_may_set_settings_sees_and_sets_limits(owner: Api, caller: Callable[..., Api]) -> None:
    other = caller("receipts:write", "members:read", "members:write", "personal:read", "points:spend", "points:adjust")
    assert problem(put(other, [DAILY])) == (403, "missing-scope")
    assert problem(other.get("/limits")) == (403, "missing-scope")
    with db.transaction() as conn:
        assert queries.limits(conn, owner.shop.program.id) == ()


def test_a_full_limit_says_which_what_is_left_and_until_when() -> None:
    limit = Limit("L", Subject.CASHIER, Measure.SPENT, "points", Window.HOUR, 500, hard=True, place="msk-1")
    over = OverLimit(limit, 480, 100, NOW + timedelta(hours=1))
    told = over_limit(over, now=NOW)
    assert (told.status, told.type, told.retryable) == (409, "over-limit", False)
    assert told.detail == (
        "at most 500 spent points per hour and cashier at msk-1: 20 left, it frees up at 2026-11-25T13:00:00Z"
    )
    body = json.loads(told.encoded())
    assert (body["limit"]["id"], body["left"], body["frees_at"]) == ("L", 20, "2026-11-25T13:00:00Z")
    late = over_limit(over, now=NOW + timedelta(hours=2)).detail
    assert late is not None
    assert late.endswith("20 left, that hour was over at 2026-11-25T13:00:00Z")
