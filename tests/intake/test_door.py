"""The till's door over HTTP: hostile bodies, keys, batches, crowds."""

import json
from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.intake.conftest import Counter, open_counter
from verno.api import receipts
from verno.api.receipts import Call, Reply
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.workspace import keys

Poster = Callable[..., Reply]

LINE = {"sku": "coffee-1", "quantity": "2", "amount": 45000, "discount": 5000, "attributes": {}}
SALE = {
    "number": "A-1001",
    "series": "shift-7",
    "place": "msk-1",
    "till": "1",
    "cashier": "c-17",
    "at": "2026-11-22T10:00:00+03:00",
    "member": {"phone": "+79160000001"},
    "lines": [LINE],
    "payments": [{"method": "cash", "amount": 45000}],
    "channel": "store",
    "attributes": {},
}


@pytest.fixture
def shop(database: str) -> Counter:
    """A shop that is committed."""
    with db.transaction() as conn:
        return open_counter(conn)


@pytest.fixture
def post(shop: Counter) -> Poster:
    """Return a caller with a key: ``post(body, path=..., **call fields)``."""
    with db.transaction() as conn:
        key = keys.create(conn, shop.program.id, "till", ["receipts:write"], now=clock.now())

    def send(body: object, door: Callable[[Call], Reply] = receipts.post_receipt, **changes: object) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"authorization": f"Bearer {key}", "content_type": "application/json", "content_encoding": None}
        return door(Call(**{**fields, **changes}, read=lambda most: raw[:most]))  # type: ignore[arg-type]

    return send


def stored() -> int:
    """Count receipts in the database."""
    with db.transaction() as conn:
        row = conn.execute("SELECT count(*) FROM intake_receipt").fetchone()
    assert row
    return int(row[0])


def test_a_receipt_and_its_replay(post: Poster) -> None:
    first, again = post(SALE), post(SALE)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert ("Idempotent-Replay", "true") in again.headers
    assert json.loads(first.body)["points"] == [{"unit": "points", "earned": 450, "spent": 0}]
    assert stored() == 1


def with_line(**changes: object) -> dict[str, object]:
    """The sale with its line changed; None removes a field."""
    line = {**LINE, **changes}
    return {**SALE, "lines": [{name: value for name, value in line.items() if value is not None}]}


def without(*names: str) -> dict[str, object]:
    """The sale without some fields."""
    return {name: value for name, value in SALE.items() if name not in names}


DEEP = b'{"number":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
TEXT = json.dumps(SALE)

