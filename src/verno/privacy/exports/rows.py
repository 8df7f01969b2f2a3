"""What the house has of a member, table by table, as plain rows."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from psycopg import sql
from psycopg.rows import dict_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.members import queries as members
from verno.privacy.queries import column_of
from verno.privacy.tables import HELD

SQL = Statements("verno.privacy")
OF_THE_HOUSE = ("program_id", "fingerprint", "answer", "claimed_by", "claimed_until", "dedupe_key", "decision")
"""Columns that say nothing of the member: our own bookkeeping. Bytes are left out as well: hashes and seals."""
OWN = {
    "ledger_transfer": "points_of",
    "ledger_account": "balances_of",
    "intake_receipt": "receipts_of",
    "intake_receipt_line": "receipt_lines_of",
}
"""Tables whose rows are told better than they are stored."""
MOST = 100_000
"""Rows of one file; beyond it somebody is no person, and the oldest are left out."""

Row: TypeAlias = dict[str, object]


def everything(conn: Connection, program_id: str, holders: Sequence[str]) -> dict[str, list[Row]]:
    """Return all that is held of a member by the name of its file; ``holders`` are the ids that are theirs."""
    found: dict[str, list[Row]] = {}
    plain = _columns(conn)
    for table, held in HELD.items():
        if held.export is None or table == "members_identity":
            continue
        statement = _own(table) or _plain(table, plain.get(table, ()))
        asked = {"holders": list(holders), "program": program_id, "most": MOST}
        rows = conn.cursor(row_factory=dict_row).execute(statement, asked).fetchall()
        found.setdefault(held.export, []).extend(rows)
    found["identities"] = _identities(conn, program_id, holders)
    return found


def cell(value: object) -> str:
    """Return a value as a cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _own(table: str) -> sql.Composed | None:
    return sql.Composed([sql.SQL(SQL[OWN[table]])]) if table in OWN else None


def _plain(table: str, columns: Sequence[str]) -> sql.Composed:
    """Return the statement that reads a table's own columns, of the members' rows."""
    return sql.SQL("SELECT {} FROM {} WHERE {} = ANY (%(holders)s::uuid[]) LIMIT %(most)s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table), sql.Identifier(column_of(table))
    )


def _columns(conn: Connection) -> dict[str, list[str]]:
    """Return the columns to tell of each table."""
    rows = conn.execute(SQL["columns"], {"tables": list(HELD), "left_out": list(OF_THE_HOUSE)}).fetchall()
    out: dict[str, list[str]] = {}
    for table, column in rows:
        out.setdefault(table, []).append(column)
    return out


def _identities(conn: Connection, program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return contacts opened, with whether they were confirmed."""
    opened = members.members(conn, program_id, holders)
    proofs = members.identities(conn, holders)
    return [
        {
            "holder_id": holder,
            "kind": kind,
            "value": getattr(opened[holder], kind),
            "verified_at": one.verified_at,
            "verified_by": one.verified_by,
        }
        for holder, kinds in proofs.items()
        for kind, one in kinds.items()
        if holder in opened
    ]
