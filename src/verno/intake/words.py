"""Why a rule gave what it gave, in words; rendered for a reader, never stored as the truth."""

from functools import lru_cache

from django.utils.translation import gettext, override

from verno.kit.money import format_money, format_scaled
from verno.rules.types import Fired


def explain(fired: Fired, *, currency: str, scale: int, locale: str) -> str:
    """Say in ``locale`` what a rule made of a receipt. Points in the unit's smallest step, money in minor units."""
    matched, missed = _sentences(fired.rate, fired.per, currency, scale, locale)
    paid = format_money(fired.paid, currency, locale)
    if not fired.matched:
        return missed % {"paid": paid}
    return matched % {"points": format_scaled(fired.points, scale, locale), "paid": paid}


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
