"""XLSX, streamed: the first sheet, row by row, whatever its size; a zip bomb, an entity or a formula gets a sentence.

Texts that the sheet shares are kept in a file, not in memory. A workbook is a zip of XML: nothing is unpacked beyond
what its compressed size can honestly hold, a document type is refused, and cells and columns have their limits.
"""

import lzma
import mmap
import re
import struct
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, TypeAlias
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from verno.imports.problems import Code, NotRead, Problem
from verno.imports.types import MAX_CELL, Row, bad_text

MAGIC = b"PK\x03\x04"
READ = 256 * 1024
MAX_RATIO = 100
"""How much bigger than its compressed self a part may be; a sheet of real rows is 5 to 20 times bigger."""
SMALL = 1024 * 1024
"""Parts up to this size may have any ratio: a few kilobytes of styles are often nearly all repetition."""
MAX_PART = 4 * 1024**3
MAX_COLUMNS = 500
NAMESPACE = re.compile(r"^.*[:}]")
DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Excel's own number formats that show dates."""
EPOCH, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
LAST_SERIAL = 2_958_465
"""31.12.9999 as a spreadsheet counts days."""

LAST_ROW = 2**31 - 1
DAMAGED = (
    *(BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),  # the zip
    *(expat.ExpatError, KeyError, ValueError, OverflowError),  # what is in it
    *(NotImplementedError, RuntimeError),  # what nobody writes
)
"""What comes of a workbook that is none."""

Attributes: TypeAlias = dict[str, str]
Cell: TypeAlias = tuple[object, str | None]
"""A value, and what is wrong with it."""


def read(path: Path, after_row: int) -> tuple[Sequence[str], Iterator[Row]]:
    """Return the columns, which the first row that is not empty names, and the rows after ``after_row``.

    Raises ``NotRead``.
    """
    try:
        book = _Book(path)
        rows = book.rows()
        cells = next((cells for _, cells in rows if cells), None)
    except DAMAGED as error:
        values = {"file": path.name, "kind": "XLSX", "why": _why(error)}
        raise NotRead(Problem(Code.UNREADABLE, values)) from error
    if cells is None:
        raise NotRead(Problem(Code.EMPTY_SHEET, {"file": path.name}))
    names = {place: str(value).strip() for place, (value, _) in cells.items()}
    return list(names.values()), _rows(path, rows, names, after_row)


def serial_date(number: float, *, from_1904: bool = False) -> date | datetime:
    """Return the day, or the moment, that a spreadsheet means by a number; raises ``ValueError``."""
    if not 1 <= number <= LAST_SERIAL:
        message = "is no date"
        raise ValueError(message)
    day = (EPOCH_1904 if from_1904 else EPOCH) + timedelta(days=int(number))
    seconds = round((number - int(number)) * 86_400)
    return day if not seconds else datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)  # noqa: DTZ001


def _rows(
    path: Path, rows: Iterator[tuple[int, dict[int, Cell]]], names: dict[int, str], after_row: int
) -> Iterator[Row]:
    try:
        for number, cells in rows:
            if number > after_row and cells:
                yield _row(number, cells, names)
    except DAMAGED as error:
        raise NotRead(Problem(Code.DAMAGED, {"file": path.name, "why": _why(error)})) from error


def _row(number: int, cells: dict[int, Cell], names: dict[int, str]) -> Row:
    found = {names[place]: value for place, (value, _) in cells.items() if place in names and value != ""}
    for place, (_, wrong) in cells.items():
        if wrong is not None:
            return Row(number, found, (names.get(place, ""), wrong))
    if any(place not in names for place in cells):
        return Row(number, found, ("", "has more cells than the header"))
    return Row(number, found, bad_text(found))


