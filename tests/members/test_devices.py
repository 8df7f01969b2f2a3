"""Devices: sealed with the member's key, found by keyed hash, one member's at a time; merged and erased with them."""

import json
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import new_id
from verno.members import merging, service
from verno.members.devices import service as devices
from verno.members.devices.types import MOST, DeviceKind, NewDevice
from verno.members.types import Created, NewMember

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


@pytest.fixture
def people(conn: psycopg.Connection, shop: Shop) -> list[str]:
    stored = service.upsert(conn, shop.program, [NewMember(name) for name in ("ann", "bob")], now=NOW)
    return [one.member_id for one in stored if isinstance(one, Created)]


def browser(n: int, auth: str = "a") -> str:
    return json.dumps({"endpoint": f"https://push.example/{n}", "keys": {"p256dh": "k", "auth": auth}})


def texts(conn: psycopg.Connection, holder: str, kind: str | None = None) -> list[str]:
    return [one.text for one in devices.devices(conn, [holder], kind).get(holder, [])]


def test_a_device_is_sealed_found_and_forgotten(conn: psycopg.Connection, shop: Shop, people: list[str]) -> None:
    ann, bob = people
    program = shop.program.id
    new = [
        NewDevice(ann, DeviceKind.TELEGRAM, "77"),
        NewDevice(ann, DeviceKind.PUSH, browser(1)),
        NewDevice(bob, DeviceKind.PUSH, browser(2)),
        NewDevice(new_id(now=NOW), DeviceKind.TELEGRAM, "78"),
    ]
    assert devices.add(conn, program, new, now=NOW) == [True, True, True, False]
    found = devices.devices(conn, people)
    assert {(one.kind, one.text) for one in found[ann]} == {("telegram", "77"), ("push", browser(1))}
    assert texts(conn, bob, "telegram") == []
    stored = conn.execute("SELECT string_agg(sealed, ''::bytea) FROM members_device").fetchone()
    assert stored is not None
    assert b"push.example" not in stored[0]
    digest = devices.hash_of(program, "telegram", "77")
    assert devices.holders(conn, program, "telegram", [digest, "00"]) == {digest: ann}
    assert devices.remove(conn, program, "push", [devices.hash_of(program, "push", browser(1, auth="other"))]) == 1
    assert devices.remove(conn, program, "telegram", [digest]) == 1
    assert [one.kind for one in devices.devices(conn, people)[bob]] == ["push"]
    assert ann not in devices.devices(conn, people)


def test_a_device_belongs_to_who_was_seen_with_it_last(conn: psycopg.Connection, shop: Shop, people: list[str]) -> None:
    ann, bob = people
    for holder in (ann, bob):
        devices.add(conn, shop.program.id, [NewDevice(holder, DeviceKind.TELEGRAM, "77")], now=NOW)
    assert (texts(conn, ann), texts(conn, bob)) == ([], ["77"])


def test_of_too_many_the_oldest_go(conn: psycopg.Connection, shop: Shop, people: list[str]) -> None:
    for n in range(12):
        new = [
            NewDevice(people[0], DeviceKind.PUSH, browser(n)),
            NewDevice(people[0], DeviceKind.TELEGRAM, str(n)),
        ]
        devices.add(conn, shop.program.id, new, now=NOW + n * MINUTE)
    assert texts(conn, people[0], "push") == [browser(n) for n in range(11, 11 - MOST[DeviceKind.PUSH], -1)]
    assert texts(conn, people[0], "telegram") == ["11"]


def test_merged_members_are_reached_together_and_parted_again(
    conn: psycopg.Connection, shop: Shop, people: list[str]
) -> None:
    ann, bob = people
    program = shop.program.id
    devices.add(conn, program, [NewDevice(ann, DeviceKind.TELEGRAM, "77")], now=NOW)
    merging.lock(conn, program, people)
    merging.redirect(conn, program, ann, bob, now=NOW)
    digest = devices.hash_of(program, "telegram", "77")
    assert texts(conn, bob) == ["77"]
    assert devices.holders(conn, program, "telegram", [digest]) == {digest: bob}
    devices.add(conn, program, [NewDevice(ann, DeviceKind.PUSH, browser(1))], now=NOW)
    merging.restore(conn, program, ann, bob, now=NOW)
    assert (texts(conn, ann), texts(conn, bob)) == (["77"], [browser(1)])


def test_without_the_members_key_nothing_opens(conn: psycopg.Connection, shop: Shop, people: list[str]) -> None:
    devices.add(conn, shop.program.id, [NewDevice(one, DeviceKind.TELEGRAM, one) for one in people], now=NOW)
    conn.execute("RESET ROLE")
    conn.execute("DELETE FROM members_key WHERE holder_id = %s", (people[0],))
    assert texts(conn, people[0]) == []
    conn.execute("UPDATE members_device SET holder_id = %s", (people[1],))
    with pytest.raises(BrokenInvariant):
        devices.devices(conn, [people[1]])


def test_a_link_is_used_once(conn: psycopg.Connection, shop: Shop) -> None:
    def use(token: str, at: int) -> bool:
        until = NOW + (at + 15) * MINUTE
        return devices.use_link(conn, shop.program.id, token, until=until, now=NOW + at * MINUTE)

    assert [use("one", 0), use("one", 1), use("two", 2)] == [True, False, True]
    use("three", 60)
    assert conn.execute("SELECT count(*) FROM members_used_link").fetchone() == (1,)
