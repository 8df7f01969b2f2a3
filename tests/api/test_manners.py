"""Keys and scopes; every refusal a problem; a description that can be read."""

import json
import logging
from collections.abc import Callable
from unittest import mock

import psycopg
import pytest
from django.test import Client

from tests.api.conftest import Api, count_members, problem
from verno.kit import db
from verno.kit.errors import Unavailable


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer vk_abc_def", "Bearer vk__", "Bearer " + "x" * 5000],
)
def test_without_a_key_nothing_happens(shop: object, header: str) -> None:
    client = Client(raise_request_exception=False)
    response = client.post(
        "/v1/members", {"external_id": "x"}, content_type="application/json", headers={"Authorization": header}
    )
    assert problem(response) == (401, "unauthorized")
    assert response["WWW-Authenticate"] == "Bearer"
    assert count_members() == 0


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("post", "/members", "members:write"),
        ("post", "/members:batch", "members:write"),
        ("post", "/members:lookup", "members:read"),
        ("get", "/members/01a21293-b600-7000-8230-956097880ea8", "members:read"),
        ("get", "/members/01a21293-b600-7000-8230-956097880ea8/balance", "members:read"),
        ("get", "/members/01a21293-b600-7000-8230-956097880ea8/transfers", "members:read"),
    ],
)
def test_a_missing_scope_is_named(caller: Callable[..., Api], method: str, path: str, scope: str) -> None:
    every = {"members:read", "members:write", "receipts:write", "personal:read"}
    api = caller(*sorted(every - {scope}))
    response = api.get(path) if method == "get" else api.post(path, {"external_id": "x"})
    assert problem(response) == (403, "missing-scope")
    assert scope in response.json()["detail"]
    assert count_members() == 0


def test_a_revoked_key_opens_nothing(api: Api) -> None:
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("UPDATE workspace_api_key SET revoked_at = now()")
    assert problem(api.post("/members", {"external_id": "x"})) == (401, "unauthorized")


def test_the_routers_refusals_are_problems(api: Api) -> None:
    assert problem(api.get("/nowhere")) == (404, "not-found")
    assert problem(api.post("/nowhere", {})) == (404, "not-found")
    assert problem(api.get("/")) == (404, "not-found")
    refused = api.get("/members")
    assert problem(refused) == (405, "method-not-allowed")
    assert refused["Allow"] == "POST"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        assert problem(api.post("/members", b"{}", content_type=kind)) == (415, "unsupported-media-type")


def test_bad_cursors_and_limits_are_refused(api: Api) -> None:
    id_ = api.post("/members", {"external_id": "x"}).json()["id"]
    for query in ("cursor=zzz", "cursor=%00", "limit=0", "limit=201", "limit=x", "limit=-1"):
        assert problem(api.get(f"/members/{id_}/transfers?{query}")) == (422, "invalid"), query


def test_a_dead_database_is_503(api: Api) -> None:
    with mock.patch("verno.kit.db.pool", side_effect=Unavailable("the database does not answer; try again")):
        response = api.post("/members", {"external_id": "x"})
    assert problem(response) == (503, "unavailable")
    assert response["Retry-After"] == "1"
    assert response.json()["retryable"] is True


def test_a_fault_of_ours_tells_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    secret = "Anna +79160000001"
    with (
        caplog.at_level(logging.ERROR),
        mock.patch("verno.members.service.upsert", side_effect=RuntimeError(secret)),
    ):
        response = api.post("/members", {"external_id": "x"})
    assert problem(response) == (500, "internal")
    assert secret not in response.content.decode() + caplog.text
    assert "RuntimeError" in caplog.text


def test_the_description_is_whole(shop: object) -> None:
    client = Client()
    found = client.get("/v1/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    assert {"/v1/members", "/v1/members:batch", "/v1/members/{id}", "/v1/members:lookup"} <= set(found["paths"])
    schemas = found["components"]["schemas"]
    for ref in set(_refs(found)):
        assert ref.removeprefix("#/components/schemas/") in schemas
    assert schemas["NewMember"]["required"] == ["external_id"]
    page = client.get("/v1/docs")
    assert page.status_code == 200
    assert b"http://" not in page.content.replace(b"http://www.w3.org", b"")
    assert b"https://" not in page.content


def _refs(value: object) -> list[str]:
    text = json.dumps(value)
    return [part.split('"')[0] for part in text.split('"$ref": "')[1:]]
