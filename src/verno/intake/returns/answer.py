"""The replies to returns."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from verno.intake import answer
from verno.intake.context import Context
from verno.intake.returns.case import Case
from verno.intake.returns.types import Back
from verno.intake.sums import kept
from verno.intake.types import ByNumber, Refused


class OriginalPart(msgspec.Struct, frozen=True, gc=False):
    """The sale; ``id`` is absent until it has come."""

    place: str
    series: str
    number: str
    id: str | UnsetType = UNSET


class BackPart(msgspec.Struct, frozen=True, gc=False):
    """Points by unit: taken back of what the sale had earned, put back of what it had spent.

    ``recovered`` of those put back went to make up for what earlier returns had let go: there when it is not 0.
    """

    unit: str
    taken_back: int
    put_back: int
    recovered: int | UnsetType = UNSET


class BackLinePart(msgspec.Struct, frozen=True, gc=False):
    """What came back of a line, and the money that is for it, in minor units."""

    line: int
    quantity: str
    refund: int


class ReturnAnswer(msgspec.Struct, frozen=True, gc=False):
    """The reply to a return. ``refund`` is the money to give back, in minor units: less what points had paid.

    What follows ``original`` is there once the return is settled: a parked one does not know it yet.
    """

    id: str
    number: str
    status: str
    original: OriginalPart
    member: answer.MemberPart | UnsetType | None = UNSET
    points: list[BackPart] | UnsetType = UNSET
    balance: list[answer.BalancePart] | UnsetType = UNSET
    refund: int | UnsetType = UNSET
    lines: list[BackLinePart] | UnsetType = UNSET


NOTHING = Back({}, {}, 0, {}, {})

_refusal = msgspec.json.Decoder(Refused)


def settled(context: Context, case: Case) -> bytes:
    """Return the reply to a return of a sale that is there; one of nobody's moves no points."""
    row, back = case.sale.row, case.back or NOTHING
    units = context.units if case.matched else []
    counted = {line.line for line in case.sale.lines if line.quantity}  # one of quantity 0 comes back as it was sold
    return answer.encode(
        ReturnAnswer(
            id=case.id,
            number=case.wanted.number,
            status="settled",
            original=OriginalPart(context.by_place[row.place_id].code, row.series, row.number, row.id),
            member=answer.MemberPart(row.owner_id) if case.matched else None,
            points=[_part(one.code, back, case.recovered) for one in units],
            balance=answer.balance(context, case.balances) if case.matched else [],
            refund=back.refund,
            lines=[
                BackLinePart(line, kept.in_words(quantity if line in counted else 0), back.refunds.get(line, 0))
                for line, quantity in sorted(back.lines.items())
            ],
        )
    )


def _part(unit: str, back: Back, recovered: Mapping[str, int]) -> BackPart:
    return BackPart(unit, back.taken.get(unit, 0), back.put.get(unit, 0), recovered.get(unit) or UNSET)


def parked(id_: str, number: str, original: ByNumber) -> bytes:
    """Return the reply to a return that waits for its sale."""
    part = OriginalPart(original.place, original.series, original.number)
    return answer.encode(ReturnAnswer(id_, number, "parked", part))


def refusal(no: Refused) -> bytes:
    """Return a refusal as it is kept for a parked return that could not be applied."""
    return answer.encode(no)


def read_refusal(text: str) -> Refused:
    """Return the refusal that was kept."""
    return _refusal.decode(text)
