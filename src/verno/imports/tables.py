"""Tables in files: CSV, XLSX, JSON Lines and Parquet as a header and a stream of rows, with bounded memory.

What a file may not be (UTF-16, empty, not a table) is said at once in a sentence. A row that cannot be read, for a NUL,
bytes that are not UTF-8, a cell or a line beyond the limit, is a row with a ``problem``: the rest is read on.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from verno.imports import jsonl, xlsx
from verno.imports.problems import Code, NotRead, Problem
from verno.imports.types import HEADER_ROW, MAX_CELL, NUL, Row, bad_text

MAX_LINE = 1024 * 1024
UTF8, CP1251 = "utf-8-sig", "cp1251"
LOOKED_AT = 1024 * 1024
LAST_ASCII = 127
BLANK = b" \t\r\n\xef\xbb\xbf"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
PARQUET_MAGIC = b"PAR1"
TOO_LONG = "\x00too long"
"""Stands for a line beyond the limit: no line of a readable file can look like it."""

_SIXTEEN_BITS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns, as they are named there, and its rows; the rows can be read once.

    ``of_sheet``: a spreadsheet would run texts that begin with "=", or has written an apostrophe before them.
    """

    columns: Sequence[str]
    rows: Iterator[Row]
    total_rows: int | None = None
    of_sheet: bool = False


def open_table(path: Path, *, after_row: int = 0, encoding: str = UTF8) -> Table:
    """Open a file by its content, whatever its name; rows up to ``after_row`` are passed over.

    ``encoding`` is that of a CSV file. Raises ``NotRead``.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        why = error.strerror or str(error)
        raise NotRead(Problem(Code.UNOPENED, {"file": path.name, "why": why})) from error
    if not head.strip():
        raise NotRead(Problem(Code.EMPTY, {"file": path.name}))
    if head.startswith(PARQUET_MAGIC):
        return _parquet(path, after_row)
    if head.startswith(xlsx.MAGIC):
        return Table(*xlsx.read(path, after_row))
    if head.lstrip(BLANK).startswith(b"{"):
        return Table(*jsonl.read(path, after_row))
    if head.startswith(OLD_EXCEL):
        raise NotRead(Problem(Code.OLD_EXCEL, {"file": path.name}))
    if head.startswith(_SIXTEEN_BITS) or head[1:2] == b"\0" or head[:1] == b"\0":
        raise NotRead(Problem(Code.UTF_16, {"file": path.name}))
    return _csv(path, after_row, encoding)


def encoding_of(path: Path) -> str:
    """Return how a CSV file is written: UTF-8, or cp1251 when its beginning can only be that."""
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut off
    except UnicodeDecodeError:
        letters = [sign for sign in head.decode("cp1251", errors="replace") if ord(sign) > LAST_ASCII]
        cyrillic = sum("А" <= sign <= "я" or sign in "Ёё№" for sign in letters)
        return CP1251 if cyrillic > len(letters) / 2 else UTF8
    return UTF8


def _csv(path: Path, after_row: int, encoding: str) -> Table:
    csv.field_size_limit(MAX_CELL)
    lines = _lines(path.open("rb"), encoding)
    first = next(lines, "")
    reader = csv.reader(_chain(first, lines), delimiter=_delimiter(first))
    try:
        columns = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise NotRead(Problem(Code.NO_NAMES, {"file": path.name, "why": str(error)})) from error
    if bad_text(dict(zip(columns, columns, strict=True))):
        raise NotRead(Problem(Code.NO_TEXT, {"file": path.name}))
    return Table(columns, _csv_rows(reader, columns, after_row), of_sheet=True)


def _csv_rows(reader: "Iterator[list[str]]", columns: Sequence[str], after_row: int) -> Iterator[Row]:
    number = HEADER_ROW
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if number > after_row:
                yield Row(number, {}, ("", f"cannot be read: {error}; is a quotation mark not closed?"))
            continue
        if number > after_row and cells:
            yield _csv_row(number, cells, columns)


def _csv_row(number: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    if cells[0].startswith(TOO_LONG):
        return Row(number, {}, ("", f"is longer than {MAX_LINE} characters"))
    found = {name: cell for name, cell in zip(columns, cells, strict=False) if cell and not cell.isspace()}
    if len(cells) != len(columns):
        return Row(number, found, ("", f"has {len(cells)} cells where the header has {len(columns)}"))
    # One look at the whole row is enough for nearly all.
    whole = "".join(cells)
    plain = whole.isascii() and NUL not in whole and len(whole) <= MAX_CELL
    return Row(number, found, None if plain else bad_text(found))


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield lines of bounded length; closes the file. Bytes of no character are kept as lone surrogates."""
    with file, io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="") as text:
        while line := text.readline(MAX_LINE):
            if len(line) < MAX_LINE or line.endswith(("\n", "\r")):
                yield line
                continue
            while (more := text.readline(MAX_LINE)) and not more.endswith(("\n", "\r")):
                pass
            yield TOO_LONG + "\n"


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(header: str) -> str:
    """Return what parts the header: a comma unless there are more semicolons, tabs or bars."""
    return max(",;\t|", key=lambda mark: (header.count(mark), mark == ","))


def _parquet(path: Path, after_row: int) -> Table:
    try:
        from verno.imports import parquet  # noqa: PLC0415 pyarrow is an optional part, and half a second
    except ModuleNotFoundError as error:
        raise NotRead(Problem(Code.NO_PYARROW)) from error
    return Table(*parquet.read(path, after_row))