HOSTILE = {
    "empty": (b"", 400, "bad-json", ""),
    "not json": (b"number=1", 400, "bad-json", ""),
    "an array": (b"[]", 422, "invalid", ""),
    "null": (b"null", 422, "invalid", ""),
    "cut off": (TEXT[:-7].encode(), 400, "bad-json", ""),
    "invalid utf-8": (TEXT.encode().replace(b"c-17", b"\xff\xfe"), 400, "bad-json", ""),
    "utf-16": (TEXT.encode("utf-16"), 400, "bad-json", ""),
    "nan": (TEXT.replace("45000", "NaN").encode(), 400, "bad-json", ""),
    "infinity": (TEXT.replace("45000", "-Infinity").encode(), 400, "bad-json", ""),
    "nul": (TEXT.replace("c-17", "c\\u0000").encode(), 400, "bad-json", ""),
    "raw nul": (TEXT.replace("c-17", "c\x00").encode(), 400, "bad-json", ""),
    "half a surrogate": (TEXT.replace("c-17", "\\ud800").encode(), 400, "bad-json", ""),
    "duplicate key": (TEXT[:-1].encode() + b',"number":"A-2"}', 400, "bad-json", ""),
    "duplicate key within": (TEXT.replace('"sku"', '"amount":1,"sku"').encode(), 400, "bad-json", ""),
    "a million deep": (DEEP[:200_000], 400, "bad-json", ""),
    "depth 100": (TEXT[:-1].encode() + b',"x":' + b"[" * 100 + b"]" * 100 + b"}", 400, "bad-json", ""),
    "10^400": (TEXT.replace("45000", "1" + "0" * 400).encode(), 400, "bad-json", ""),
    "1e400": (TEXT.replace("45000", "1e400").encode(), 400, "bad-json", ""),
    "over the limit": (TEXT[:-1].encode() + b',"x":"' + b"x" * 300_000 + b'"}', 413, "too-large", ""),
    "unknown field": ({**SALE, "colour": 1}, 422, "invalid", "colour"),
    "unknown field in a line": (with_line(colour=1), 422, "invalid", "lines[0].colour"),
    "no number": (without("number"), 422, "invalid", "number"),
    "no lines": ({**SALE, "lines": []}, 422, "invalid", "lines"),
    "no sku": (with_line(sku=None), 422, "invalid", "lines[0].sku"),
    "empty number": ({**SALE, "number": ""}, 422, "invalid", "number"),
    "number is a number": ({**SALE, "number": 7}, 422, "invalid", "number"),
    "negative amount": (with_line(amount=-1), 422, "invalid", "lines[0].amount"),
    "absurd amount": (with_line(amount=10**15), 422, "invalid", "lines[0].amount"),
    "amount is text": (with_line(amount="45000"), 422, "invalid", "lines[0].amount"),
    "amount is a fraction": (with_line(amount=450.5), 422, "invalid", "lines[0].amount"),
    "amount is true": (with_line(amount=True), 422, "invalid", "lines[0].amount"),
    "negative quantity": (with_line(quantity="-1"), 422, "invalid", "lines[0].quantity"),
    "quantity is a number": (with_line(quantity=2), 422, "invalid", "lines[0].quantity"),
    "quantity of four decimals": (with_line(quantity="1.0001"), 422, "invalid", "lines[0].quantity"),
    "quantity NaN": (with_line(quantity="NaN"), 422, "invalid", "lines[0].quantity"),
    "quantity with a line break": (with_line(quantity="1\n"), 422, "invalid", "lines[0].quantity"),
    "quantity in arabic digits": (with_line(quantity="٢"), 422, "invalid", "lines[0].quantity"),
    "negative discount": (with_line(discount=-5), 422, "invalid", "lines[0].discount"),
    "no time": (without("at"), 422, "invalid", "at"),
    "not a time": ({**SALE, "at": "yesterday"}, 422, "invalid", "at"),
    "a far future": ({**SALE, "at": "2126-01-01T00:00:00Z"}, 422, "time-out-of-range", "at"),
    "unknown place": ({**SALE, "place": "spb-9"}, 422, "unknown-place", "place"),
    "member by nothing": ({**SALE, "member": {}}, 422, "member-named-badly", "member"),
    "member is text": ({**SALE, "member": "+79160000001"}, 422, "invalid", "member"),
    "an attribute is an object": ({**SALE, "attributes": {"a": {"b": 1}}}, 422, "invalid", "attributes"),
    "1001 lines": ({**SALE, "lines": [LINE] * 1001}, 422, "invalid", "lines"),
}


def test_hostile_bodies_get_a_problem_that_names_the_field_and_leave_nothing(post: Poster) -> None:
    seen = {}
    for name, (body, *_) in HOSTILE.items():
        reply = post(body)
        told = json.loads(reply.body)
        assert dict(reply.headers)["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "retryable"} <= set(told)
        fields = [error["field"] for error in told.get("errors", [])]
        seen[name] = (reply.status, told["type"], fields[0] if fields else "")
    expected = {name: (status, kind, field) for name, (_, status, kind, field) in HOSTILE.items()}
    attribute = seen["an attribute is an object"][2]
    assert attribute.startswith("attributes")
    expected["an attribute is an object"] = (422, "invalid", attribute)
    assert seen == expected
    assert stored() == 0


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"authorization": None}, 401),
        ({"authorization": "Bearer vk_000000000000_00"}, 401),
        ({"authorization": "Basic dGVzdA=="}, 401),
        ({"content_type": "text/plain"}, 415),
        ({"content_encoding": "gzip"}, 415),
    ],
)
def test_strangers_and_other_media_are_refused(post: Poster, call: dict[str, str | None], status: int) -> None:
    assert post(SALE, **call).status == status
    assert stored() == 0


def test_a_key_without_the_scope_hears_which_one_it_lacks(post: Poster, shop: Counter) -> None:
    with db.transaction() as conn:
        key = keys.create(conn, shop.program.id, "reader", ["members:read"], now=clock.now())
    reply = post(SALE, authorization=f"Bearer {key}")
    assert reply.status == 403
    assert b"receipts:write" in reply.body
    assert stored() == 0


