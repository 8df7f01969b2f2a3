"""Why a rule gave what it gave, in words; rendered for a reader, never stored as the truth."""

from functools import lru_cache

from django.utils.translation import gettext, override

from verno.kit.money import format_money, format_scaled
from verno.rules.types import Fired


def explain(fired: Fired, *, currency: str, scale: int, locale: str) -> str:
    """Say in ``locale`` what a rule made of a receipt. Points in the unit's smallest step, money in minor units."""
    matched, missed = _templates(locale)
    words = {
        "points": format_scaled(fired.points, scale, locale),
        "rate": format_scaled(fired.rate, scale, locale),
        "per": format_money(fired.per, currency, locale),
        "paid": format_money(fired.paid, currency, locale),
        "currency": currency,
    }
    return (matched if fired.matched else missed) % words


@lru_cache(maxsize=16)
def _templates(locale: str) -> tuple[str, str]:
    with override(locale):
        return (
            gettext("+%(points)s: %(rate)s for every full %(per)s of the %(paid)s %(currency)s paid"),
            gettext("0: the %(paid)s %(currency)s paid hold no full %(per)s"),
        )
