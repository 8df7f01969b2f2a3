"""Why a file is not read, as a code and its values; the sentence for the command line is made of them here.

The console has its own words for each code (``console/privacy/problems.py``).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from verno.kit.errors import VernoError


class Code(StrEnum):
    """What can be wrong with a file, or with its columns."""

    UNOPENED = "unopened"
    EMPTY = "empty"
    EMPTY_SHEET = "empty-sheet"
    NO_OBJECTS = "no-objects"
    UTF_16 = "utf-16"
    OLD_EXCEL = "old-excel"
    ENCRYPTED = "encrypted"
    NO_NAMES = "no-names"
    NO_TEXT = "no-text"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    DAMAGED_AFTER = "damaged-after"
    BOMB = "bomb"
    DOCUMENT_TYPE = "document-type"
    LONG_CELLS = "long-cells"
    NO_PYARROW = "no-pyarrow"
    GIVEN_UP = "given-up"
    COLUMNS = "columns"
    """The columns do not fit: the problems after it say why."""
    SAME_NAME = "same-name"
    NO_HEADER = "no-header"
    NO_ID = "no-id"
    TWICE = "twice"
    TOGETHER = "together"
    ABSENT = "absent"
    NO_TOPIC = "no-topic"
    NO_CHANNEL = "no-channel"
    NO_TYPE = "no-type"
    NO_CHOICES = "no-choices"
    NO_ATTRIBUTE = "no-attribute"
    NO_COLUMN = "no-column"
    OTHER_TYPE = "other-type"
    NO_ADDRESS = "no-address"
    SEVERAL = "several"
    NO_FIELD = "no-field"
    NO_SUCH_COLUMN = "no-such-column"
    LONG_LIST = "long-list"
    SAID = "said"
    """What was kept as a sentence, before there were codes."""


SENTENCES: Mapping[Code, str] = {
    Code.UNOPENED: "{file} cannot be read: {why}",
    Code.EMPTY: "{file} is empty",
    Code.EMPTY_SHEET: "the first sheet of {file} is empty",
    Code.NO_OBJECTS: "{file} holds no objects",
    Code.UTF_16: "{file} is in UTF-16; save it as 'CSV UTF-8'",
    Code.OLD_EXCEL: "{file} is a workbook of an old Excel, or has a password; save it as XLSX without one",
    Code.ENCRYPTED: "{file} is encrypted: save it without a password",
    Code.NO_NAMES: "the first row of {file} must hold the names of the columns: {why}",
    Code.NO_TEXT: "the first row of {file} is no row of column names in UTF-8: is it a CSV, XLSX or Parquet file?",
    Code.UNREADABLE: "{file} is not a readable {kind} file: {why}",
    Code.DAMAGED: "{file} is damaged: {why}",
    Code.DAMAGED_AFTER: "{file} is damaged after row {row}: {why}",
    Code.BOMB: "{file} unpacks to far more than it is ({bytes:,} bytes in one part): refused",
    Code.DOCUMENT_TYPE: "{file} declares a document type: refused",
    Code.LONG_CELLS: "{file}: the column {name} has cells longer than {most} characters",
    Code.NO_PYARROW: "reading Parquet needs pyarrow: pip install 'verno[parquet]'",
    Code.GIVEN_UP: "the file could not be finished in {tries} tries: try it on the server with 'verno import members'",
    Code.COLUMNS: "the columns of the file do not fit",
    Code.SAME_NAME: "two columns have one name",
    Code.NO_HEADER: "the first row must hold the names of the columns, not a member (fields: {known})",
    Code.NO_ID: 'no column is the external_id: name it so, or say --map "COLUMN=external_id"',
    Code.TWICE: "{name} is given twice",
    Code.TOGETHER: "{names} go together",
    Code.ABSENT: "--map names {name!r}, which the file has not",
    Code.NO_TOPIC: "{field}: there is no topic {code}; there are {known}",
    Code.NO_CHANNEL: "{field}: there is no channel {code}; there are {known}",
    Code.NO_TYPE: "{field}: there is no type {code}; there are {known}",
    Code.NO_CHOICES: (
        "{field}: declare the choices of {name} first (Members, Member attributes), then leave :choice out"
    ),
    Code.NO_ATTRIBUTE: "{name!r} names no attribute",
    Code.NO_COLUMN: (
        '{name!r} is no column of members: say --map "{name}=FIELD", or --map "{name}=" to leave it out'
        " (fields: {known})"
    ),
    Code.OTHER_TYPE: "{field}: {why}",
    Code.NO_ADDRESS: (
        "no column of the list is called address, email or phone: name it in the first row, or say"
        ' --map "COLUMN=address"'
    ),
    Code.SEVERAL: 'several columns of the list are its {field}: say --map "COLUMN=" of all but one',
    Code.NO_FIELD: "--map: there is no field {name!r}; fields are {known}",
    Code.NO_SUCH_COLUMN: "--map: the file has no column {name!r}; fields are {known}",
    Code.LONG_LIST: "the list has more than {most} rows: import it on the server with 'verno import suppressions'",
    Code.SAID: "{sentence}",
}


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: which, and the figures and names of its sentence."""

    code: Code
    values: Mapping[str, str | int] = {}


class NotRead(VernoError):
    """A file is not read, for these problems; what comes after the first explains it."""

    def __init__(self, *problems: Problem) -> None:
        """Say it in a sentence for the command line too."""
        head, *more = [SENTENCES[one.code].format_map(one.values) for one in problems]
        super().__init__(f"{head}: {'; '.join(more)}" if more else head)
        self.problems = problems


def to_text(problems: Sequence[Problem]) -> str:
    """Return problems as they are stored."""
    return msgspec.json.encode(problems).decode()


def from_text(stored: str) -> tuple[Problem, ...]:
    """Return what was stored; a sentence of earlier days as it is."""
    try:
        return msgspec.json.decode(stored, type=tuple[Problem, ...])
    except msgspec.DecodeError:
        return (Problem(Code.SAID, {"sentence": stored}),)
