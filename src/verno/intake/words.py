"""What a rule did and why, in words; rendered for a reader, never stored as the truth."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.translation import gettext, override

from verno.kit.money import format_money, format_scaled
from verno.predicate.words import gettext_noop
from verno.rules.judging import telling
from verno.rules.types import Fired

HUNDREDTHS = 2


def explain(fired: Fired, *, currency: str, scale: int, locale: str) -> str:
    """Say in ``locale`` what a rule made of a receipt. Points in the unit's smallest step, money in minor units."""
    if fired.effect == "earn_per_full":
        matched, missed = _sentences(fired.rate, fired.per, currency, scale, locale)
        paid = format_money(fired.paid, currency, locale)
        if not fired.matched:
            return missed % {"paid": paid}
        return matched % {"points": format_scaled(fired.points, scale, locale), "paid": paid}
    with override(locale):
        text = SENTENCES.get(fired.effect)
        if fired.effect == "none":
            text = WHY_NOT.get(fired.text)
        elif fired.effect == "extend_expiry" and fired.text:
            text = UNTIL
        return gettext(text or UNKNOWN) % {
            "points": format_scaled(fired.points, scale, locale),
            "paid": format_money(fired.paid, currency, locale),
            "off": format_money(fired.discount, currency, locale),
            "share": format_scaled(fired.rate, HUNDREDTHS, locale),
            "times": format_scaled(fired.rate, HUNDREDTHS, locale),
            "fixed": format_scaled(fired.rate, scale, locale),
            "money": format_money(fired.rate, currency, locale),
            "base": format_scaled(fired.full, scale, locale),
            "count": fired.full,
            "name": _date(fired.text) if fired.effect == "extend_expiry" and fired.text else fired.text,
            "within": fired.per,
            "currency": currency,
        }


def _date(text: str) -> str:
    return date_format(date.fromisoformat(text))


def kept(version: int, until: date, *, locale: str) -> str:
    """Say that a receipt was judged by an earlier version, which its member keeps for a while."""
    with override(locale):
        return gettext(KEPT) % {"version": version, "date": date_format(until)}


KEPT = gettext_noop("by version %(version)s of the rules, which this member keeps through %(date)s")
UNKNOWN = gettext_noop("done")
UNTIL = gettext_noop("points that end within %(within)s days live through %(name)s")
SENTENCES: Mapping[str, str] = {
    "earn_percent": gettext_noop("+%(points)s: %(share)s %% of the %(paid)s %(currency)s paid"),
    "earn_fixed": gettext_noop("+%(points)s: %(fixed)s, %(count)s times"),
    "earn_multiply": gettext_noop("+%(points)s: %(base)s points of these goods count %(times)s times"),
    "discount_percent": gettext_noop("−%(off)s %(currency)s: %(share)s %% off"),
    "discount_amount": gettext_noop("−%(off)s %(currency)s"),
    "fixed_price": gettext_noop("−%(off)s %(currency)s: at the price of %(money)s"),
    "free_units": gettext_noop("−%(off)s %(currency)s: %(share)s %% off the cheapest"),
    "bundle": gettext_noop("−%(off)s %(currency)s: together for %(money)s"),
    "gift": gettext_noop("a gift: %(name)s (−%(off)s %(currency)s)"),
    "give_badge": gettext_noop("badge %(name)s"),
    "set_tier": gettext_noop("lifted to %(name)s for %(count)s days"),
    "extend_expiry": gettext_noop("points that end within %(within)s days live %(count)s days longer"),
    "emit_event": gettext_noop("event %(name)s"),
    "print_text": gettext_noop("a text for the slip"),
}
WHY_NOT: Mapping[str, str] = {
    telling.CONDITION: gettext_noop("0: the condition does not hold"),
    telling.PAUSED: gettext_noop("0: the rule is paused"),
    telling.BUDGET: gettext_noop("0: the budget is spent"),
    telling.POINTS: gettext_noop("0: not together with paying by points"),
    telling.RIVAL: gettext_noop("0: another rule acts in its stead"),
    telling.NOTHING: gettext_noop("0: there was nothing for it"),
}


@lru_cache(maxsize=4096)
def _sentences(rate: int, per: int, currency: str, scale: int, locale: str) -> tuple[str, str]:
    """Return a rule's two sentences with its own numbers filled in; only points and paid are left open."""
    words = {
        "points": "%(points)s",
        "paid": "%(paid)s",
        "rate": format_scaled(rate, scale, locale),
        "per": format_money(per, currency, locale),
        "currency": currency,
    }
    with override(locale):
        return (
            gettext("+%(points)s: %(rate)s for every full %(per)s of the %(paid)s %(currency)s paid") % words,
            gettext("0: the %(paid)s %(currency)s paid hold no full %(per)s") % words,
        )
