"""What lies beside an imported file: the rows that were refused and why, and what a dry run would change."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from verno.imports.types import RowError
from verno.web.sheets import safe

ERRORS, CHANGES = ".errors.csv", ".changes.csv"
ERROR_COLUMNS = ("row", "field", "reason")
CHANGE_COLUMNS = ("row", "external_id", "outcome", "field", "before", "after")


class Sheet:
    """A CSV file that is made when its first row comes, so that a clean import leaves none."""

    def __init__(self, path: Path, columns: Sequence[str], *, append: bool) -> None:
        """Write to ``path``; an older file of that name goes at once, unless it is gone on with."""
        self.path = path
        self.count = 0
        self._columns = columns
        self._file: IO[str] | None = None
        if not append:
            path.unlink(missing_ok=True)

    def add(self, *cells: object) -> None:
        """Add a row, its texts made safe for spreadsheets."""
        if self._file is None:
            fresh = not self.path.exists()
            self._file = self.path.open("a", encoding="utf-8-sig" if fresh else "utf-8", newline="")
            if fresh:
                self._file.write(",".join(self._columns) + "\r\n")
        csv.writer(self._file).writerow(["" if cell is None else safe(str(cell)) for cell in cells])
        self.count += 1

    def close(self) -> None:
        """Finish."""
        if self._file is not None:
            self._file.close()

    def refuse(self, error: RowError) -> None:
        """Add a row that was refused."""
        self.add(error.row, error.field, error.message)


@contextmanager
def beside(path: Path, suffix: str, columns: Sequence[str], *, append: bool = False) -> Iterator[Sheet]:
    """Open a sheet beside a file; ``append`` keeps what a run that was cut off has written."""
    sheet = Sheet(path.with_name(path.name + suffix), columns, append=append)
    try:
        yield sheet
    finally:
        sheet.close()
