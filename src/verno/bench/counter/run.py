"""The till's bench: quotes at a steady pace, captures from a crowd, and what a long history and an expiry cost."""

import multiprocessing as mp
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from statistics import median

import msgspec

from verno.bench import http, receipts, scratch, tpcb
from verno.bench.counter import captures, history, latency, peer, shop
from verno.bench.counter.latency import Latency, Request
from verno.bench.counter.peer import Peer
from verno.demo.load import Progress
from verno.kit.errors import VernoError

ROUNDS = 3
QUOTES_PER_SECOND = 100
PACE = 50
"""Captures a second beside the sweep."""
WARM_UP_SECONDS = 3
QUIET_PARTS = 3
"""Parts that the quiet system is watched for, about as long as the sweep takes: one stumble is no percentile."""
CAPTURES_A_SECOND = 4_000
"""Holds placed beforehand for each second of captures: more than can be captured."""
BULK_A_SECOND = 16_000
"""By default the demo's whole year."""


class Found(msgspec.Struct):
    """All that was measured."""

    pgbench: list[float] = []
    captures: list[float] = []
    bulk: list[float] = []
    quotes: list[Latency] = []
    single: dict[int, list[Peer]] = msgspec.field(default_factory=lambda: {1: [], 8: []})
    batched: list[Peer] = []
    closed: dict[int, float] = {}
    quiet: Latency | None = None
    busy: Latency | None = None
    sweep: history.Sweep | None = None
    curve: list[history.Point] = []


def measure(
    *, seconds: int, lots: int, sizes: list[int], say: Callable[[str], None], progress: Progress
) -> dict[str, object]:
    """Measure in the scratch database, which is migrated; returns what is printed."""
    if http.client() is None:
        message = "wrk is not installed (Debian: apt install wrk)"
        raise VernoError(message)
    now = history.today()
    found = Found()
    demo = receipts.prepare(progress=progress, now=now)
    few = shop.open_shop(demo, now=now)
    batch = receipts.decoded(demo, BULK_A_SECOND * seconds)
    accounts = peer.prepare()
    tpcb.prepare()
    with ExitStack() as stack:
        server = stack.enter_context(http.serving())
        latency.measure(server, few.key, _quotes(few, 200), rate=QUOTES_PER_SECOND)
        for number in range(1, ROUNDS + 1):
            scratch.settle()
            found.pgbench.append(tpcb.measure(seconds))
            for _ in shop.hold(few, f"round-{number}", CAPTURES_A_SECOND * seconds, now=history.today()):
                pass
            scratch.settle()
            found.captures.append(captures.measure(server, few, f"round-{number}", seconds=seconds))
            found.quotes.append(
                latency.measure(server, few.key, _quotes(few, QUOTES_PER_SECOND * seconds), rate=QUOTES_PER_SECOND)
            )
            scratch.settle()
            found.bulk.append(receipts.measure(demo, receipts.renumbered(batch, f"bulk-{number}"), now=now))
            for clients, rates in found.single.items():
                scratch.settle()
                rates.append(peer.measure(few, accounts, clients=clients, seconds=seconds / 2))
            found.batched.append(peer.measure_bulk(few, accounts, seconds=seconds / 2))
            say(f"round {number}: {_words(found)}")
        say("closed lots")
        found.closed = history.closed_lots(few, now=history.today())
        say(f"expiry of {lots:,} lots")
        _sweep(found, server, few, lots, seconds)
    say(f"history of {max(sizes):,} transfers")
    found.curve = history.growth(few, sizes, seconds=seconds / 4, now=history.today())
    return _summary(found, seconds)


def _quotes(few: shop.Shop, most: int) -> Iterator[Request]:
    now = history.today()
    for n in range(most):
        yield "/v1/receipts:quote", msgspec.json.encode(shop.sale(few, f"q-{n}", n, lines=shop.LINES, at=now))


