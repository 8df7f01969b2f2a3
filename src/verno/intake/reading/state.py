"""A receipt as it stands now: what it came to, what became of it, what has come back."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from verno.intake import answer, sold
from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.settling import desk
from verno.intake.sold import HELD, SETTLED, Sold
from verno.intake.sums import kept
from verno.intake.types import ByNumber, Target
from verno.kit.db import Connection
from verno.rules.types import Fired

LAPSED = "lapsed"
"""What a hold is called whose time is over and that nobody has captured or cancelled."""


class StandPart(msgspec.Struct, frozen=True, gc=False):
    """What the receipt did by unit, and what returns undid of it."""

    unit: str
    earned: int
    spent: int
    taken_back: int
    put_back: int


class StandLinePart(msgspec.Struct, frozen=True, gc=False):
    """A line: its price, what of it points paid, how much was sold and how much of that is left; decimal strings."""

    line: int
    amount: int
    discount: int
    paid_with_points: int
    to_pay: int
    quantity: str
    kept: str


class StandReturnPart(msgspec.Struct, frozen=True, gc=False):
    """A return of this receipt."""

    id: str
    number: str
    at: datetime
    refund: int


class StandAnswer(msgspec.Struct, frozen=True, gc=False):
    """A receipt as it stands. ``status`` is held, lapsed, settled, cancelled or unmatched."""

    id: str
    number: str
    series: str
    place: str
    at: datetime
    status: str
    member: answer.MemberPart | None
    amount: int
    to_pay: int
    points: list[StandPart]
    lines: list[StandLinePart]
    returns: list[StandReturnPart]
    explanation: list[answer.RulePart]
    fiscal_number: str | None
    expires_at: datetime | UnsetType = UNSET
    claim_code: str | UnsetType = UNSET
    kept: answer.KeptPart | UnsetType = UNSET


def find(conn: Connection, context: Context, name: Target) -> Sold | None:
    """Return the receipt of that name as it stands, without locking it; None when there is none."""
    parameters = named(conn, context, name)
    values = conn.execute(SQL["one_sold"], parameters).fetchone() if parameters else None
    if values is None:
        return None
    one = Sold(sold.as_row(values))
    context.catch_up(conn, {one.row.rulebook_id} if one.row.rulebook_id else (), {one.row.place_id})
    sold.look_closer(conn, [one])
    return one


def named(conn: Connection, context: Context, name: Target) -> dict[str, object] | None:
    """Return a name as the statements that read one receipt or return take it; None where there is no such store."""
    parameters: dict[str, object] = dict.fromkeys(("id", "place", "series", "number", "code"))
    parameters["program"] = context.program.id
    if not isinstance(name, ByNumber):
        return parameters | msgspec.structs.asdict(name)
    desk.meet_stores(conn, context, [name.place])
    store = context.stores.get(name.place)
    return parameters | {"place": store.id, "series": name.series, "number": name.number} if store else None


def answer_of(context: Context, one: Sold, *, now: datetime, fired: tuple[Fired, ...] | None = None) -> bytes:
    """Return a receipt as it stands; ``fired`` are the rules to tell in place of those that matched."""
    row = one.row
    capture = one.steps.get(sold.RESOLVE)
    matched = row.status not in {sold.UNMATCHED, sold.CLAIMED}
    told = fired if fired is not None else tuple(rule for rule in rules_of(one) if rule.matched)
    left, earned, spent = one.left(), one.earned(), one.points_spent()
    live = row.status in {HELD, SETTLED}
    return answer.encode(
        StandAnswer(
            id=row.id,
            number=row.number,
            series=row.series,
            place=context.by_place[row.place_id].code,
            at=row.at,
            status=status(row.status, row.hold_expires_at, now),
            member=answer.MemberPart(row.owner_id) if matched else None,
            amount=row.amount,
            to_pay=paid(one),
            points=[
                StandPart(
                    unit.code,
                    earned.get(unit.code, 0) if live else 0,
                    spent.get(unit.code, 0) if live else 0,
                    sum(back.taken.get(unit.code, 0) for back in one.returns),
                    sum(back.put.get(unit.code, 0) for back in one.returns),
                )
                for unit in context.units
            ]
            if matched
            else [],
            lines=[_line(line, left) for line in one.lines],
            returns=[StandReturnPart(back.id, back.number, back.at, back.refund) for back in one.returns],
            explanation=answer.explanation(context, told) if live else [],
            fiscal_number=(capture.fiscal_number if capture else None) or row.fiscal_number,
            expires_at=row.hold_expires_at if row.status == HELD and row.hold_expires_at else UNSET,
            claim_code=row.claim_code if row.status == sold.UNMATCHED and row.claim_code else UNSET,
            kept=kept_of(context, one),
        )
    )


def kept_of(context: Context, one: Sold) -> answer.KeptPart | UnsetType:
    """Return the earlier version that a receipt was judged by, where its member keeps one."""
    facts = one.row.facts
    return answer.kept(context, sold.rulebook(context, one.row), facts.kept_until) if facts else UNSET


def rules_of(one: Sold) -> list[Fired]:
    """Return the rules that fired for a receipt, or for the part of it that was captured."""
    capture = one.steps.get(sold.RESOLVE)
    return capture.verdict if capture is not None and capture.kind == "capture" else one.row.verdict


def paid(one: Sold) -> int:
    """Return what was paid in money: of all, or of the part that was captured."""
    return kept.kept(one.lines, taken(one)).to_pay


def taken(one: Sold) -> dict[int, int]:
    """Return the thousandths by line that were sold: all, or what was captured."""
    capture = one.steps.get(sold.RESOLVE)
    return capture.kept if capture is not None and capture.kept is not None else kept.all_of(one.lines)


def status(stored: str, hold_expires_at: datetime | None, now: datetime) -> str:
    """Return a receipt's status as its reader should see it."""
    if stored == HELD and hold_expires_at is not None and now >= hold_expires_at:
        return LAPSED
    return stored


def _line(line: kept.Line, left: dict[int, int]) -> StandLinePart:
    # A line of no quantity is there or not: it has none to count.
    remains = left[line.line] if line.quantity else 0
    return StandLinePart(
        *(line.line, line.amount, line.off, line.paid, line.to_pay),
        kept.in_words(line.quantity),
        kept.in_words(remains),
    )
