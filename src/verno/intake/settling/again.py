"""What a receipt's own rulebook says of it later: of a part of it, of what is left after a return, of a late member."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from verno.intake.context import Context
from verno.intake.settling import remembering
from verno.intake.settling.judging import matched
from verno.intake.settling.remembering import Stored, Thing
from verno.intake.sold import Sold
from verno.intake.sums import kept
from verno.promotions.types import StoredRulebook
from verno.rules import engine
from verno.rules.effects import DISCOUNTS
from verno.rules.facts import NOBODY, Facts, Line, Member
from verno.rules.judging import telling
from verno.rules.types import Fired, Verdict

NOTHING = Stored()
NO_THING = Thing()
NO_GOODS: Mapping[str, Thing] = {}
NOTHING_CLOSED: frozenset[str] = frozenset()


def judged(
    context: Context,
    one: Sold,
    book: StoredRulebook | None,
    quantities: Mapping[int, int] | None,
    *,
    member: Member | None = None,
    closed: frozenset[str] = NOTHING_CLOSED,
) -> Verdict:
    """Return what a rulebook makes of the quantities of a receipt (thousandths by line; None: of all it was).

    What rules took off is not asked again: each line keeps its share of it. ``member`` is somebody who was not known
    when the receipt was made: then no rule is ``closed`` but these, else those that were then and these. A plain book
    needs no lines to have been read for a whole receipt, unless something is closed.
    """
    if book is None:
        return Verdict({}, ())
    ready = context.ready(book)
    if member is None:
        closed = closed.union(_known(one).closed)
    if ready.plain and not closed:
        paid = one.to_pay if quantities is None else kept.kept(one.lines, quantities).to_pay
        return engine.plain(ready, [paid])[0]
    return engine.settle(ready, facts(context, one, quantities, member, closed=closed), taken_off(one))


def earned(
    context: Context,
    one: Sold,
    book: StoredRulebook | None,
    quantities: Mapping[int, int] | None,
    *,
    closed: frozenset[str] = NOTHING_CLOSED,
) -> tuple[tuple[Fired, ...], dict[str, int]]:
    """Return the rules that fired, and points by unit."""
    verdict = judged(context, one, book, quantities, closed=closed)
    return matched(verdict), dict(verdict.points)


def all_rules(
    context: Context, one: Sold, book: StoredRulebook | None, quantities: Mapping[int, int]
) -> tuple[Fired, ...]:
    """Return what every rule says, those that did not act included."""
    verdict = judged(context, one, book, quantities)
    if book is None:
        return verdict.fired
    ready, closed = context.ready(book), frozenset(_known(one).closed)
    if ready.plain and not closed:
        return verdict.fired
    return telling.every_rule(ready, facts(context, one, quantities, None, closed=closed), matched(verdict))


def taken_off(one: Sold) -> Sequence[Fired]:
    """Return what rules had taken off when the receipt was made."""
    return [fired for fired in one.row.verdict if fired.effect in DISCOUNTS]


def remembered(one: Sold, member: Member, *, closed: frozenset[str], paused: frozenset[str]) -> Stored:
    """Return what a receipt remembers once it is a member's."""
    return replace(
        _known(one),
        member=remembering.person(member),
        closed=tuple(sorted(closed)),
        paused=tuple(sorted(paused)),
    )


def _known(one: Sold) -> Stored:
    return one.row.facts or NOTHING


def facts(
    context: Context,
    one: Sold,
    quantities: Mapping[int, int] | None,
    member: Member | None,
    *,
    goods: Mapping[str, Thing] = NO_GOODS,
    closed: frozenset[str] = NOTHING_CLOSED,
) -> Facts:
    """Return what rules and tracks look at of a part of a receipt; ``goods`` are those it does not remember."""
    row = one.row
    known, store = _known(one), context.by_place[row.place_id]
    if member is None:
        matched_ = known.member is not None or row.rulebook_id is not None
        member = remembering.member_of(row.owner_id, known.member) if matched_ else NOBODY
    return Facts(
        at=row.at,
        zone=store.timezone,
        lines=_lines(one, quantities or kept.all_of(one.lines), {**goods, **known.goods}),
        place=store.code,
        region=known.region,
        legal_entity=known.legal_entity,
        till=row.till,
        channel=row.channel,
        payments=frozenset([payment.method for payment in row.payments]),
        attributes=row.attributes,
        member=member,
        spends=known.spends,
        closed=closed,
        paused=frozenset(known.paused),
    )


def _lines(one: Sold, quantities: Mapping[int, int], goods: Mapping[str, Thing]) -> list[Line]:
    """Return the lines of which something is left, each with its share of the figures."""
    lines = []
    for line in one.lines:
        left = quantities.get(line.line, 0)
        if not left:
            continue
        thing = one.things[line.line]
        about = goods.get(thing.sku, NO_THING)
        whole = Line(
            *(line.line, thing.sku, line.quantity, line.amount, thing.till_discount, about.category, about.cost),
            thing.attributes,
            line.off,
        )
        whole.paid = line.to_pay
        lines.append(part_of(whole, left))
    return lines


def part_of(whole: Line, left: int) -> Line:
    """Return a line of which ``left`` thousandths are left, with its share of the figures."""
    by_points = whole.price - whole.discount - whole.paid
    line = kept.Line(whole.number, whole.quantity, whole.price, by_points, whole.discount)
    share = kept.kept([line], {line.line: left})
    made = Line(
        number=whole.number,
        sku=whole.sku,
        quantity=left if whole.quantity else 0,
        price=share.to_pay + share.paid + share.off,
        till_discount=kept.part(whole.till_discount, left, kept.counted(line)),
        category=whole.category,
        cost=whole.cost,
        attributes=whole.attributes,
        discount=share.off,
    )
    made.paid = share.to_pay
    return made
