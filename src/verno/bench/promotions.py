"""Rulebooks at work: the engine alone, a quote by many rules, and a draft replayed over the demo's year."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec

from verno.bench import files, http, receipts, scratch
from verno.bench.counter import history, latency, shop
from verno.bench.counter.latency import Latency, Request
from verno.demo.load import Progress
from verno.demo.program import Demo
from verno.intake import context
from verno.kit import db
from verno.kit.errors import VernoError
from verno.promotions import service as promoting
from verno.promotions.types import StoredRulebook
from verno.rules import engine, stored
from verno.rules.effects import (
    AnyEffect,
    DiscountPercent,
    Earn,
    EarnFixed,
    EarnMultiply,
    EarnPercent,
    FreeUnits,
    Tree,
)
from verno.rules.facts import Facts, Line
from verno.rules.fields import Known
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Rule, Rulebook

SIZES = (100, 500, 1000)
ABLE = 10
"""One rule in so many can act on a receipt."""
LINES = 10
TRIES = 2_000
REPLAYED_RULES = 50
QUOTED_RULES = 500
QUOTES_PER_SECOND = 100
UNIT = "points"


def measure(*, seconds: int, say: Callable[[str], None], progress: Progress, now: datetime) -> dict[str, object]:
    """Measure in the scratch database, which is migrated; returns what is printed."""
    found: dict[str, object] = {}
    for size in SIZES:
        found |= {f"engine_{size}_rules_{name}": value for name, value in engine_alone(size).items()}
    say("the engine alone: " + ", ".join(f"{size} rules {found[f'engine_{size}_rules_p50_ms']} ms" for size in SIZES))
    demo = receipts.prepare(progress=progress, now=now)
    receipts.measure(demo, receipts.decoded(demo, 10**9), now=now)
    scratch.settle()
    found |= _replayed(now=now)
    say(f"replay: {found['replay_receipts']} receipts in {found['replay_seconds']} s")
    if http.client() is not None:
        quoted = _quoted(demo, seconds=seconds)
        found |= {"quote_500_rules_p50_ms": round(quoted.p50, 1), "quote_500_rules_p99_ms": round(quoted.p99, 1)}
    return found


def engine_alone(size: int) -> dict[str, float]:
    """Return milliseconds that a receipt of ten lines takes, of which one rule in ten can act."""
    book = ready(rulebook(size), Known())
    if not isinstance(book, Book):
        message = f"the bench's rulebook cannot be read: {book}"
        raise VernoError(message)
    times = []
    acted = []
    for number in range(TRIES):
        facts = _receipt(number)
        began = time.perf_counter()
        (verdict,) = engine.evaluate(book, [facts])
        times.append((time.perf_counter() - began) * 1000)
        acted.append(len({fired.rule for fired in verdict.fired if fired.matched}))
    times.sort()
    return {
        "p50_ms": round(median(times), 3),
        "p99_ms": round(times[len(times) * 99 // 100], 3),
        "acting": float(median(acted)),
    }


def rulebook(size: int) -> Rulebook:
    """Return so many rules of all kinds, of which one in ten can act on each of the bench's receipts."""
    rules = [Rule(id="base", effects=(EarnPercent(unit=UNIT, rate=300),))]
    rules += [_rule(number, number % ABLE) for number in range(1, size)]
    return Rulebook(tuple(rules), worth={UNIT: 100}, scales={UNIT: 0})


def _rule(number: int, of: int) -> Rule:
    """Return a rule of one of five kinds that can act on receipts of the goods, the place or the category ``of``."""
    turn = number // ABLE
    sku = _is("sku", f"goods-{of}-{turn % LINES}")
    place = _is("place", f"place-{of}")
    kinds: tuple[tuple[Tree | None, AnyEffect], ...] = (
        (_and(_bought(sku), _is("paid", 1_000, ">=")), EarnFixed(unit=UNIT, points=5)),
        (None, EarnMultiply(unit=UNIT, times=200, lines=sku)),
        (None, DiscountPercent(share=100, lines=_is("category", [[f"category-{of}"]], "inCategory"))),
        (_and(place, _is("weekday", [1, 2, 3], "in")), Earn(UNIT, 1, 1000)),
        (None, FreeUnits(of=3, free=1, lines=sku)),
    )
    when, effect = kinds[turn // 2 % len(kinds)]
    return Rule(id=f"rule-{number}", when=when, effects=(effect,))


def _receipt(number: int) -> Facts:
    of = number % ABLE
    lines = [Line(n + 1, f"goods-{of}-{n}", 3000, 30_000 + n, category=(f"category-{of}",)) for n in range(LINES)]
    return Facts(at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), zone="Europe/Moscow", place=f"place-{of}", lines=lines)


