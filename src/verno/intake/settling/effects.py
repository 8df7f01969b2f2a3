"""What rules bring besides points and discounts: told to the till and the outbox, and taken back with the receipt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from verno.intake.context import Context
from verno.intake.settling import again
from verno.intake.sold import Sold, rulebook
from verno.intake.types import Brought
from verno.kit import outbox
from verno.promotions.types import StoredRulebook
from verno.rules.effects import EmitEvent, Gift, PrintText
from verno.rules.types import Fired

TOLD = frozenset({"gift", "give_badge", "set_tier", "extend_expiry", "print_text"})
EVENT = "rule.event.v1"
BADGE, TIER, EMIT = "give_badge", "set_tier", str(EmitEvent.__struct_config__.tag)
STAYS = frozenset({BADGE, TIER, EMIT})


class EffectPart(msgspec.Struct, frozen=True, gc=False):
    """Something a rule brings. ``name`` is a badge, ``track/step``, a gift's SKU or a kind of points.

    ``text`` is for the slip; ``units`` are a gift's pieces, ``days`` how long a badge or a tier lasts. Points that end
    ``within`` so many days live ``days`` longer, or through the date ``until``.
    """

    type: str
    rule: str
    name: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    units: int | UnsetType = UNSET
    days: int | UnsetType = UNSET
    within: int | UnsetType = UNSET
    until: str | UnsetType = UNSET


def parts(context: Context, book: StoredRulebook | None, fired: Sequence[Fired]) -> list[EffectPart] | UnsetType:
    """Return what a verdict brings; unset where it brings nothing, as most do."""
    told = [one for one in fired if one.effect in TOLD]
    if book is None or not told:
        return UNSET
    rules = {rule.id: rule for rule in book.rulebook.rules}
    slips = {id_: [each for each in rule.effects if isinstance(each, PrintText)] for id_, rule in rules.items()}
    gifts = {
        (id_, each.sku): each.units for id_, rule in rules.items() for each in rule.effects if isinstance(each, Gift)
    }
    out = []
    for one in told:
        text = slips[one.rule].pop(0).text if one.effect == "print_text" else None
        out.append(
            EffectPart(
                one.effect,
                one.rule,
                name=one.unit or one.text or UNSET,
                text=_in(text, context.program.locale) if text is not None else UNSET,
                units=gifts.get((one.rule, one.text), UNSET),
                days=one.full or UNSET,
                within=one.per or UNSET,
                until=(one.text or UNSET) if one.unit else UNSET,
            )
        )
    return out


def _in(texts: Mapping[str, str], locale: str) -> str:
    """Return the text in a language, else in the first there is."""
    return texts.get(locale) or texts.get(locale.partition("-")[0]) or next(iter(texts.values()), "")


def events(
    program_id: str, holder_id: str, receipt_id: str, fired: Sequence[Fired], *, at: datetime
) -> list[outbox.NewEvent]:
    """Return the events that rules emit for a receipt that has happened."""
    return [
        outbox.NewEvent(program_id, holder_id, EVENT, {"name": one.text, "rule": one.rule, "receipt": receipt_id}, at)
        for one in fired
        if one.effect == EMIT
    ]


def brought(fired: Sequence[Fired]) -> Brought:
    """Return what a verdict leaves with the member."""
    return Counter((one.rule, one.effect, one.text) for one in fired if one.effect in STAYS)


def still_there(context: Context, one: Sold) -> Brought:
    """Return what a settled receipt has brought that no return has taken back.

    After each return the receipt's own rulebook says what the rest brings: what was there and is not said any more is
    gone for good, and nothing comes that the whole did not bring.
    """
    there = brought(one.verdict())
    if not there or not one.returns:
        return there
    left = one.captured()
    for back in one.returns:
        left = {line: quantity - back.lines.get(line, 0) for line, quantity in left.items()}
        there &= of_rest(context, one, left)
    return there


def of_rest(context: Context, one: Sold, quantities: Mapping[int, int]) -> Brought:
    """Return what a receipt's own rulebook says that a part of it brings."""
    if not any(quantities.values()):
        return Counter()
    return brought(again.earned(context, one, rulebook(context, one.row), quantities)[0])


def happened(there: Brought) -> dict[str, int]:
    """Return how often each event happened."""
    found: dict[str, int] = {}
    for (_, effect, name), times in there.items():
        if effect == EMIT:
            found[name] = found.get(name, 0) + times
    return found
