"""Three rounds, interleaved on one server: pgbench, bulk, HTTP, and again, so that a slow minute hits all of them."""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from verno.bench import files, http, receipts, scratch, tpcb
from verno.bench.types import Result, Round
from verno.demo.load import Progress

ROUNDS = 3
RECEIPTS_A_SECOND = 8_000
"""Receipts of a bulk round for each second that the other parts run: by default the demo's whole year, 155,848."""


def intake(*, seconds: int, say: Callable[[str], None], progress: Progress, now: datetime) -> Result:
    """Measure in the scratch database, which is migrated. ``say`` hears how it goes."""
    demo = receipts.prepare(progress=progress, now=now)
    batch = receipts.decoded(demo, RECEIPTS_A_SECOND * seconds)
    key = http.make_key(demo, now=now)
    tpcb.prepare()
    rounds: list[Round] = []
    with ExitStack() as stack:
        server = None
        if http.client() is None:
            say("wrk is not installed (Debian: apt install wrk), so the HTTP path is not measured")
        else:
            server = stack.enter_context(http.serving())
            http.measure(server, demo, key, "warm-up", seconds=http.WARM_UP_SECONDS, now=now)
        for number in range(1, ROUNDS + 1):
            scratch.settle()
            yardstick = tpcb.measure(seconds)
            fresh = receipts.renumbered(batch, f"bulk-{number}")
            scratch.settle()
            bulk = receipts.measure(demo, fresh, now=now)
            scratch.settle()
            posted = http.measure(server, demo, key, f"http-{number}", seconds=seconds, now=now) if server else None
            rounds.append(Round(yardstick, bulk, posted))
            say(f"round {number}: {words(rounds[-1])}")
    with tempfile.TemporaryDirectory() as folder:
        imported = files.measure(receipts.renumbered(batch[::2], "import"), Path(folder))
    return Result(len(os.sched_getaffinity(0)), seconds, rounds, imported)


def words(one: Round) -> str:
    """Return a round in a line."""
    parts = [
        f"pgbench {one.pgbench_per_second:,.0f}/s",
        f"bulk {one.bulk_per_second:,.0f}/s ({one.bulk_ratio:.2f} x)",
    ]
    if one.http is not None:
        parts.append(
            f"HTTP {one.http.receipts_per_second:,.0f}/s ({one.http_ratio:.2f} x, wrk {one.http.client_cpu:.0%})"
        )
    return ", ".join(parts)
