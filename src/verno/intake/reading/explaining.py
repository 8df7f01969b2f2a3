"""Why points are what they are, and where they went: "why 37?" and "where did they go?".

Numbers are stored with the receipt and its returns; rules that did not match are worked out again by the pure engine,
which says the same for ever. Words are rendered here, in the reader's language.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from msgspec import UNSET

from verno.intake import answer, queries, sold, words
from verno.intake.context import Context
from verno.intake.queries import SQL, ReceiptName
from verno.intake.reading import state
from verno.intake.settling import again
from verno.intake.settling.posting import code_of
from verno.intake.sold import Sold
from verno.intake.sums import kept
from verno.intake.types import ById
from verno.intake.words import explain
from verno.kit.db import Connection
from verno.ledger import tracing
from verno.ledger.tracing import Traced
from verno.ledger.types import TransferKind
from verno.rules.types import Fired


class RuleNumbers(msgspec.Struct, frozen=True, gc=False):
    """A rule's part with its numbers, as ``rules.types.Fired`` has them; ``effect`` says what the numbers are.

    Per full amount, ``full`` times ``per`` fit into ``paid``, and ``rate`` points are for each. ``discount`` is money.
    """

    rule: str
    matched: bool
    unit: str
    points: int
    paid: int
    per: int
    rate: int
    full: int
    text: str
    effect: str
    discount: int


class LineNumbers(msgspec.Struct, frozen=True, gc=False):
    """A line's part of what the rules looked at: ``to_pay`` of what is kept of it, in minor units."""

    line: int
    sku: str
    kept: str
    amount: int
    paid_with_points: int
    to_pay: int


class SourcePart(msgspec.Struct, frozen=True, gc=False):
    """The receipt or return behind a movement."""

    id: str
    number: str
    place: str


class AtePart(msgspec.Struct, frozen=True, gc=False):
    """Points of one lot that a movement took, or put back; the lot is named by the transfer that made it."""

    lot: str
    points: int
    earned_at: datetime
    expires_at: datetime | None
    receipt: SourcePart | None


class ChapterPart(msgspec.Struct, frozen=True, gc=False):
    """What changed a lot: ``points`` are negative when they left it."""

    transfer: str
    kind: str
    points: int
    at: datetime
    receipt: SourcePart | None


class LotPart(msgspec.Struct, frozen=True, gc=False):
    """The lot that this transfer made, and what became of it."""

    amount: int
    remaining: int
    held: int
    active_from: datetime | None
    expires_at: datetime | None
    awaits: str | None
    story: list[ChapterPart]


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """Why a transfer is what it is. ``points`` are signed from the member's side, money is in minor units.

    ``paid`` is what the rules looked at, ``lines`` its parts. For a take-back they are those of what was kept, and
    ``before`` is what had been earned until then. ``kept`` says that an earlier version of the rules judged. ``ate``
    are the lots that points left or went back into.
    """

    id: str
    kind: str
    unit: str
    points: int
    at: datetime
    member: str
    why: str
    rounding: str | None
    kept: str | None
    receipt: SourcePart | None
    before: int | None
    paid: int | None
    rules: list[RuleNumbers]
    lines: list[LineNumbers]
    ate: list[AtePart]
    lot: LotPart | None
    reverses: str | None


class _Worked(msgspec.Struct, frozen=True):
    """What rules made of a receipt, or of what was kept of it."""

    paid: int
    fired: Sequence[Fired]
    lines: list[LineNumbers]
    before: int | None = None
    kept: str | None = None


NOTHING = _Worked(0, (), [])
RETURN = "return"
"""The reason that a return's transfers name."""


def with_all_rules(conn: Connection, context: Context, reply: bytes) -> bytes:
    """Return an answer to a sale or a step with the rules that did not match among the others, in their order."""
    body: dict[str, object] = msgspec.json.decode(reply)
    one = state.find(conn, context, ById(str(body.get("id")))) if body.get("member") else None
    if one is None or one.row.rulebook_id is None:
        return reply
    fired = all_rules(context, one, state.taken(one))
    return answer.encode({**body, "explanation": answer.explanation(context, fired)})


