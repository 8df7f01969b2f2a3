"""JSON Lines: an object a line, as our own export of members writes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from verno.imports.problems import Code, NotRead, Problem
from verno.imports.types import Row, bad_text
from verno.web import wire
from verno.web.problems import Refused

MAX_LINE = 1024 * 1024
FIRST_ROW = 2
"""The first line's number: rows count as if there were a header, as in the other files."""


def read(path: Path, after_row: int) -> tuple[Sequence[str], Iterator[Row]]:
    """Return the fields that any line has, and the lines after ``after_row``; raises ``NotRead``."""
    names: dict[str, None] = {}
    for _, line in _lines(path):
        found = _object(line)
        names.update(dict.fromkeys(found if isinstance(found, dict) else ()))
    if not names:
        raise NotRead(Problem(Code.NO_OBJECTS, {"file": path.name}))
    return list(names), _rows(path, after_row)


def _rows(path: Path, after_row: int) -> Iterator[Row]:
    for number, line in _lines(path):
        if number <= after_row:
            continue
        found = _object(line)
        if isinstance(found, str):
            yield Row(number, {}, ("", found))
            continue
        cells = {name: value for name, value in found.items() if value is not None and value != ""}
        yield Row(number, cells, bad_text(cells))


def _object(line: bytes) -> dict[str, object] | str:
    """Return a line's object, or what is wrong with it."""
    if len(line) > MAX_LINE:
        return f"is longer than {MAX_LINE} bytes"
    try:
        found = wire.decode(line)
    except Refused as error:
        return f"is not the JSON we read: {error.problem.detail}"
    return found if isinstance(found, dict) else "is no JSON object"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        number = FIRST_ROW - 1
        while line := file.readline(MAX_LINE + 1):
            number += 1
            while not line.endswith(b"\n") and len(line) > MAX_LINE and (more := file.readline(MAX_LINE)):
                if more.endswith(b"\n"):
                    break
            if line.strip():
                yield number, line.rstrip(b"\r\n") if len(line) <= MAX_LINE else line
