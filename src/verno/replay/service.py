"""Run a replay. Reads one snapshot, writes nothing; the caller shows progress, and may stop it by raising from it."""

import time
from collections.abc import Callable
from datetime import datetime

from verno.intake.context import Context
from verno.intake.settling.judging import pay
from verno.kit.db import Connection
from verno.predicate.types import Refused
from verno.promotions import queries as promotions
from verno.promotions import service as promoting
from verno.replay.adding import Changes, Tally, worth
from verno.replay.burning import Budgets
from verno.replay.reading import Past, Reader
from verno.replay.types import Period, Report, Side
from verno.rules import engine
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Rulebook, Verdict

Step = Callable[[int], None]
"""Called with the number of receipts done since the last call; what it raises ends the replay."""


def run(
    conn: Connection, context: Context, draft: Rulebook, period: Period, *, step: Step, now: datetime
) -> Report | Refused:
    """Replay the receipts of a period under a draft and under the rulebook that holds ``now``.

    Both are asked of the same facts, as a till that quotes would ask: what the receipt remembers of its member and its
    goods, else what is known today. Points that paid a part pay it here too. ``draft`` gets what points are worth now.
    Refused with what is wrong with its conditions.
    """
    started = time.monotonic()
    new = ready(promoting.valued(draft, context.units), context.known)
    if isinstance(new, Refused):
        return new
    stored = promotions.at(context.rulebooks, now)
    old = context.ready(stored) if stored is not None else ready(Rulebook(()), context.known)
    if isinstance(old, Refused):
        return old
    both = _Both(old, new)
    for piece in Reader(conn, context, now).receipts(period):
        for past in piece:
            both.add(past)
        step(len(piece))
    return both.report(time.monotonic() - started)


class _Both:
    """Two rulebooks at work on the same receipts."""

    def __init__(self, old: Book, new: Book) -> None:
        self.books = (old, new)
        self.tallies = (Tally(), Tally())
        self.budgets = (Budgets(old), Budgets(new))
        self.changes = Changes()
        self.receipts = self.price = 0

    def add(self, past: Past) -> None:
        values = []
        for book, tally, budgets in zip(self.books, self.tallies, self.budgets, strict=True):
            verdict = judged(book, past, budgets)
            value = worth(book, verdict)
            tally.add(verdict, value)
            values.append(value)
        self.receipts += 1
        self.price += past.facts.price
        self.changes.add(past, *values)

    def report(self, seconds: float) -> Report:
        current, draft = [tally.side(one.burnt()) for tally, one in zip(self.tallies, self.budgets, strict=True)]
        everybody = self.changes.all()
        return Report(
            receipts=self.receipts,
            members=everybody.members,
            price=self.price,
            current=current,
            draft=draft,
            winners=everybody.winners,
            losers=everybody.losers,
            change=self.changes.change,
            places=self.changes.places(),
            tiers=self.changes.tiers(),
            bands=self.changes.bands(),
            biggest=self.changes.most(),
            liability=_liability(current, draft),
            seconds=round(seconds, 1),
        )


def judged(book: Book, past: Past, budgets: Budgets) -> Verdict:
    """Return a book's verdict on a receipt, within its budgets."""
    facts = past.facts
    facts.closed = frozenset()
    verdict = _verdict(book, facts, past)
    while budgets.limited and (over := budgets.without_room(facts, verdict)):
        facts.closed |= over
        verdict = _verdict(book, facts, past)
    if budgets.limited:
        budgets.take(facts, verdict)
    return verdict


def _verdict(book: Book, facts: Facts, past: Past) -> Verdict:
    taken_off = engine.price(book, facts)
    if past.by_points:
        pay(facts, [min(paid, line.paid) for paid, line in zip(past.by_points, facts.lines, strict=True)])
    if past.holder_id is None:
        return Verdict({}, taken_off)
    return engine.settle(book, facts, taken_off)


def _liability(current: Side, draft: Side) -> dict[str, int]:
    units = sorted({*current.points, *draft.points})
    return {unit: draft.points.get(unit, 0) - current.points.get(unit, 0) for unit in units}
