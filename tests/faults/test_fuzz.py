"""No body crashes the API (P25): Schemathesis over its own description with three keys, and spoilt bodies of ours."""

import json
import random
import subprocess
import sys
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from pathlib import Path

import pytest

from tests.faults.bodies import Json, Spoilt, operations, spoilt
from tests.faults.conftest import EVERY_SCOPE, Open, open_shop
from tests.faults.effort import LONG, either
from tests.faults.servers import Answer, Caller, Server, serving

SEED = either(quick=20261125, long=random.randrange(2**31))
ROLES: dict[str, Sequence[str]] = {
    "owner": EVERY_SCOPE,
    "till": [scope for scope in EVERY_SCOPE if scope.startswith(("receipts:", "points:"))],
    "reader": ["members:read"],
}
EXAMPLES = either(quick=3, long=150)
ALL_PHASES = "examples,coverage,fuzzing,stateful"
PHASES = (
    dict.fromkeys(ROLES, ALL_PHASES) if LONG else {"owner": "coverage", "till": "fuzzing,stateful", "reader": "fuzzing"}
)
BODIES = either(quick=1_000, long=10_000)
SETTINGS = Path(__file__).parent / "schemathesis.toml"
BETRAYING = (b"Traceback", b"psycopg", b"SELECT ", b"INSERT ", b"site-packages", b"django", b"ledger_", b"intake_")
"""What no stranger may read: stacks, statements, names of our insides."""


@pytest.fixture
def shop(database: str) -> Open:
    return open_shop(3)


@pytest.fixture
def server(shop: Open, crowd: None) -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.mark.timeout(3600)
def test_schemathesis_finds_no_fault_whoever_asks(shop: Open, server: Server, tmp_path: Path) -> None:
    def fuzz(role: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / role).mkdir()
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
            *("run", f"http://127.0.0.1:{server.port}/v1/openapi.json", "--no-color"),
            *("-H", f"Authorization: Bearer {shop.another_key(ROLES[role])}"),
            *("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--warnings", "off"),
            *("--phases", PHASES[role]),
        ]
        return subprocess.run(command, cwd=tmp_path / role, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(len(ROLES)) as roles:
        for role, done in zip(ROLES, roles.map(fuzz, ROLES), strict=True):
            assert done.returncode == 0, f"{role}:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
            assert "generated" in done.stdout


@pytest.mark.timeout(1800)
def test_spoilt_bodies_get_a_problem_and_nothing_else(shop: Open, server: Server) -> None:
    with Caller(server.port, shop.key) as caller:
        described = caller.get("/v1/openapi.json").json()
    known: dict[str, Json] = {
        "/v1/receipts": json.loads(json.dumps(shop.sale("1", 0, till="1", cashier="c-1", attributes={"a": 1}))),
        "/v1/receipts:batch": {"receipts": [json.loads(json.dumps(shop.sale(f"b-{i}", i))) for i in range(3)]},
    }
    among = operations(described, known, shop.members[0])
    assert len(among) > 4
    bodies = list(islice(spoilt(among, SEED), BODIES))
    quarters = [bodies[start::4] for start in range(4)]
    with ThreadPoolExecutor(4) as threads:
        told = list(chain(*threads.map(partial(send, server.port, shop.key), quarters)))
    answered = list(zip(chain(*quarters), told, strict=True))
    wrong = [
        f"{one.how}: {one.operation.method} {one.operation.path}: {said.status} {said.body[:500]!r}"
        for one, said in answered
        if not proper(said)
    ]
    assert not wrong, f"seed {SEED}: {len(wrong)}, such as " + "\n".join(wrong[:5])
    kinds = Tally(one.status // 100 for one in told)
    assert kinds[4] > len(told) // 2, kinds
    with Caller(server.port, shop.key) as caller:
        assert caller.post("/v1/receipts", shop.sale("after", 0)).status == 201


def send(port: int, key: str, bodies: Sequence[Spoilt]) -> list[Answer]:
    with Caller(port, key) as caller:
        return [_send(caller, one) for one in bodies]


def _send(caller: Caller, one: Spoilt) -> Answer:
    """Send a body; again over a new line when the old one was closed after the body before, too large to be read."""
    headers = {"Content-Type": "application/json", **one.headers}
    said = caller.ask(one.operation.method, one.operation.path, one.body, headers)
    return said if said.status else caller.ask(one.operation.method, one.operation.path, one.body, headers)


def proper(said: Answer) -> bool:
    """Tell whether an answer is a success or a whole problem, below 500, that betrays nothing."""
    if said.status == 0 or said.status >= 500 or any(word in said.body for word in BETRAYING):
        return False
    if said.status < 400:
        return True
    if said.headers.get("content-type") != "application/problem+json":
        return False
    body = said.json()
    return {"type", "title", "status", "retryable"} <= set(body) and body["status"] == said.status
