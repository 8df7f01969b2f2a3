"""Rows of such a list: an address, why, since when. What is wrong is told without the value: it may be an address."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from verno.imports import tables
from verno.imports.columns import LENGTH_OF_A_DATE
from verno.imports.members import cells
from verno.imports.problems import Code, NotRead, Problem
from verno.imports.tables import Table
from verno.imports.types import HEADER_ROW, Asked, Item, Row, RowError
from verno.kit import localtime
from verno.members.changes import CLOCKS_DIFFER, EARLIEST_CONSENT, moment
from verno.members.identity import Kind, normalise
from verno.messaging import facts
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_SMS, Silence, Silenced
from verno.workspace.types import Program

ADDRESS, REASON, DATE = FIELDS = ("address", "reason", "date")
HEADERS: Mapping[str, str] = {
    **dict.fromkeys(
        ("address", "email", "e-mail", "email address", "recipient", "phone", "phone number", "number"), ADDRESS
    ),
    **dict.fromkeys(("адрес", "почта", "электронная почта", "телефон", "номер", "номер телефона"), ADDRESS),
    **dict.fromkeys(("reason", "type", "status", "причина", "статус"), REASON),
    **dict.fromkeys(("date", "at", "created", "created_at", "time", "timestamp", "дата", "когда"), DATE),
}
"""What people and providers call the columns; any other is left aside."""
WORDS: Mapping[str, Silence] = {
    **dict.fromkeys(("unsubscribed", "unsubscribe", "unsub", "opt-out", "opted out", "stop"), Silence.UNSUBSCRIBED),
    **dict.fromkeys(("отписка", "отписан", "отписался", "отписалась", "отказ", "стоп"), Silence.UNSUBSCRIBED),
    **dict.fromkeys(("complaint", "complained", "spam", "spam report", "abuse"), Silence.COMPLAINT),
    **dict.fromkeys(("жалоба", "спам"), Silence.COMPLAINT),
    **dict.fromkeys(("no-such-address", "bounced", "bounce", "hard bounce", "invalid"), Silence.NO_SUCH_ADDRESS),
    **dict.fromkeys(("не существует", "нет такого адреса", "недоставлено"), Silence.NO_SUCH_ADDRESS),
}
AT, OUT_OF_RANGE = "at", "in the future, or before 1990"
_EPOCH = re.compile(r"[0-9]{10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of a file share. ``why``: the reason of every row, whatever its own says."""

    program: Program
    zone: ZoneInfo
    why: Silence | None
    now: datetime


def frame(program: Program, asked: Asked, *, now: datetime) -> Frame:
    """Return what all rows share."""
    return Frame(program, localtime.zone(program.timezone), Silence(asked.reason) if asked.reason else None, now)


def open_list(path: Path, program: Program, asked: Asked, *, after_row: int = 0) -> Table:
    """Open a list, its columns named as ours, None for those left aside; refuses its header (``NotRead``).

    A list may have no header: then its first column is the address, the second the reason, the third the date.
    """
    encoding = asked.encoding or tables.encoding_of(path)
    table = tables.open_table(path, after_row=after_row, encoding=encoding)
    bare = bool(table.columns) and not isinstance(_address(table.columns[0], program), str)
    if bare:
        names = dict(zip(table.columns, FIELDS, strict=False))
        first = Row(HEADER_ROW, {name: name for name in table.columns if name})
        rows = chain([first] if after_row < HEADER_ROW else [], table.rows)
    else:
        names = _names(table.columns, asked.columns)
        rows = chain(table.rows)
    return replace(table, columns=FIELDS, rows=(_renamed(row, names) for row in rows))


def items(table: Table, frame: Frame) -> Iterator[Item]:
    """Read the rows of a list."""
    for row in table.rows:
        try:
            yield Item((row.number,), _silenced(row, frame))
        except WrongError as wrong:
            yield Item((row.number,), None, RowError(row.number, *wrong.args))


class WrongError(Exception):
    """A cell is no good: its column and why."""


def silenced(program: Program, address: str, why: Silence, at: datetime | None, *, now: datetime) -> Silenced:
    """Return what is kept of an address that somebody names. Raises ``WrongError``; ``at`` may have no offset."""
    said = at and moment(at, localtime.zone(program.timezone))
    if said is not None and not EARLIEST_CONSENT <= said <= now + CLOCKS_DIFFER:
        raise WrongError(AT, OUT_OF_RANGE)
    return _hashed(program, address, why, said and min(said, now))


