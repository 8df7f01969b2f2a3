"""How contacts and cards are written, and the keyed hash they are found by."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import timezone

from verno.kit import secrets


class Kind(StrEnum):
    """What a member is found by besides its ids; one of a kind a member."""

    PHONE = "phone"
    EMAIL = "email"
    CARD = "card"


MAX_TEXT = 254
"""The longest text that is looked at; RFC 5321's limit of an address."""
REMEMBERED = 16_384
"""Texts whose normal form a process remembers: reading a phone number costs 11 microseconds, an e-mail 20."""

TAIL = 4
"""Digits at the end of a phone that people remember."""

_SAME_MAIL = {"googlemail.com": "gmail.com"}
_PHONE = re.compile(r"\+?[0-9 \u00a0().\-/]+")
_CARD = re.compile(r"[0-9A-Z]{4,40}")
_GAPS = re.compile(r"[\s\-]+")


@lru_cache(maxsize=REMEMBERED)
def normalise(kind: str, text: str, *, country: str) -> str | None:
    """Return the one way a contact or card is written, or None when it cannot be one.

    A phone becomes E.164 (a number without a country code is read in ``country``, ISO 3166; *possible*
    numbers are taken, since ranges open faster than libraries learn). An e-mail becomes lower-case: no
    provider of note tells case apart, and people type both. A card becomes upper-case letters and digits,
    4 to 40 of them.
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        return None
    if kind == Kind.PHONE:
        return _phone(text, country)
    if kind == Kind.EMAIL:
        return _email(text)
    if kind == Kind.CARD:
        card = _GAPS.sub("", text).upper()
        return card if _CARD.fullmatch(card) else None
    raise ValueError(kind)


def lookup_hash(program_id: str, kind: str, value: str) -> str:
    """Return the hex HMAC-SHA256 that a normalised value is found by; differs by program and kind."""
    return secrets.mac("lookup", f"{program_id}\0{kind}\0{value}".encode()).hex()


def fold_hash(program_id: str, kind: str, value: str) -> str | None:
    """Return the hex hash of what is left of a normalised contact once habits of writing are gone, None for a card.

    Of an e-mail the letters without dots and without what follows a plus; of a phone its last four digits. It finds
    the likely, never the certain: nobody is known by it.
    """
    if kind == Kind.EMAIL:
        name, _, domain = value.rpartition("@")
        bare = name.partition("+")[0].replace(".", "") or name
        return lookup_hash(program_id, "email-fold", f"{bare}@{_SAME_MAIL.get(domain, domain)}")
    return lookup_hash(program_id, "phone-tail", value[-TAIL:]) if kind == Kind.PHONE else None


def _phone(text: str, country: str) -> str | None:
    # The library would read letters as a vanity number and "ext 5" as an extension; tills send neither.
    if not _PHONE.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(text: str) -> str | None:
    try:
        # test_environment admits the reserved domain .test; example.com passes anyway.
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower()


def is_of(phone: str, countries: Iterable[str]) -> bool:
    """Tell whether a number (E.164) begins with the code of one of some countries (ISO 3166); several share one."""
    codes = {phonenumbers.country_code_for_region(country) for country in countries}
    try:
        return phonenumbers.parse(phone).country_code in codes
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=10_000)
def zone_of(phone: str) -> str | None:
    """Return the zone of a number's region, where it has a single one; mobile numbers of large countries have many."""
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return None
    return zones[0] if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else None
