"""The audit: only ever added to, nothing personal in it, in one transaction with what it tells."""

from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW, Shop, make_shop
from verno.kit.errors import BrokenInvariant
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind, Entry

BY = Actor(ActorKind.STAFF, "01890a5d-ac96-7bbb-8bbb-0123456789ab", "10.0.0.7")
ABOUT = ("setting", "spend.value@unit=points")


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def told(conn: psycopg.Connection, shop: Shop) -> list[Entry]:
    """Return what is told of the tests' own object; the shop's making is audited too."""
    return list(audit.page(conn, shop.program.id, about=ABOUT))


def write(conn: psycopg.Connection, shop: Shop, *states: object, **more: object) -> Entry:
    pair = (states[0], states[1]) if states else (None, None)
    known = len(told(conn, shop))
    options = {"now": NOW + timedelta(seconds=known), "states": pair} | more
    audit.record(conn, shop.program.id, BY, "setting.set", ABOUT, **options)  # type: ignore[arg-type]
    return told(conn, shop)[0]


def test_an_entry_tells_who_what_when_and_from_where(conn: psycopg.Connection, shop: Shop) -> None:
    entry = write(conn, shop, None, {"value": 100}, detail="program")
    assert (entry.actor_kind, entry.actor_id, entry.address) == ("staff", BY.id, "10.0.0.7")
    assert (entry.action, entry.object_kind, entry.object_id, entry.detail, entry.at) == (
        "setting.set",
        *ABOUT,
        "program",
        NOW,
    )


def test_states_are_told_apart_and_not_told(conn: psycopg.Connection, shop: Shop) -> None:
    first = write(conn, shop, {"a": 1, "b": "Anna"}, {"a": 2})
    again = write(conn, shop, {"b": "Anna", "a": 1}, {"a": 2})
    other = write(conn, shop, {"a": 1, "b": "Ann"}, {"a": 2})
    assert first.before_hash == again.before_hash != other.before_hash
    assert first.after_hash == other.after_hash
    assert write(conn, shop).before_hash is None
    assert "Anna" not in str(conn.execute("SELECT a::text FROM workspace_audit a").fetchall())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE workspace_audit SET action = 'x'",
        "UPDATE workspace_audit SET at = now()",
        "DELETE FROM workspace_audit",
        "TRUNCATE workspace_audit",
        "ALTER TABLE workspace_audit DROP COLUMN detail",
        "DROP TABLE workspace_audit",
    ],
)
def test_nobody_rewrites_it(conn: psycopg.Connection, shop: Shop, sql: str) -> None:
    entry = write(conn, shop)
    with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
        conn.execute(sql)
    assert told(conn, shop) == [entry]


@pytest.mark.parametrize("words", ["Anna's role", "+79160000001 x", "a@b.c", "", "x" * 201])
def test_only_codes_come_in(conn: psycopg.Connection, shop: Shop, words: str) -> None:
    for call in ({"action": words}, {"action": "a.b", "detail": words}):
        if call.get("detail") == "":
            continue
        with pytest.raises(BrokenInvariant):
            audit.record(conn, shop.program.id, BY, call["action"], ABOUT, now=NOW, detail=call.get("detail", ""))
    assert told(conn, shop) == []


def test_a_change_that_is_undone_leaves_no_line(conn: psycopg.Connection, shop: Shop) -> None:
    with conn.transaction() as savepoint:
        write(conn, shop)
        savepoint.force_rollback = True
    assert told(conn, shop) == []


def test_pages_tell_everything_once_and_one_object_alone(conn: psycopg.Connection, shop: Shop) -> None:
    made = len(audit.page(conn, shop.program.id))
    for n in range(25):
        about = ("key", str(n % 5))
        audit.record(conn, shop.program.id, BY, "key.use", about, now=NOW + timedelta(seconds=n // 3))
    seen: list[str] = []
    before = None
    while page := audit.page(conn, shop.program.id, before=before, limit=10):
        seen += [entry.id for entry in page]
        before = (page[-1].at, page[-1].id)
    assert len(seen) == len(set(seen)) == 25 + made
    assert {e.object_id for e in audit.page(conn, shop.program.id, about=("key", "3"))} == {"3"}
    assert audit.page(conn, BY.id) == [], "another program's audit is not this one's"
