"""Segments: how a text travels over the air, and so what it costs (3GPP TS 23.038 and 23.040).

A text of the GSM alphabet fills one segment of 160 septets, any other one of 70 UTF-16 units. Longer texts are cut,
and every part then gives six bytes to a header that joins them again: 153 septets, or 67 units.
"""

import unicodedata
from enum import StrEnum

import msgspec

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet, by septet."""
EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Characters that cost two septets: the escape and their own."""
ESCAPE = 0x1B
MOST_PARTS = 255
"""The header numbers parts by one byte."""

_SEPTETS = {char: bytes([code]) for code, char in enumerate(BASIC) if code != ESCAPE} | {
    char: bytes([ESCAPE, code]) for char, code in EXTENDED.items()
}
_PLAIN = str.maketrans(
    {"\t": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "“": '"', "”": '"', "«": '"', "»": '"', "„": '"'}
    | {"’": "'", "‘": "'", "–": "-", "—": "-", "\u2011": "-", "\u2212": "-", "…": "..."}
)
"""Printers' signs, for which a text of the GSM alphabet would else be sent at more than twice the price."""


class Alphabet(StrEnum):
    """How the characters of a text are coded."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


LENGTHS = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}
"""What fits a lone segment, and a part of several: septets, or UTF-16 units."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A text as it travels. As many segments are paid for as there are parts."""

    alphabet: Alphabet
    parts: tuple[str, ...]

    @property
    def segments(self) -> int:
        """Return the price in segments."""
        return len(self.parts)


def plan(text: str) -> Plan:
    """Cut a text into the fewest segments, never inside a character; printers' signs are made plain where that saves.

    Any length is planned; ``MOST_PARTS`` is the most that can be sent.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = text.translate(_PLAIN)
    if all(char in _SEPTETS for char in plain):
        return Plan(Alphabet.GSM7, _cut(plain, [len(_SEPTETS[char]) for char in plain], *LENGTHS[Alphabet.GSM7]))
    units = [1 if char <= "\uffff" else 2 for char in text]
    return Plan(Alphabet.UCS2, _cut(text, units, *LENGTHS[Alphabet.UCS2]))


def encode(part: str, alphabet: Alphabet) -> bytes:
    """Return a part as SMPP carries it: a septet a byte, or UTF-16 with its high byte first."""
    if alphabet is Alphabet.GSM7:
        return b"".join([_SEPTETS[char] for char in part])
    return part.encode("utf-16-be", "replace")


def decode(data: bytes, alphabet: Alphabet) -> str:
    """Return the text of such bytes; what cannot be read becomes a question mark, as on a phone."""
    if alphabet is Alphabet.UCS2:
        return data.decode("utf-16-be", "replace")
    found: list[str] = []
    escaped = False
    for code in data:
        if code == ESCAPE:
            escaped = True
            continue
        basic = BASIC[code] if code < len(BASIC) else "?"
        found.append(_UNESCAPED.get(code, basic) if escaped else basic)
        escaped = False
    return "".join(found)


_UNESCAPED = {code: char for char, code in EXTENDED.items()}


def header(reference: int, total: int, number: int) -> bytes:
    """Return the user data header that joins parts: the text's reference (a byte), how many, which one from 1."""
    return bytes([5, 0, 3, reference, total, number])


def _cut(text: str, costs: list[int], alone: int, room: int) -> tuple[str, ...]:
    if sum(costs) <= alone:
        return (text,)
    parts: list[str] = []
    start = used = 0
    for place, cost in enumerate(costs):
        if used + cost > room:
            parts.append(text[start:place])
            start, used = place, 0
        used += cost
    return (*parts, text[start:])
