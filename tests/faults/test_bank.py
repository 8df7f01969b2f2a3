"""A bank (P3): earning, spending and sending through two servers, judged by a checker that shares no code with us."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.faults import bank_checker
from tests.faults.bank_checker import Event
from tests.faults.conftest import POINT, Open, open_shop
from tests.faults.effort import either
from tests.faults.servers import Answer, Caller, Server, several
from verno.kit import db
from verno.verify import service as verify

MEMBERS = 50
OPENING = 100
WRITERS, READERS, PHOTOGRAPHERS = 8, 2, 2
SECONDS = either(quick=4.0, long=300.0)
MOST_ROUNDS = 5
"""On a slow machine nobody may have run out of points in the first one."""
SEED = either(quick=3, long=random.randrange(2**31))
CHECKER = Path(bank_checker.__file__)
SNAPSHOT = """
SELECT holder_id::text, available + pending + held - debt FROM ledger_account WHERE kind = 'member'
"""


@pytest.fixture
def shop(database: str, crowd: None) -> Open:
    made = open_shop(MEMBERS, points=OPENING)
    made.set("transfers.between_members", value=True)
    return made


@pytest.fixture
def servers(shop: Open) -> Iterator[list[Server]]:
    with several(2) as running:
        yield running


class Recorder:
    """Somebody whose history is noted."""

    history: list[Event]

    def turn(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def close(self) -> None:
        """Go home."""


class Client(Recorder):
    """One client of the bank; each call goes to either server, and its history is noted."""

    def __init__(self, shop: Open, servers: list[Server], name: str, seed: str) -> None:
        self.shop = shop
        self.dice = random.Random(seed)
        self.callers = [Caller(server.port, shop.key) for server in servers]
        self.names = (f"{name}-{number}" for number in count())
        self.history = []

    def _ask(self, caller: Caller, event: Event, name: str) -> Answer:
        who, points = event["who"], event["points"]
        assert isinstance(who, int)
        assert isinstance(points, int)
        if event["do"] == "send":
            body = {"to": {"external_id": f"m-{event['to']}"}, "unit": "points", "points": points}
            return caller.post(f"/v1/members/{self.shop.members[who]}/transfers", body, **{"Idempotency-Key": name})
        receipt = self.shop.sale(name, who, points * POINT) if event["do"] == "earn" else None
        return caller.post("/v1/receipts", receipt or self.shop.spend(name, who, points))

    def _note(self, event: Event, ask: Callable[[Caller], Answer]) -> None:
        caller = self.dice.choice(self.callers)
        event["start"] = time.monotonic_ns()
        answer = ask(caller)
        if answer.status not in {0, 503}:
            event["end"] = time.monotonic_ns()
        if answer.status in {200, 201}:
            (balance,) = json.loads(answer.body)["balance"]
            event["value"] = balance["available"] + balance["pending"] + balance["held"] - balance.get("debt", 0)
        elif answer.status == 409:
            event["refused"] = answer.json()["type"] == "insufficient-points"
            assert event["refused"], answer
        else:
            assert answer.status in {0, 503}, answer
        if event["do"] != "read" or "end" in event:
            self.history.append(event)

    def close(self) -> None:
        for caller in self.callers:
            caller.close()


class Writer(Client):
    """Moves points."""

    def turn(self) -> None:
        """Move points; what is sent is much more than what is earned or spent, so that half of it would be seen."""
        do = self.dice.choice(("earn", "spend", "send", "send"))
        who, to = self.dice.sample(range(MEMBERS), 2)
        event: Event = {"do": do, "who": who, "points": self.dice.randint(*(20, 60) if do == "send" else (1, 3))}
        if do == "send":
            event["to"] = to
        self._note(event, lambda caller: self._ask(caller, event, next(self.names)))


class Reader(Client):
    """Reads balances."""

    def turn(self) -> None:
        """Read a member's balance."""
        who = self.dice.randrange(MEMBERS)
        event: Event = {"do": "read", "who": who}
        self._note(event, lambda caller: caller.get(f"/v1/members/{self.shop.members[who]}/balance"))


class Photographer(Recorder):
    """Sees the whole program at one moment, as an export does."""

    def __init__(self, shop: Open) -> None:
        self.shop = shop
        self.conn = psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True)
        self.history = []

    def turn(self) -> None:
        start = time.monotonic_ns()
        found = {str(who): int(points) for who, points in self.conn.execute(SNAPSHOT)}
        values = [found[who] for who in self.shop.members]
        self.history.append({"do": "snapshot", "start": start, "end": time.monotonic_ns(), "values": values})
        time.sleep(0.02)

    def close(self) -> None:
        self.conn.close()


