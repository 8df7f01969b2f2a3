"""The facts that rules look at: gathered for a batch in two round trips, and kept with each receipt for ever.

What a receipt's rulebook asks of its member, its place and its goods is stored as it was then, so that a return, an
explanation and a replay see what the till saw.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import msgspec

from verno.catalogue import queries as catalogue
from verno.intake.context import Context
from verno.intake.settling.case import Case
from verno.intake.sums.kept import thousandths
from verno.kit.db import Connection
from verno.members import queries as members
from verno.progress import queries as progress
from verno.rules import fields
from verno.rules.facts import NOBODY, Facts, Line, Member
from verno.workspace.registry import LEGAL_ENTITY

OF_GOODS = frozenset({"lines.category", "lines.cost", "lines.margin"})
OF_MEMBERS = ("member.",)
OF_TRACKS = (fields.TIERS, fields.PROGRESS, fields.SCALE)


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
    shares: dict[str, int] = {}
    consent_level: str | None = None


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was known beside the receipt itself; ``goods`` by SKU, where rules ask of them at all.

    ``closed`` are rules that could not act: ``paused`` by somebody, or without room in a budget. ``kept_until``: the
    member kept an earlier version through that day, and the receipt was judged by it.
    """

    member: Person | None = None
    region: str | None = None
    legal_entity: str | None = None
    spends: bool = False
    goods: dict[str, Thing] = {}
    closed: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    kept_until: date | None = None


def gather(conn: Connection, context: Context, asking: Sequence[tuple[Case, frozenset[str]]], *, now: datetime) -> None:
    """Give each case its facts: the fields that its rulebook asks, and those that progress tracks do."""
    board = context.board(now)
    uses = {case.index: fields | board.uses for case, fields in asking}
    skus = {line.sku for case, _ in asking if uses[case.index] & OF_GOODS for line in case.receipt.lines}
    people = members_asked(conn, context, [(case.holder, uses[case.index]) for case, _ in asking], now=now)
    goods = catalogue.facts(conn, context.program.id, sorted(skus)) if skus else {}
    for case, _ in asking:
        facts = case.facts = _facts(context, case, people, goods if uses[case.index] & OF_GOODS else {})
        facts.closed = facts.paused = context.paused(case.book) if case.book is not None else facts.closed


def members_asked(
    conn: Connection, context: Context, asked: Iterable[tuple[str | None, frozenset[str]]], *, now: datetime
) -> dict[str, Member]:
    """Return members of whom conditions use some fields, as they are now; those of whom nothing is asked are absent."""
    some = [(holder, uses) for holder, uses in asked if holder]
    holders = sorted({holder for holder, uses in some if _asks(uses, OF_MEMBERS)})
    of_tracks = sorted({holder for holder, uses in some if _asks(uses, OF_TRACKS)})
    return known(conn, context, holders, of_tracks, now=now)


def known(
    conn: Connection, context: Context, holders: Sequence[str], of_tracks: Sequence[str], *, now: datetime
) -> dict[str, Member]:
    """Return members as they are now: those of ``of_tracks`` with where they stand."""
    people = members.facts(conn, context.program.id, holders, now=now) if holders else {}
    standings = progress.standings(conn, context.program.id, of_tracks, on=context.board(now), at=now)
    for holder, found in standings.items():
        member = people.get(holder) or Member(holder)
        tiers = {one.track: one.step for one in found if one.step is not None}
        shares = {one.track: one.share for one in found if one.share is not None}
        progressed = {one.track: one.value for one in found}
        people[holder] = replace(member, tiers=tiers, progress=progressed, shares=shares)
    return people


def goods_of(conn: Connection, context: Context, skus: Iterable[str]) -> dict[str, Thing]:
    """Return what goods are now, by SKU."""
    found = catalogue.facts(conn, context.program.id, sorted(set(skus)))
    return {sku: Thing(category, cost) for sku, (category, cost) in found.items()}


def _asks(uses: frozenset[str], of: tuple[str, ...]) -> bool:
    return any(name.startswith(of) for name in uses)


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


def stored(facts: Facts, kept_until: date | None = None) -> Stored:
    """Return what is kept of the facts."""
    return Stored(
        None if facts.member is NOBODY else person(facts.member),
        facts.region,
        facts.legal_entity,
        facts.spends,
        {line.sku: Thing(line.category, line.cost) for line in facts.lines if line.category or line.cost is not None},
        tuple(sorted(facts.closed)),
        tuple(sorted(facts.paused)),
        kept_until,
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
        dict(member.shares),
        member.consent_level,
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
        kept.shares,
        kept.consent_level,
    )
