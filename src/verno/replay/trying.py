"""One receipt by hand: what a rulebook makes of it, rule by rule, and why each did or did not act.

A stored receipt is judged by the facts that it remembers, as a replay does; a typed one takes the way of a till's
quote, with what is known, and what budgets have left, now. Nothing is written.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from verno.intake.context import Context
from verno.intake.quoting import service as quoting
from verno.intake.settling import remembering
from verno.intake.settling.case import Case
from verno.intake.settling.judging import matched, pay
from verno.intake.sums.worth import payable
from verno.intake.types import Receipt, Refusal, Refused, Wish
from verno.intake.words import explain
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.predicate import explaining
from verno.predicate import types as predicate
from verno.predicate.types import Language
from verno.promotions import keeping
from verno.promotions import queries as promotions
from verno.promotions import service as promoting
from verno.promotions.types import NotPublished, StoredRulebook
from verno.replay import service
from verno.replay.adding import worth, worths
from verno.replay.burning import Burning
from verno.replay.reading import SQL, Past, Reader
from verno.replay.types import FiredTold, LineTold, Named, RuleTold, Spending, Waterfall
from verno.rules import checks
from verno.rules.facts import Facts
from verno.rules.judging import telling
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Fired, Rulebook, Verdict

BY_HAND = "by-hand"
SPEND = "spend"
"""The field of a refusal that says that points would pay more than their share."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rulebook to judge by: ``id`` is a published version's, or made up for a draft's."""

    context: Context
    stored: StoredRulebook

    @property
    def book(self) -> Book:
        """Return it ready."""
        return self.context.ready(self.stored)

    def judging(self, facts: Facts) -> Book:
        """Return what judges a receipt by it: itself, or the earlier version that the member keeps."""
        book = self.book
        kept = keeping.chosen(self.context.rulebooks, book, facts) if book.keeps and facts.member.id else None
        return book if kept is None else self.context.ready(kept.book)


def chosen(context: Context, rulebook: Rulebook, *, id_: str = BY_HAND, now: datetime) -> Chosen | NotPublished:
    """Return a rulebook as if it had always held; refused with everything for which it could not be published.

    ``id_`` says which published one it is: that is taken as it was stored.
    """
    published = id_ != BY_HAND
    former = promotions.at(context.rulebooks, now)
    valued = rulebook if published else keeping.named(promoting.valued(rulebook, context.units), former)
    wrong = [] if published else checks.problems(valued, context.known, list(context.by_code))
    if wrong:
        return NotPublished(tuple([str(one) for one in wrong]))
    made = (context.books.get(id_) if published else None) or ready(valued, context.known)
    if isinstance(made, predicate.Refused):
        return NotPublished(())
    always = StoredRulebook(id_, 0, EVER, valued)
    books = {**context.books, id_: made}
    under = replace(context, rulebooks=[always, *context.rulebooks], books=books, budgets_of={}, closed_of={})
    return Chosen(under, always)


def named(conn: Connection, program_id: str, text: str, *, place: str | None = None) -> list[Named]:
    """Return the receipts of a number, at a place or at any; or the one with this id."""
    if not text or "\0" in text:
        return []
    parameters = {"program": program_id, "number": text, "place": place, "id": text if is_id(text) else None}
    return [Named(*row) for row in conn.execute(SQL["named"], parameters).fetchall()]


def stored(conn: Connection, context: Context, id_: str, *, now: datetime) -> Past | None:
    """Return a stored receipt."""
    return Reader(conn, context, now).one(id_)


def of_stored(past: Past, book: Chosen, language: Language, *, closed: Collection[str] = ()) -> Waterfall:
    """Return what a rulebook makes of a stored receipt.

    Its own has the rules closed that were closed then; of any other nothing is paused, and budgets are full but for
    those of the rules that are ``closed``.
    """
    facts, own = past.facts, past.rulebook_id == book.stored.id
    if own:
        facts.paused = past.paused
    without = past.closed if own else frozenset(closed)
    judge = book.judging(facts)
    verdict, _rest = service.judged(judge, past, Burning(judge), closed=without)
    return _told(book.context, judge, facts, verdict, language)


