"""Whose points a sale has spent, where a merge was undone: those that the other's own purchase earned are theirs.

Asked only of sales whose members were one for a while and are two again. The ledger follows lots and knows no receipts.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from verno.intake.queries import SQL
from verno.intake.returns.case import Case
from verno.kit import batches
from verno.kit.db import Connection
from verno.ledger import queries as ledger

Owners: TypeAlias = tuple[tuple[str, str], ...]
"""(lot, whose points it holds)."""


def owners(conn: Connection, cases: Sequence[Case]) -> Mapping[str, Owners]:
    """Return by return the lots that its sale spent although another's purchase had earned them, with that one."""
    parted = [case for case in cases if case.sale.row.homes and case.back is not None and case.back.put]
    if not parted:
        return {}
    rows = [case.sale.row for case in parted]
    roots = ledger.spent_roots(conn, [(row.id, row.at, tuple(row.family)) for row in rows])
    asked = {"ids": batches.rows(sorted({operation for _, operation, _ in roots}))}
    buyers: dict[str, str] = dict(conn.execute(SQL["buyers"], asked).fetchall())
    theirs = tuple(
        [(lot, buyer) for lot, operation, earner in roots if (buyer := buyers.get(operation, earner)) != earner]
    )
    return {case.id: theirs for case in parted}
