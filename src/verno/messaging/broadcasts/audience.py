"""Whom a broadcast is for, as a subquery of holder ids. The one place that knows of kinds of audiences."""

from datetime import datetime
from typing import LiteralString, assert_never

import msgspec
from psycopg import sql

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging.broadcasts.types import Audience, BroadcastRefusal, Everybody, Listed, Matching, Refused
from verno.messaging.facts import SQL
from verno.segments import service as segments
from verno.segments.types import Problems

EVERYBODY: LiteralString = (
    "SELECT m.id FROM members_member m WHERE m.program_id = %(audience_program)s::uuid"
    " AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)"
)
LISTED: LiteralString = "SELECT value::uuid FROM json_array_elements_text(%(audience_ids)s)"


class Selection(msgspec.Struct, frozen=True):
    """Members as a subquery of one column, their ids, each once. ``unknown``: listed members that nobody is."""

    sql: LiteralString
    parameters: dict[str, object]
    unknown: int = 0


def selection(conn: Connection, program_id: str, audience: Audience, *, now: datetime) -> Selection | Refused:
    """Return whom an audience holds ``now``. Refusals: ``bad-condition``."""
    match audience:
        case Everybody():
            return Selection(EVERYBODY, {"audience_program": program_id})
        case Listed(external_ids=listed):
            found = members.find_holders(conn, program_id, [("external_id", one) for one in listed])
            ids = sorted(set(found.values()))
            return Selection(LISTED, {"audience_ids": batches.rows(ids)}, len(set(listed)) - len(found))
        case Matching(tree=tree):
            return _matching(conn, program_id, tree, now=now)
        case _:
            assert_never(audience)


def count(conn: Connection, chosen: Selection) -> int:
    """Return how many members a selection holds."""
    row = conn.execute(
        sql.SQL(SQL["count_audience"]).format(selection=sql.SQL(chosen.sql)), chosen.parameters
    ).fetchone()
    return row[0] if row else 0


def _matching(conn: Connection, program_id: str, tree: dict[str, object], *, now: datetime) -> Selection | Refused:
    """Return whom a condition is true of."""
    found = segments.selection(conn, program_id, tree, now=now)
    if isinstance(found, Problems):
        detail = "; ".join([f"{one.path}: {one.detail}" for one in found.problems[:3]])
        return Refused(BroadcastRefusal.BAD_CONDITION, detail)
    return Selection(found.sql, dict(found.parameters))
