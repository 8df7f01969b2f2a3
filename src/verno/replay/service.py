"""Run a replay. Reads one snapshot, writes nothing; the caller shows progress, and may stop it by raising from it."""

import time
from collections.abc import Callable
from datetime import datetime

from verno.intake.context import Context
from verno.intake.settling.judging import pay
from verno.kit.db import Connection
from verno.predicate.types import Refused
from verno.promotions import keeping
from verno.promotions import queries as promotions
from verno.promotions import service as promoting
from verno.promotions.types import NotPublished
from verno.replay.adding import Changes, Tally, worth
from verno.replay.burning import Burning
from verno.replay.reading import Past, Reader
from verno.replay.types import Period, Report, Side
from verno.rules import checks, engine
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Rulebook, Verdict

Step = Callable[[int], None]
"""Called with the number of receipts done since the last call; what it raises ends the replay."""


def run(
    conn: Connection, context: Context, draft: Rulebook, period: Period, *, step: Step, now: datetime
) -> Report | NotPublished:
    """Replay the receipts of a period under a draft and under the rulebook that holds ``now``.

    Both are asked of the same facts, as a till that quotes would ask: what the receipt remembers of its member and its
    goods, else what is known today. Points that paid a part pay it here too. ``draft`` gets what points are worth now.
    Refused with everything for which it could not be published either.
    """
    started = time.monotonic()
    stored = promotions.at(context.rulebooks, now)
    valued = keeping.named(promoting.valued(draft, context.units), stored)
    wrong = checks.problems(valued, context.known, list(context.by_code))
    old = context.ready(stored) if stored is not None else ready(Rulebook(()), context.known)
    new = ready(valued, context.known)
    if wrong or isinstance(new, Refused) or isinstance(old, Refused):
        return NotPublished(tuple([str(one) for one in wrong]))
    both = _Both(context, old, new)
    for piece in Reader(conn, context, now).receipts(period):
        for past in piece:
            both.add(past)
        step(len(piece))
    return both.report(time.monotonic() - started)


class _Both:
    """Two rulebooks at work on the same receipts."""

    def __init__(self, context: Context, old: Book, new: Book) -> None:
        self.context = context
        self.books = (old, new)
        self.tallies = (Tally(), Tally())
        self.budgets = (Burning(old), Burning(new))
        self.changes = Changes()
        self.receipts = self.price = 0

    def add(self, past: Past) -> None:
        values = []
        for book, tally, budgets in zip(self.books, self.tallies, self.budgets, strict=True):
            mine = self.kept(book, past)
            verdict = judged(mine, past, budgets if mine is book else Burning(mine, budgets.used))
            value = worth(mine, verdict)
            tally.add(verdict, value)
            values.append(value)
        self.receipts += 1
        self.price += past.facts.price
        self.changes.add(past, *values)

    def kept(self, book: Book, past: Past) -> Book:
        """Return what judges a receipt: the book, or the earlier version that its member keeps."""
        found = keeping.chosen(self.context.rulebooks, book, past.facts) if book.keeps and past.holder_id else None
        return book if found is None else self.context.ready(found.book)

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


def judged(book: Book, past: Past, burning: Burning) -> Verdict:
    """Return a book's verdict on a receipt, within its budgets."""
    facts = past.facts
    facts.closed = frozenset()
    verdict = _verdict(book, facts, past)
    while burning.budgets and (over := burning.without_room(past.id, facts, verdict)):
        facts.closed |= over
        verdict = _verdict(book, facts, past)
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
