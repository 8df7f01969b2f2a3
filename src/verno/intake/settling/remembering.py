"""The facts that rules look at: gathered for a batch in two round trips, and kept with each receipt for ever.

What a receipt's rulebook asks of its member, its place and its goods is stored as it was then, so that a return, an
explanation and a replay see what the till saw.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from verno.catalogue import queries as catalogue
from verno.intake.context import Context
from verno.intake.settling.case import Case
from verno.intake.sums.kept import thousandths
from verno.kit.db import Connection
from verno.members import queries as members
from verno.rules.compiling import Book
from verno.rules.facts import NOBODY, Facts, Line, Member
from verno.workspace.registry import LEGAL_ENTITY

ABOUT_GOODS = frozenset({"lines.category", "lines.cost", "lines.margin"})
ABOUT_MEMBERS = ("member.", "tiers.", "progress.")


class Thing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What goods were: their category's path, and what one costs in minor units."""

    category: tuple[str, ...] | None = None
    cost: int | None = None


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a member was; see ``rules.facts.Member``."""

    kind: str | None = None
    birth_date: date | None = None
    joined: date | None = None
    badges: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    tiers: dict[str, str] = {}
    progress: dict[str, int] = {}
    attributes: dict[str, object] = {}


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was known beside the receipt itself; ``goods`` by SKU, where rules ask of them at all.

    ``closed`` are rules that could not act: ``paused`` by somebody, or without room in a budget.
    """

    member: Person | None = None
    region: str | None = None
    legal_entity: str | None = None
    spends: bool = False
    goods: dict[str, Thing] = {}
    closed: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()


def gather(conn: Connection, context: Context, asking: Sequence[tuple[Case, Book]]) -> None:
    """Give each case its facts."""
    of_members = [case.holder for case, book in asking if case.holder and _asks_members(book)]
    skus = {line.sku for case, book in asking if book.uses & ABOUT_GOODS for line in case.receipt.lines}
    people = members.facts(conn, context.program.id, sorted(set(of_members))) if of_members else {}
    goods = catalogue.facts(conn, context.program.id, sorted(skus)) if skus else {}
    for case, book in asking:
        facts = case.facts = _facts(context, case, people, goods if book.uses & ABOUT_GOODS else {})
        facts.closed = facts.paused = context.paused(case.book) if case.book is not None else facts.closed


def _asks_members(book: Book) -> bool:
    return any(name.startswith(ABOUT_MEMBERS) for name in book.uses)


def _facts(
    context: Context,
    case: Case,
    people: Mapping[str, Member],
    goods: Mapping[str, tuple[tuple[str, ...] | None, int | None]],
) -> Facts:
    receipt, holder = case.receipt, case.holder
    lines = []
    for number, line in enumerate(receipt.lines, 1):
        category, cost = goods.get(line.sku, (None, None))
        lines.append(
            Line(
                number,
                line.sku,
                thousandths(line.quantity),
                line.amount,
                line.discount,
                category,
                cost,
                line.attributes,
            )
        )
    return Facts(
        at=case.at,
        zone=case.store.timezone,
        lines=lines,
        place=case.store.code,
        region=case.store.region,
        legal_entity=context.policy.value(LEGAL_ENTITY, place=case.store.code),
        till=receipt.till,
        channel=receipt.channel,
        payments=frozenset([payment.method for payment in receipt.payments]),
        attributes=receipt.attributes,
        member=NOBODY if holder is None else people.get(holder) or Member(holder),
        spends=bool(case.wishes),
    )


def stored(facts: Facts) -> Stored:
    """Return what is kept of the facts."""
    return Stored(
        None if facts.member is NOBODY else person(facts.member),
        facts.region,
        facts.legal_entity,
        facts.spends,
        {line.sku: Thing(line.category, line.cost) for line in facts.lines if line.category or line.cost is not None},
        tuple(sorted(facts.closed)),
        tuple(sorted(facts.paused)),
    )


def person(member: Member) -> Person:
    """Return what is kept of a member."""
    return Person(
        member.kind,
        member.birth_date,
        member.joined,
        tuple(sorted(member.badges)),
        tuple(sorted(member.consents)),
        dict(member.tiers),
        dict(member.progress),
        dict(member.attributes),
    )


def member_of(holder_id: str, kept: Person | None) -> Member:
    """Return a member as a receipt remembers them."""
    if kept is None:
        return Member(holder_id)
    return Member(
        holder_id,
        kept.kind,
        kept.birth_date,
        kept.joined,
        frozenset(kept.badges),
        frozenset(kept.consents),
        kept.tiers,
        kept.progress,
        kept.attributes,
    )
