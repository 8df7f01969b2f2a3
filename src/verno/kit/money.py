"""Money and points as integers in their smallest step, and the words for them.

``MinorUnits`` are hundredths, thousandths or wholes of an ISO 4217 currency, as the currency itself says;
``Points`` are the smallest step of their unit (``scale`` 0 to 2).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NewType

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision, list_currencies

MinorUnits = NewType("MinorUnits", int)
Points = NewType("Points", int)

MAX_AMOUNT = 10**11
"""The largest amount of one line or receipt: a thousand million in a currency of two decimals."""

GROUPED = 1_000
"""What is smaller has no groups of digits."""


def is_currency(code: str) -> bool:
    """Tell whether ``code`` is an ISO 4217 code in upper case."""
    return code in list_currencies()


@lru_cache(maxsize=256)
def currency_digits(code: str) -> int:
    """Return how many decimal digits the currency has."""
    return get_currency_precision(code)


@lru_cache(maxsize=64)
def _symbols(locale: str) -> tuple[str, str]:
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        found = Locale("en")
    symbols = found.number_symbols.get("latn", found.number_symbols)
    return symbols.get("group", ","), symbols.get("decimal", ".")


def format_scaled(value: int, scale: int, locale: str) -> str:
    """Write an integer of ``scale`` decimals for people: ``(-123450, 2, "en")`` is ``-1,234.50``.

    Exact by construction: digits are moved, nothing is divided in floating point.
    """
    group, decimal = _symbols(locale)
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**scale)
    digits = f"{whole:,}".replace(",", group) if whole >= GROUPED else str(whole)
    return f"{sign}{digits}{decimal}{str(rest).zfill(scale)}" if scale else sign + digits


def format_money(amount: int, currency: str, locale: str) -> str:
    """Write an amount in minor units without the currency sign: ``(45000, "RUB", "en")`` is ``450.00``."""
    return format_scaled(amount, currency_digits(currency), locale)


def full_steps(amount: int, step: int) -> int:
    """Return how many full ``step`` minor units are in ``amount``: the floor, once, never below zero."""
    return max(amount, 0) // step


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Return each one's part of ``total`` in proportion to its weight; the parts add up to ``total`` exactly.

    What the divisions leave over goes to the largest remainders, one each, ties by order. No part is larger than its
    weight as long as ``total`` is not larger than all of them together.
    """
    whole = sum(weights)
    if not total or not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if left:
        order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
        for i in order[:left]:
            parts[i] += 1
    return parts