def _hashed(program: Program, cell: object, why: Silence, at: datetime | None) -> Silenced:
    found = _address(cell, program)
    if isinstance(found, str):
        raise WrongError(ADDRESS, found)
    channel, address = found
    return Silenced(channel, facts.address_hash(program.id, channel, address), why, at)


def _names(columns: Sequence[str], mapped: Mapping[str, str]) -> dict[str, str]:
    strange = sorted(set(mapped.values()) - {*FIELDS, ""})
    absent = sorted(set(mapped) - set(columns))
    if strange or absent:
        code, name = (Code.NO_FIELD, strange[0]) if strange else (Code.NO_SUCH_COLUMN, absent[0])
        raise NotRead(Problem(code, {"name": name, "known": ", ".join(FIELDS)}))
    names = {name: mapped.get(name, HEADERS.get(" ".join(name.casefold().split()), "")) for name in columns}
    found = [field for field in names.values() if field]
    if ADDRESS not in found:
        raise NotRead(Problem(Code.NO_ADDRESS))
    double = sorted({field for field in found if found.count(field) > 1})
    if double:
        raise NotRead(Problem(Code.SEVERAL, {"field": double[0]}))
    return names


def _renamed(row: Row, names: Mapping[str, str]) -> Row:
    renamed = {field: cell for name, cell in row.cells.items() if (field := names.get(name))}
    problem = row.problem and (names.get(row.problem[0], ""), row.problem[1])
    return Row(row.number, renamed, problem)


def _silenced(row: Row, frame: Frame) -> Silenced:
    if row.problem is not None:
        raise WrongError(*row.problem)
    cell = row.cells.get(ADDRESS)
    if cell is None:
        raise WrongError(ADDRESS, "is required")
    return _hashed(frame.program, cell, _why(row.cells.get(REASON), frame), _at(row.cells.get(DATE), frame))


def _address(cell: object, program: Program) -> tuple[str, str] | str:
    """Return the channel and the address as we write it, or what is wrong with the cell."""
    try:
        said = cells.phone(cells.of_sheet(cell))
    except ValueError as error:
        return str(error)
    if "@" in said:
        email = normalise(Kind.EMAIL, said, country=program.country)
        return (CHANNEL_EMAIL, email) if email else "is no e-mail address"
    phone = normalise(Kind.PHONE, said, country=program.country)
    return (CHANNEL_SMS, phone) if phone else "is neither an e-mail address nor a phone number"


def _why(cell: object, frame: Frame) -> Silence:
    if frame.why is not None:
        return frame.why
    if cell is None:
        return Silence.UNSUBSCRIBED
    found = WORDS.get(" ".join(cells.text(cell).casefold().replace("_", " ").split()))
    if found is None:
        known = ", ".join(Silence)
        raise WrongError(REASON, f"is none of {known}; or say --reason for all rows")
    return found


def _at(cell: object, frame: Frame) -> datetime | None:
    """Return when it was said; a date without a time counts to its end, since nobody knows what came first."""
    if cell is None:
        return None
    try:
        said = cells.text(cell)
        begins, at = _epoch(said) if _EPOCH.fullmatch(said) else _span(cells.moment(cell, frame.program.country), frame)
    except (ValueError, OverflowError) as error:
        raise WrongError(DATE, str(error)) from None
    if not EARLIEST_CONSENT <= begins <= frame.now + CLOCKS_DIFFER:
        raise WrongError(DATE, OUT_OF_RANGE)
    return min(at, frame.now)


def _epoch(said: str) -> tuple[datetime, datetime]:
    at = datetime.fromtimestamp(int(said), UTC)
    return at, at


def _span(said: str, frame: Frame) -> tuple[datetime, datetime]:
    if len(said) == LENGTH_OF_A_DATE:
        day = date.fromisoformat(said)
        return localtime.start_of_day(day, frame.zone), localtime.start_of_day(day + timedelta(days=1), frame.zone)
    at = moment(datetime.fromisoformat(said), frame.zone)
    return at, at
