"""Words of imports: kinds of files, rows and what a cell may hold, what is wrong with one, the summary."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

import msgspec

SHOWN_ERRORS = 100
"""Errors that the summary lists; standard error has them all."""
MAX_CELL = 128 * 1024
"""Characters of a cell, in a file of any kind."""
HEADER_ROW = 1
NUL = "\x00"


class Kind(StrEnum):
    """What a file holds."""

    RECEIPTS = "receipts"
    MEMBERS = "members"
    GOODS = "goods"
    BALANCES = "balances"
    """What members bring along from another system, lot by lot."""
    SUPPRESSIONS = "suppressions"
    """Addresses that another system did not write to any more."""


class Row(msgspec.Struct, frozen=True):
    """One row: its number as a spreadsheet shows it (the header is row 1), and its cells that are not blank.

    ``problem`` tells why the row is no good, and of which column (empty: of the row as a whole); the cells that
    could be told are there all the same.
    """

    number: int
    cells: Mapping[str, object]
    problem: tuple[str, str] | None = None


def bad_text(cells: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the first column whose text we do not take, and why."""
    for name, cell in cells.items():
        if not isinstance(cell, str):
            continue
        if NUL in cell:
            return name, "holds NUL"
        if len(cell) > MAX_CELL:
            return name, f"is longer than {MAX_CELL} characters"
        if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
            return name, "is not in UTF-8"
    return None


class RowError(msgspec.Struct, frozen=True):
    """Why a row was refused. ``field`` is the column to mend, or empty when the row as a whole is wrong."""

    row: int
    field: str
    message: str


class Item(msgspec.Struct, frozen=True):
    """One receipt, member, goods, balance or suppression of a file, ready to be taken, or what is wrong with it.

    ``rows`` are the numbers of its rows: a receipt has one for each line.
    """

    rows: tuple[int, ...]
    value: object | None
    error: RowError | None = None


class Summary(msgspec.Struct, frozen=True):
    """What became of a file, in its items. ``refused`` counts also those of a run that was cut off.

    ``replayed`` were there already: receipts of the same number and body, balances of the same reference or dates,
    addresses that are suppressed. ``notes`` are rows that were taken of which something does not count, of ``unheard``
    the first: a yes of somebody who had called a message spam.
    """

    accepted: int
    replayed: int
    refused: int
    errors: list[RowError]
    resumed_after_row: int
    errors_file: str | None = None
    unheard: int = 0
    notes: list[RowError] = []


class Asked(msgspec.Struct, frozen=True):
    """What a caller says of a file: which column is which field, how it is encoded (None: look).

    ``reason``: why all addresses of a list are suppressed, whatever its rows say.
    """

    columns: Mapping[str, str] = {}
    encoding: str | None = None
    reason: str | None = None


class Rehearsal(msgspec.Struct, frozen=True):
    """What a dry run found, in rows. ``repeated`` name a member or address that a row before has named.

    Of a member the last row wins. ``unheard`` rows say a yes that will not count, of members who are here already. The
    two files lie beside the imported one; None where there is nothing to tell.
    """

    new: int
    changed: int
    same: int
    repeated: int
    refused: int
    errors: list[RowError]
    changes_file: str | None
    errors_file: str | None
    unheard: int = 0


class Progress(Protocol):
    """A bar for long work: called with a title, the total and the word for its steps; gives what to call with steps."""

    def __call__(self, title: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """Open a bar."""
