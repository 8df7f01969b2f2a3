"""The till's client against a real server: nothing lost, nothing doubled, whatever the network does."""

import importlib.util
import json
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.commands import Tree, free_port, init_words, up, verno

FILE = Path(__file__).parents[2] / "clients" / "python" / "verno_till.py"
MEMBER = {"external_id": "c-1", "name": "Anna", "phone": "+79160000001"}
SCOPES = ("receipts:write", "points:spend", "members:read", "members:write")
DAY = 86_400.0


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verno_till", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verno_till"] = module
    spec.loader.exec_module(module)
    return module


verno_till = load()


class Shop:
    """A server with one member, and its key."""

    def __init__(self, tree: Tree, key: str) -> None:
        self.tree, self.key = tree, key
        self.url = f"http://127.0.0.1:{tree.port}"

    def till(self, queue: Path, url: str | None = None, key: str | None = None) -> Any:  # noqa: ANN401 a loaded file
        return verno_till.Till(url or self.url, key or self.key, place="msk-1", queue=str(queue), patience=3.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("client")
    assert verno(home, *init_words(), "--spend-value", "100").returncode == 0
    made = verno(home, "key", "create", "--name", "till", "--json", *[w for s in SCOPES for w in ("--scope", s)])
    with up(home) as tree:
        one = Shop(tree, json.loads(made.stdout)["key"])
        one.till(home / "setup.db")._post("/v1/members", MEMBER)
        yield one


def receipt(number: str, amount: int = 1000) -> dict[str, object]:
    lines = [{"sku": "coffee", "quantity": "1", "amount": amount}]
    return {
        "number": number, "at": "2026-11-22T10:00:00+03:00", "member": {"external_id": "c-1"}, "lines": lines,
    }  # fmt: skip


class Flaky(threading.Thread):
    """A proxy that hands every request on, and loses every second answer: what the network does at its worst."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.target, self.count, self.open = port, 0, True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.start()

    def run(self) -> None:
        while self.open:
            with suppress(OSError):
                client, _ = self.listener.accept()
                with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                    self.serve(client, server)

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        self.count += 1
        lost = self.count % 2 == 1
        client.settimeout(0.3)
        with suppress(TimeoutError):
            while data := client.recv(65_536):
                server.sendall(data)
        server.settimeout(0.3)
        with suppress(TimeoutError):
            while data := server.recv(65_536):
                if not lost:
                    client.sendall(data)

    def stop(self) -> None:
        self.open = False
        self.listener.close()


def available(shop: Shop, tmp_path: Path) -> int:
    [points] = shop.till(tmp_path / "look.db").balance({"external_id": "c-1"})
    return int(points["available"])


def test_a_sale_is_taken_at_once(shop: Shop, tmp_path: Path) -> None:
    before = available(shop, tmp_path)
    till = shop.till(tmp_path / "q.db")
    done = till.sell(receipt("now-1"))
    assert (done.status, done.body["points"][0]["earned"]) == (201, 10)
    assert till.sell(receipt("now-1")).replayed
    assert till.waiting() == 0
    assert available(shop, tmp_path) == before + 10


def test_what_could_not_be_sent_goes_out_days_later_once(shop: Shop, tmp_path: Path) -> None:
    before = available(shop, tmp_path)
    offline = shop.till(tmp_path / "q.db", url=f"http://127.0.0.1:{free_port()}")
    for n in range(3):
        assert offline.sell(receipt(f"off-{n}")) is None
    assert offline.sell(receipt("off-1")) is None
    assert offline.waiting() == 3
    offline.close()
    till = shop.till(tmp_path / "q.db")  # another process, days later, finds the queue where it was
    later = time.time() + 5 * DAY
    assert till.replay(now=later) == 3
    assert (till.waiting(), till.replay(now=later), till.refused()) == (0, 0, [])
    assert available(shop, tmp_path) == before + 30


def test_lost_answers_double_nothing(shop: Shop, tmp_path: Path) -> None:
    before = available(shop, tmp_path)
    proxy = Flaky(shop.tree.port)
    till = shop.till(tmp_path / "q.db", url=f"http://127.0.0.1:{proxy.port}")
    for n in range(4):
        till.sell(receipt(f"flaky-{n}"))
    now = time.time()
    for step in range(20):
        if not till.waiting():
            break
        till.replay(now=now + 100 * (step + 1))
    proxy.stop()
    assert till.waiting() == 0
    assert proxy.count > 4
    assert available(shop, tmp_path) == before + 40


def test_a_sale_returned_while_offline(shop: Shop, tmp_path: Path) -> None:
    before = available(shop, tmp_path)
    offline = shop.till(tmp_path / "q.db", url=f"http://127.0.0.1:{free_port()}")
    offline.sell(receipt("both-1"))
    back = {"number": "both-r", "at": "2026-11-22T11:00:00+03:00", "original": {"place": "msk-1", "number": "both-1"}}
    assert offline.give_back(back) is None
    till = shop.till(tmp_path / "q.db")
    assert till.replay(now=time.time() + DAY) == 2
    assert available(shop, tmp_path) == before


def test_what_verno_refuses_stands_aside_and_the_rest_goes_out(shop: Shop, tmp_path: Path) -> None:
    offline = shop.till(tmp_path / "q.db", url=f"http://127.0.0.1:{free_port()}")
    offline.sell({**receipt("bad-1"), "lines": []})
    offline.sell(receipt("good-1"))
    till = shop.till(tmp_path / "q.db")
    assert till.replay(now=time.time() + DAY) == 2
    [(name, status, problem)] = till.refused()
    assert (name.rsplit("~", 1)[-1], status, problem["retryable"]) == ("bad-1", 422, False)
    assert till.waiting() == 0


def test_a_key_that_is_not_let_in_loses_nothing(shop: Shop, tmp_path: Path) -> None:
    till = shop.till(tmp_path / "q.db", key="vk_000000000000_" + "0" * 64)
    with pytest.raises(verno_till.Refused) as refused:
        till.sell(receipt("locked-1"))
    assert refused.value.status == 401
    with pytest.raises(verno_till.Refused):
        till.replay(now=time.time() + DAY)
    assert till.waiting() == 1
    assert shop.till(tmp_path / "q.db").replay(now=time.time() + DAY) == 1


def test_another_body_under_a_waiting_number_is_refused(shop: Shop, tmp_path: Path) -> None:
    offline = shop.till(tmp_path / "q.db", url=f"http://127.0.0.1:{free_port()}")
    offline.sell(receipt("same-1"))
    with pytest.raises(verno_till.Refused) as refused:
        offline.sell(receipt("same-1", amount=2000))
    assert refused.value.problem["type"] == "idempotency-mismatch"


def test_quote_hold_capture(shop: Shop, tmp_path: Path) -> None:
    till = shop.till(tmp_path / "q.db")
    till.sell(receipt("fill-1", amount=100_000))
    before = available(shop, tmp_path)
    sale = {**receipt("spend-1", amount=50_000), "spend": [{"unit": "points", "points": 100}]}
    quoted = till.quote(sale)
    assert quoted["to_pay"] == 40_000
    held = till.hold({**sale, "quote": quoted["quote"]})
    assert held["status"] == "held"
    assert till.capture(held["id"], fiscal_number="f-1")["status"] == "settled"
    assert available(shop, tmp_path) == before - 100 + 400


def test_the_program_replays_a_queue(shop: Shop, tmp_path: Path) -> None:
    queue = tmp_path / "q.db"
    offline = shop.till(queue, url=f"http://127.0.0.1:{free_port()}")
    offline.sell(receipt("cron-1"))
    sqlite3.connect(queue).execute("UPDATE request SET next_at = 0").connection.commit()
    words = [sys.executable, str(FILE), "replay", shop.url, shop.key, "msk-1", str(queue)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"answered": 1, "waiting": 0, "refused": 0})
