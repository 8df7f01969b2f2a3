"""Reading somebody's personal data leaves a line in the audit: who, whose, when; never what."""

from collections.abc import Callable
from unittest import mock

import psycopg
import pytest

from tests.api.conftest import Api, problem
from tests.builders import Shop
from verno.kit import db
from verno.workspace import audit, keys

ANNA = {
    "external_id": "a-1",
    "name": "Anna Unmistakable",
    "phone": "+79160000001",
    "email": "unmistakable@example.com",
    "card": "7701220033",
    "birth_date": "1990-05-17",
}

Told = list[tuple[str, str, str]]


@pytest.fixture
def anna(caller: Callable[..., Api]) -> str:
    """Store Anna, by a key that sees no personal data; returns her id."""
    return str(caller("members:write").post("/members", ANNA).json()["id"])


def told(shop: Shop) -> Told:
    """Return the readings, the oldest first: by what kind of hand, whose, through which door."""
    with db.transaction(shop.program.id) as conn:
        rows = audit.page(conn, shop.program.id, reading=True)
    return [(one.actor_kind, one.object_id, one.detail) for one in reversed(rows)]


def test_a_key_that_sees_personal_data_is_noted_once_a_call(api: Api, shop: Shop, anna: str) -> None:
    assert told(shop) == []
    assert api.get(f"/members/{anna}").json()["name"] == ANNA["name"]
    assert told(shop) == [("key", anna, "read")]
    assert api.post("/members:lookup", {"phone": ANNA["phone"]}).json()["id"] == anna
    api.get(f"/members/{anna}")
    assert told(shop) == [("key", anna, "read"), ("key", anna, "lookup"), ("key", anna, "read")]
    with db.transaction(shop.program.id) as conn:
        (entry, *_) = audit.page(conn, shop.program.id, reading=True)
        assert [one.id for one in keys.listed(conn, shop.program.id) if one.prefix in api.key] == [entry.actor_id]
        text = str(conn.execute("SELECT a::text FROM workspace_audit a").fetchall())
    assert not [value for value in ANNA.values() if value in text and value != "a-1"]


def test_what_is_masked_or_not_there_is_not_noted(api: Api, caller: Callable[..., Api], shop: Shop, anna: str) -> None:
    masked = caller("members:read", "members:write")
    assert masked.get(f"/members/{anna}").json()["masked"]
    masked.post("/members:lookup", {"phone": ANNA["phone"]})
    masked.post("/members", {"external_id": "a-1"})
    assert problem(api.get(f"/members/{shop.program.id}")) == (404, "not-found")
    assert problem(api.post("/members:lookup", {"phone": "+79160009999"})) == (404, "not-found")
    api.get(f"/members/{anna}/balance")
    api.get(f"/members/{anna}/transfers")
    nobody = api.post("/members", {"external_id": "a-2"}).json()["id"]
    api.get(f"/members/{nobody}")
    assert told(shop) == []


def test_storing_a_member_reads_what_was_not_sent(api: Api, shop: Shop, anna: str) -> None:
    """The answer shows the whole member: what the caller has just written is no reading, the rest is."""
    api.post("/members", ANNA)
    assert told(shop) == []
    assert api.post("/members", {"external_id": "a-1", "locale": "en"}).json()["phone"] == ANNA["phone"]
    assert told(shop) == [("key", anna, "store")]


def test_a_batch_notes_each_member_in_one_statement(api: Api, shop: Shop, anna: str) -> None:
    others = [
        {**ANNA, "external_id": f"b-{n}", "phone": None, "email": None, "card": f"880122003{n}"} for n in range(5)
    ]
    ids = [one["body"]["id"] for one in api.post("/members:batch", {"members": others}).json()["results"]]
    assert told(shop) == []
    again = [{"external_id": name} for name in ["a-1", *(f"b-{n}" for n in range(5)), "b-0", "new"]]
    statements: list[str] = []
    plain = psycopg.Connection.execute

    def counted(self: psycopg.Connection, query: str, *args: object, **more: object) -> object:
        statements.append(str(query))
        return plain(self, query, *args, **more)  # type: ignore[call-overload]

    with mock.patch.object(psycopg.Connection, "execute", counted):
        assert api.post("/members:batch", {"members": again}).status_code == 200
    assert len([one for one in statements if "INTO workspace_audit" in one]) == 1
    assert sorted(told(shop)) == sorted(("key", id_, "store") for id_ in [anna, *ids])


def test_a_reading_that_cannot_be_noted_does_not_happen(api: Api, shop: Shop, anna: str) -> None:
    with mock.patch("verno.workspace.audit.record_reading", side_effect=RuntimeError("full")):
        refused = api.get(f"/members/{anna}")
    assert problem(refused) == (500, "internal")
    assert "Unmistakable" not in refused.content.decode()
    assert told(shop) == []
