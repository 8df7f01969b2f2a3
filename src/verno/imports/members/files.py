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
        self.count = self._flushed = 0
        self._columns = columns
        self._file: IO[str] | None = None
        if not append:
            path.unlink(missing_ok=True)

    def add(self, *cells: object) -> None:
        """Add a row, its texts made safe for spreadsheets."""
        if self._file is None:
            fresh = not self.path.exists()
            self.path.touch(mode=0o600)  # of what people wrote, for its owner alone
            self._file = self.path.open("a", encoding="utf-8-sig" if fresh else "utf-8", newline="")
            if fresh:
                self._file.write(",".join(self._columns) + "\r\n")
        csv.writer(self._file).writerow(["" if cell is None else safe(str(cell)) for cell in cells])
        self.count += 1

    def flush(self) -> bool:
        """Hand what was added to the system; tells whether there was anything since the last time."""
        fresh, self._flushed = self.count > self._flushed, self.count
        if fresh and self._file is not None:
            self._file.flush()
        return fresh

    def close(self) -> None:
        """Finish."""
        if self._file is not None:
            self._file.close()

    def refuse(self, error: RowError) -> None:
        """Add a row that was refused."""
        self.add(error.row, error.field, error.message)


@contextmanager
def beside(path: Path, suffix: str, columns: Sequence[str], *, up_to: int = 0) -> Iterator[Sheet]:
    """Open a sheet beside a file; of a run that was cut off the rows ``up_to`` one are kept: the others come again."""
    place = path.with_name(path.name + suffix)
    if up_to and place.exists():
        _cut(place, up_to)
    sheet = Sheet(place, columns, append=bool(up_to))
    try:
        yield sheet
    finally:
        sheet.close()


def _cut(path: Path, up_to: int) -> None:
    """Leave out what a sheet tells of rows after one, and a last line that is not whole."""
    draft = path.with_name(path.name + ".part")
    draft.touch(mode=0o600)
    whole = path.read_bytes().endswith(b"\n")
    with (
        path.open(encoding="utf-8-sig", newline="") as old,
        draft.open("w", encoding="utf-8-sig", newline="") as new,
    ):
        lines = list(csv.reader(old))
        head, rows = lines[:1], lines[1:] if whole else lines[1:-1]
        csv.writer(new).writerows(
            [*head, *[row for row in rows if row and row[0].isdecimal() and int(row[0]) <= up_to]]
        )
    draft.replace(path)
