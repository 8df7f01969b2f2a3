"""Reads of privacy."""

from collections.abc import Sequence

import msgspec
from psycopg import sql
from psycopg.rows import dict_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.privacy.tables import HELD, Fate, fates
from verno.privacy.types import Erasure, Line, Preview

SQL = Statements("verno.privacy")
PAGE = 100


def erasures(conn: Connection, program_id: str, *, limit: int = PAGE) -> list[Erasure]:
    """Return a program's requests: open ones first, then the newest."""
    return _read(conn, "erasures", {"program": program_id, "limit": limit})


def erasures_of(conn: Connection, program_id: str, holder_id: str) -> list[Erasure]:
    """Return what was asked for a member, the newest first."""
    return _read(conn, "erasures_of", {"program": program_id, "holder": holder_id})


def erasure(conn: Connection, program_id: str, id_: str) -> Erasure | None:
    """Return a request."""
    return next(iter(_read(conn, "erasure", {"program": program_id, "id": id_})), None)


def kin(conn: Connection, holder_id: str) -> tuple[str, ...]:
    """Return a member, and then whoever was merged into them."""
    found = [id_ for (id_,) in conn.execute(SQL["kin"], {"holder": holder_id}).fetchall()]
    return (holder_id, *found)


def preview(conn: Connection, holder_id: str) -> Preview:
    """Return what an erasure would do with a member now."""
    holders = kin(conn, holder_id)
    asked = {"holders": list(holders)}
    waiting = conn.execute(SQL["waiting"], asked).fetchone()
    return Preview(
        holders,
        dict(conn.execute(SQL["points"], asked).fetchall()),
        int(waiting[0]) if waiting else 0,
        *(_lines(conn, fates(fate), holders) for fate in (Fate.GOES, Fate.EMPTIED, Fate.STAYS)),
    )


def _lines(conn: Connection, tables: Sequence[str], holders: Sequence[str]) -> tuple[Line, ...]:
    """Count members' rows; tables without any are left out."""
    parts = [
        sql.SQL("SELECT {}, count(*) FROM {} WHERE {}").format(sql.Literal(table), sql.Identifier(table), theirs(table))
        for table in tables
    ]
    found = conn.execute(sql.SQL(" UNION ALL ").join(parts), {"holders": list(holders)}).fetchall()
    return tuple(Line(table, rows) for table, rows in found if rows)


def theirs(table: str) -> sql.Composed:
    """Return the condition that finds the ``holders``' rows of a table."""
    return sql.SQL(" OR ").join(
        sql.SQL("{} = ANY (%(holders)s::uuid[])").format(sql.Identifier(column)) for column in HELD[table].by
    )


def _read(conn: Connection, name: str, asked: dict[str, object]) -> list[Erasure]:
    rows = conn.cursor(row_factory=dict_row).execute(SQL[name], asked).fetchall()
    return [msgspec.convert(row, Erasure) for row in rows]
