"""A till's client for Verno that needs nothing but Python 3.9 or newer: copy this one file.

Four calls make a till complete: ``quote`` (what may be spent, what is to pay), ``sell`` (take the receipt),
``give_back`` (a return or, without lines, a void), ``balance``. Between ``quote`` and the money, ``hold``, ``capture``
and ``cancel`` set points aside.

Selling must not wait for the network. ``sell`` and ``give_back`` first write their request into a small database on
this disk and only then try to send it. What cannot be sent now is sent later, oldest first, by ``replay``, however many
days later. Nothing is lost, since a request leaves the queue only when Verno has answered it for good; nothing is
doubled, since Verno knows every receipt by its number.

    till = Till("https://loyalty.example.org", "vk_…", place="msk-1", queue="till-1.db")
    done = till.sell({"number": "A-1001", "at": "2026-11-22T10:00:00+03:00", "member": {"card": "4690001"},
                      "lines": [{"sku": "coffee-1", "quantity": "2", "amount": 45000}]})
    print(done.body["points"] if done else "kept for later")

As a program it replays a queue, for a scheduler: ``python verno_till.py replay https://… KEY msk-1 till-1.db``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be different next time. All others are Verno's last word."""

LOCKED_OUT = frozenset({401, 403})
"""The key's fault, not the receipt's: what waits goes on waiting until somebody has mended the key."""

CONFLICT = 409

SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    kept_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refused (
    name TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    status INTEGER NOT NULL,
    problem TEXT NOT NULL,
    refused_at REAL NOT NULL
);
"""


@dataclass(frozen=True)
class Answer:
    """What Verno said: the status, the body, and whether it had said so before."""

    status: int
    body: Mapping[str, Any]
    replayed: bool = False


class Refused(Exception):
    """Verno will not do this, however often it is asked. ``problem["type"]`` is stable, see the API's reference."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Keep the problem."""
        super().__init__(f"{status} {problem.get('type')}: {problem.get('detail') or problem.get('title')}")
        self.status = status
        self.problem = problem


class Unreachable(Exception):
    """Nobody answered, or asked to come again; ``after`` is the number of seconds to wait, when it was told."""

    def __init__(self, words: str, after: float | None = None) -> None:
        """Keep the wait."""
        super().__init__(words)
        self.after = after


