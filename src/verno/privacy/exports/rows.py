"""What the house has of a member, table by table, as plain rows."""

import json
from collections.abc import Mapping, Sequence

from psycopg import sql
from psycopg.rows import dict_row

from verno.kit.db import Connection
from verno.privacy.exports import sealed
from verno.privacy.exports.sealed import MOST, SQL, Row
from verno.privacy.queries import theirs
from verno.privacy.tables import HELD

OF_THE_HOUSE = (
    *("program_id", "fingerprint", "answer", "claimed_by", "claimed_until", "dedupe_key", "decision"),
    *("folded", "domain", "lapsed", "txid", "salt"),
)
"""Columns that say nothing of the member: our own bookkeeping. Bytes are left out as well: hashes and seals."""
OWN = {
    "ledger_transfer": "points_of",
    "ledger_account": "balances_of",
    "intake_receipt": "receipts_of",
    "intake_receipt_line": "receipt_lines_of",
    "messaging_recipient": "broadcasts_of",
}
"""Tables whose rows are told better than they are stored."""
OPENED = {
    "members_identity": sealed.identities,
    "members_location": sealed.locations,
    "members_device": sealed.devices_of,
    "members_word": sealed.words,
    "members_company_contact": sealed.contacts_of,
    "messaging_dispute": sealed.disputes,
}
"""Tables whose rows have to be opened with the members' keys."""


def everything(conn: Connection, program_id: str, holders: Sequence[str]) -> dict[str, list[Row]]:
    """Return all that is held of a member by the name of its file; ``holders`` are the ids that are theirs."""
    found: dict[str, list[Row]] = {}
    plain = _columns(conn)
    for table, held in HELD.items():
        if held.export is None or table in OPENED:
            continue
        statement = _own(table) or _plain(table, plain.get(table, ()))
        asked = {"holders": list(holders), "program": program_id, "most": MOST}
        rows = conn.cursor(row_factory=dict_row).execute(statement, asked).fetchall()
        found.setdefault(held.export, []).extend(rows)
    for table, read in OPENED.items():
        found[HELD[table].export or table] = read(conn, program_id, holders)
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
    return sql.SQL("SELECT {} FROM {} WHERE {} LIMIT %(most)s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table), theirs(table)
    )


def _columns(conn: Connection) -> dict[str, list[str]]:
    """Return the columns to tell of each table."""
    rows = conn.execute(SQL["columns"], {"tables": list(HELD), "left_out": list(OF_THE_HOUSE)}).fetchall()
    out: dict[str, list[str]] = {}
    for table, column in rows:
        out.setdefault(table, []).append(column)
    return out
