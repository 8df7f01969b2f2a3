"""What the rules make of receipts: the rulebook of each one's own moment, on what was paid in money.

``prepare`` comes before anybody knows what points pay, and lets rules take off what they do; ``judge`` comes after.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from verno.intake.context import Context
from verno.intake.settling import remembering
from verno.intake.settling.case import Case
from verno.kit.db import Connection
from verno.promotions import keeping
from verno.promotions import queries as promotions
from verno.promotions.keeping import Kept
from verno.rules import engine
from verno.rules.facts import Facts, Member
from verno.rules.judging import telling
from verno.rules.making.compiling import Book
from verno.rules.types import Fired, Verdict

NOBODY_KEEPS: Mapping[int, Kept] = {}
NOTHING_ASKED: frozenset[str] = frozenset()


def prepare(conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime) -> None:
    """Find each receipt's rulebook and, where it asks for more than money, the facts.

    Rules take something off only receipts that were priced (quoted, held, or paid with points): of a plain sale the
    till says what was paid. A receipt of nobody earns nothing (yet), but has its discounts.
    """
    asking: list[tuple[Case, Book, frozenset[str]]] = []
    counts = bool(context.tracks)
    kept = _kept(conn, context, cases, now=now) if context.keeps else NOBODY_KEEPS
    for case in cases:
        found = promotions.at(context.rulebooks, case.at)
        if found is None:
            continue
        of_keepers = NOTHING_ASKED
        if context.keeps:
            of_keepers = context.ready(found).asks_of_keepers
            found, case.kept_until = kept.get(case.index) or (found, None)
        book = context.ready(found)
        if case.holder is None and not (book.discounts and case.is_priced):
            continue
        case.book = found
        if counts or not book.plain or context.paused(found) or case.kept_until:
            asking.append((case, book, book.uses | of_keepers))
    if not asking:
        return
    remembering.gather(conn, context, [(case, uses) for case, _, uses in asking], now=now)
    for case, book, _ in asking:
        _price(book, case)


def _kept(conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime) -> Mapping[int, Kept]:
    """Return which earlier version the members of these receipts keep, by the receipts' indices."""
    asking: list[tuple[Case, Book]] = []
    for case in cases:
        found = promotions.at(context.rulebooks, case.at)
        if found is not None and case.holder and any(case.day <= keep.until for keep in found.rulebook.keeps):
            asking.append((case, context.ready(found)))
    if not asking:
        return NOBODY_KEEPS
    asked = [(case.holder, book.asks_of_keepers) for case, book in asking]
    people = remembering.members_asked(conn, context, asked, now=now)
    out: dict[int, Kept] = {}
    for case, book in asking:
        member = people.get(case.holder or "") or Member(case.holder or "")
        found_kept = keeping.chosen(context.rulebooks, book, Facts(case.at, case.store.timezone, (), member=member))
        if found_kept is not None:
            out[case.index] = found_kept
    return out


def close(context: Context, case: Case, rules: frozenset[str]) -> None:
    """Let some rules not act for a receipt that was prepared; it must be judged again."""
    if case.facts is not None and case.book is not None:
        case.facts.closed |= rules
        _price(context.ready(case.book), case)


def _price(book: Book, case: Case) -> None:
    if case.facts is not None and case.is_priced:
        case.taken_off = engine.price(book, case.facts)
        case.discount = case.facts.discount


def judge(context: Context, cases: Iterable[Case]) -> None:
    """Let the rulebooks speak, once it is known what points pay."""
    by_book: dict[str, list[Case]] = {}
    for case in cases:
        if case.book is not None:
            by_book.setdefault(case.book.id, []).append(case)
    for same in by_book.values():
        first = same[0].book
        book = context.ready(first) if first is not None else None
        if book is None:
            continue
        if book.plain and not any(case.facts for case in same):
            verdicts = engine.plain(book, [case.to_pay for case in same])
        else:
            verdicts = [_verdict(book, case) for case in same]
        for case, verdict in zip(same, verdicts, strict=True):
            case.points = verdict.points
            case.fired = matched(verdict)


def _verdict(book: Book, case: Case) -> Verdict:
    if case.facts is None:
        return engine.plain(book, [case.to_pay])[0] if book.plain else Verdict({}, ())
    pay(case.facts, case.spent.lines)
    if case.holder is None:
        return Verdict({}, case.taken_off)
    return engine.settle(book, case.facts, case.taken_off)


def pay(facts: Facts, by_points: Sequence[int]) -> None:
    """Say what points pay of each line; nothing where there are no figures."""
    for line, paid in zip(facts.lines, by_points or [0] * len(facts.lines), strict=True):
        line.paid = line.price - line.discount - paid
    facts.add_up()


def all_rules(context: Context, case: Case) -> tuple[Fired, ...]:
    """Return what every rule says of a receipt that was judged, those that did not act included."""
    if case.book is None:
        return ()
    book = context.ready(case.book)
    if case.facts is not None:
        return telling.every_rule(book, case.facts, case.fired)
    return engine.plain(book, [case.to_pay])[0].fired if book.plain else ()


def matched(verdict: Verdict) -> tuple[Fired, ...]:
    """Return the rules that fired; those that did not are never stored, the engine can always say them again."""
    return tuple([fired for fired in verdict.fired if fired.matched])


def points_by_unit(fired: Iterable[Fired]) -> dict[str, int]:
    """Return what a stored verdict gave, by unit."""
    points: dict[str, int] = {}
    for line in fired:
        if line.points:
            points[line.unit] = points.get(line.unit, 0) + line.points
    return points


def off_by_line(fired: Iterable[Fired]) -> Mapping[int, int]:
    """Return what a stored verdict took off, by line, in minor units."""
    off: dict[int, int] = {}
    for one in fired:
        for line, amount in one.lines:
            off[line] = off.get(line, 0) + amount
    return off