@pytest.mark.timeout(1800)
def test_no_history_of_the_bank_is_impossible(shop: Open, servers: list[Server], tmp_path: Path) -> None:
    everybody: list[Recorder] = [Writer(shop, servers, f"w{n}", f"{SEED}/w{n}") for n in range(WRITERS)]
    everybody += [Reader(shop, servers, f"r{n}", f"{SEED}/r{n}") for n in range(READERS)]
    everybody += [Photographer(shop) for _ in range(PHOTOGRAPHERS)]
    with ExitStack() as stack, ThreadPoolExecutor(len(everybody)) as threads:
        for one in everybody:
            stack.callback(one.close)
        for _ in range(MOST_ROUNDS):
            until = time.monotonic() + SECONDS
            list(threads.map(repeat, [one.turn for one in everybody], [until] * len(everybody)))
            if any(event.get("refused") for one in everybody for event in one.history):
                break
    history: list[Event] = [{"do": "open", "start": 0, "end": 0, "values": [OPENING] * MEMBERS}]
    history += [event for one in everybody for event in one.history]
    verdict = judged(history, tmp_path)
    assert verdict["ok"], f"seed {SEED}: {verdict}"
    assert sum(event["do"] in {"earn", "spend", "send"} for event in history) > SECONDS * 20
    assert any(event.get("refused") for event in history)
    with db.connect() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems


def repeat(turn: Callable[[], None], until: float) -> None:
    while time.monotonic() < until:
        turn()


def judged(history: list[Event], folder: Path) -> dict[str, object]:
    """Let the checker judge, as a program of its own."""
    path = folder / "history.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in history))
    done = subprocess.run([sys.executable, CHECKER, path], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    verdict: dict[str, object] = json.loads(done.stdout)
    return verdict


def story(*events: tuple[int, int | None, dict[str, object]]) -> list[Event]:
    """Two members with 10 points each, and what happened to them."""
    first: Event = {"do": "open", "start": 0, "end": 0, "values": [10, 10]}
    return [first, *({"start": start, "end": end, **event} for start, end, event in events)]


EARN = {"do": "earn", "who": 0, "points": 5}
SEND = {"do": "send", "who": 0, "to": 1, "points": 4}
SPEND = {"do": "spend", "who": 0, "points": 8}


def read(value: int, who: int = 0) -> dict[str, object]:
    return {"do": "read", "who": who, "value": value}


def seen(*values: int) -> dict[str, object]:
    return {"do": "snapshot", "values": list(values)}


POSSIBLE = {
    "an earning is seen once it was told": story((1, 2, {**EARN, "value": 15}), (3, 4, read(15))),
    "while it is under way, either": story((1, 9, {**EARN, "value": 15}), (2, 3, read(15)), (4, 5, read(15))),
    "what nobody knows may have happened": story((1, None, EARN), (3, 4, read(15))),
    "or not": story((1, None, EARN), (3, 4, read(10))),
    "or only later": story((1, None, EARN), (3, 4, read(10)), (5, 6, read(15))),
    "sent points are with one or the other": story((1, 9, {**SEND, "value": 6}), (2, 3, seen(6, 14))),
    "two at once, in some order": story((1, 5, {**SPEND, "value": 7}), (2, 4, {**EARN, "value": 15})),
    "refused, since it was too early": story((1, 5, {**SPEND, "refused": True, "points": 12}), (2, 4, EARN)),
}
IMPOSSIBLE = {
    "a stale read": story((1, 2, {**EARN, "value": 15}), (3, 4, read(10))),
    "back and forth": story((1, 9, {**EARN, "value": 15}), (2, 3, read(15)), (4, 5, read(10))),
    "a value nobody can have": story((1, 2, read(11))),
    "the same points spent twice": story((1, 9, {**SPEND, "value": 2}), (1, 9, {**SPEND, "value": 2})),
    "below zero": story((1, 2, {**SPEND, "value": 2}), (3, 4, {**SPEND, "value": -6})),
    "sent points are nowhere": story((1, 9, {**SEND, "value": 6}), (2, 3, seen(6, 10))),
    "sent points are twice": story((1, 9, {**SEND, "value": 6}), (2, 3, seen(10, 14))),
    "sent points do not arrive": story((1, 2, {**SEND, "value": 6}), (3, 4, read(10, who=1))),
    "refused although there was enough": story((1, 2, {**SPEND, "refused": True})),
    "lost although it was told": story((1, 2, {**EARN, "value": 15}), (3, 4, seen(10, 10))),
}


@pytest.mark.parametrize("name", POSSIBLE)
def test_the_checker_believes_what_is_possible(name: str) -> None:
    assert bank_checker.judge(POSSIBLE[name]) == []


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_the_checker_does_not_believe_what_is_not(name: str) -> None:
    assert bank_checker.judge(IMPOSSIBLE[name])
