"""Rows of a members' file to members and what they said, with the same limits as the API's bodies."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from verno.imports import columns as cells_of_json
from verno.imports.columns import Fields
from verno.imports.members import cells, said
from verno.imports.members.headers import ATTRIBUTE, CONSENT, SHARED, SINGLE, Column
from verno.imports.members.said import Said, Wrong
from verno.imports.problems import Code, NotRead, Problem
from verno.imports.tables import Table
from verno.imports.types import Item, Row, RowError
from verno.kit import batches, db, localtime
from verno.members import service as members
from verno.members.changes import CLOCKS_DIFFER, EARLIEST_CONSENT, moment
from verno.members.consent import wishes as wishing
from verno.members.types import AttributeKind, Channel, Location, LocationKind, NewMember, Wishes
from verno.web import wire

APART = ("locations", "wishes")
NAMES = ("name.first", "name.middle", "name.last")
WORDS = {"birth_date": "must be a date such as 1990-12-31 or 31.12.1990", "locale": "must be a language such as ru"}
LONGEST_CODE = 100


class Imported(msgspec.Struct, frozen=True):
    """A member of a file."""

    member: NewMember
    said: tuple[Said, ...] = ()
    locations: tuple[Location, ...] = ()
    wishes: Wishes | None = None


class _Apart(msgspec.Struct, frozen=True):
    """Columns that no body of the API has."""

    locations: Annotated[tuple[Location, ...], Meta(max_length=len(LocationKind))] = ()
    wishes: Wishes | None = None


class Frame(msgspec.Struct, frozen=True):
    """What all rows of a file share: how dates are written, whose clock it is, which types attributes have."""

    country: str
    zone: ZoneInfo
    kinds: Mapping[str, AttributeKind]
    topics: frozenset[str]
    now: datetime


Reader = Callable[[object], object]


class Reading:
    """Reads rows by their columns."""

    def __init__(self, columns: Sequence[Column], frame: Frame) -> None:
        """Choose how each column is read."""
        self._frame = frame
        self._typed = {one.field[len(ATTRIBUTE) :]: one.kind for one in columns if one.kind is not None}
        self._readers: list[tuple[str, str, Reader]] = [(one.name, one.field, _reader(one, frame)) for one in columns]

    def column_of(self, field: str) -> str:
        """Return which column of the file fills a field of a member, the field itself where none does."""
        bare = field.replace("attributes.", ATTRIBUTE, 1)
        return next((name for name, of, _ in self._readers if of == bare), field)

    def declare(self, program_id: str) -> None:
        """Tell the program the types that the header gives to attributes; raises ``NotRead`` for another one."""
        if self._typed:
            with db.transaction(program_id) as conn:
                refused = members.declare_attributes(conn, program_id, self._typed)
            for one in refused.values():
                raise NotRead(Problem(Code.OTHER_TYPE, {"field": one.field, "why": one.detail}))

    def items(self, table: Table) -> Iterator[Item]:
        """Yield a member of each row, or what is wrong with it first."""
        for row in table.rows:
            yield self._item(row, of_sheet=table.of_sheet)

    def _item(self, row: Row, *, of_sheet: bool) -> Item:
        number = row.number
        if row.problem is not None:
            return Item((number,), None, RowError(number, *row.problem))
        found: Fields = {}
        for name, field, reader in self._readers:
            cell = row.cells.get(name)
            if cell is None or cell == "":
                continue
            try:
                found[field] = reader(cells.of_sheet(cell) if of_sheet else cell)
            except (ValueError, OverflowError) as error:
                return Item((number,), None, RowError(number, name, str(error)))
        try:
            return Item((number,), self._imported(found))
        except msgspec.ValidationError as error:
            field, reason = _reason(error)
        except Wrong as error:
            field, reason = error.field, error.reason
        return Item((number,), None, RowError(number, self.column_of(field), reason))

    def _imported(self, found: Fields) -> Imported:
        """Return the member of a row; raises ``Wrong``, or ``msgspec.ValidationError``."""
        wrong = self._wrong(found)
        if wrong is not None:
            raise Wrong(*wrong)
        for name in APART:
            if batches.unclean(found.get(name)):
                raise Wrong(name, "holds NUL or half a surrogate pair")
        more = msgspec.convert({name: found[name] for name in APART if name in found}, _Apart)
        if any((place.lat is None) is not (place.lon is None) for place in more.locations):
            raise Wrong(APART[0], "lat and lon come together")
        wishes = more.wishes and _wishes(more.wishes, self._frame.zone)
        problem = wishing.problem(wishes, now=self._frame.now) if wishes else None
        if problem is not None:
            field = f"{APART[1]}.{problem[0]}"
            raise Wrong(field, problem[1])
        return Imported(msgspec.convert(_body(found), NewMember), self._said(found), more.locations, wishes)

    def _wrong(self, found: Fields) -> tuple[str, str] | None:
        at = found.get(f"{CONSENT}at")
        if isinstance(at, datetime) and not EARLIEST_CONSENT <= at <= self._frame.now + CLOCKS_DIFFER:
            return f"{CONSENT}at", "in the future, or before 1990"
        given = [field for field in SINGLE if field in found]
        if given and len(given) < len(SINGLE):
            return given[0], f"{', '.join(SINGLE)} go together"
        if given and found[SINGLE[0]] not in self._frame.topics:
            return SINGLE[0], f"there is no such topic; there are {', '.join(sorted(self._frame.topics))}"
        if given and found[SINGLE[1]] not in set(Channel):
            return SINGLE[1], f"there is no such channel; there are {', '.join(Channel)}"
        for field in SHARED[1:]:
            if len(str(found.get(field, ""))) > (LONGEST_CODE if field != SHARED[3] else 2 * LONGEST_CODE):
                return field, "is too long"
        return None

    def _said(self, found: Fields) -> tuple[Said, ...]:
        at, method, version, evidence = (found.get(field) for field in SHARED)
        about = [
            (*field[len(CONSENT) :].rpartition(".")[::2], value)
            for field, value in found.items()
            if field.startswith(CONSENT) and field not in SHARED and field not in SINGLE
        ]
        if SINGLE[0] in found:
            about.append((str(found[SINGLE[0]]), str(found[SINGLE[1]]), found[SINGLE[2]]))
        proof = _evidence(at, method, version, evidence)
        frame = self._frame
        whole = said.read(found[said.COLUMN], frame.topics, frame.zone, frame.now) if said.COLUMN in found else ()
        return (*whole, *[Said(topic, channel, bool(granted), *proof) for topic, channel, granted in about])


def _wishes(said_: Wishes, zone: ZoneInfo) -> Wishes:
    until = said_.paused_until
    return msgspec.structs.replace(said_, paused_until=until and moment(until, zone))


def _evidence(
    at: object, method: object, version: object, evidence: object
) -> tuple[datetime | None, str | None, str | None, str | None]:
    return at if isinstance(at, datetime) else None, _text(method), _text(version), _text(evidence)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _reader(column: Column, frame: Frame) -> Reader:
    field = column.field
    if field.startswith(ATTRIBUTE):
        kind = column.kind or frame.kinds.get(field[len(ATTRIBUTE) :])
        return lambda cell: cells.attribute(cell, kind, frame.country)
    if field == f"{CONSENT}at":
        return partial(_moment, frame)
    if field.startswith(CONSENT):
        return cells.text if field in SHARED or field in SINGLE[:2] else cells.flag
    plain: dict[str, Reader] = {
        "phone": cells.phone,
        "birth_date": lambda cell: cells.day(cell, frame.country),
        "kind": cells.kind,
        "locale": cells.locale,
        "attributes": cells_of_json.parsed,
        "consents": cells_of_json.parsed,
        "locations": cells_of_json.parsed,
        "wishes": cells_of_json.parsed,
    }
    return plain.get(field, cells.text)


def _moment(frame: Frame, cell: object) -> datetime:
    at = datetime.fromisoformat(cells.moment(cell, frame.country))
    return localtime.localize(at, frame.zone) if at.tzinfo is None else at.astimezone(UTC)


def _body(found: Fields) -> Fields:
    """Return the fields as the API's body has them; what was said goes its own way."""
    apart = (ATTRIBUTE, CONSENT, said.COLUMN, *APART, "name.")
    body = {field: value for field, value in found.items() if not field.startswith(apart)}
    names = [str(found[part]) for part in NAMES if part in found]
    if names:
        body["name"] = " ".join(names)
    typed = {field[len(ATTRIBUTE) :]: value for field, value in found.items() if field.startswith(ATTRIBUTE)}
    if typed:
        whole = body.get("attributes")
        body["attributes"] = (whole if isinstance(whole, dict) else {}) | typed
    return body


def _reason(error: msgspec.ValidationError) -> tuple[str, str]:
    field, message = wire.shape_problem(error).errors[0]
    return field, message if "is required" in message else WORDS.get(field, message)