class Till:
    """One till of one store."""

    def __init__(
        self, url: str, key: str, *, place: str, queue: str, till: str | None = None, patience: float = 5.0
    ) -> None:
        """``url`` is Verno's address, ``key`` an API key with the scope receipts:write (points:spend to spend).

        ``queue`` is the file where requests wait; ``patience`` the seconds to wait for an answer at the counter.
        """
        parts = urllib.parse.urlsplit(url)
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._base = parts.path.rstrip("/")
        self._key, self._place, self._till, self._patience = key, place, till, patience
        self._lock = threading.Lock()
        self._db = sqlite3.connect(queue, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a kept request survives a power cut
        self._db.executescript(SCHEMA)

    # At the counter

    def quote(self, receipt: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask what the receipt would earn, what may be spent and what is to pay. Changes nothing.

        Raises ``Refused`` or ``Unreachable``: then sell without points.
        """
        return self._post("/v1/receipts:quote", self._mine(receipt)).body

    def hold(self, receipt: Mapping[str, Any], *, seconds: int = 600) -> Mapping[str, Any]:
        """Set the receipt's points aside while the member pays. Raises ``Refused`` or ``Unreachable``."""
        body = {**self._mine(receipt), "hold": True, "hold_seconds": seconds}
        return self._post("/v1/receipts", body).body

    def capture(self, receipt_id: str, *, fiscal_number: str | None = None) -> Mapping[str, Any]:
        """Spend what was set aside: the money is in. Raises ``Refused`` or ``Unreachable`` (ask again: it is one)."""
        body = {"fiscal_number": fiscal_number} if fiscal_number else {}
        return self._post(f"/v1/receipts/{urllib.parse.quote(receipt_id, safe='')}:capture", body).body

    def cancel(self, receipt_id: str) -> Mapping[str, Any]:
        """Free what was set aside. Raises ``Refused`` or ``Unreachable``; untold, it frees itself when time is over."""
        return self._post(f"/v1/receipts/{urllib.parse.quote(receipt_id, safe='')}:cancel", {}).body

    def sell(self, receipt: Mapping[str, Any]) -> Answer | None:
        """Take a receipt. None: Verno was not to be reached, the receipt is kept and goes out with ``replay``.

        A receipt that spends points (``spend`` or ``quote``) is not kept: points can only be spent when Verno agrees.
        Raises ``Refused`` when Verno refuses it for good (or does not let the key in: then it is kept too), and
        ``Unreachable`` for one that spends.
        """
        body = self._mine(receipt)
        if "spend" in body or "quote" in body:
            return self._post("/v1/receipts", body)
        return self._keep_and_send("/v1/receipts", body)

    def give_back(self, returned: Mapping[str, Any]) -> Answer | None:
        """Take a return: ``original`` names the sale, ``lines`` what comes back; without ``lines`` all of it (a void).

        None: kept for later, like ``sell``. Raises ``Refused``.
        """
        return self._keep_and_send("/v1/returns", self._mine(returned, till=False))

    def balance(self, member: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Return a member's points by unit; the key needs members:read. Raises ``Refused`` or ``Unreachable``."""
        found = self._post("/v1/members:lookup", member).body
        answer = self._send("GET", f"/v1/members/{found['id']}/balance", None)
        balance: Sequence[Mapping[str, Any]] = answer.body["balance"]
        return balance

    # The queue

    def replay(self, *, now: float | None = None) -> int:
        """Send what waits and is due, in order; returns how many were answered for good.

        Stops at the first that cannot be sent: the network is one for all. What Verno refuses goes to ``refused``,
        except that it raises ``Refused`` when the key itself is not let in (401, 403): then everything stays.
        """
        moment = time.time() if now is None else now
        answered = 0
        for id_, path, name, body, tries in self._due(moment):
            try:
                self._send("POST", path, body)
            except Refused as refused:
                if refused.status in LOCKED_OUT:
                    raise
                self._give_up(id_, name, path, body, refused)
            except Unreachable as error:
                self._later(id_, tries, moment, error.after)
                break
            else:
                self._forget(id_)
            answered += 1
        return answered

    def waiting(self) -> int:
        """Return how many requests wait."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM request").fetchone()[0])

    def refused(self) -> list[tuple[str, int, Mapping[str, Any]]]:
        """Return what Verno refused while it was replayed: (name, status, problem). A person should look at these."""
        with self._lock:
            rows = self._db.execute("SELECT name, status, problem FROM refused ORDER BY refused_at").fetchall()
        return [(name, status, json.loads(problem)) for name, status, problem in rows]

    def close(self) -> None:
        """Close the queue's file."""
        self._db.close()

    def _keep_and_send(self, path: str, body: Mapping[str, Any]) -> Answer | None:
        text = json.dumps(body, ensure_ascii=False)
        # The name in full, as Verno knows it: another request under the same number is the same request.
        name = "~".join([path, str(body["place"]), str(body.get("series", "")), str(body["number"])])
        id_ = self._keep(path, name, text)
        try:
            answer = self._send("POST", path, text)
        except Refused as refused:
            if refused.status not in LOCKED_OUT:
                self._forget(id_)
            raise
        except Unreachable as error:
            self._later(id_, 0, time.time(), error.after)
            return None
        self._forget(id_)
        return answer

    def _keep(self, path: str, name: str, body: str) -> int:
        with self._lock:
            self._db.execute(
                "INSERT INTO request (path, name, body, kept_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (path, name, body, time.time()),
            )
            id_, kept = self._db.execute("SELECT id, body FROM request WHERE name = ?", (name,)).fetchone()
        if kept != body:
            # What waits came first and stands; Verno would say the same.
            problem = {"type": "idempotency-mismatch", "title": "This number waits already, with another body"}
            raise Refused(CONFLICT, problem)
        return int(id_)

    def _due(self, moment: float) -> Iterator[tuple[int, str, str, str, int]]:
        """Yield requests one by one, the oldest first; none that stands behind one that is not due yet."""
        last = 0
        while True:
            with self._lock:
                row = self._db.execute(
                    "SELECT id, path, name, body, tries, next_at FROM request WHERE id > ? ORDER BY id LIMIT 1", (last,)
                ).fetchone()
            if row is None or row[5] > moment:
                return
            last = row[0]
            yield row[:5]

    def _forget(self, id_: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM request WHERE id = ?", (id_,))

    def _later(self, id_: int, tries: int, moment: float, after: float | None) -> None:
        wait = after if after is not None else min(60.0, 0.5 * 2**tries)
        with self._lock:
            self._db.execute("UPDATE request SET tries = tries + 1, next_at = ? WHERE id = ?", (moment + wait, id_))

    def _give_up(self, id_: int, name: str, path: str, body: str, refused: Refused) -> None:
        row = (name, path, body, refused.status, json.dumps(refused.problem, ensure_ascii=False), time.time())
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)", row)
            self._db.execute("DELETE FROM request WHERE id = ?", (id_,))
            self._db.execute("COMMIT")

    # HTTP

    def _mine(self, body: Mapping[str, Any], *, till: bool = True) -> dict[str, Any]:
        mine: dict[str, Any] = {"place": self._place}
        if till and self._till is not None:
            mine["till"] = self._till
        return {**mine, **body}

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._send("POST", path, json.dumps(body, ensure_ascii=False))

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with contextlib.closing(kind(self._host, timeout=self._patience)) as conn:
                conn.request(method, self._base + path, body.encode() if body is not None else None, headers)
                response = conn.getresponse()
                status, text = response.status, response.read()
                after, replayed = response.getheader("Retry-After"), response.getheader("Idempotent-Replay")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        return _read(status, text, after, replayed == "true")


def _read(status: int, text: bytes, after: str | None, replayed: bool) -> Answer:  # noqa: FBT001 a header's value
    if status in PASSING:
        words = f"{status}: come again"
        raise Unreachable(words, float(after) if after and after.isdigit() else None)
    try:
        body = json.loads(text)
    except ValueError as error:
        # Some proxy spoke, not Verno: no last word.
        words = f"{status}: not Verno's answer"
        raise Unreachable(words) from error
    if status >= 400:  # noqa: PLR2004 HTTP's own border
        raise Refused(status, body)
    return Answer(status, body, replayed)


def main(arguments: Sequence[str]) -> int:
    """Replay a queue once; the exit code is 0 when nothing is left to do."""
    if len(arguments) != 5 or arguments[0] != "replay":  # noqa: PLR2004 the command and its four values
        print("usage: verno_till.py replay URL KEY PLACE QUEUE", file=sys.stderr)  # noqa: T201 a command's output
        return 2
    till = Till(arguments[1], arguments[2], place=arguments[3], queue=arguments[4])
    try:
        answered = till.replay()
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201 see above
        return 1
    left, refused = till.waiting(), till.refused()
    print(json.dumps({"answered": answered, "waiting": left, "refused": len(refused)}))  # noqa: T201 see above
    return 1 if left or refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