def all_rules(context: Context, one: Sold, quantities: Mapping[int, int]) -> tuple[Fired, ...]:
    """Return what every rule of a receipt's own rulebook says of a part of it."""
    return again.all_rules(context, one, sold.rulebook(context, one.row), quantities)


def transfer(
    conn: Connection, context: Context, id_: str, *, locale: str, everything: bool = False
) -> Explanation | None:
    """Return why a transfer is what it is; None when the program has none of this id.

    ``everything`` adds the rules that did not match.
    """
    traced = tracing.transfer(conn, context.program.id, id_)
    if traced is None:
        return None
    row = traced.transfer
    unit = code_of(context, row.unit_id)
    worked = _worked(conn, context, traced, unit)
    lots = tracing.lots_of(conn, traced.holder_id, id_)
    story = tracing.story_of(conn, traced.holder_id, id_)
    chapters = story[1] if story else []
    names = queries.names(conn, list(_behind(traced, lots, chapters)))
    rules = [one for one in worked.fired if one.unit == unit and (one.matched or everything)]
    return Explanation(
        id=row.id,
        kind=row.kind,
        unit=unit,
        points=row.points,
        at=row.at,
        member=traced.holder_id,
        why=_why(context, traced, worked, names.get(row.operation_id or ""), locale),
        rounding=_("Every rule rounds down, once for the whole receipt.") if worked.fired else None,
        kept=worked.kept,
        receipt=_source(names, row.operation_id),
        before=worked.before,
        paid=worked.paid if worked.fired else None,
        rules=[_rule(context, one, locale) for one in rules],
        lines=worked.lines,
        ate=[
            AtePart(one.lot_id, one.points, one.earned_at, one.expires_at, _source(names, one.operation_id))
            for one in lots
        ],
        lot=None
        if story is None
        else LotPart(
            *(story[0].amount, story[0].remaining, story[0].held),
            None if story[0].awaits else story[0].active_from,
            *(story[0].expires_at, story[0].awaits),
            [ChapterPart(c.transfer_id, c.kind, c.points, c.at, _source(names, c.operation_id)) for c in chapters],
        ),
        reverses=traced.reverses_id,
    )


def _behind(traced: Traced, lots: Sequence[tracing.LotPart], chapters: Sequence[tracing.Chapter]) -> Iterator[str]:
    """Name the operations behind a transfer and its lots."""
    ids = (traced.transfer.operation_id, *(lot.operation_id for lot in lots), *(one.operation_id for one in chapters))
    yield from {id_ for id_ in ids if id_ is not None}


def _worked(conn: Connection, context: Context, traced: Traced, unit: str) -> _Worked:
    """Return the numbers behind an earning, or behind a take-back: those of what was kept."""
    row = traced.transfer
    if row.operation_id is None or row.kind not in {TransferKind.EARN, TransferKind.TAKE_BACK}:
        return NOTHING
    if row.kind == TransferKind.EARN:
        one = state.find(conn, context, ById(row.operation_id))
        return NOTHING if one is None else _of(conn, context, one, _captured(one))
    found = conn.execute(SQL["original_of"], {"id": row.operation_id, "program": context.program.id}).fetchone()
    one = state.find(conn, context, ById(found[0])) if found else None
    if one is None:
        return NOTHING
    until = next((i for i, back in enumerate(one.returns) if back.id == row.operation_id), len(one.returns))
    before = one.earned().get(unit, 0) - sum(back.taken.get(unit, 0) for back in one.returns[:until])
    one.returns = one.returns[: until + 1]
    return _of(conn, context, one, one.left(), before)


def _captured(one: Sold) -> dict[int, int]:
    """Return what was sold: all, or what was captured, or, of a receipt claimed late, what had not come back then."""
    one.returns = [back for back in one.returns if not back.taken and not back.put] if one.row.claim_code else []
    return one.left()


