"""The reply to a receipt: the shape the API promises, as bytes that are stored and replayed for ever."""

from collections.abc import Sequence

import msgspec

from verno.intake.context import Context
from verno.intake.types import Receipt
from verno.intake.words import explain
from verno.ledger.types import Balance
from verno.rules.types import Verdict


class MemberPart(msgspec.Struct, frozen=True, gc=False):
    """Who earned."""

    id: str


class PointsPart(msgspec.Struct, frozen=True, gc=False):
    """What this receipt did, by unit."""

    unit: str
    earned: int
    spent: int


class BalancePart(msgspec.Struct, frozen=True, gc=False):
    """What the member has now, by unit."""

    unit: str
    available: int
    pending: int
    held: int


class RulePart(msgspec.Struct, frozen=True, gc=False):
    """One rule's part, in words."""

    rule: str
    matched: bool
    text: str
    points: int


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The reply."""

    id: str
    number: str
    status: str
    member: MemberPart | None
    points: list[PointsPart]
    balance: list[BalancePart]
    explanation: list[RulePart]


_encode = msgspec.json.Encoder().encode


def settled(
    context: Context, receipt: Receipt, id_: str, holder: str, verdict: Verdict, balances: Sequence[Balance]
) -> bytes:
    """Return the reply to a receipt of a known member; words in the program's language."""
    by_unit = {balance.unit_id: balance for balance in balances}
    scales = {unit.code: unit.scale for unit in context.units}
    program = context.program
    nothing = Balance("")
    held = [(unit.code, by_unit.get(unit.id, nothing)) for unit in context.units]
    return _encode(
        Answer(
            id=id_,
            number=receipt.number,
            status="settled",
            member=MemberPart(holder),
            points=[PointsPart(unit.code, verdict.points.get(unit.code, 0), 0) for unit in context.units],
            balance=[BalancePart(code, b.available, b.pending, b.held) for code, b in held],
            explanation=[
                RulePart(
                    fired.rule,
                    fired.matched,
                    explain(fired, currency=program.currency, scale=scales[fired.unit], locale=program.locale),
                    fired.points,
                )
                for fired in verdict.fired
            ],
        )
    )


def unmatched(receipt: Receipt, id_: str) -> bytes:
    """Return the reply to a receipt whose member is not known (yet)."""
    return _encode(Answer(id_, receipt.number, "unmatched", None, [], [], []))
