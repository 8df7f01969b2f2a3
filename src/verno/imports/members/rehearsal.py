"""A dry run of a members' file: nothing is written but what would change, beside the file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from verno.imports.members import taking
from verno.imports.members.files import CHANGE_COLUMNS, CHANGES, ERROR_COLUMNS, ERRORS, Sheet, beside
from verno.imports.members.rows import Imported, Reading
from verno.imports.members.seen import Seen, owner
from verno.imports.tables import Table
from verno.imports.types import SHOWN_ERRORS, Item, Progress, Rehearsal, RowError
from verno.kit import batches, db
from verno.members.rehearsing import Rehearsed, rehearse
from verno.members.types import Created, Refused, Result
from verno.workspace.types import Program

MEMBER = "member"


def run(program: Program, path: Path, reading: Reading, table: Table, progress: Progress, now: datetime) -> Rehearsal:
    """Say of every row what it would do; the changes and the refusals lie beside the file afterwards."""
    with (
        Seen() as seen,
        beside(path, CHANGES, CHANGE_COLUMNS) as changes,
        beside(path, ERRORS, ERROR_COLUMNS) as errors,
        progress("dry run", table.total_rows, "rows") as step,
    ):
        counts = _Counts(seen, changes, errors, reading.column_of)
        for batch in batches.batched(reading.items(table), batches.MAX_BATCH):
            good = [item for item in batch if isinstance(item.value, Imported)]
            with db.transaction(program.id) as conn:
                found = rehearse(conn, program, [_member(item).member for item in good], now=now)
                here = [_here(one.result) for one in found]
                vain = taking.foretell(conn, program, [_member(item) for item in good], here, now=now)
            rows = [item.rows[0] for item in good]
            counts.take(batch, dict(zip(rows, found, strict=True)), dict(zip(rows, vain, strict=True)))
            step(len(batch))
        return counts.summary()


class _Counts:
    """What became of the rows so far."""

    def __init__(self, seen: Seen, changes: Sheet, errors: Sheet, column_of: Callable[[str], str]) -> None:
        self._seen, self._changes, self._errors, self._column_of = seen, changes, errors, column_of
        self._new = self._changed = self._same = self._repeated = self._unheard = 0
        self._shown: list[RowError] = []

    def take(self, batch: Sequence[Item], found: dict[int, Rehearsed], vain: dict[int, tuple[str, ...]]) -> None:
        """Count a batch in the file's order; ``vain`` is what will not count of each row."""
        asked: list[tuple[int, tuple[str, str]]] = []
        for item in batch:
            if item.rows[0] in found:
                asked.append((item.rows[0], (MEMBER, _member(item).member.external_id)))
                asked += [(item.rows[0], claim) for claim in found[item.rows[0]].claims]
        earlier = dict(zip(asked, self._seen.rows([what for _, what in asked]), strict=True))
        within: dict[str, int] = {}
        named = []
        for item in batch:
            row = item.rows[0]
            if item.error is not None:
                self._refuse(item.error)
            elif row in found:
                code = _member(item).member.external_id
                what: list[tuple[str, str]] = [(MEMBER, code), *found[row].claims]
                before = [(one[0], earlier[row, one]) for one in what]
                if self._count(row, code, found[row], before, within.get(code)):
                    within[code] = row
                    self._note(row, vain[row])
                    named += [(one, row, code) for one in what]
        self._seen.add(named)

    def _count(
        self,
        row: int,
        code: str,
        one: Rehearsed,
        earlier: Sequence[tuple[str, tuple[int, bytes] | None]],
        within: int | None,
    ) -> bool:
        """Count a row; ``earlier`` tells which batches before named its member and contacts, of whom."""
        if isinstance(one.result, Refused):
            self._refuse(RowError(row, self._column_of(one.result.field), f"{one.result.reason}: {one.result.detail}"))
            return False
        for kind, named in earlier[1:]:
            if named and named[1] != owner(code):
                self._refuse(
                    RowError(row, self._column_of(kind), f"identity-taken: row {named[0]} of this file has this {kind}")
                )
                return False
        first = within or (earlier[0][1][0] if earlier[0][1] else None)
        if first is not None:
            self._repeated += 1
            self._changes.add(row, code, "repeats", "", f"row {first}", "the last one wins")
        elif isinstance(one.result, Created):
            self._new += 1
            self._changes.add(row, code, "new", "", None, None)
        elif one.changes:
            self._changed += 1
            for change in one.changes:
                self._changes.add(row, code, "changed", change.field, change.before, change.after)
        else:
            self._same += 1
        return True

    def _note(self, row: int, vain: tuple[str, ...]) -> None:
        if vain:
            self._unheard += 1
            self._errors.refuse(taking.note(row, vain))

    def _refuse(self, error: RowError) -> None:
        self._errors.refuse(error)
        if len(self._shown) < SHOWN_ERRORS:
            self._shown.append(error)

    def summary(self) -> Rehearsal:
        """Return the counts."""
        return Rehearsal(
            self._new,
            self._changed,
            self._same,
            self._repeated,
            self._errors.count - self._unheard,
            sorted(self._shown, key=lambda error: error.row),
            self._changes.path.name if self._changes.count else None,
            self._errors.path.name if self._errors.count else None,
            self._unheard,
        )


def _here(result: Result) -> str | None:
    """Return the member that a row is about, if they are here already."""
    return None if isinstance(result, Created | Refused) else result.member_id


def _member(item: Item) -> Imported:
    assert isinstance(item.value, Imported)  # noqa: S101 the caller has looked
    return item.value