def test_one_bad_item_of_a_thousand_spoils_nobody(post: Poster) -> None:
    items: list[object] = [{**SALE, "number": f"B-{i}"} for i in range(1000)]
    items[500] = {**SALE, "number": "B-500", "lines": [{**LINE, "amount": -1}]}
    reply = post({"receipts": items}, receipts.post_receipts)
    results = json.loads(reply.body)["results"]
    assert reply.status == 200
    assert Tally(result["code"] for result in results) == {201: 999, 422: 1}
    assert results[500]["body"]["errors"][0]["field"] == "lines[0].amount"
    assert [result["body"]["number"] for result in results[:500]] == [f"B-{i}" for i in range(500)]
    assert stored() == 999
    again = json.loads(post({"receipts": items}, receipts.post_receipts).body)["results"]
    assert Tally(result["code"] for result in again) == {200: 999, 422: 1}


def test_items_of_a_batch_are_judged_one_by_one(post: Poster) -> None:
    other = {**SALE, "lines": [{**LINE, "amount": 1}]}
    body = {"receipts": [SALE, 7, None, {}, SALE, other, {**SALE, "number": "A-2", "place": "no"}]}
    results = json.loads(post(body, receipts.post_receipts).body)["results"]
    assert [result["code"] for result in results] == [201, 400, 400, 422, 200, 422, 422]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"receipts": []}, 200),
        ({"receipts": [SALE] * 1001}, 422),
        ({"receipts": SALE}, 422),
        ({"receipts": [], "more": 1}, 422),
        (b"[", 400),
    ],
)
def test_only_an_unreadable_batch_is_refused_as_a_whole(post: Poster, body: object, status: int) -> None:
    assert post(body, receipts.post_receipts).status == status
    assert stored() == 0


def test_64_clients_with_the_same_receipt_make_one(post: Poster) -> None:
    with ThreadPoolExecutor(64) as crowd:
        replies = list(crowd.map(lambda _: post(SALE), range(64)))
    assert Tally(reply.status for reply in replies) == {201: 1, 200: 63}
    assert len({reply.body for reply in replies}) == 1
    with db.transaction() as conn:
        assert conn.execute("SELECT sum(available) FROM ledger_account").fetchone() == (450,)
        assert conn.execute("SELECT count(*) FROM ledger_transfer").fetchone() == (1,)


def test_two_servers_with_the_same_receipts_make_one_of_each(post: Poster, shop: Counter) -> None:
    from verno.intake.bulk import load
    from verno.intake.types import Receipt
    from verno.web.wire import convert

    items = [{**SALE, "number": f"C-{i}"} for i in range(300)]
    other = [convert(item, Receipt) for item in items]
    with ThreadPoolExecutor(2) as both:
        first = both.submit(post, {"receipts": items}, receipts.post_receipts)
        second = both.submit(load, shop.program.id, other, now=clock.now(), on_batch=lambda *_: None)
        assert first.result().status == 200
        second.result()
    assert stored() == 300
    with db.transaction() as conn:
        assert conn.execute("SELECT sum(available) FROM ledger_account").fetchone() == (450 * 300,)


def test_a_bad_neighbour_spoils_nobody(post: Poster, shop: Counter) -> None:
    """A database error that only one receipt of a group meets costs that receipt alone."""
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        owner.execute("ALTER TABLE intake_receipt ADD CONSTRAINT sabotage CHECK (number <> 'D-77')")
    items = [{**SALE, "number": f"D-{i}"} for i in range(200)]
    results = json.loads(post({"receipts": items}, receipts.post_receipts).body)["results"]
    assert Tally(result["code"] for result in results) == {201: 199, 500: 1}
    assert results[77]["code"] == 500
    assert "sabotage" not in json.dumps(results[77])
    assert stored() == 199


def test_a_dead_connection_is_replaced(post: Poster) -> None:
    post(SALE)
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = 'verno' AND datname = current_database()"
        )
    assert post({**SALE, "number": "A-2"}).status == 201


def test_a_database_that_is_gone_is_503_with_a_time_to_come_again(
    post: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        message = "the database does not answer"
        raise Unavailable(message)

    post(SALE)
    receipts.group_commit.single.conn.close()  # type: ignore[union-attr]
    monkeypatch.setattr(db, "connect_for_batches", gone)
    reply = post({**SALE, "number": "A-2"})
    assert reply.status == 503
    assert "Retry-After" in dict(reply.headers)
    assert json.loads(reply.body)["retryable"] is True
