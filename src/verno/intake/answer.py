"""The replies to receipts: the shapes the API promises, as bytes that are stored and replayed for ever."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec
from msgspec import UNSET, UnsetType

from verno.intake import words
from verno.intake.context import Context
from verno.intake.reading.progress import ProgressPart
from verno.intake.settling import effects
from verno.intake.settling.case import Case
from verno.intake.settling.effects import EffectPart
from verno.intake.settling.posting import in_order
from verno.intake.words import explain
from verno.ledger.types import Balance
from verno.promotions.types import StoredRulebook
from verno.rules.types import Fired


class MemberPart(msgspec.Struct, frozen=True, gc=False):
    """Who earned."""

    id: str


class PointsPart(msgspec.Struct, frozen=True, gc=False):
    """What this receipt did, by unit."""

    unit: str
    earned: int
    spent: int


class BalancePart(msgspec.Struct, frozen=True, gc=False):
    """What the member has now, by unit; ``debt`` is there only while they owe."""

    unit: str
    available: int
    pending: int
    held: int
    debt: int | UnsetType = UNSET


class RulePart(msgspec.Struct, frozen=True, gc=False):
    """One rule's part, in words."""

    rule: str
    matched: bool
    text: str
    points: int


class SpendPart(msgspec.Struct, frozen=True, gc=False):
    """Points of a unit that could pay for this receipt, and how much money that is."""

    unit: str
    points: int
    amount: int


class LinePart(msgspec.Struct, frozen=True, gc=False):
    """A line's price: ``amount`` less Verno's ``discount`` less what points pay is ``to_pay``; minor units."""

    line: int
    amount: int
    discount: int
    paid_with_points: int
    to_pay: int


class KeptPart(msgspec.Struct, frozen=True, gc=False):
    """The earlier version of the rules that judged the receipt, since its member keeps that one through a date."""

    version: int
    until: date
    text: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The reply to a sale.

    ``to_pay`` and ``lines`` are there when points may come off: with spend, quote or hold, and in its capture.
    ``expires_at`` belongs to a hold, ``claim_code`` to a receipt of nobody; ``effects`` are there when rules bring more
    than points and discounts, ``kept`` where an earlier version of them judged.
    """

    id: str
    number: str
    status: str
    member: MemberPart | None
    points: list[PointsPart]
    balance: list[BalancePart]
    explanation: list[RulePart]
    to_pay: int | UnsetType = UNSET
    lines: list[LinePart] | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
    claim_code: str | UnsetType = UNSET
    effects: list[EffectPart] | UnsetType = UNSET
    kept: KeptPart | UnsetType = UNSET


class QuoteAnswer(msgspec.Struct, frozen=True, gc=False):
    """The reply to a quote: a sale's, without an id, and with what a till needs before the customer pays."""

    number: str
    status: str
    member: MemberPart | None
    points: list[PointsPart]
    balance: list[BalancePart]
    explanation: list[RulePart]
    to_pay: int
    lines: list[LinePart]
    spend_max: list[SpendPart]
    quote: str
    quote_expires_at: datetime
    progress: list[ProgressPart] | UnsetType = UNSET
    effects: list[EffectPart] | UnsetType = UNSET
    kept: KeptPart | UnsetType = UNSET


encode = msgspec.json.Encoder().encode


def settled(context: Context, case: Case, holder: str) -> bytes:
    """Return the reply to a receipt of a known member, settled or held; words in the program's language."""
    priced = case.is_priced
    return encode(
        Answer(
            id=case.id,
            number=case.receipt.number,
            status="settled" if case.hold_until is None else "held",
            member=MemberPart(holder),
            points=points(context, case.earned, case.spent.points),
            balance=balance(context, case.balances),
            explanation=explanation(context, case.fired),
            to_pay=case.to_pay if priced else UNSET,
            lines=lines(case) if priced else UNSET,
            expires_at=UNSET if case.hold_until is None else case.hold_until,
            effects=UNSET if case.facts is None else effects.parts(context, case.book, case.fired),
            kept=kept(context, case.book, case.kept_until),
        )
    )


def unmatched(context: Context, case: Case, claim_code: str | None) -> bytes:
    """Return the reply to a receipt whose member is not known (yet)."""
    priced = case.is_priced
    return encode(
        Answer(
            *(case.id, case.receipt.number, "unmatched", None, [], [], explanation(context, case.fired)),
            to_pay=case.to_pay if priced else UNSET,
            lines=lines(case) if priced else UNSET,
            claim_code=UNSET if claim_code is None else claim_code,
        )
    )


def points(context: Context, earned: Mapping[str, int], spent: Mapping[str, int]) -> list[PointsPart]:
    """Return what was earned and spent, one entry a unit of the program."""
    return [PointsPart(unit.code, earned.get(unit.code, 0), spent.get(unit.code, 0)) for unit in context.units]


def balance(context: Context, balances: Sequence[Balance]) -> list[BalancePart]:
    """Return what the member has, one entry a unit of the program."""
    return [
        BalancePart(unit.code, b.available, b.pending, b.held, b.debt or UNSET)
        for unit, b in in_order(context, balances)
    ]


def explanation(context: Context, fired: Iterable[Fired]) -> list[RulePart]:
    """Return each rule's part in the program's language."""
    program, units = context.program, context.by_code
    return [
        RulePart(
            one.rule,
            one.matched,
            explain(
                one, currency=program.currency, scale=units[one.unit].scale if one.unit else 0, locale=program.locale
            ),
            one.points,
        )
        for one in fired
    ]


def kept(context: Context, book: StoredRulebook | None, until: date | None) -> KeptPart | UnsetType:
    """Return which version the member kept; unset for a receipt that its own moment's version judged."""
    if book is None or until is None:
        return UNSET
    return KeptPart(book.version, until, words.kept(book.version, until, locale=context.program.locale))


def lines(case: Case) -> list[LinePart]:
    """Return the price of each line; the columns add up to the receipt's figures."""
    return line_parts([line.amount for line in case.receipt.lines], case.off, case.spent.lines)


def line_parts(prices: Sequence[int], off: Sequence[int], paid: Sequence[int]) -> list[LinePart]:
    """Return the price of each line, what rules took off it and points paid (empty: nothing), in minor units."""
    nothing = [0] * len(prices)
    return [
        LinePart(number, amount, less, by_points, amount - less - by_points)
        for number, (amount, less, by_points) in enumerate(zip(prices, off or nothing, paid or nothing, strict=True), 1)
    ]
