"""Corrections over HTTP: adjustments, points between members, points given again, merges."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.api.conftest import Api, problem
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation
from verno.verify import service as verify
from verno.workspace import settings

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

ALL = ("members:read", "members:write", "personal:read", "points:adjust", "points:spend", "receipts:write")


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """Return a caller that may do everything with members and their points."""
    return caller(*ALL)


def post(api: Api, path: str, body: object, key: str | None = "K") -> "Response":
    """POST with an idempotency key."""
    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    client = Client(raise_request_exception=False)
    raw = json.dumps(body).encode()
    return client.generic("POST", f"/v1{path}", raw, content_type="application/json", headers=headers)


def member(api: Api, external_id: str, **given: object) -> str:
    return str(api.post("/members", {"external_id": external_id, **given}).json()["id"])


def available(api: Api, who: str) -> int:
    return int(api.get(f"/members/{who}/balance").json()["balance"][0]["available"])


def allow(api: Api, key: str, value: object) -> None:
    with db.transaction() as conn:
        assert isinstance(settings.write(conn, api.shop.program.id, key, value, now=clock.now()), settings.Value)


def earn(api: Api, who: str, points: int, *, days: int | None = None, ago: int = 0) -> None:
    now = clock.now() - timedelta(days=ago)
    end = None if days is None else now + timedelta(days=days)
    lot = Earn(who, api.shop.unit.id, points, now, expires_at=end)
    with db.transaction() as conn:
        ledger.post(conn, api.shop.program.id, [Operation(new_id(now=now), new_id(now=now), who, "", (lot,))], now=now)


def books_balance() -> None:
    conn = db.connect()
    try:
        report = verify.run(conn)
    finally:
        conn.close()
    assert report.ok, report.problems


def test_an_adjustment_and_its_replay(api: Api) -> None:
    who = member(api, "a")
    path, body = f"/members/{who}/adjustments", {"unit": "points", "points": 50, "reason": "goodwill"}
    first = post(api, path, body)
    assert first.status_code == 201
    said = first.json()
    assert said.items() >= {"status": "posted", "unit": "points", "points": 50}.items()
    assert said["balance"] == [{"unit": "points", "available": 50, "pending": 0, "held": 0, "debt": 0}]
    assert "Idempotent-Replay" not in first
    again = post(api, path, body)
    assert (again.status_code, again.content, again["Idempotent-Replay"]) == (200, first.content, "true")
    other = post(api, path, {**body, "points": 51})
    assert problem(other) == (422, "idempotency-mismatch")
    assert post(api, path, {**body, "points": -20}, "L").json()["balance"][0]["available"] == 30
    assert available(api, who) == 30
    (newest, *_) = api.get(f"/members/{who}/transfers").json()["transfers"]
    assert (newest["kind"], newest["points"]) == ("adjust", -20)
    books_balance()


def test_a_rotated_api_key_replays_too(api: Api, caller: Callable[..., Api]) -> None:
    who = member(api, "a")
    path, body = f"/members/{who}/adjustments", {"unit": "points", "points": 50, "reason": "goodwill"}
    first, second = post(api, path, body), post(caller(*ALL), path, body)
    assert (second.status_code, second.content) == (200, first.content)
    assert available(api, who) == 50


@pytest.mark.parametrize("key", [None, "", " ", "x" * 201, "Ключ", "tab\tbed"])
def test_a_request_names_itself(api: Api, key: str | None) -> None:
    who = member(api, "a")
    for path, body in (
        ("adjustments", {"unit": "points", "points": 1, "reason": "goodwill"}),
        ("transfers", {"unit": "points", "points": 1, "to": {"external_id": "a"}}),
        ("reinstatements", {"unit": "points"}),
    ):
        if key is not None and not key.isascii():
            key = key.encode().decode("latin-1")
        assert problem(post(api, f"/members/{who}/{path}", body, key)) == (400, "idempotency-key-needed")
    assert available(api, who) == 0


def test_two_hundred_characters_are_not_too_many(api: Api) -> None:
    path = f"/members/{member(api, 'a')}/adjustments"
    assert post(api, path, {"unit": "points", "points": 1, "reason": "goodwill"}, "~" * 200).status_code == 201


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"points": 1, "reason": "because"}, (422, "unknown-reason")),
        ({"points": 1, "unit": "miles"}, (422, "unknown-unit")),
        ({"points": 0}, (422, "no-points")),
        ({"points": -1}, (409, "insufficient-points")),
        ({"points": "1"}, (422, "invalid")),
        ({"points": 1.5}, (422, "invalid")),
        ({"points": 10**12 + 1}, (422, "invalid")),
        ({"points": 2**60}, (400, "bad-json")),
        ({"points": 1, "comment": "nice fellow"}, (422, "invalid")),
        ({"points": 1, "expires_at": "2020-01-01T00:00:00Z"}, (422, "time-out-of-range")),
        ({"points": 1, "expires_at": "tomorrow"}, (422, "invalid")),
        ({"points": 1, "expires_at": "9999-12-31T23:59:59-23:59"}, (422, "time-out-of-range")),
        ({"points": 1, "expires_at": "2099-01-01T00:00:00"}, (422, "time-out-of-range")),
    ],
)
def test_refusals(api: Api, body: dict[str, object], expected: tuple[int, str]) -> None:
    who = member(api, "a")
    whole = {"unit": "points", "reason": "goodwill", **body}
    assert problem(post(api, f"/members/{who}/adjustments", whole)) == expected
    assert available(api, who) == 0
    fine = {"unit": "points", "points": 5, "reason": "goodwill"}
    assert post(api, f"/members/{who}/adjustments", fine).status_code == 201, "a refused key is free"


def test_who_nobody_is(api: Api, caller: Callable[..., Api]) -> None:
    body = {"unit": "points", "points": 5, "reason": "goodwill"}
    for id_ in (new_id(now=clock.now()), "nobody", "%00"):
        assert problem(post(api, f"/members/{id_}/adjustments", body)) == (404, "unknown-member")
    who = member(api, "a")
    assert problem(post(caller("members:write"), f"/members/{who}/adjustments", body)) == (403, "missing-scope")
    assert available(api, who) == 0


def test_one_key_from_many_threads_happens_once(api: Api) -> None:
    who = member(api, "a")
    answers: list[tuple[int, bytes]] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        found = post(api, f"/members/{who}/adjustments", {"unit": "points", "points": 7, "reason": "goodwill"})
        answers.append((found.status_code, found.content))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({content for _, content in answers}) == 1
    assert available(api, who) == 7


def test_taking_from_many_threads_takes_no_more_than_there_is(api: Api) -> None:
    who = member(api, "a")
    earn(api, who, 50)
    codes: list[int] = []
    start = threading.Barrier(8)

    def work(name: str) -> None:
        start.wait()
        body = {"unit": "points", "points": -10, "reason": "correction"}
        codes.append(post(api, f"/members/{who}/adjustments", body, name).status_code)

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] * 5 + [409] * 3
    assert available(api, who) == 0
    books_balance()


# Between members ------------------------------------------------------------------------------------------------------


def test_points_between_members(api: Api, caller: Callable[..., Api]) -> None:
    anna, ivan = member(api, "a"), member(api, "i", phone="+79160000002")
    earn(api, anna, 30, days=9)
    path, body = f"/members/{anna}/transfers", {"unit": "points", "points": 10, "to": {"phone": "8 916 000-00-02"}}
    off = post(api, path, body)
    assert problem(off) == (409, "not-allowed")
    assert "transfers.between_members" in off.json()["detail"]
    allow(api, "transfers.between_members", value=True)
    assert problem(post(caller("points:adjust"), path, body)) == (403, "missing-scope")
    done = post(api, path, body)
    assert (done.status_code, done.json()["points"], done.json()["to"]) == (201, -10, ivan)
    assert (available(api, anna), available(api, ivan)) == (20, 10)
    ends = [api.get(f"/members/{who}/balance").json()["balance"][0]["expiring"][0]["at"] for who in (anna, ivan)]
    assert ends[0] == ends[1], "what arrives keeps its end"
    assert post(api, path, body)["Idempotent-Replay"] == "true"
    assert problem(post(api, path, {**body, "to": {"phone": "+79169999999"}}, "x")) == (404, "unknown-member")
    assert problem(post(api, path, {**body, "to": {"id": anna}}, "x")) == (422, "same-member")
    assert problem(post(api, path, {**body, "to": {}}, "x")) == (422, "invalid")
    assert problem(post(api, path, {**body, "points": -5}, "x")) == (422, "invalid")
    assert problem(post(api, path, {**body, "points": 21}, "x")) == (409, "insufficient-points")
    books_balance()


# Points given again ---------------------------------------------------------------------------------------------------


def test_points_given_again(api: Api) -> None:
    anna = member(api, "a")
    path, body = f"/members/{anna}/reinstatements", {"unit": "points"}
    assert problem(post(api, path, body)) == (409, "not-allowed")
    allow(api, "points.reinstate_days", 30)
    assert problem(post(api, path, body)) == (409, "nothing-to-reinstate")
    earn(api, anna, 12, days=5, ago=10)
    done = post(api, path, body)
    assert (done.status_code, done.json()["points"]) == (201, 12)
    assert available(api, anna) == 12
    assert post(api, path, body).status_code == 200
    books_balance()


# Merges ---------------------------------------------------------------------------------------------------------------


def test_a_merge_and_its_undoing(api: Api, caller: Callable[..., Api]) -> None:
    old = member(api, "old", phone="+79160000001", name="Anna")
    new = member(api, "new", name="Anna Ivanova")
    earn(api, old, 30)
    body = {"into": {"external_id": "new"}}
    assert problem(post(caller("points:adjust"), f"/members/{old}/merge", body, None)) == (403, "missing-scope")
    done = post(api, f"/members/{old}/merge", body, None)
    assert done.status_code == 201
    said = done.json()
    assert (said["member"], said["merged"], said["identities"]) == (new, old, ["phone"])
    assert said["points"] == [{"unit": "points", "points": 30}]
    again = post(api, f"/members/{old}/merge", body, None)
    assert (again.status_code, again.content, again["Idempotent-Replay"]) == (200, done.content, "true")

    read = api.get(f"/members/{old}")
    assert (read.status_code, read.json()["id"], read.json()["merged_from"]) == (200, new, [old])
    assert read.json()["phone"] == "+79160000001"
    assert api.post("/members:lookup", {"external_id": "old"}).json()["id"] == new
    assert (available(api, old), available(api, new)) == (30, 30), "both ids are one member's"
    given = post(api, f"/members/{old}/adjustments", {"unit": "points", "points": 5, "reason": "goodwill"})
    assert given.status_code == 201
    assert available(api, new) == 35
    stored = api.post("/members", {"external_id": "old", "phone": "+79160000001", "name": "Anna"})
    assert stored.status_code == 200, "a system that knows nothing of the merge is not refused"

    undone = post(api, f"/merges/{said['id']}:undo", {}, None)
    assert (undone.status_code, undone.json()["status"]) == (200, "undone")
    assert undone.json()["points"] == [{"unit": "points", "points": 30}]
    replay = post(api, f"/merges/{said['id']}:undo", {}, None)
    assert (replay.content, replay["Idempotent-Replay"]) == (undone.content, "true")
    assert api.get(f"/members/{old}").json()["id"] == old
    assert api.get(f"/members/{new}").json()["merged_from"] == []
    assert (available(api, old), available(api, new)) == (30, 5)
    books_balance()


def test_merges_that_cannot_be(api: Api) -> None:
    a, b, c = (member(api, name) for name in "abc")
    strange = new_id(now=clock.now())
    assert problem(post(api, f"/members/{a}/merge", {"into": {"id": a}}, None)) == (422, "same-member")
    assert problem(post(api, f"/members/{a}/merge", {"into": {"id": strange}}, None)) == (404, "unknown-member")
    assert problem(post(api, f"/members/{strange}/merge", {"into": {"id": a}}, None)) == (404, "unknown-member")
    assert problem(post(api, f"/members/{a}/merge", {"into": {}}, None)) == (422, "invalid")
    assert post(api, f"/members/{a}/merge", {"into": {"id": b}}, None).status_code == 201
    assert problem(post(api, f"/members/{a}/merge", {"into": {"id": c}}, None)) == (409, "already-merged")
    assert problem(post(api, f"/members/{b}/merge", {"into": {"id": a}}, None)) == (422, "same-member")
    assert problem(post(api, f"/merges/{strange}:undo", {}, None)) == (404, "unknown-correction")


def test_a_receipt_that_names_the_old_card_goes_to_the_survivor(api: Api) -> None:
    old, new = member(api, "old", card="4000-0001"), member(api, "new", card="4000-0002")
    assert post(api, f"/members/{old}/merge", {"into": {"id": new}}, None).status_code == 201
    receipt = {
        "number": "A-1",
        "place": "msk-1",
        "at": clock.now().isoformat(),
        "member": {"card": "4000-0001"},
        "lines": [{"sku": "tea", "quantity": "1", "amount": 45000}],
    }
    answer = api.post("/receipts", receipt)
    assert (answer.status_code, answer.json()["member"]["id"]) == (201, new)
    assert available(api, new) == 450


def test_merging_crosswise_from_two_sides_ends_with_one(api: Api) -> None:
    for n in range(6):
        a, b = member(api, f"a{n}"), member(api, f"b{n}")
        earn(api, a, 10)
        earn(api, b, 5)
        codes: list[int] = []
        start = threading.Barrier(2)

        def work(one: str, other: str, codes: list[int] = codes, start: threading.Barrier = start) -> None:
            start.wait()
            codes.append(post(api, f"/members/{one}/merge", {"into": {"id": other}}, None).status_code)

        threads = [threading.Thread(target=work, args=pair) for pair in ((a, b), (b, a))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert min(codes) == 201
        assert max(codes) in {409, 422}, "the second finds that they are one already"
        assert available(api, a) == available(api, b) == 15
    books_balance()


def test_everything_is_described(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    door = paths["/v1/members/{id}/adjustments"]["post"]
    assert [one["name"] for one in door["parameters"] if one["in"] == "header"] == ["Idempotency-Key"]
    for path in ("/v1/members/{id}/transfers", "/v1/members/{id}/merge", "/v1/merges/{id}:undo"):
        assert "post" in paths[path]
