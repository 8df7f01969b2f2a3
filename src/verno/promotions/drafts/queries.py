"""Reads of drafts."""

from collections.abc import Sequence

import msgspec

from verno.kit.db import Connection
from verno.promotions import service
from verno.promotions.drafts.types import Draft, DraftRow, Written
from verno.promotions.queries import SQL
from verno.rules import checks, stored
from verno.rules.fields import Known
from verno.rules.types import Rulebook
from verno.workspace.types import Unit

COLUMNS = DraftRow.__struct_fields__


def drafts(conn: Connection, program_id: str, *, before: int | None = None, limit: int = 50) -> list[DraftRow]:
    """Return a page of drafts without their bodies, newest first, those before a number when it is given."""
    rows = conn.execute(SQL["drafts"], {"program": program_id, "before": before, "limit": limit}).fetchall()
    return [row_of(row) for row in rows]


def row(conn: Connection, program_id: str, number: int) -> DraftRow | None:
    """Return a draft without its body."""
    found = conn.execute(SQL["draft_row"], {"program": program_id, "number": number}).fetchone()
    return None if found is None else row_of(found)


def draft(conn: Connection, program_id: str, number: int, *, known: Known, units: Sequence[Unit]) -> Draft | None:
    """Return a draft with what is wrong with it; ``known`` and ``units`` are what it may name."""
    row = conn.execute(SQL["draft"], {"program": program_id, "number": number}).fetchone()
    return None if row is None else whole(row, known=known, units=units)


def written(conn: Connection, program_id: str, number: int) -> Written | None:
    """Return a draft for who judges it elsewhere: to judge a thousand rules takes a tenth of a second."""
    row = conn.execute(SQL["draft"], {"program": program_id, "number": number}).fetchone()
    return None if row is None else Written(row_of(row[:-1]), msgspec.convert(row[-1], dict[str, object]))


def whole(row: Sequence[object], *, known: Known, units: Sequence[Unit]) -> Draft:
    """Return a row of ``draft`` or ``lock_draft`` as a record."""
    *rest, body = row
    named = msgspec.convert(body, dict[str, object])
    return Draft(row_of(rest), named, problems(named, known=known, units=units))


def row_of(row: Sequence[object]) -> DraftRow:
    """Return a row of ``drafts`` as a record."""
    return msgspec.convert(dict(zip(COLUMNS, row, strict=True)), DraftRow)


def problems(body: object, *, known: Known, units: Sequence[Unit]) -> tuple[str, ...]:
    """Return what is wrong with a body, in words."""
    book = read(body)
    if isinstance(book, str):
        return (book,)
    found = checks.problems(service.valued(book, units), known, [unit.code for unit in units])
    return tuple([str(one) for one in found])


def read(body: object) -> Rulebook | str:
    """Return the rulebook that a body says, or why it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
        return "a rulebook has rules"
    try:
        return stored.read(body)
    except msgspec.ValidationError as error:
        return str(error)
