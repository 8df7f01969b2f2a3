"""All that is held of one member, as a zip of JSON and CSV files."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from verno.kit.db import Connection
from verno.privacy import queries
from verno.privacy.exports import rows
from verno.privacy.exports.sealed import Row
from verno.web.sheets import safe
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.types import Program

FORMAT = "verno-personal-export/1"
WHOLE = "everything.json"
ACTION = "member.export"


def write(
    conn: Connection, program: Program, holder_id: str, target: Path | IO[bytes], *, by: Actor, now: datetime
) -> dict[str, int]:
    """Write the zip and note it in the audit; returns how many rows each file has.

    ``everything.json`` holds all of it, and each part lies beside it as CSV for whoever prefers a table. Whoever was
    merged into the member is part of them.
    """
    holders = queries.kin(conn, holder_id)
    found = rows.everything(conn, program.id, holders)
    head = {
        "format": FORMAT,
        "program": program.name,
        "exported_at": now.isoformat(),
        "member": holder_id,
        "merged": list(holders[1:]),
    }
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.writestr(WHOLE, json.dumps(head | found, ensure_ascii=False, indent=1, default=rows.cell) + "\n")
        for name, part in found.items():
            if part:
                archive.writestr(f"{name}.csv", _table(part))
    audit.record(conn, program.id, by, ACTION, ("member", holder_id), now=now)
    return {name: len(part) for name, part in found.items()}


def _table(part: Sequence[Row]) -> str:
    out = io.StringIO(newline="")
    out.write("\ufeff")
    columns = list(dict.fromkeys(name for row in part for name in row))
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe(rows.cell(row.get(name))) for name in columns] for row in part)
    return out.getvalue()