def _of(
    conn: Connection, context: Context, one: Sold, quantities: dict[int, int], before: int | None = None
) -> _Worked:
    skus = {
        line.line: line.sku for line in queries.lines(conn, one.row.lines_holder_id, [one.row.id]).get(one.row.id, [])
    }
    paid = kept.kept(one.lines, quantities).to_pay
    lines = []
    for line in one.lines:
        left = quantities.get(line.line, 0)
        part = kept.kept([line], {line.line: left})
        lines.append(
            LineNumbers(
                *(line.line, skus.get(line.line, ""), kept.in_words(left if line.quantity else 0)),
                *(part.to_pay + part.paid + part.off, part.paid, part.to_pay),
            )
        )
    earlier = state.kept_of(context, one)
    told = None if earlier is UNSET else words.kept(earlier.version, earlier.until, locale=get_language() or "en")
    return _Worked(paid, all_rules(context, one, quantities), lines, before, told)


def _rule(context: Context, one: Fired, locale: str) -> RuleNumbers:
    scale = context.by_code[one.unit].scale if one.unit else 0
    text = explain(one, currency=context.program.currency, scale=scale, locale=locale)
    numbers = (one.rule, one.matched, one.unit, one.points, one.paid, one.per, one.rate, one.full)
    return RuleNumbers(*numbers, text=text, effect=one.effect, discount=one.discount)


def _source(names: dict[str, ReceiptName], operation_id: str | None) -> SourcePart | None:
    name = names.get(operation_id or "")
    return None if name is None else SourcePart(name.id, name.number, name.place)


def _why(context: Context, traced: Traced, worked: _Worked, name: ReceiptName | None, locale: str) -> str:
    """Say it in one sentence."""
    row = traced.transfer
    told = " ".join(_rule(context, one, locale).text for one in worked.fired if one.points)
    if row.kind == TransferKind.EARN and told:
        return told
    if row.kind == TransferKind.TAKE_BACK and worked.before is not None:
        words = {"before": worked.before, "points": row.amount, "kept": worked.before - row.amount}
        return _("The sale had earned %(before)s; what was kept earns %(kept)s, so %(points)s were taken back") % words
    return in_words(row.kind, row.reason, name)


def in_words(kind: str, reason: str, name: ReceiptName | None) -> str:
    """Say why points moved, in the reader's language; ``name`` is the receipt or return behind it."""
    if kind in ALONE:
        return _(ALONE[kind])
    if kind == TransferKind.ADJUST:
        return _("Corrected by staff: %(reason)s") % {"reason": _(REASONS[reason]) if reason in REASONS else reason}
    if name is None or kind not in BEHIND:
        return reason
    words = SHORTENED if kind == TransferKind.EXTEND and reason == RETURN else BEHIND[kind]
    return _(words) % {"number": name.number, "place": name.place}


ALONE: Mapping[str, str] = {
    TransferKind.EXPIRE: gettext_noop("Expired"),
    TransferKind.REPAY: gettext_noop("Repaid what was owed"),
    TransferKind.WRITE_OFF: gettext_noop("A debt was written off"),
    TransferKind.REINSTATE: gettext_noop("Given again after they had expired"),
    TransferKind.OPEN: gettext_noop("Brought along from another system"),
    TransferKind.SEND: gettext_noop("Given to another member"),
    TransferKind.RECEIVE: gettext_noop("Got from another member"),
    TransferKind.MERGE: gettext_noop("Two members turned out to be one"),
    TransferKind.ERASE: gettext_noop("Erased with the member"),
}
REASONS: Mapping[str, str] = {
    "goodwill": gettext_noop("goodwill"),
    "correction": gettext_noop("correction"),
    "complaint": gettext_noop("complaint"),
}
"""Reason codes of a fresh program, in words; an owner's own codes are shown as they are."""
BEHIND: Mapping[str, str] = {
    TransferKind.EARN: gettext_noop("Earned by receipt %(number)s at %(place)s"),
    TransferKind.SPEND: gettext_noop("Spent on receipt %(number)s at %(place)s"),
    TransferKind.TAKE_BACK: gettext_noop("Taken back by return %(number)s at %(place)s"),
    TransferKind.PUT_BACK: gettext_noop("Put back by return %(number)s at %(place)s"),
    TransferKind.EXTEND: gettext_noop("Lives longer thanks to receipt %(number)s at %(place)s"),
    TransferKind.RECOVER: gettext_noop("Kept back of return %(number)s at %(place)s for points written off before"),
}
"""What moved points, by kind: with nothing behind it, and with a receipt or a return."""
SHORTENED = gettext_noop("Ends as it did before: return %(number)s at %(place)s")