class _Book:
    """A workbook whose parts are checked before they are unpacked."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._zip = ZipFile(path)
        self._shared = _Shared()
        try:
            for part in self._zip.infolist():
                self._refuse_bomb(part)
            self._names = set(self._zip.namelist())
            self._from_1904, self._sheet = self._first_sheet()
            self._dates = self._date_styles()
            self._read_shared()
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._zip.close()
        self._shared.close()

    def rows(self) -> Iterator[tuple[int, dict[int, Cell]]]:
        """Yield (number, cells by column) of the rows that there are."""
        sheet = _Sheet(self._shared, self._dates, from_1904=self._from_1904)
        try:
            for _ in self._parse(self._sheet, sheet.start, sheet.end, sheet.text):
                yield from sheet.take()
        finally:
            self._close()

    def _refuse_bomb(self, part: ZipInfo) -> None:
        honest = part.file_size <= SMALL or part.file_size <= part.compress_size * MAX_RATIO
        if not honest or part.file_size > MAX_PART:
            raise NotRead(Problem(Code.BOMB, {"file": self._name, "bytes": part.file_size}))
        if part.flag_bits & 1:
            raise NotRead(Problem(Code.ENCRYPTED, {"file": self._name}))

    def _first_sheet(self) -> tuple[bool, str]:
        found: list[str] = []
        since_1904: list[bool] = []
        targets: dict[str, str] = {}

        def book(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                found.append(next((v for k, v in attributes.items() if _local(k) == "id"), ""))
            elif name == "workbookPr":
                since_1904.append(attributes.get("date1904") in {"1", "true"})

        def relation(name: str, attributes: Attributes) -> None:
            if name == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        list(self._parse("xl/workbook.xml", book))
        if "xl/_rels/workbook.xml.rels" in self._names:
            list(self._parse("xl/_rels/workbook.xml.rels", relation))
        target = targets.get(found[0] if found else "", "worksheets/sheet1.xml")
        return any(since_1904), target[1:] if target.startswith("/") else f"xl/{target}"

    def _date_styles(self) -> frozenset[int]:
        """Return the styles whose numbers are shown as dates."""
        custom: set[int] = set()
        styles: list[int] = []
        inside: list[bool] = [False]

        def start(name: str, attributes: Attributes) -> None:
            if name == "numFmt":
                code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", attributes.get("formatCode", "")).lower()
                if any(sign in code for sign in "ymd") and "general" not in code:
                    custom.add(int(attributes.get("numFmtId", "0")))
            elif name == "cellXfs":
                inside[0] = True
            elif name == "xf" and inside[0]:
                styles.append(int(attributes.get("numFmtId", "0")))

        def end(name: str) -> None:
            if name == "cellXfs":
                inside[0] = False

        if "xl/styles.xml" in self._names:
            list(self._parse("xl/styles.xml", start, end))
        return frozenset(i for i, format_ in enumerate(styles) if format_ in DATE_FORMATS or format_ in custom)

    def _read_shared(self) -> None:
        shared = self._shared
        if "xl/sharedStrings.xml" in self._names:
            list(self._parse("xl/sharedStrings.xml", shared.start, shared.end, shared.text))
        shared.map()

    def _parse(
        self,
        part: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Parse a part, pausing after each piece; raises ``NotRead`` for a document type."""
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def refuse(*_: object) -> None:
            raise NotRead(Problem(Code.DOCUMENT_TYPE, {"file": self._name}))

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
        if end is not None:
            parser.EndElementHandler = lambda name: end(_local(name))
        parser.CharacterDataHandler = text
        with self._zip.open(part) as file:
            while piece := file.read(READ):
                parser.Parse(piece, False)
                yield
        parser.Parse(b"", True)
        yield


