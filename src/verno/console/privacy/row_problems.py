"""Why a row of a list of suppressions is refused, in the reader's language; what is unknown here is shown as it is."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Saying: TypeAlias = tuple[re.Pattern[str], Promise | str]


def _sayings(*pairs: tuple[str, Promise | str]) -> Sequence[Saying]:
    """Return patterns of the importer's words, each with what is said in its place."""
    return [(re.compile(pattern, re.DOTALL), words) for pattern, words in pairs]


OF_ROWS = _sayings(
    (r"is required", _("is missing")),
    (r"is no e-mail address", _("is no e-mail address")),
    (r"is neither an e-mail address nor a phone number", _("is neither an e-mail address nor a phone number")),
    (r"is no phone number", _("is no phone number")),
    (r"was rounded by a spreadsheet: .*", _("was rounded by a spreadsheet: format the column as text, fill it again")),
    (r"is none of .*; or say --reason for all rows", _("is no reason that is known: choose one for all rows")),
    (r"in the future, or before 1990", _("is in the future, or before 1990")),
    (r"must be a date such as .*|is no date", _("is no date such as 1990-12-31 or 31.12.1990")),
    (r"is a date that no calendar has", _("is a date that no calendar has")),
    (r"holds a formula: .*", _("holds a formula: save its value in its place")),
    (r"holds the spreadsheet's error .*", _("holds an error of the spreadsheet")),
    (r"is longer than (?P<most>\d+) (characters|bytes)", _("is longer than %(most)s characters")),
    (r"holds NUL|is not in UTF-8", _("holds signs that are no text")),
    (r"has (?P<found>\d+) cells where the header has (?P<there>\d+)", _("has %(found)s cells, the header %(there)s")),
    (r"cannot be read: .*", _("cannot be read: is a quotation mark not closed?")),
)


def of_row(message: str) -> str:
    """Say what is wrong with a row."""
    for pattern, words in OF_ROWS:
        found = pattern.fullmatch(message)
        if found is not None:
            return str(words) % found.groupdict() if found.groupdict() else str(words)
    return message
