"""Reads of limits."""

from datetime import datetime
from typing import Any

from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.limits.types import Alert, Limit, Measure, Subject, Window

SQL = Statements("verno.limits")


def limits(conn: Connection, program_id: str) -> tuple[Limit, ...]:
    """Return the limits that hold, in the order in which they were set."""
    cursor = conn.cursor(row_factory=args_row(_limit))
    return tuple(cursor.execute(SQL["limits"], {"program": program_id}).fetchall())


def alerts(
    conn: Connection, program_id: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[Alert]:
    """Return a page of alerts, newest first, before the row (recorded_at, id) when given."""
    at, id_ = before or (None, None)
    parameters = {"program": program_id, "before_at": at, "before_id": id_, "limit": limit}
    return conn.cursor(row_factory=args_row(_alert)).execute(SQL["alerts"], parameters).fetchall()


def _limit(
    id_: str,
    subject: str,
    measure: str,
    unit: str | None,
    window: str,
    most: int,
    hard: bool,  # noqa: FBT001 a column
    place: str | None,
) -> Limit:
    return Limit(id_, Subject(subject), Measure(measure), unit, Window(window), most, hard, place)


def _alert(id_: str, *columns: Any) -> Alert:  # noqa: ANN401 a limit's eight columns, and the alert's own nine
    return Alert(id_, _limit(*columns[:8]), *columns[8:])
