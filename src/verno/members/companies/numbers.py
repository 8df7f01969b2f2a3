"""Numbers that companies are registered under, with the check digits that tell a slip of the pen. Pure.

They are attributes of these names. What a country has no check digit for is held to its form.
"""

import re
from collections.abc import Callable, Mapping

_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
_DIGITS = re.compile(r"[0-9]+")

_INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_11 = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12 = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)

VAT: Mapping[str, str] = {
    "AT": r"U[0-9]{8}",
    "BE": r"[01][0-9]{9}",
    "BG": r"[0-9]{9,10}",
    "CY": r"[0-9]{8}[A-Z]",
    "CZ": r"[0-9]{8,10}",
    "DE": r"[0-9]{9}",
    "DK": r"[0-9]{8}",
    "EE": r"[0-9]{9}",
    "EL": r"[0-9]{9}",
    "ES": r"[0-9A-Z][0-9]{7}[0-9A-Z]",
    "FI": r"[0-9]{8}",
    "FR": r"[0-9A-HJ-NP-Z]{2}[0-9]{9}",
    "GB": r"([0-9]{9}|[0-9]{12}|GD[0-9]{3}|HA[0-9]{3})",
    "HR": r"[0-9]{11}",
    "HU": r"[0-9]{8}",
    "IE": r"[0-9][0-9A-Z+*][0-9]{5}[A-Z]{1,2}",
    "IT": r"[0-9]{11}",
    "LT": r"([0-9]{9}|[0-9]{12})",
    "LU": r"[0-9]{8}",
    "LV": r"[0-9]{11}",
    "MT": r"[0-9]{8}",
    "NL": r"[0-9A-Z+*]{9}B[0-9A-Z+*]{2}",
    "PL": r"[0-9]{10}",
    "PT": r"[0-9]{9}",
    "RO": r"[0-9]{2,10}",
    "SE": r"[0-9]{12}",
    "SI": r"[0-9]{8}",
    "SK": r"[0-9]{10}",
    "XI": r"([0-9]{9}|[0-9]{12}|GD[0-9]{3}|HA[0-9]{3})",
}
"""Country prefix -> what follows it, as the European Commission's VIES writes the forms down."""


def problem(name: str, value: object) -> str | None:
    """Say what is wrong with a company's attribute, None where it is right or no such number."""
    check = CHECKS.get(name)
    if check is None:
        return None
    good, hint = check
    return None if good(str(value)) else hint


def is_inn(text: str) -> bool:
    """Tell whether a text is a Russian taxpayer's number: 10 digits of a firm, 12 of a sole trader."""
    if not _DIGITS.fullmatch(text):
        return False
    if len(text) == len(_INN_10) + 1:
        return _inn_digit(text, _INN_10) == text[9]
    if len(text) == len(_INN_12) + 1:
        return _inn_digit(text, _INN_11) + _inn_digit(text, _INN_12) == text[10:]
    return False


def is_ogrn(text: str) -> bool:
    """Tell whether a text is a Russian registration number: 13 digits of a firm, 15 of a sole trader."""
    if not _DIGITS.fullmatch(text) or len(text) not in {13, 15}:
        return False
    return int(text[:-1]) % (len(text) - 2) % 10 == int(text[-1])


def is_vat(text: str) -> bool:
    """Tell whether a text has the form of a European VAT number, with its country's prefix."""
    form = VAT.get(text[:2])
    return form is not None and re.fullmatch(form, text[2:]) is not None


def is_kpp(text: str) -> bool:
    """Tell whether a text has the form of a Russian reason code of registration."""
    return _KPP.fullmatch(text) is not None


def _inn_digit(text: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False)) % 11 % 10)


CHECKS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "inn": (is_inn, "10 or 12 digits, the last of which check the others"),
    "kpp": (is_kpp, "9 characters: 4 digits, 2 digits or letters, 3 digits"),
    "ogrn": (is_ogrn, "13 or 15 digits, the last of which checks the others"),
    "vat": (is_vat, "the country's two letters, then the number as that country writes it"),
}
"""Attribute -> what tells a good one, and what to say of another."""