def typed(
    conn: Connection, receipt: Receipt, book: Chosen, language: Language, *, now: datetime
) -> Waterfall | Refused:
    """Return what a rulebook makes of a receipt as a till would quote it ``now``. Refusals are a quote's.

    But where points would pay more than they may, they pay as much as they may, and that is told.
    """
    asked = receipt.spend
    worked = quoting.worked_out(conn, book.context, receipt, now=now)
    for position in reversed(range(len(asked))):  # those asked for last have what the others leave
        if not (isinstance(worked, Refused) and worked.reason is Refusal.OVER_LIMIT and worked.field == SPEND):
            break
        most = [Wish(wish.unit, max=True) for wish in asked[position:]]
        less = msgspec.structs.replace(receipt, spend=[*asked[:position], *most])
        worked = quoting.worked_out(conn, book.context, less, now=now)
    if isinstance(worked, Refused):
        return worked
    case = worked.case
    judge = book.book if case.book is None else book.context.ready(case.book)  # or what the member keeps
    facts = case.facts or _gathered(conn, book.context, judge, case, now)
    told = _told(book.context, judge, facts, Verdict(case.points, tuple(case.fired)), language)
    if not case.wishes:
        return told
    most_money = payable(case.amount - case.discount, share=worked.share)
    is_cut = case.receipt.spend != asked
    return msgspec.structs.replace(told, spending=Spending(case.spent.points, worked.share, most_money, is_cut))


def _gathered(conn: Connection, context: Context, judge: Book, case: Case, now: datetime) -> Facts:
    """Return the facts of a receipt of which nothing but the money was asked."""
    remembering.gather(conn, context, [(case, judge.uses)], now=now)
    facts = case.facts
    assert facts is not None  # noqa: S101 it has been gathered
    pay(facts, case.spent.lines)
    return facts


def _told(context: Context, judge: Book, facts: Facts, verdict: Verdict, language: Language) -> Waterfall:
    said = telling.every_rule(judge, facts, matched(verdict))
    by_rule: dict[str, list[Fired]] = {}
    for one in said:
        by_rule.setdefault(one.rule, []).append(one)
    acting = {one.rule for one in said if one.matched}
    lines = [LineTold(one.number, one.sku, one.quantity, one.price, one.discount, one.paid) for one in facts.lines]
    return Waterfall(
        at=facts.at,
        place=facts.place,
        member=facts.member.id or None,
        price=facts.price,
        discount=facts.discount,
        by_points=sum([line.by_points for line in lines]),
        to_pay=facts.paid,
        points=dict(verdict.points),
        worth=worth(worths(context.units), verdict),
        lines=tuple(lines),
        rules=tuple([_rule(context, judge, facts, id_, fired, acting, language) for id_, fired in by_rule.items()]),
    )


def _rule(
    context: Context,
    judge: Book,
    facts: Facts,
    id_: str,
    fired: Sequence[Fired],
    acting: set[str],
    language: Language,
) -> RuleTold:
    one = judge.by_id[id_]
    acts = any(each.matched for each in fired)
    why = "" if acts else fired[0].text
    program, units = context.program, context.by_code

    def told(each: Fired) -> FiredTold:
        scale = units[each.unit].scale if each.unit in units else 0
        text = explain(each, currency=program.currency, scale=scale, locale=language.locale)
        return FiredTold(text, each)

    reasons = explaining.explain(one.condition, facts, facts.when, language) if one.holds is not None else []
    rivals = [judge.rules[position].rule for position in sorted(one.rivals)]
    return RuleTold(
        rule=id_,
        name=one.rule.name,
        acts=acts,
        why=why,
        fired=tuple([told(each) for each in fired]),
        reasons=tuple([(each.holds is each.wanted, each.text) for each in reasons]),
        lost_to=tuple([rival.name or rival.id for rival in rivals if rival.id in acting])
        if why == telling.RIVAL
        else (),
        priority=one.rule.priority,
    )
