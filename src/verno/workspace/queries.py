"""Reads of the workspace."""

from collections.abc import Sequence
from typing import TypeVar

from psycopg.rows import args_row

from verno.kit import batches, db
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.kit.sql import Statements
from verno.ledger.lifetime import Lifetime
from verno.workspace import registry
from verno.workspace.registry import CountedFrom, Definition
from verno.workspace.types import Program, Store, Unit

T = TypeVar("T")

SQL = Statements("verno.workspace")


def programs(conn: Connection) -> list[Program]:
    """Return all programs, the oldest first."""
    return conn.cursor(row_factory=args_row(Program)).execute(SQL["programs"]).fetchall()


def only_program(conn: Connection) -> Program:
    """Return the installation's program and enter it; raises ``VernoError`` when there is none yet."""
    found = programs(conn)
    if not found:
        message = "there is no program yet: run 'verno init' (an empty start) or 'verno demo'"
        raise VernoError(message)
    db.enter(conn, found[0].id)
    return found[0]


def program(conn: Connection, program_id: str) -> Program:
    """Return a program by id; raises ``KeyError``."""
    return {found.id: found for found in programs(conn)}[program_id]


def units(conn: Connection, program_id: str) -> list[Unit]:
    """Return a program's units with what their settings say, the oldest first."""
    rows = conn.execute(SQL["units"], {"program": program_id}).fetchall()
    return [_unit(*row) for row in rows]


def stores(conn: Connection, program_id: str, codes: Sequence[str] | None = None) -> list[Store]:
    """Return a program's stores, or those of the codes given."""
    wanted = None if codes is None else list(codes)
    cursor = conn.cursor(row_factory=args_row(Store))
    return cursor.execute(SQL["stores"], {"program": program_id, "codes": wanted}).fetchall()


def tills(conn: Connection, program_id: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the ids of tills by (store id, till code), those that exist."""
    rows = batches.rows([{"store_id": store, "code": code} for store, code in keys])
    found = conn.execute(SQL["tills"], {"program": program_id, "rows": rows}).fetchall()
    return {(store, code): id_ for store, code, id_ in found}


def _unit(id_: str, code: str, scale: int, stored: dict[str, object], life_days: int | None) -> Unit:
    if life_days is not None:
        stored = {registry.POINTS_EXPIRY.key: registry.days_as_expiry(life_days)} | stored

    def of(definition: Definition[T]) -> T:
        return definition.of(stored.get(definition.key))

    lifetime = Lifetime(
        of(registry.POINTS_EXPIRY),
        of(registry.POINTS_ACTIVATION),
        of(registry.GRACE_DAYS),
        of(registry.REINSTATE_DAYS),
        of(registry.POINTS_COUNTED_FROM) is CountedFrom.ACTIVATION,
    )
    return Unit(id_, code, scale, lifetime, of(registry.SPEND_VALUE), of(registry.TAKE_BACK), of(registry.MAX_BALANCE))
