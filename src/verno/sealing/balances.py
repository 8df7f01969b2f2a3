"""All members' balances at one moment: read, kept small, and as the leaves of a sum tree."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from struct import Struct
from uuid import UUID

from verno.kit import secrets
from verno.kit.db import Connection
from verno.sealing import sumtree
from verno.sealing.queries import SQL
from verno.sealing.sumtree import LANE, Node

FIGURES = 4
"""Of one unit: available, pending, held, debt."""
FETCHED = 20_000
_RECORD = Struct(">16sh4q")
"""An account: holder, the unit's place in the list, and the figures."""
_BITS = LANE * 8


def read(conn: Connection, program_id: str, unit_ids: Sequence[str]) -> bytes:
    """Return every member's account as one record after another, those of a member together."""
    with conn.cursor(name="balances", binary=True) as cursor:
        cursor.itersize = FETCHED
        cursor.execute(SQL["balances"], {"program": program_id, "units": list(unit_ids)})
        return b"".join(row[0] for row in cursor)


def shrink(accounts: bytes) -> bytes:
    """Return records as they are stored."""
    return zlib.compress(accounts, 1)


def grow(stored: bytes) -> bytes:
    """Return records as they were read."""
    return zlib.decompress(stored)


def members(accounts: bytes, units: int) -> Iterator[tuple[bytes, int]]:
    """Yield each member's id (16 bytes) and figures, packed: unit after unit, four lanes each."""
    shifts = [(units - 1 - unit) * FIGURES * _BITS for unit in range(units)]
    for holder, rows in groupby(_RECORD.iter_unpack(accounts), key=itemgetter(0)):
        total = 0
        for _, unit, available, pending, held, debt in rows:
            lanes = available << 3 * _BITS | pending << 2 * _BITS | held << _BITS | debt
            total += lanes << shifts[unit]
        yield holder, total


def leaf(program_id: str, head: int, holder: bytes, figures: int, units: int) -> tuple[bytes, Node]:
    """Return a member's salt and leaf in the tree of a head.

    The salt differs from head to head: from a neighbour's hash nobody can tell whose it is or whether it changed.
    """
    text = UUID(program_id).bytes + head.to_bytes(8) + holder
    salt = secrets.mac("proof", text)
    return salt, sumtree.leaf(salt, holder, figures, units * FIGURES)


def tree(accounts: bytes, program_id: str, head: int, units: int) -> list[list[Node]]:
    """Return the sum tree over all members of a snapshot."""
    leaves = (leaf(program_id, head, holder, figures, units)[1] for holder, figures in members(accounts, units))
    return sumtree.levels(leaves, units * FIGURES)