def _sweep(found: Found, server: http.Server, few: shop.Shop, lots: int, seconds: int) -> None:
    began = history.today()
    history.expiring(few, lots, now=began)
    held = shop.hold(few, "paced", PACE * 600, now=history.today())
    waiting = ((f"/v1/receipts/{address}:capture", b"{}") for address in list(held))
    scratch.settle()
    latency.measure(server, few.key, islice(waiting, PACE * WARM_UP_SECONDS), rate=PACE)
    quiet_seconds = QUIET_PARTS * seconds
    found.quiet = latency.measure(server, few.key, islice(waiting, PACE * quiet_seconds), rate=PACE)
    sweeper = history.Sweeper(few, lots, now=history.today())
    found.busy = latency.measure(server, few.key, waiting, rate=PACE, until=sweeper.over)
    found.sweep = sweeper.result()


def _words(found: Found) -> str:
    quote, one, eight = found.quotes[-1], found.single[1][-1], found.single[8][-1]
    return (
        f"pgbench {found.pgbench[-1]:,.0f}/s, captures {found.captures[-1]:,.0f}/s"
        f" ({found.captures[-1] / found.pgbench[-1]:.2f} x), bulk {found.bulk[-1]:,.0f}/s"
        f" ({found.bulk[-1] / found.pgbench[-1]:.2f} x), quote p50 {quote.p50:.1f} ms p99 {quote.p99:.1f} ms,"
        f" peer {one.ratio:.1f} x, {eight.ratio:.1f} x, in bulk {found.batched[-1].ratio:.1f} x"
    )


def _summary(found: Found, seconds: int) -> dict[str, object]:
    few, many = history.CLOSED
    quiet, busy, sweep = found.quiet, found.busy, found.sweep
    if quiet is None or busy is None or sweep is None:
        message = "not all was measured"
        raise VernoError(message)
    return {
        "processors": mp.cpu_count(),
        "seconds_a_part": seconds,
        "pgbench_per_second": round(median(found.pgbench)),
        "capture_per_second": round(median(found.captures)),
        "capture_ratio": round(median(_ratios(found.captures, found.pgbench)), 2),
        "bulk_per_second": round(median(found.bulk)),
        "bulk_ratio": round(median(_ratios(found.bulk, found.pgbench)), 2),
        "quote_p50_ms": round(median(one.p50 for one in found.quotes), 1),
        "quote_p99_ms": round(median(one.p99 for one in found.quotes), 1),
        **_beside("peer_1_client", found.single[1]),
        **_beside("peer_8_clients", found.single[8]),
        **_beside("peer_bulk", found.batched),
        f"spend_ms_{few}_closed_lots": round(found.closed[few] * 1000, 2),
        f"spend_ms_{many}_closed_lots": round(found.closed[many] * 1000, 2),
        "closed_lots_ratio": round(found.closed[many] / found.closed[few], 2),
        "capture_p99_ms_quiet": round(quiet.p99, 1),
        "capture_p99_ms_during_expiry": round(busy.p99, 1),
        "capture_p99_ratio": round(busy.p99 / quiet.p99, 2),
        "sweep_lots": sweep.lots,
        "sweep_lots_per_second": round(sweep.per_second),
        "history": [
            {
                "transfers": one.transfers,
                "single_per_second": round(one.single_per_second),
                "bulk_per_second": round(one.bulk_per_second),
            }
            for one in found.curve
        ],
    }


def _ratios(ours: list[float], yardstick: list[float]) -> list[float]:
    return [one / other for one, other in zip(ours, yardstick, strict=True)]


def _beside(name: str, found: list[Peer]) -> dict[str, object]:
    return {
        f"{name}_ours_per_second": round(median(one.ours for one in found)),
        f"{name}_theirs_per_second": round(median(one.theirs for one in found)),
        f"{name}_ratio": round(median(one.ratio for one in found), 2),
        f"{name}_ratio_joined": round(median(one.joined_ratio for one in found), 2),
    }