class _Shared:
    """The texts that cells share, in a file that has no name; memory is eight bytes a text."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 closed with the process or its last reader
        self._starts = array("Q", [0])
        self._parts: list[str] = []
        self._length = 0
        self._inside = False
        self._phonetic = False
        self._map: mmap.mmap | None = None

    def start(self, name: str, _: Attributes) -> None:
        """Begin a text; how it is read aloud is no part of it."""
        if name == "si":
            self._parts, self._length = [], 0
        self._phonetic = self._phonetic or name == "rPh"
        self._inside = name == "t" and not self._phonetic

    def end(self, name: str) -> None:
        """Keep a text that is whole; of one beyond the limit no more than shows that it is."""
        self._inside = False
        if name == "rPh":
            self._phonetic = False
        elif name == "si":
            data = "".join(self._parts).encode()
            self._file.write(data)
            self._starts.append(self._starts[-1] + len(data))

    def text(self, part: str) -> None:
        """Take a piece of a text."""
        if self._inside and self._length <= MAX_CELL:
            self._parts.append(part)
            self._length += len(part)

    def map(self) -> None:
        """Make the texts readable."""
        self._file.flush()
        if self._starts[-1]:
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file.close()

    def close(self) -> None:
        """Let the texts go."""
        self._file.close()
        if self._map is not None:
            self._map.close()

    def get(self, index: int) -> str:
        """Return a text; raises ``IndexError`` for one that is not there."""
        if not 0 <= index < len(self._starts) - 1:
            raise IndexError(index)
        return self._map[self._starts[index] : self._starts[index + 1]].decode() if self._map is not None else ""


class _Sheet:
    """The handlers of a sheet: gathers rows."""

    def __init__(self, shared: _Shared, dates: frozenset[int], *, from_1904: bool) -> None:
        self._shared, self._dates, self._from_1904 = shared, dates, from_1904
        self._done: list[tuple[int, dict[int, Cell]]] = []
        self._number = 0
        self._cells: dict[int, Cell] = {}
        self._place = -1
        self._kind = ""
        self._style = 0
        self._parts: list[str] = []
        self._length = 0
        self._inside = self._formula = False

    def take(self) -> list[tuple[int, dict[int, Cell]]]:
        """Return the rows that are whole."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin a row, a cell or its value."""
        if name == "c":
            reference = attributes.get("r", "")
            self._place = _column(reference) if reference else self._place + 1
            self._kind = attributes.get("t", "n")
            self._style = int(attributes.get("s", "0"))
            self._parts, self._length, self._formula = [], 0, False
        elif name in {"v", "t"}:
            self._inside = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            if not 0 < self._number <= LAST_ROW:
                raise ValueError(self._number)
            self._cells, self._place = {}, -1

    def end(self, name: str) -> None:
        """Finish a value, a cell or a row."""
        if name in {"v", "t"}:
            self._inside = False
        elif name == "c":
            if self._place < MAX_COLUMNS and (self._parts or self._formula):
                self._cells[self._place] = self._value("".join(self._parts))
        elif name == "row":
            self._done.append((self._number, self._cells))

    def text(self, part: str) -> None:
        """Take a piece of a value."""
        if self._inside and self._length <= MAX_CELL:
            self._parts.append(part)
            self._length += len(part)

    def _value(self, text: str) -> Cell:
        if self._formula:
            return "", "holds a formula: save its value in its place"
        if self._kind == "e":
            return "", f"holds the spreadsheet's error {text[:20]}"
        if self._kind == "s":
            return self._shared_text(text)
        if self._kind == "n":
            return self._number_of(text)
        return (text == "1" if self._kind == "b" else text), None

    def _shared_text(self, text: str) -> Cell:
        try:
            return self._shared.get(int(text)), None
        except (IndexError, ValueError):
            return "", "names a text that the file does not have"

    def _number_of(self, text: str) -> Cell:
        try:
            number = float(text)
            if self._style in self._dates:
                return serial_date(number, from_1904=self._from_1904), None
        except (ValueError, OverflowError):
            return "", "holds a number or a date that cannot be read"
        whole = number.is_integer() and abs(number) < 2**53
        return (int(number) if whole else number), None


def _why(error: Exception) -> str:
    """Return what is wrong with a workbook, without anything that stands in it."""
    return "it holds a number that is none" if isinstance(error, ValueError | OverflowError) else str(error)


def _local(name: str) -> str:
    """Return a name without its namespace's prefix."""
    return NAMESPACE.sub("", name) if ":" in name else name


def _column(reference: str) -> int:
    """Return the place of a cell by its name: A1 is 0, AA7 is 26."""
    place = 0
    for sign in reference:
        if not (sign.isascii() and sign.isalpha()):
            break
        place = place * 26 + ord(sign.upper()) - 64
    return place - 1
