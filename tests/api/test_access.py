"""Who may call, how often, and how soon a revoked key is deaf in every process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import psycopg
import pytest
from django.test import Client

from tests.api.conftest import Api, problem
from tests.builders import NOW, Shop
from verno.api import access, receipts
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.web.problems import Refused
from verno.workspace import audit, keys
from verno.workspace.types import Key, Scope

SALE = (
    b'{"number": "1", "place": "msk-1", "at": "2026-11-25T10:00:00Z",'
    b' "lines": [{"sku": "a", "quantity": "1", "amount": 5}]}'
)


def make_key(shop: Shop, *scopes: str, **options: object) -> str:
    with db.transaction() as conn:
        return keys.create(conn, shop.program.id, "test", scopes, now=clock.now(), **options)  # type: ignore[arg-type]


@pytest.fixture
def still() -> Iterator[None]:
    """Hold the clock: an allowance must not refill while a slow machine counts."""
    clock.read = lambda: NOW
    yield
    clock.read = system_now


def test_every_scope_of_the_page_is_there() -> None:
    assert {str(scope) for scope in Scope} == {
        "receipts:write",
        "points:spend",
        "points:adjust",
        "points:approve",
        "members:read",
        "members:write",
        "personal:read",
        "messages:send",
        "settings:write",
        "promotions:read",
        "promotions:write",
        "promotions:approve",
        "goods:write",
        "events:read",
    }


def test_what_looks_like_a_key_and_is_none(shop: Shop) -> None:
    text = make_key(shop, "members:read")
    wrong = [None, "", "Bearer", "Bearer ", f"Basic {text}", text, f"Bearer {text}0", "Bearer vk_a_b", "Bearer é"]
    for header in wrong:
        with pytest.raises(Refused) as refused:
            access.authorise(header, Scope.MEMBERS_READ, now=NOW)
        assert refused.value.problem.type == "unauthorized"
    assert access.authorise(f"bearer  {text} ", Scope.MEMBERS_READ, now=NOW).name == "test"


def test_a_second_right_is_asked_for_without_counting_twice(shop: Shop, still: None) -> None:
    text = make_key(shop, "receipts:write", rate=1)
    key = access.authorise(f"Bearer {text}", Scope.RECEIPTS_WRITE, now=NOW)
    access.need(key, Scope.RECEIPTS_WRITE)
    with pytest.raises(Refused) as refused:
        access.need(key, Scope.POINTS_SPEND)
    assert refused.value.problem.status == 403
    assert "points:spend" in (refused.value.problem.detail or "")


def test_places_of_a_key() -> None:
    free = Key("k", "p", "n", frozenset(), NOW)
    bound = Key("k", "p", "n", frozenset(), NOW, frozenset(["msk-1", "msk-2"]))
    assert access.allows_place(free, "anywhere")
    assert access.allows_place(bound, "msk-2")
    assert not access.allows_place(bound, "spb-1")


def test_a_key_without_a_rate_is_told_nothing(shop: Shop) -> None:
    api = Api(make_key(shop, "members:read"), shop)
    answer = api.get("/members/00000000-0000-0000-0000-000000000000")
    assert not [name for name in answer.headers if name.lower().startswith("ratelimit")]
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM workspace_key_meter").fetchone() == (0,)


def test_an_allowance_in_headers_and_then_429(shop: Shop, still: None) -> None:
    """Whatever becomes of a request, it counts: a 403 and a 404 too."""
    api = Api(make_key(shop, "members:read", rate=3), shop)
    answers = [api.get("/members/x"), api.post("/members", {}), api.get("/members/y"), api.get("/members/z")]
    assert [answer.status_code for answer in answers] == [404, 403, 404, 429]
    assert [answer["RateLimit-Policy"] for answer in answers] == ['"key";q=3;w=60'] * 4
    assert [answer["RateLimit"] for answer in answers] == [
        '"key";r=2;t=20',
        '"key";r=1;t=40',
        '"key";r=0;t=60',
        '"key";r=0;t=20',
    ]
    assert problem(answers[3]) == (429, "too-many-requests")
    assert answers[3].json()["retryable"] is True
    assert answers[3]["Retry-After"] == "20"
    assert "Retry-After" not in answers[2]


def test_the_tills_own_door_counts_too(shop: Shop, still: None) -> None:
    text = make_key(shop, "receipts:write", rate=1)
    replies = []
    for _ in range(2):
        call = receipts.Call(f"Bearer {text}", "application/json", None, BytesIO(SALE).read)
        replies.append(receipts.post_receipt(call))
    first, second = [dict(reply.headers) for reply in replies]
    assert [reply.status for reply in replies] == [201, 429]
    assert first["RateLimit"] == '"key";r=0;t=60'
    assert (second["Retry-After"], second["Content-Type"]) == ("60", "application/problem+json")
    client = Client(raise_request_exception=False)
    again = client.post(
        "/v1/receipts", SALE, content_type="application/json", headers={"Authorization": f"Bearer {text}"}
    )
    assert (again.status_code, again["Retry-After"]) == (429, "60")


def test_one_keys_allowance_is_not_anothers(shop: Shop, still: None) -> None:
    for _ in range(2):
        api = Api(make_key(shop, "members:read", rate=1), shop)
        assert api.get("/members/x").status_code == 404


CALLER = """
import sys, time
import django
django.setup()
from verno.api import access
from verno.kit.clock import clock
from verno.web.problems import Refused
from verno.workspace.types import Scope
while True:
    try:
        access.authorise("Bearer " + sys.argv[1], Scope.MEMBERS_READ, now=clock.now())
        word = "open"
    except Refused as refused:
        word = str(refused.problem.status)
    print(word, time.monotonic(), flush=True)
    time.sleep(0.05)
"""


@contextmanager
def calling(text: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that uses the key twenty times a second."""
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER, text], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def answer_of(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> float:
    """Return when the process first got an answer like that."""
    assert process.stdout is not None
    for line in process.stdout:
        word, at = line.split()
        if wanted(word):
            return float(at)
    raise AssertionError


def test_a_revoked_key_is_deaf_in_two_processes_within_five_seconds(shop: Shop) -> None:
    text = make_key(shop, "members:read")
    with calling(text) as one, calling(text) as two:
        for process in (one, two):
            answer_of(process, lambda word: word == "open")
        time.sleep(keys.CACHE_SECONDS / 2)  # in the middle of what they remember
        began = time.monotonic()
        with db.transaction() as conn:
            by = audit.Actor(audit.ActorKind.OPERATOR, "0")
            keys.revoke(conn, shop.program.id, text.split("_")[1], by=by, now=clock.now())
        for process in (one, two):
            assert answer_of(process, lambda word: word == "401") - began < 5.0


def test_a_slow_look_up_does_not_lengthen_the_memory(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked four seconds ago is asked again, however long the answer took to come."""
    text = make_key(shop, "members:read")
    moments = iter([100.0, 104.5, 104.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments, 104.5))
    access.authorise(f"Bearer {text}", Scope.MEMBERS_READ, now=clock.now())
    assert keys.cached(text) == (False, None)


def test_last_use_is_written_apart_from_the_request(shop: Shop) -> None:
    """A request that is refused and rolled back has used its key all the same."""
    api = Api(make_key(shop, "members:read"), shop)
    assert api.get("/members/x").status_code == 404
    with psycopg.connect(db.url()) as conn:
        row = conn.execute("SELECT last_used_at FROM workspace_api_key").fetchone()
    assert row is not None
    assert row[0] is not None
