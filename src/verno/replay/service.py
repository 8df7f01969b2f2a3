"""Run a replay. Reads one snapshot, writes nothing; the caller shows progress, and may stop it by raising from it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice

from verno.intake.context import Context
from verno.intake.settling.judging import pay
from verno.kit.db import Connection
from verno.predicate.types import Refused
from verno.promotions import keeping
from verno.promotions import queries as promotions
from verno.promotions import service as promoting
from verno.promotions.types import NotPublished
from verno.replay import leaving
from verno.replay.adding import Changes, Tally, worth, worths
from verno.replay.burning import Burning
from verno.replay.owing import Owing
from verno.replay.reading import Past, Reader
from verno.replay.tracking import Tracking
from verno.replay.types import MOST_LOSSES, Loss, Period, Report
from verno.rules import checks, engine
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Rulebook, Verdict
from verno.workspace.registry import REPLAY_MOST_SHARE

Step = Callable[[int], None]
"""Called with the number of receipts done since the last call; what it raises ends the replay."""
NOTHING_CLOSED: frozenset[str] = frozenset()
Losers = Callable[[Iterator[Loss]], None]
"""Takes all members that lose, the hardest hit first."""


def run(
    conn: Connection,
    context: Context,
    draft: Rulebook,
    period: Period,
    *,
    step: Step,
    now: datetime,
    losers: Losers = lambda _: None,
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
    with closing(Tracking(conn, context, (old, new), now)) as tracking:
        both = _Both(old, new, tracking)
        for piece in Reader(conn, context, now).receipts(period):
            for past in piece:
                both.add(past)
            tracking.write()
            step(len(piece))
        version = stored.version if stored else None
        found = both.report(version, time.monotonic() - started, as_sold=period.as_sold)
    losers(both.changes.losses())
    return found


class _Both:
    """Two rulebooks at work on the same receipts."""

    def __init__(self, old: Book, new: Book, tracking: Tracking) -> None:
        self.books = (old, new)
        self.worths = worths(tracking.context.units)
        self.tallies = (Tally(), Tally())
        self.budgets = (Burning(old), Burning(new))
        self.changes = Changes()
        self.owing = Owing()
        self.tracking = tracking
        self.receipts = self.price = 0

    def add(self, past: Past) -> None:
        if past.is_gone:
            return
        watches = self.tracking.watches and past.holder_id is not None
        values, verdicts, counts = [], [], []
        for book, tally, budgets in zip(self.books, self.tallies, self.budgets, strict=True):
            mine = self.kept(book, past)
            verdict, facts = judged(mine, past, budgets if mine is book else Burning(mine, budgets.used))
            value = worth(self.worths, verdict)
            tally.add(verdict, value)
            values.append(value)
            verdicts.append(verdict)
            if watches:  # before the other rulebook changes what is paid
                counts.append(self.tracking.counted(facts, verdict))
        self.receipts += 1
        self.price += past.price
        self.changes.add(past, *values)
        if past.holder_id is not None:
            current, draft = verdicts
            if current.points != draft.points:
                self.owing.add(past.facts.local.date, current.points, draft.points)
            if watches:
                self.tracking.add(past, past.holder_id, verdicts, counts)

    def kept(self, book: Book, past: Past) -> Book:
        """Return what judges a receipt: the book, or the earlier version that its member keeps."""
        about = self.tracking.context
        found = keeping.chosen(about.rulebooks, book, past.facts) if book.keeps and past.holder_id else None
        return book if found is None else about.ready(found.book)

    def report(self, version: int | None, seconds: float, *, as_sold: bool) -> Report:
        current, draft = [tally.side(one.burnt()) for tally, one in zip(self.tallies, self.budgets, strict=True)]
        everybody, about = self.changes.all(), self.tracking
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
            loss=sum([one.loss for one in self.changes.losses()]),
            losses=tuple(islice(self.changes.losses(), MOST_LOSSES)),
            tracks=about.changes(),
            badges=about.badge_changes(),
            liability=self.owing.outstanding(about.conn, about.context, now=about.now),
            version=version,
            most_share=about.context.policy.value(REPLAY_MOST_SHARE),
            seconds=round(seconds, 1),
            as_sold=as_sold,
        )


def judged(
    book: Book, past: Past, burning: Burning, *, closed: frozenset[str] = NOTHING_CLOSED
) -> tuple[Verdict, Facts]:
    """Return a book's verdict on what is left of a receipt, with the facts of that; ``closed`` rules do not act.

    What rules take off is said of the whole receipt, as it was sold; each line that is left keeps its share, and the
    rest is judged again, as a return does. A rule without room in its budgets does not act.
    """
    past.facts.closed = closed
    verdict, facts = _verdict(book, past)
    while burning.budgets and (over := burning.without_room(past.id, past.facts, verdict)):
        past.facts.closed |= over
        verdict, facts = _verdict(book, past)
    return verdict, facts


def _verdict(book: Book, past: Past) -> tuple[Verdict, Facts]:
    facts = past.facts
    taken_off = engine.price(book, facts)
    if past.by_points:
        pay(facts, [min(paid, line.paid) for paid, line in zip(past.by_points, facts.lines, strict=True)])
    known = past.holder_id is not None
    verdict = engine.settle(book, facts, taken_off) if known else Verdict({}, taken_off)
    if past.left is None:
        return verdict, facts
    rest = leaving.rest(facts, past.left)
    of_rest = engine.settle(book, rest, taken_off) if known else verdict
    return leaving.less(verdict, of_rest, leaving.share(taken_off, facts, past.left)), rest
