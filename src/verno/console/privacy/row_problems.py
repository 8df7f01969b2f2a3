"""Why rows of files are refused, in the reader's language; what is unknown here is shown as it is."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.console.knowing.naming import WORDS
from verno.imports.members.uploads import CUT
from verno.web.sheets import safe

Saying: TypeAlias = tuple[re.Pattern[str], Promise | str]
SHOWN = 20
"""Rows that a page shows; the file beside has all."""
ENCODING = "utf-8-sig"
_CODE = re.compile(r"^[a-z]+(?:-[a-z]+)+: ")
"""What the API calls the problem, before the words."""


def _sayings(*pairs: tuple[str, Promise | str]) -> Sequence[Saying]:
    """Return patterns of the importer's words, each with what is said in its place."""
    return [(re.compile(pattern, re.DOTALL), words) for pattern, words in pairs]


OF_CELLS = _sayings(
    (r"is required", _("is missing")),
    (r"is no phone number", _("is no phone number")),
    (r"was rounded by a spreadsheet: .*", _("was rounded by a spreadsheet: format the column as text, fill it again")),
    (r"in the future, or before 1990", _("is in the future, or before 1990")),
    (r"must be a date such as .*|is no date|invalid RFC3339 .*", _("is no date such as 1990-12-31 or 31.12.1990")),
    (r"is a date that no calendar has", _("is a date that no calendar has")),
    (r"holds a formula: .*", _("holds a formula: save its value in its place")),
    (r"holds the spreadsheet's error .*", _("holds an error of the spreadsheet")),
    (r"holds a number or a date that cannot be read", _("holds a number or a date that cannot be read")),
    (r"names a text that the file does not have", _("names a text that the file does not have")),
    (r"is longer than (?P<most>\d+) (characters|bytes)", _("is longer than %(most)s characters")),
    (r"expected `str` of length <= (?P<most>\d+)", _("is longer than %(most)s characters")),
    (r"is too long", _("is too long")),
    (r"holds NUL.*|is not in UTF-8", _("holds signs that are no text")),
    (r"has (?P<found>\d+) cells where the header has (?P<there>\d+)", _("has %(found)s cells, the header %(there)s")),
    (r"has more cells than the header", _("has more cells than the header")),
    (r"cannot be read: .*", _("cannot be read: is a quotation mark not closed?")),
    (r"is not the JSON we read: .*|is no JSON object", _("is no JSON that can be read")),
)
OF_LISTS = _sayings(
    (r"is no e-mail address", _("is no e-mail address")),
    (r"is neither an e-mail address nor a phone number", _("is neither an e-mail address nor a phone number")),
    (r"is none of .*; or say --reason for all rows", _("is no reason that is known: choose one for all rows")),
)
OF_MEMBERS = _sayings(
    (r"not a phone number; .*", _("is no phone number: write it with its country code")),
    (r"not an e-mail address", _("is no e-mail address")),
    (r"4 to 40 Latin letters and digits; .*", _("is no card number: 4 to 40 Latin letters and digits")),
    (r"another member has this \w+", _("is another member's already")),
    (r"row (?P<row>\d+) of this file has this \w+", _("is another member's in row %(row)s of this file")),
    (r"is blank|expected `\w+` of length >= 1", _("is blank")),
    (r"from (?P<first>\S+) to today", _("must lie between %(first)s and today")),
    (r"must be yes or no", _("must be yes or no")),
    (r"must be person or company", _("must be person or company")),
    (r"must be one value", _("must be one value")),
    (r"must be a list of texts", _("must be a list of texts")),
    (r"must be a whole number", _("must be a whole number")),
    (r"must be a language such as ru", _("must be a language such as ru")),
    (r"this attribute's type is (?P<type>\S+)", _("the attribute holds something else: %(type)s")),
    (r"whole numbers reach to (?P<most>\d+)", _("is too large: whole numbers reach to %(most)s")),
    (r"this attribute's choices: (?P<known>.*)", _("is no choice of the attribute; there are %(known)s")),
    (r"(a member has|a program knows) at most (?P<most>\d+)", _("too many attributes: %(most)s are the most")),
    (r"not a time zone; .*", _("is no time zone such as Europe/Moscow")),
    (r"lat and lon come together", _("latitude and longitude go together")),
    (r"there is no such store", _("there is no such store")),
    (r"(there is no such topic; there are|known:) (?P<known>.*)", _("there is no such topic; there are %(known)s")),
    (r"there is no such channel; there are (?P<known>.*)", _("there is no such channel; there are %(known)s")),
    (r"(?P<names>.*) go together", _("these go together: %(names)s")),
    (r"for advertising alone", _("stands with advertising alone")),
    (r"a whole class can be left, not agreed to", _("a whole class can be left, not agreed to")),
    (r"one of (?P<known>[0-9, ]*), or null", _("must be one of %(known)s, or null")),
    (r"at most (?P<most>\d+) days ahead", _("at most %(most)s days ahead")),
    (
        r"kept, but it does not count, .*: (?P<matters>.*)",
        _("kept, but the yes does not count: they called messages spam, and only they come back (%(matters)s)"),
    ),
    (
        r"(10 or 12|13 or 15) digits, .*|9 characters: .*|the country's two letters, .*",
        _("is not the number it is called: a digit is wrong or missing"),
    ),
    (CUT, _("There are more: the list ends here. Import the file on the server to see all.")),
    (r"invalid enum value .*", _("is no value that is known")),
    (r"unknown field", _("is no field that is known")),
    (r"expected .*, got .*", _("is of another kind than it must be")),
    (r"expected .*", _("is not what may stand here")),
)
TYPE, KINDS = "type", WORDS["attribute_kind"]
REASON = "reason"
HEADS: Mapping[str, Promise] = {
    "row": _("row"),
    "field": _("column"),
    REASON: _("why"),
    "outcome": _("what happens"),
    "before": _("before"),
    "after": _("after"),
}
OUTCOMES: Mapping[str, Promise] = {"new": _("a new member"), "changed": _("changes")}
REPEATS = "repeats"
AGAIN = _("names the member of row %(row)s again: the last one wins")


