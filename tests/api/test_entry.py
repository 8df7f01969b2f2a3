"""The server's entry: the till's addresses in the event loop, all else in Django's threads."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.test_till import Json, sale, spend, taken_back
from tests.builders import Shop
from verno.api import receipts
from verno.intake import groups
from verno.intake.types import Approved, Receipt
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.members import service as members
from verno.members.types import NewMember
from verno.web import wire
from verno.workspace import keys, settings
from verno.workspace.types import Scope


@dataclass(frozen=True)
class Told:
    """What the entry answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """Return the body's value."""
        value: Json = json.loads(self.body)
        return value


async def call(
    path: str,
    body: object,
    key: str = "",
    *,
    query: bytes = b"",
    method: str = "POST",
    parts: Iterable[Json] | None = None,
) -> Told | None:
    """Call the entry as a server does; None when it answered nothing. ``parts`` are the messages of the body."""
    from verno.wiring import asgi

    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    coming = iter(parts if parts is not None else [{"type": "http.request", "body": raw, "more_body": False}])
    sent: list[Json] = []

    async def receive() -> Json:
        return next(coming)

    async def send(message: Json) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    headers += [(b"content-length", b"%d" % len(raw))] if raw else []
    scope: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "http_version": "1.1",
        "headers": [*headers, (b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8000),
    }
    await asgi.application(scope, receive, send)  # type: ignore[arg-type]  # plain dictionaries
    if not sent:
        return None
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Told(sent[0]["status"], told, b"".join(message["body"] for message in sent[1:]))


def now(
    path: str,
    body: object,
    key: str = "",
    *,
    query: bytes = b"",
    method: str = "POST",
    parts: Iterable[Json] | None = None,
) -> Told:
    """Call the entry once; it must answer."""
    told = asyncio.run(call(path, body, key, query=query, method=method, parts=parts))
    assert told is not None
    return told


@pytest.fixture
def till(caller: Callable[..., Api], shop: Shop) -> Api:
    """A till whose regular has 500 points, worth 1.00 each."""
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "spend.value", 100, now=clock.now())
        members.upsert(conn, shop.program, [NewMember(external_id="m-1", card="CARD-0001")], now=clock.now())
    till = caller("receipts:write", "points:spend", "members:read")
    assert till.post("/receipts", sale("start", 50000)).status_code == 201
    return till


def test_the_entry_answers_as_the_router_does(till: Api) -> None:
    assert now("/v1/receipts", sale("Ч/1", hold=True), till.key).status == 201
    assert now("/v1/receipts:quote", sale("A-2"), till.key).json["status"] == "quoted"
    assert now("/v1/receipts/msk-1~~Ч/1:capture", {}, till.key).json["status"] == "settled"
    assert now("/v1/returns", taken_back("R-1", {"place": "msk-1", "number": "Ч/1"}), till.key).status == 201
    assert now("/v1/receipts/nobody:capture", {}, till.key).status == 404
    batch = now("/v1/receipts:batch", {"receipts": [sale("B-1"), {"number": 1}]}, till.key)
    assert [one["code"] for one in batch.json["results"]] == [201, 422]
    told = now("/v1/receipts", sale("A-3", 50), till.key, query=b"explain=all").json["explanation"]
    assert [rule["matched"] for rule in told] == [False]


def test_a_thousand_calls_wait_in_the_loop_and_each_gets_its_own_answer(till: Api) -> None:
    async def crowd() -> list[Told | None]:
        return list(await asyncio.gather(*(call("/v1/receipts", sale(f"C-{i}"), till.key) for i in range(1000))))

    asyncio.run(call("/v1/receipts", sale("warm"), till.key))  # the key is known: no call needs a thread
    before = threading.active_count()
    told = [one for one in asyncio.run(crowd()) if one is not None]
    assert threading.active_count() <= before + 1
    assert [one.status for one in told] == [201] * 1000
    assert [one.json["number"] for one in told] == [f"C-{i}" for i in range(1000)]


def test_what_would_wait_for_the_database_is_done_in_a_thread(till: Api, shop: Shop) -> None:
    """A key that nobody knows yet, one with a rate, an approval, a return whose sale has not come."""
    with db.transaction() as conn:
        text = keys.create(conn, shop.program.id, "rated", [Scope.RECEIPTS_WRITE], rate=1, now=clock.now())
    first = now("/v1/receipts", sale("A-1"), text)
    assert (first.status, first.headers["ratelimit-policy"]) == (201, '"key";q=1;w=60')
    second = now("/v1/receipts", sale("A-2"), text)
    assert (second.status, second.headers["content-type"]) == (429, "application/problem+json")
    assert "retry-after" in second.headers
    by_card = sale("A-3", member={"card": "CARD-0001"}, spend=spend(10), approval={"staff": "nobody", "pin": "0000"})
    assert now("/v1/receipts", by_card, till.key).json["type"].endswith("approval-needed")
    parked = now("/v1/returns", taken_back("R-1", {"place": "msk-1", "number": "later"}), till.key)
    assert (parked.status, parked.json["status"]) == (202, "parked")


def test_a_body_is_read_in_parts_and_no_further_than_it_may_be_long(till: Api) -> None:
    raw = json.dumps(sale("P-1")).encode()
    parts = [{"type": "http.request", "body": raw[at : at + 50], "more_body": True} for at in range(0, len(raw), 50)]
    whole = [*parts, {"type": "http.request", "body": b"", "more_body": False}]
    assert now("/v1/receipts", b"", till.key, parts=whole).status == 201

    def endless() -> Iterable[Json]:
        for _ in range(wire.MAX_OBJECT // 1024 + 2):
            yield {"type": "http.request", "body": b" " * 1024, "more_body": True}
        pytest.fail("it read on")

    assert now("/v1/receipts", b"", till.key, parts=endless()).status == 413
    gone: list[Json] = [parts[0], {"type": "http.disconnect"}]
    assert asyncio.run(call("/v1/receipts", b"", till.key, parts=gone)) is None


def test_all_else_is_djangos(till: Api) -> None:
    page = now("/console/sign-in/", b"", method="GET", query=b"next=/console/&x=%FF\xff")
    assert page.status == 200
    assert b"<form" in page.body
    assert now("/v1/receipts", b"", till.key, method="GET").status == 405
    named = now("/v1/receipts/msk-1~~start", b"", till.key, method="GET")
    assert named.json["status"] == "settled"


def test_the_loop_hears_that_a_lane_is_full_slow_or_broken(till: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    now("/v1/receipts", sale("warm"), till.key)
    lane = receipts.group_commit.single
    monkeypatch.setattr(groups, "MOST_WAITING", 0)
    full = now("/v1/receipts", sale("A-1"), till.key)
    assert (full.status, full.headers["retry-after"]) == (503, "1")
    monkeypatch.undo()

    opened, serve = threading.Event(), lane.serve

    def late(tickets: Sequence[groups.Ticket[Receipt | Approved]]) -> None:
        opened.wait(5)
        serve(tickets)

    monkeypatch.setattr(lane, "serve", late)
    waited = sale("A-2")
    one = wire.convert(waited, Receipt)
    with pytest.raises(Unavailable, match="send it again"):
        asyncio.run(lane.outcomes(till.shop.program.id, [one], patience=0.05))
    opened.set()  # its caller's loop is closed by now: the lane lives on all the same
    monkeypatch.undo()

    def broken(_: object) -> None:
        message = "a fault"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(lane, "serve", broken)
    assert now("/v1/receipts", sale("A-3"), till.key).status == 500
    monkeypatch.undo()
    assert now("/v1/receipts", waited, till.key).status == 200
