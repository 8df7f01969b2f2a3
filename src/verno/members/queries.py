"""Reads of members."""

from collections.abc import Iterable

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.kit.sql import Statements

SQL = Statements("verno.members")

Key = tuple[str, str]
"""(kind, value): an ``id`` or ``external_id`` in clear, or a ``phone``, ``email`` or ``card`` as its lookup hash."""


def find_holders(conn: Connection, program_id: str, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the members that the keys name, those that exist; one statement whatever the number of keys."""
    wanted = set(keys)
    if not wanted:
        return {}
    parameters = {
        "program": program_id,
        "hashed": batches.rows(
            [{"kind": kind, "value": value} for kind, value in wanted if kind not in ("id", "external_id")]
        ),
        "external_ids": batches.rows([value for kind, value in wanted if kind == "external_id"]),
        "ids": batches.rows([value for kind, value in wanted if kind == "id" and is_id(value)]),
    }
    found = conn.execute(SQL["find_holders"], parameters).fetchall()
    return {(kind, value): holder for kind, value, holder in found}
