"""A shop behind the real server's addresses, and callers with keys of various scopes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.builders import Shop, make_shop
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import keys

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response


def count_members() -> int:
    """Return how many members there are, of whatever program."""
    with db.transaction() as conn:
        row = conn.execute("SELECT count(*) FROM members_member").fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Api:
    """Calls the API with one key."""

    key: str
    shop: Shop

    def post(self, path: str, body: object, *, content_type: str = "application/json") -> "Response":
        """POST JSON (or bytes as they are)."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": content_type}
        client = Client(raise_request_exception=False)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        # generic: Django's client names no content type when the body is empty
        return client.generic("POST", f"/v1{path}", raw, content_type=content_type, headers=headers)

    def put(self, path: str, body: object) -> "Response":
        """PUT JSON."""
        client = Client(raise_request_exception=False)
        headers = {"Authorization": f"Bearer {self.key}"}
        return client.put(f"/v1{path}", json.dumps(body), content_type="application/json", headers=headers)

    def patch(self, path: str, body: object) -> "Response":
        """PATCH JSON."""
        client = Client(raise_request_exception=False)
        headers = {"Authorization": f"Bearer {self.key}"}
        return client.patch(f"/v1{path}", json.dumps(body), content_type="application/json", headers=headers)

    def delete(self, path: str) -> "Response":
        """DELETE."""
        client = Client(raise_request_exception=False)
        return client.delete(f"/v1{path}", headers={"Authorization": f"Bearer {self.key}"})

    def get(self, path: str) -> "Response":
        """GET."""
        client = Client(raise_request_exception=False)
        return client.get(f"/v1{path}", headers={"Authorization": f"Bearer {self.key}"})


@pytest.fixture
def shop(database: str) -> Shop:
    """Make a shop whose topics exist."""
    with db.transaction() as conn:
        return make_shop(conn)


@pytest.fixture
def caller(shop: Shop) -> Callable[..., Api]:
    """Return a maker of callers: ``caller("members:read")``."""

    def make(*scopes: str) -> Api:
        with db.transaction() as conn:
            return Api(keys.create(conn, shop.program.id, "test", scopes, now=clock.now()), shop)

    return make


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """Return a caller that may do everything with members."""
    return caller("members:read", "members:write", "personal:read")


def problem(response: "Response") -> tuple[int, str]:
    """Return (status, type) of a problem, having checked that it is a whole one."""
    assert response["Content-Type"] == "application/problem+json", response.content
    body = response.json()
    assert {"type", "title", "status", "retryable"} <= set(body), body
    assert body["status"] == response.status_code
    return response.status_code, body["type"]
