"""Captures that spend and earn, from 64 connections, each of a hold that was placed before the clock started."""

import re
import tempfile
from pathlib import Path

import psycopg

from verno.bench import http
from verno.bench.counter.shop import PLACE, Shop
from verno.bench.http import Server
from verno.kit import db
from verno.kit.errors import VernoError

SCRIPT = """
local number = -1
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer %(key)s"
wrk.headers["Content-Type"] = "application/json"
request = function()
  number = number + 1
  return wrk.format(nil, "/v1/receipts/%(place)s~%(series)s~" .. number .. ":capture", nil, "{}")
end
"""

_REQUESTS = re.compile(r"^\s*(\d+) requests in ([0-9.]+)s", re.MULTILINE)


def measure(server: Server, shop: Shop, series: str, *, seconds: int) -> float:
    """Return captures a second; raises ``VernoError`` when any was refused or not written."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "capture.lua"
        script.write_text(SCRIPT % {"key": shop.key, "place": PLACE, "series": series})
        script.chmod(0o600)
        told, _, _ = http.run(server, script, seconds)
    found = _REQUESTS.search(told)
    if found is None or "Non-2xx" in told or "Socket errors" in told:
        message = f"wrk met answers that are no 2xx: {told[-400:]}"
        raise VernoError(message)
    requests = int(found[1])
    with psycopg.connect(db.owner_url()) as conn:
        row = conn.execute(
            "SELECT count(*) FROM intake_receipt WHERE program_id = %s AND series = %s AND status = 'settled'",
            (shop.program_id, series),
        ).fetchone()
    settled = row[0] if row else 0
    if not requests <= settled <= requests + http.CONNECTIONS:
        message = f"wrk counted {requests} answers, but {settled} receipts were captured"
        raise VernoError(message)
    return requests / float(found[2])
