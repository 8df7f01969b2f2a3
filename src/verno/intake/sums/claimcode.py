"""Codes that people type from a slip to claim a receipt: nine characters, the last one checks the others.

The alphabet has no 0, 1, I, L, O. Its size is a prime, so that the weighted sum notices every single wrong character
and every two neighbours that were swapped.
"""

import os

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
BASE = len(ALPHABET)
DIGITS = 8
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_SPAN = BASE**DIGITS


def new_codes(count: int) -> list[str]:
    """Return ``count`` random codes as they are printed: ``K7QM-2WXA-9``."""
    noise = os.urandom(8 * count)
    return [_printed(int.from_bytes(noise[at : at + 8], "big") % _SPAN) for at in range(0, 8 * count, 8)]


def read(text: str) -> str | None:
    """Return a typed code as it was printed; None when it cannot be one, a mistyped one among them."""
    letters = text.upper().replace("-", "").replace(" ", "")
    if len(letters) != DIGITS + 1 or any(letter not in _VALUES for letter in letters):
        return None
    body = letters[:DIGITS]
    return _grouped(body) if letters[DIGITS] == _check(body) else None


def _printed(number: int) -> str:
    letters = []
    for _ in range(DIGITS):
        number, value = divmod(number, BASE)
        letters.append(ALPHABET[value])
    return _grouped("".join(letters))


def _grouped(body: str) -> str:
    return f"{body[:4]}-{body[4:]}-{_check(body)}"


def _check(body: str) -> str:
    return ALPHABET[sum(place * _VALUES[letter] for place, letter in enumerate(body, 1)) % BASE]