def of_row(message: str) -> str:
    """Say what is wrong with a row."""
    bare = _CODE.sub("", message)
    for pattern, words in (*OF_CELLS, *OF_LISTS, *OF_MEMBERS):
        found = pattern.fullmatch(bare)
        if found is not None:
            values = found.groupdict()
            if TYPE in values:
                values[TYPE] = str(KINDS.get(values[TYPE], values[TYPE]))
            return str(words) % values if values else str(words)
    return message


def first_rows(sheet: bytes) -> list[tuple[int, str, str]]:
    """Return the first rows that are refused: their numbers, their columns, and why."""
    first = islice(_rows(sheet), 1, 1 + SHOWN)
    return [(int(row), field, of_row(reason)) for row, field, reason in first if row]


def in_words(sheet: bytes) -> bytes:
    """Return a file that lies beside an import, of refusals or of changes, in words; names of fields stay."""
    rows = _rows(sheet)
    head = next(rows, [])
    out = io.StringIO()
    write = csv.writer(out).writerow
    write([str(HEADS.get(name, name)) for name in head])
    says = _refused(cache(of_row)) if head[-1:] == [REASON] else _changed
    for row in rows:
        write(says(row))
    return out.getvalue().encode(ENCODING)


def _rows(sheet: bytes) -> Iterator[list[str]]:
    yield from csv.reader(io.StringIO(sheet.decode(ENCODING), newline=""))


def _refused(said: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """Return what tells a refused row; most say one of a few things, so that each is looked up once."""
    return lambda row: [*row[:-1], safe(said(row[-1]))]


def _changed(row: list[str]) -> list[str]:
    number, who, outcome, *rest = row
    if not number:
        return _refused(of_row)(row)
    if outcome == REPEATS:
        return [number, who, str(AGAIN) % {"row": rest[1].removeprefix("row ")}, "", "", ""]
    return [number, who, str(OUTCOMES.get(outcome, outcome)), *rest]
