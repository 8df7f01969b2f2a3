"""Settings that are lists of codes: what each code means to a reader, and which are ticked or put in order."""

from collections.abc import Mapping, Sequence

from babel import Locale
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from verno.console import words
from verno.workspace import registry

NOTICES: Mapping[str, Promise | str] = {
    "earned": gettext_lazy("points for a purchase"),
    "pending": gettext_lazy("points for a purchase that become usable later"),
    "spent": gettext_lazy("points that a purchase was paid with"),
    "returned": gettext_lazy("returned goods"),
    "corrected": gettext_lazy("corrections by staff"),
    "sent": gettext_lazy("points given to another member, or got"),
    "activated": gettext_lazy("points that become usable"),
    "expiring-30": gettext_lazy("30 days before points end"),
    "expiring-7": gettext_lazy("7 days before points end"),
    "expiring-1": gettext_lazy("the day before points end"),
    "expired": gettext_lazy("points that have ended"),
    "tier-near": gettext_lazy("the next tier is near"),
    "tier-reached": gettext_lazy("a tier was reached"),
    "tier-at-risk": gettext_lazy("a tier may be lost"),
    "tier-lost": gettext_lazy("a tier was lost"),
}
CHANNELS: Mapping[str, Promise | str] = {one: words.WORDS["channel"][one] for one in ("email", "sms", "telegram")}
MATCHING: Mapping[str, Promise | str] = {
    "card": gettext_lazy("card"),
    "phone-verified": gettext_lazy("confirmed phone"),
    "phone": gettext_lazy("any phone"),
    "email-verified": gettext_lazy("confirmed e-mail"),
    "email": gettext_lazy("any e-mail"),
    "external_id": gettext_lazy("the member's number in your systems"),
}

TICKED: Mapping[str, Mapping[str, Promise | str]] = {registry.NOTICES.key: NOTICES}
"""Lists whose order says nothing: a box a code."""
RANKED: Mapping[str, Mapping[str, Promise | str]] = {
    registry.NOTICE_CHANNELS.key: CHANNELS,
    registry.MATCHING.key: MATCHING,
}
"""Lists that are gone through in their order: what comes first, what next."""
LISTED = {**TICKED, **RANKED}

FEW = 3
"""So many codes left out of a list are told in place of all that are in it."""


def tell(key: str, chosen: Sequence[str], locale: str) -> str | None:
    """Say a list of codes in words; None for a setting that is none, or a list that is empty."""
    if not chosen:
        return None
    if key in TICKED and (few := _but_few(TICKED[key], chosen)) is not None:
        return few
    known = _words(key, locale)
    return None if known is None else ", ".join(str(known.get(code, code)) for code in chosen)


def meanings(key: str, chosen: Sequence[str], locale: str) -> list[tuple[str, str]]:
    """Return codes that are typed, as far as they have words, with those."""
    known = {} if key in LISTED else _words(key, locale) or {}
    return [(code, str(known[code])) for code in chosen if code in known]


def _but_few(all_there_are: Mapping[str, Promise | str], chosen: Sequence[str]) -> str | None:
    left_out = [str(text) for code, text in all_there_are.items() if code not in chosen]
    if not left_out:
        return _("all")
    return _("all but: %(list)s") % {"list": ", ".join(left_out)} if len(left_out) <= FEW else None


def _words(key: str, locale: str) -> Mapping[str, object] | None:
    if key == registry.ADJUST_REASONS.key:
        return words.WORDS["reason"]
    if key == registry.CODE_COUNTRIES.key:
        return Locale.parse(locale, sep="-").territories
    return LISTED.get(key)