def _is(field: str, value: object, operator: str = "=") -> Tree:
    return {"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value}]}


def _and(*trees: Tree) -> Tree:
    return {"combinator": "and", "rules": list(trees)}


def _bought(tree: Tree) -> Tree:
    return {"combinator": "and", "rules": [{"field": "lines", "match": {"mode": "some"}, "value": tree}]}


def draft() -> Rulebook:
    """Return fifty rules for the demo's grocer."""
    departments = ("GROCERY", "DRUG GM", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "COSMETICS", "SEAFOOD")
    of_goods = [_is("category", [[name]], "inCategory") for name in departments]
    rules = [Rule(id="base", effects=(Earn(UNIT, 1, 100),))]
    for n, goods in enumerate(of_goods):
        rules += [
            Rule(id=f"more-{n}", effects=(EarnMultiply(unit=UNIT, times=150, rules=("base",), lines=goods),)),
            Rule(id=f"off-{n}", group="off" if n % 2 else None, effects=(DiscountPercent(share=300, lines=goods),)),
            Rule(id=f"third-{n}", effects=(FreeUnits(of=n + 3, free=1, same_goods=True, lines=goods),)),
        ]
    for n in range(REPLAYED_RULES - len(rules)):
        hours = _is("time", [f"{8 + n % 12:02d}:00", f"{9 + n % 12:02d}:00"], "between")
        when = _and(hours, _is("amount", 500 * (n % 5), ">="), _is("weekday", n % 7 + 1))
        rules.append(Rule(id=f"hour-{n}", when=when, effects=(Earn(UNIT, 1, 500),)))
    return Rulebook(tuple(rules))


def _replayed(*, now: datetime) -> dict[str, object]:
    """Replay the year, and a quarter of it, as a command of its own: memory must not follow the receipts."""
    quarter = _replay(now - timedelta(days=91))
    year = _replay(now - timedelta(days=366))
    return {
        "replay_receipts": year["receipts"],
        "replay_rules": REPLAYED_RULES,
        "replay_seconds": year["seconds"],
        "replay_peak_mb_quarter": quarter["peak_mb"],
        "replay_peak_mb_year": year["peak_mb"],
    }


def _replay(since: datetime) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "draft.json")
        file.write_text(stored.write(draft()))
        told, peak = files.command("replay", str(file), "--since", f"{since:%Y-%m-%d}", "--json")
    return {**msgspec.json.decode(told), "peak_mb": peak // 2**20}


def _quoted(demo: Demo, *, seconds: int) -> Latency:
    """Quote receipts of fifty lines at a steady pace by a stored rulebook of five hundred rules."""
    few = shop.open_shop(demo, now=history.today())
    with db.transaction(demo.program.id) as conn:
        about = context.of(conn, demo.program.id)
        made = promoting.publish(
            conn,
            demo.program.id,
            rulebook(QUOTED_RULES),
            units=about.units,
            known=about.known,
            effective_from=history.today() - timedelta(hours=1),
            now=history.today(),
        )
        if not isinstance(made, StoredRulebook):
            message = f"the bench's rulebook was refused: {made.reasons}"
            raise VernoError(message)
    with ExitStack() as stack:
        server = stack.enter_context(http.serving())
        latency.measure(server, few.key, _quotes(few, 200), rate=QUOTES_PER_SECOND)
        return latency.measure(server, few.key, _quotes(few, QUOTES_PER_SECOND * seconds), rate=QUOTES_PER_SECOND)


def _quotes(few: shop.Shop, most: int) -> Iterator[Request]:
    now = history.today()
    for n in range(most):
        of = n % ABLE
        sale = shop.sale(few, f"q-{n}", n, lines=shop.LINES, at=now)
        goods = [msgspec.structs.replace(line, sku=f"goods-{of}-{i % LINES}") for i, line in enumerate(sale.lines)]
        yield "/v1/receipts:quote", msgspec.json.encode(msgspec.structs.replace(sale, lines=goods))
