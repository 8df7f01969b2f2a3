"""The verb of imports: a file in, every item taken or refused with its row, a summary out."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256 as sha256_of
from pathlib import Path

import msgspec

from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.catalogue.types import Refused as RefusedGoods
from verno.corrections.types import Brought as BroughtLot
from verno.imports import balances, items, runs, tables
from verno.imports.balances import Taken
from verno.imports.members import files, headers, rehearsal, taking
from verno.imports.members.rows import Frame, Imported, Reading
from verno.imports.suppressions import reading
from verno.imports.suppressions import taking as silencing
from verno.imports.tables import Table
from verno.imports.types import SHOWN_ERRORS, Asked, Item, Kind, Progress, Rehearsal, RowError, Summary
from verno.intake import bulk
from verno.intake.types import Outcome, Receipt, Refused, Replayed
from verno.kit import batches, db, localtime
from verno.members import queries as members
from verno.members.types import Refused as RefusedMember
from verno.messaging.types import Brought
from verno.workspace.types import Program

AnyRefused = Refused | RefusedMember | RefusedGoods
Tell = Callable[[RowError], None]
Kept = Callable[[], None]
AS_IT_IS = Asked()


def nothing_to_keep() -> None:
    """Leave what was refused where it lies."""


def import_file(
    program: Program,
    kind: Kind,
    path: Path,
    *,
    progress: Progress,
    tell: Tell,
    now: datetime,
    asked: Asked = AS_IT_IS,
    keep: Kept = nothing_to_keep,
) -> Summary:
    """Import a file. ``tell`` hears of every refused row at once; ``progress`` opens the bars.

    ``asked`` is for members and suppressions, ``keep`` for members: called when refused rows came to those beside the
    file, before it is noted how far it is. A file that was cut off goes on where it was; one that was finished begins
    again, which changes nothing where the data are the same. Raises ``VernoError`` for a file that cannot be read at
    all.
    """
    if kind is Kind.MEMBERS:
        return _members(program, path, asked, progress, tell, keep, now=now)
    if kind is Kind.SUPPRESSIONS:
        return _suppressions(program, path, asked, progress, tell, now=now)
    items.items(kind, tables.open_table(path))  # the header is refused before anything is read or written
    with progress("reading", path.stat().st_size, "B") as step:
        sha256, lines = runs.read_through(path, step)
    run = runs.open_run(program.id, kind, path, sha256, now=now)
    tally = _Tally(program.id, run, tell)
    table = tables.open_table(path, after_row=run.rows_done)
    total = table.total_rows or lines
    with progress(str(kind), max(total - run.rows_done, 0), "rows") as step:
        tally.step = step
        stream = items.items(kind, table)
        if kind is Kind.RECEIPTS:
            _receipts(program, stream, tally, now=now)
        elif kind is Kind.BALANCES:
            _balances(program, stream, tally, now=now)
        else:
            _goods(program, stream, tally, now=now)
    runs.move_run(program.id, run, tally.mark.advance(), finished_at=now)
    return tally.summary()


def rehearse_members(
    program: Program, path: Path, *, progress: Progress, now: datetime, asked: Asked = AS_IT_IS
) -> Rehearsal:
    """Say what importing a file of members would do, and write nothing but that, into files beside it."""
    table, reading = _opened(program, path, asked, now=now)
    return rehearsal.run(program, path, reading, table, progress, now)


def _members(
    program: Program, path: Path, asked: Asked, progress: Progress, tell: Tell, keep: Kept, *, now: datetime
) -> Summary:
    _, reading = _opened(program, path, asked, now=now)
    with progress("reading", path.stat().st_size, "B") as step:
        sha256, lines = runs.read_through(path, step)
    if asked.columns:  # the same file read in another way is another import
        sha256 = sha256_of(f"{sha256} {sorted(asked.columns.items())}".encode()).hexdigest()
    run = runs.open_run(program.id, Kind.MEMBERS, path, sha256, now=now)
    reading.declare(program.id)
    with files.beside(path, files.ERRORS, files.ERROR_COLUMNS, up_to=run.rows_done) as sheet:

        def refused(error: RowError) -> None:
            sheet.refuse(error)
            tell(error)

        def settled() -> None:
            if sheet.flush():
                keep()

        tally = _Tally(program.id, run, refused, settled)
        table, _ = _opened(program, path, asked, now=now, after_row=run.rows_done)
        with progress("members", max((table.total_rows or lines) - run.rows_done, 0), "rows") as step:
            tally.step = step
            store = partial(_take, program, run, now=now)
            _batches(reading.items(table), tally, store, reading.column_of)
        runs.move_run(program.id, run, tally.mark.advance(), finished_at=now)
        summary = tally.summary()
    told = sheet.path.exists() and (summary.refused or summary.unheard)
    return msgspec.structs.replace(summary, errors_file=sheet.path.name if told else None)


def _opened(program: Program, path: Path, asked: Asked, *, now: datetime, after_row: int = 0) -> tuple[Table, Reading]:
    """Open a file of members; refuses its header (``NotRead``)."""
    encoding = asked.encoding or tables.encoding_of(path)
    table = tables.open_table(path, after_row=after_row, encoding=encoding)
    with db.transaction(program.id) as conn:
        topics = frozenset(one.code for one in members.topics(conn, program.id))
        kinds = members.attribute_types(conn, program.id)
    frame = Frame(program.country, localtime.zone(program.timezone), kinds, topics, now)
    return table, Reading(headers.columns(table.columns, asked.columns, topics), frame)


def _take(program: Program, run: runs.Run, items_: Sequence[Item], *, now: datetime) -> Sequence[object]:
    wanted = [item.value for item in items_ if isinstance(item.value, Imported)]
    with db.transaction(program.id) as conn:
        return taking.take(conn, program, wanted, since=run.started_at, now=now)


def rehearse_suppressions(
    program: Program, path: Path, *, progress: Progress, now: datetime, asked: Asked = AS_IT_IS
) -> Rehearsal:
    """Say what importing a list of suppressed addresses would do, and write nothing."""
    table = reading.open_list(path, program, asked)
    frame = reading.frame(program, asked, now=now)
    with progress("suppressions", table.total_rows, "rows") as step:
        return silencing.rehearse(frame, reading.items(table, frame), step)


def _suppressions(
    program: Program, path: Path, asked: Asked, progress: Progress, tell: Tell, *, now: datetime
) -> Summary:
    reading.open_list(path, program, asked)  # the header is refused before anything is read or written
    with progress("reading", path.stat().st_size, "B") as step:
        sha256, lines = runs.read_through(path, step)
    # The same file read in another way is another import.
    sha256 = sha256_of(f"{sha256} {sorted(asked.columns.items())} {asked.reason}".encode()).hexdigest()
    run = runs.open_run(program.id, Kind.SUPPRESSIONS, path, sha256, now=now)
    tally = _Tally(program.id, run, tell)
    table = reading.open_list(path, program, asked, after_row=run.rows_done)
    frame = reading.frame(program, asked, now=now)
    with progress("suppressions", max((table.total_rows or lines) - run.rows_done, 0), "rows") as step:
        tally.step = step
        _batches(reading.items(table, frame), tally, partial(silencing.take, program, now=now))
    runs.move_run(program.id, run, tally.mark.advance(), finished_at=now)
    return tally.summary()


class _Tally:
    """Counts, errors and the watermark of one import."""

    def __init__(self, program_id: str, run: runs.Run, tell: Tell, settled: Kept = nothing_to_keep) -> None:
        self.program_id = program_id
        self.run = run
        self.mark = runs.Watermark(run.rows_done)
        self.step: Callable[[int], None] = lambda _: None
        self._tell = tell
        self._settled = settled
        self._guard = threading.Lock()
        self._accepted = 0
        self._replayed = 0
        self._refused = 0
        self._errors: list[RowError] = []
        self._unheard = 0
        self._notes: list[RowError] = []

    def open(self, item: Item) -> int | None:
        """Take an item of the stream; returns its ticket, or None when it is refused already."""
        ticket = self.mark.open(item.rows[-1])
        if item.error is None:
            return ticket
        self.refuse(ticket, item.error)
        self.step(len(item.rows))
        return None

    def refuse(self, ticket: int, error: RowError) -> None:
        """Count an item that was not taken."""
        with self._guard:
            self._refused += 1
            if len(self._errors) < SHOWN_ERRORS:
                self._errors.append(error)
        self._tell(error)
        self.mark.close(ticket, taken=False)

    def note(self, note: RowError) -> None:
        """Tell of an item that was taken what does not count."""
        self._unheard += 1
        if len(self._notes) < SHOWN_ERRORS:
            self._notes.append(note)
        self._tell(note)

    def accept(self, ticket: int, *, replayed: bool = False) -> None:
        """Count an item that was taken, now or before."""
        with self._guard:
            self._replayed += replayed
            self._accepted += not replayed
        self.mark.close(ticket, taken=True)

    def committed(self, rows: int) -> None:
        """Remember how far the file is, once what was refused is kept; after a commit."""
        self._settled()
        runs.move_run(self.program_id, self.run, self.mark.advance())
        self.step(rows)

    def summary(self) -> Summary:
        """Return what became of the file."""
        errors = sorted(self._errors, key=lambda error: error.row)
        refused = self._refused + self.run.refused
        told = (self._unheard, self._notes)
        return Summary(self._accepted, self._replayed, refused, errors, self.run.rows_done, None, *told)


def _receipts(program: Program, stream: Iterator[Item], tally: _Tally, *, now: datetime) -> None:
    """Send receipts through the bulk path; what is in flight is remembered by position in its stream."""
    flying: dict[int, tuple[int, tuple[int, ...]]] = {}

    def readable() -> Iterator[Receipt]:
        position = 0
        for item in stream:
            ticket = tally.open(item)
            if ticket is not None and isinstance(item.value, Receipt):
                flying[position] = (ticket, item.rows)
                position += 1
                yield item.value

    def committed(positions: Sequence[int], _: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
        done = 0
        for position, outcome in zip(positions, outcomes, strict=True):
            ticket, rows = flying.pop(position)
            done += len(rows)
            if isinstance(outcome, Refused):
                tally.refuse(ticket, RowError(rows[0], outcome.field, f"{outcome.reason}: {outcome.detail}"))
            elif outcome is None:
                tally.refuse(ticket, RowError(rows[0], "", "was not taken; import the file again"))
            else:
                tally.accept(ticket, replayed=isinstance(outcome, Replayed))
        tally.committed(done)

    bulk.load(program.id, readable(), now=now, on_batch=committed)


def _goods(program: Program, stream: Iterator[Item], tally: _Tally, *, now: datetime) -> None:
    """Store goods."""
    _batches(stream, tally, partial(_store, program, now=now))


def _batches(
    stream: Iterator[Item],
    tally: _Tally,
    store: Callable[[Sequence[Item]], Sequence[object]],
    column_of: Callable[[str], str] = str,
) -> None:
    """Store items, one transaction a batch; ``column_of`` tells which column of the file fills a field."""
    for batch in batches.batched(stream, batches.MAX_BATCH):
        opened = [(tally.open(item), item) for item in batch]
        good = [(ticket, item) for ticket, item in opened if ticket is not None]
        results = db.retrying(partial(store, [item for _, item in good]))
        for (ticket, item), result in zip(good, results, strict=True):
            if isinstance(result, AnyRefused):
                field = column_of(result.field)
                tally.refuse(ticket, RowError(item.rows[0], field, f"{result.reason}: {result.detail}"))
            else:
                if isinstance(result, taking.Unheard):
                    tally.note(taking.note(item.rows[0], result.matters))
                tally.accept(ticket, replayed=result is Brought.KNOWN)
        tally.committed(len(good))


def _balances(program: Program, stream: Iterator[Item], tally: _Tally, *, now: datetime) -> None:
    """Bring lots along, one transaction a batch."""
    for batch in batches.batched(stream, batches.MAX_BATCH):
        opened = [(tally.open(item), item) for item in batch]
        good = [(ticket, item) for ticket, item in opened if ticket is not None]
        results = db.retrying(partial(_bring, program, tally.run.id, [item for _, item in good], now=now))
        for (ticket, item), result in zip(good, results, strict=True):
            if isinstance(result, RowError):
                tally.refuse(ticket, result)
            elif isinstance(result, BroughtLot):
                tally.accept(ticket, replayed=result.replayed)
            else:
                tally.refuse(ticket, RowError(item.rows[0], result.field, f"{result.reason}: {result.detail}"))
        tally.committed(len(good))


def _bring(program: Program, run_id: str, items_: Sequence[Item], *, now: datetime) -> list[Taken]:
    with db.transaction(program.id) as conn:
        return balances.take(conn, program, run_id, items_, now=now)


def _store(program: Program, items_: Sequence[Item], *, now: datetime) -> Sequence[object]:
    goods = [item.value for item in items_ if isinstance(item.value, NewGoods)]
    with db.transaction(program.id) as conn:
        return catalogue.upsert_goods(conn, program.id, goods, now=now) if goods else []
