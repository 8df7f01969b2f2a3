"""Reads of disputes: the list and its filters, counts by cashier, what was said in which words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from psycopg.rows import args_row

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.words import notes
from verno.members.words.notes import Box
from verno.messaging.disputes.types import UNDECIDED, Dispute, Filter, Row, State
from verno.messaging.facts import SQL
from verno.messaging.letters import settled

PAGE = 50
MOST_CASHIERS = 100
COUNTED = timedelta(days=90)
"""How far back disputes are counted by cashier."""
MEMBERS_WORDS, ANSWER = "dispute-words", "dispute-answer"
"""Kinds of notes: what the member said, and what we answered."""

EVERYTHING = Filter()


def page(
    conn: Connection, program_id: str, wanted: Filter = EVERYTHING, *, limit: int = PAGE, offset: int = 0
) -> list[Dispute]:
    """Return disputes: what waits first, by its deadline; then what is decided, newest first."""
    return _disputes(conn, program_id, wanted, None, limit, offset)


def dispute(conn: Connection, program_id: str, id_: str, wanted: Filter = EVERYTHING) -> Dispute | None:
    """Return one dispute, or None: also where it is of a place that is not among the wanted ones."""
    found = _disputes(conn, program_id, wanted, id_, 1, 0)
    return found[0] if found else None


def by_cashier(conn: Connection, program_id: str, *, now: datetime, places: Sequence[str] | None = None) -> list[Row]:
    """Return how many disputes of the last 90 days name which cashier, the most first."""
    parameters = {
        "program": program_id,
        "since": now - COUNTED,
        "places": list(places) if places is not None else None,
        "limit": MOST_CASHIERS,
    }
    return conn.cursor(row_factory=args_row(Row)).execute(SQL["disputes_by_cashier"], parameters).fetchall()


def waiting(
    conn: Connection, program_id: str, *, now: datetime, places: Sequence[str] | None = None
) -> tuple[int, int]:
    """Return how many disputes wait for an answer, and how many of them are past their deadline."""
    parameters = {"program": program_id, "now": now, "places": list(places) if places is not None else None}
    row = conn.execute(SQL["disputes_waiting"], parameters).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def said(conn: Connection, found: Dispute) -> tuple[str, str]:
    """Return the member's words and our answer's in clear; nothing of what was not said, or was erased."""
    boxes = [(MEMBERS_WORDS, found.words), (ANSWER, found.answer)]
    opened = iter(notes.unseal(conn, [Box(found.holder_id, kind, bytes(box)) for kind, box in boxes if box]))
    first, second = [next(opened) if box else "" for _, box in boxes]
    return first, second


def said_in(conn: Connection, letters: Sequence[tuple[str, Mapping[str, object]]]) -> dict[str, str]:
    """Return the words of answers, by the dispute's id, that letters (template, context) bring to members."""
    ids = [str(context["dispute"]) for template, context in letters if template == settled.TEMPLATE]
    if not ids:
        return {}
    rows = conn.execute(SQL["dispute_answers"], {"ids": batches.rows(sorted(set(ids)))}).fetchall()
    opened = notes.unseal(conn, [Box(holder, ANSWER, bytes(box)) for _, holder, box in rows])
    return {id_: text for (id_, _, _), text in zip(rows, opened, strict=True)}


def _disputes(
    conn: Connection, program_id: str, wanted: Filter, id_: str | None, limit: int, offset: int
) -> list[Dispute]:
    states = {"": None, "waiting": list(UNDECIDED)}.get(wanted.state or "", [wanted.state])
    parameters: Mapping[str, object] = {
        "program": program_id,
        "states": states,
        "place": wanted.place,
        "cashier": wanted.cashier,
        "places": None if wanted.places is None else list(wanted.places),
        "id": id_,
        "limit": limit,
        "offset": offset,
    }
    rows = conn.execute(SQL["disputes"], parameters).fetchall()
    names = Dispute.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), Dispute) for row in rows]


STATES: tuple[str, ...] = ("waiting", *State)
"""What the list can be asked for: all that wait, or one state."""
