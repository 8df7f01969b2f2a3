"""The HTTP path: ``verno serve`` in a process of its own, and wrk with 64 connections posting five-line receipts."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import psycopg

from verno.bench.types import Http
from verno.demo import people, source
from verno.demo.program import Demo
from verno.kit import db
from verno.kit.errors import VernoError
from verno.workspace import keys
from verno.workspace.types import Scope

CONNECTIONS = 64
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LINES = 5
GOODS = 2_000
WARM_UP_SECONDS = 3
MEGABYTE = 1024 * 1024

_REQUESTS = re.compile(r"^\s*(\d+) requests in ([0-9.]+)s", re.MULTILINE)
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")

SCRIPT = """
local phones = {%(phones)s}
local skus = {%(skus)s}
local number = 0
math.randomseed(%(seed)d)
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer %(key)s"
wrk.headers["Content-Type"] = "application/json"
request = function()
  number = number + 1
  local lines = {}
  for i = 1, %(lines)d do
    lines[i] = string.format('{"sku":"%%s","quantity":"%%d","amount":%%d,"discount":%%d}',
      skus[math.random(#skus)], math.random(3), math.random(100, 20000), math.random(0, 300))
  end
  return wrk.format(nil, nil, nil, string.format(
    '{"number":"%%d","series":"%(series)s","place":"%(place)s","till":"%%d","cashier":"c-%%d",' ..
    '"at":"%(at)s","member":{"phone":"%%s"},"lines":[%%s],"channel":"store"}',
    number, math.random(8), math.random(20), phones[math.random(#phones)], table.concat(lines, ",")))
end
"""


def client() -> str | None:
    """Return wrk's path, or None when it is not installed."""
    return shutil.which("wrk")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: psutil.Process
    port: int

    def peak_mb(self) -> float:
        """Return the most resident memory that its processes ever had, together."""
        return sum(map(_peak_mb, (self.process, *self.process.children(recursive=True))))


@contextmanager
def serving() -> Iterator[Server]:
    """Run the server; what it says goes to standard error."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "verno", "serve", "--port", str(port)]
    child = subprocess.Popen(command, env=dict(os.environ), stdout=2, stdin=subprocess.DEVNULL)  # noqa: S603 ours
    try:
        _wait_for(child, port)
        yield Server(psutil.Process(child.pid), port)
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def make_key(demo: Demo, *, now: datetime) -> str:
    """Make a key that may write receipts."""
    with db.transaction(demo.program.id) as conn:
        return keys.create(conn, demo.program.id, "bench", [Scope.RECEIPTS_WRITE], now=now)


def measure(server: Server, demo: Demo, key: str, series: str, *, seconds: int, now: datetime) -> Http:
    """Return one round's figures; raises ``VernoError`` when any answer was not 201."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(_script(key, series, now))
        script.chmod(0o600)
        told, cpu, took = run(server, script, seconds)
    found = _REQUESTS.search(told)
    bad = _BAD.search(told)
    if found is None or bad is not None:
        message = f"wrk met answers that are no 2xx: {told[-400:]}"
        raise VernoError(message)
    requests = int(found[1])
    kept = _kept(demo, series)
    # 200 is a 2xx too: that each answered request left a receipt of its own shows that all were 201.
    if not requests <= kept <= requests + CONNECTIONS:
        message = f"wrk counted {requests} answers, but {kept} receipts were kept"
        raise VernoError(message)
    return Http(requests / float(found[2]), cpu / took, server.peak_mb())


def _script(key: str, series: str, now: datetime) -> str:
    phones = [people.phone(household) for household in source.distinct("household_id")]
    skus = [goods.sku for goods, _ in zip(source.goods(), range(GOODS), strict=False)]
    return SCRIPT % {
        "phones": ",".join(f'"{phone}"' for phone in phones),
        "skus": ",".join(f'"{sku}"' for sku in skus),
        "seed": 1,
        "key": key,
        "lines": LINES,
        "series": series,
        "place": source.distinct("store_id")[0],
        "at": now.isoformat(timespec="seconds"),
    }


def run(server: Server, script: Path, seconds: int) -> tuple[str, float, float]:
    """Run wrk; returns what it printed, its processor seconds and the seconds it took."""
    url = f"http://127.0.0.1:{server.port}/v1/receipts"
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", str(script)]
    before = os.times()
    started = time.monotonic()
    done = subprocess.run([client() or "wrk", *options, url], capture_output=True, text=True, check=False)  # noqa: S603
    took = time.monotonic() - started
    after = os.times()
    if done.returncode:
        message = f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}"
        raise VernoError(message)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, cpu, took


def _kept(demo: Demo, series: str) -> int:
    with psycopg.connect(db.owner_url()) as conn:
        row = conn.execute(
            "SELECT count(*) FROM intake_receipt_claim WHERE program_id = %s AND series = %s", (demo.program.id, series)
        ).fetchone()
    return row[0] if row else 0


def _wait_for(child: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    message = "the server did not answer"
    raise VernoError(message)


def _peak_mb(process: psutil.Process) -> float:
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / MEGABYTE if found else 0.0
