"""Applies parked returns once their sale has come: in the sale's own transaction, or by the worker's sweep."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import args_row

from verno.intake import naming, sold
from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.returns import service
from verno.intake.returns.case import Case
from verno.intake.returns.types import Return
from verno.intake.sold import HELD, Sold
from verno.intake.types import ById
from verno.intake.unwinding.desks import Desks, open_desks
from verno.kit import batches
from verno.kit.db import Connection

SWEEP_LIMIT = 200
"""Sales whose parked returns one transaction of the sweep applies."""

_decoder = msgspec.json.Decoder(Return)


class Waiting(msgspec.Struct, frozen=True):
    """A parked return as it lies there."""

    receipt_id: str
    id: str
    request: str
    at: datetime
    place_id: str


def apply(conn: Connection, context: Context, receipt_ids: Sequence[str], *, desks: Desks, now: datetime) -> int:
    """Apply what waits for these sales, in the order it came; returns how many returns were taken out of the wait.

    Returns of a sale that is still held wait on. Three statements and what a return costs; callers ask only when
    anything waits at all, and write the desks afterwards.
    """
    found = [one for one in sold.lock(conn, context, [ById(id_) for id_ in receipt_ids]) if one is not None]
    sales = {one.row.id: one for one in found if one.row.status != HELD}
    if not sales:
        return 0
    names = [
        {"id": one.row.id, "place_id": one.row.place_id, "series": one.row.series, "number": one.row.number}
        for one in sales.values()
    ]
    parameters = {"rows": batches.rows(names), "program": context.program.id}
    waiting = conn.cursor(row_factory=args_row(Waiting)).execute(SQL["parked_for"], parameters).fetchall()
    if not waiting:
        return 0
    ids = batches.rows([{"id": one.id} for one in waiting])
    parameters = {"rows": ids, "program": context.program.id}
    mine = {id_ for (id_,) in conn.execute(SQL["unpark"], parameters).fetchall()}
    cases = [_case(context, one, sales[one.receipt_id]) for one in waiting if one.id in mine]
    while cases:
        # One return a sale at a time: the second must see what the first has left.
        firsts: dict[str, Case] = {}
        for case in cases:
            firsts.setdefault(case.sale.row.id, case)
        service.settle(conn, context, list(firsts.values()), desks=desks, now=now)
        cases = [case for case in cases if case is not firsts[case.sale.row.id]]
    return len(mine)


def sweep(
    conn: Connection,
    context: Context,
    *,
    now: datetime,
    ids: Sequence[str] | None = None,
    limit: int = SWEEP_LIMIT,
) -> int:
    """Apply parked returns (all, or those of ``ids``) whose sale has come all the same; returns how many."""
    parameters = {"program": context.program.id, "limit": limit, "ids": None if ids is None else list(ids)}
    there = [id_ for (id_,) in conn.execute(SQL["parked_and_there"], parameters).fetchall()]
    if not there:
        return 0
    sold.lock(conn, context, [ById(id_) for id_ in there])
    desks = open_desks(conn, context, known=there, now=now)
    done = apply(conn, context, there, desks=desks, now=now)
    desks.write(conn)
    return done


def _case(context: Context, waiting: Waiting, sale: Sold) -> Case:
    wanted = _decoder.decode(waiting.request)
    same = wanted if wanted.at.tzinfo is None else msgspec.structs.replace(wanted, at=waiting.at)
    return Case(
        *(0, wanted, context.by_place[waiting.place_id], waiting.at, naming.sign(same, "return"), waiting.id),
        waited=True,
        one=sale,
    )
