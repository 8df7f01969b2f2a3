"""A mechanic's worked example in words: what is bought, by whom, when, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_datetime
from django.utils.translation import gettext as _

from verno.console.face import Face
from verno.console.promotions.saying.telling import points
from verno.promotions.gallery.types import PLACES, Bought, Example

USUAL = Example(lines=())


@dataclass(frozen=True)
class ToldExample:
    """What is bought and the circumstances that matter; what comes of it."""

    given: str
    result: list[str]


def example(face: Face, one: Example) -> ToldExample:
    """Say an example. Its sums are in the program's currency, whatever that is."""
    given = [_bought(face, line) for line in one.lines]
    if one.at != USUAL.at:
        at = datetime.fromisoformat(one.at)
        given.append(format_datetime(at, "EEE d MMM, HH:mm", locale=face.locale))
    given += _circumstances(face, one)
    return ToldExample("; ".join(given), _result(face, one) or [_("nothing")])


def _bought(face: Face, line: Bought) -> str:
    pieces = f" × {line.pieces:g}" if line.pieces != 1 else ""
    where = f" ({' / '.join(line.category)})" if line.category else ""
    return f"{line.sku}{where}{pieces} {face.money(line.price)}"


def _circumstances(face: Face, one: Example) -> list[str]:
    member, out = one.member, []
    if member.tiers:
        out.append(_("tier %(tier)s") % {"tier": ", ".join(member.tiers.values())})
    if member.badges:
        out.append(_("badge %(badge)s") % {"badge": ", ".join(sorted(member.badges))})
    if member.birth_date is not None:
        out.append(_("born %(date)s") % {"date": face.day(member.birth_date)})
    if member.joined is not None:
        out.append(_("joined %(date)s") % {"date": face.day(member.joined)})
    if one.place != USUAL.place:
        out.append(PLACES.get(one.place, one.place))
    out += [text for text in (one.region, one.legal_entity, one.channel) if text]
    if one.payments != USUAL.payments:
        out.append(_("paid by %(method)s") % {"method": ", ".join(one.payments)})
    if one.pays:
        out.append(_("points pay %(amount)s") % {"amount": face.money(one.pays)})
    return out


def _result(face: Face, one: Example) -> list[str]:
    out = [_("%(amount)s off") % {"amount": face.money(one.off)}] if one.off else []
    out += [f"+{points(face, unit, value)}" for unit, value in one.points.items()]
    said = {"print_text": _("a text on the slip"), "give_badge": _("a badge"), "gift": _("a gift")}
    more = {"set_tier": _("a tier"), "emit_event": _("a signal to other systems")}
    for text in one.told:
        effect, _blank, name = text.partition(" ")
        label = (said | more).get(effect, effect)
        out.append(f"{label}: {name}" if name else label)
    return out
