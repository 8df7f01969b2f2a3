"""What a cell of any file may hold."""

from collections.abc import Mapping

MAX_CELL = 128 * 1024
HEADER_ROW = 1
NUL = "\x00"


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
