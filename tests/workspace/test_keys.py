"""API keys: what is told of them, how they are rotated and revoked, how often they may be used."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.workspace import audit, keys
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.keys import Exhausted, KeyRecord, KeyRefusal, Rotated, Taken

OPERATOR = Actor(ActorKind.OPERATOR, "0")
SCOPES = ["receipts:write", "points:spend"]


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def make(conn: psycopg.Connection, shop: Shop, name: str = "till", **options: object) -> str:
    return keys.create(conn, shop.program.id, name, SCOPES, now=NOW, **options)  # type: ignore[arg-type]


def listed(conn: psycopg.Connection, shop: Shop) -> list[KeyRecord]:
    return keys.listed(conn, shop.program.id)


def rotate(conn: psycopg.Connection, shop: Shop, which: str, **options: object) -> Rotated | KeyRefusal:
    return keys.rotate(conn, shop.program.id, which, **{"by": OPERATOR, "now": NOW} | options)  # type: ignore[arg-type]


def revoke(conn: psycopg.Connection, shop: Shop, which: str) -> KeyRecord | KeyRefusal:
    return keys.revoke(conn, shop.program.id, which, by=OPERATOR, now=NOW)


def test_a_key_opens_what_it_was_made_for(conn: psycopg.Connection, shop: Shop) -> None:
    text = make(conn, shop, places=["msk-1"], rate=600)
    found = keys.find(conn, text, now=NOW)
    assert found is not None
    assert (found.scopes, found.places, found.rate) == (frozenset(SCOPES), frozenset(["msk-1"]), 600)
    for wrong in (text[:-1], text[:-1] + ("1" if text.endswith("0") else "0"), "vk_x_y", "", "vk__", text.upper()):
        assert keys.find(conn, wrong, now=NOW) is None or wrong == text
    assert keys.find(conn, text, now=NOW + keys.LIFE) is None


def test_only_the_secrets_hash_is_stored(conn: psycopg.Connection, shop: Shop) -> None:
    secret = make(conn, shop).split("_")[2]
    row = conn.execute("SELECT workspace_api_key::text FROM workspace_api_key").fetchone()
    assert row
    assert secret not in row[0]


def test_the_last_use_is_written_once_a_minute(conn: psycopg.Connection, shop: Shop) -> None:
    text = make(conn, shop)
    assert listed(conn, shop)[0].last_used_at is None
    for seconds, told in ((0, 0), (59, 0), (60, 60), (61, 60), (200, 200)):
        keys.find(conn, text, now=NOW + timedelta(seconds=seconds))
        assert listed(conn, shop)[0].last_used_at == NOW + timedelta(seconds=told)
    keys.find(conn, text[:-1] + ("0" if text[-1] != "0" else "1"), now=NOW + timedelta(hours=1))
    assert listed(conn, shop)[0].last_used_at == NOW + timedelta(seconds=200), "a wrong secret is no use"


def test_a_rotation_has_two_live_keys_and_no_third(conn: psycopg.Connection, shop: Shop) -> None:
    old = make(conn, shop, places=["msk-1"], rate=5)
    done = rotate(conn, shop, "till")
    assert isinstance(done, Rotated)
    new = keys.find(conn, done.text, now=NOW)
    before = keys.find(conn, old, now=NOW)
    assert new is not None
    assert before is not None
    assert (new.name, new.scopes, new.places, new.rate) == (before.name, before.scopes, before.places, before.rate)
    assert rotate(conn, shop, done.old.prefix) is KeyRefusal.TWO_LIVE
    assert rotate(conn, shop, "till") is KeyRefusal.AMBIGUOUS
    assert revoke(conn, shop, "till") is KeyRefusal.AMBIGUOUS
    assert len(listed(conn, shop)) == 2
    assert isinstance(revoke(conn, shop, f"vk_{done.old.prefix}"), KeyRecord)
    assert keys.find(conn, old, now=NOW) is None
    assert keys.find(conn, done.text, now=NOW) is not None
    assert isinstance(rotate(conn, shop, "till"), Rotated)


def test_an_overlap_ends_by_itself(conn: psycopg.Connection, shop: Shop) -> None:
    old = make(conn, shop)
    done = rotate(conn, shop, "till", overlap=timedelta(hours=48))
    assert isinstance(done, Rotated)
    assert done.old.expires_at == NOW + timedelta(hours=48)
    assert keys.find(conn, old, now=NOW + timedelta(hours=47)) is not None
    assert keys.find(conn, old, now=NOW + timedelta(hours=48)) is None
    assert keys.find(conn, done.text, now=NOW + timedelta(days=364)) is not None


def test_an_overlap_never_prolongs(conn: psycopg.Connection, shop: Shop) -> None:
    make(conn, shop)
    late = NOW + keys.LIFE - timedelta(hours=1)
    done = rotate(conn, shop, "till", now=late, overlap=timedelta(hours=48))
    assert isinstance(done, Rotated)
    assert done.old.expires_at == NOW + keys.LIFE


def test_keys_that_are_not_there(conn: psycopg.Connection, shop: Shop) -> None:
    for which in ("nobody", "vk_000000000000", "", "00000000-0000-0000-0000-000000000000"):
        assert revoke(conn, shop, which) is KeyRefusal.UNKNOWN
        assert rotate(conn, shop, which) is KeyRefusal.UNKNOWN
    text = make(conn, shop)
    gone = revoke(conn, shop, "till")
    assert isinstance(gone, KeyRecord)
    assert rotate(conn, shop, gone.id) is KeyRefusal.NOT_LIVE
    assert rotate(conn, shop, "till") is KeyRefusal.NOT_LIVE
    again = revoke(conn, shop, gone.prefix)
    assert isinstance(again, KeyRecord)
    assert again.revoked_at == NOW
    assert keys.find(conn, text, now=NOW) is None


def test_another_programs_keys_do_not_exist(conn: psycopg.Connection, shop: Shop) -> None:
    make(conn, shop)
    stranger = "01890a5d-ac96-7bbb-8bbb-0123456789ab"
    assert keys.listed(conn, stranger) == []
    assert keys.revoke(conn, stranger, "till", by=OPERATOR, now=NOW) is KeyRefusal.UNKNOWN


def test_every_change_is_audited(conn: psycopg.Connection, shop: Shop) -> None:
    make(conn, shop, by=OPERATOR)
    done = rotate(conn, shop, "till")
    assert isinstance(done, Rotated)
    revoke(conn, shop, done.old.id)
    revoke(conn, shop, done.old.id)
    entries = [entry for entry in audit.page(conn, shop.program.id) if entry.object_kind == "key"]
    told = [(entry.action, entry.actor_kind, entry.actor_id) for entry in entries]
    assert sorted(told) == sorted(
        [
            ("key.create", "operator", "0"),
            ("key.create", "operator", "0"),
            ("key.rotate", "operator", "0"),
            ("key.revoke", "operator", "0"),
        ]
    )


def test_a_refused_change_is_no_change(conn: psycopg.Connection, shop: Shop) -> None:
    make(conn, shop)
    before = audit.page(conn, shop.program.id)
    rotate(conn, shop, "nobody")
    assert audit.page(conn, shop.program.id) == before
    assert len(listed(conn, shop)) == 1


KEY = "01890a5d-ac96-7bbb-8bbb-0123456789ab"


def at(seconds: float) -> dict[str, object]:
    return {"now": NOW + timedelta(seconds=seconds)}


def test_an_allowance_is_a_minutes_worth(conn: psycopg.Connection) -> None:
    for left in range(5, -1, -1):
        assert keys.count_request(conn, KEY, 6, **at(0)) == Taken(left, 10 * (6 - left))  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 6, **at(0)) == Exhausted(10)  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 6, **at(9.5)) == Exhausted(1)  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 6, **at(10)) == Taken(0, 60)  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 6, **at(10)) == Exhausted(10)  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 6, **at(500)) == Taken(5, 10)  # type: ignore[arg-type]


def test_what_is_refused_costs_nothing(conn: psycopg.Connection) -> None:
    """Else a till that keeps asking would never be heard again."""
    for _ in range(50):
        keys.count_request(conn, KEY, 2, **at(0))  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 2, **at(30)) == Taken(0, 60)  # type: ignore[arg-type]


def test_a_clock_that_ran_ahead_locks_nobody_out(conn: psycopg.Connection) -> None:
    keys.count_request(conn, KEY, 2, **at(86_400))  # type: ignore[arg-type]
    assert keys.count_request(conn, KEY, 2, **at(0)) == Taken(1, 30)  # type: ignore[arg-type]


def test_any_rate_divides_the_minute(conn: psycopg.Connection) -> None:
    for rate in (1, 7, 59, 1_000_000):
        key = f"01890a5d-ac96-7bbb-8bbb-{rate:012d}"
        taken = keys.count_request(conn, key, rate, **at(0))  # type: ignore[arg-type]
        assert isinstance(taken, Taken)
        assert taken.left in (rate - 1, rate - 2), rate
