"""Verbs of segments: whom a condition is true of, out of all, out of some, how many, page by page."""

from collections.abc import Collection
from datetime import datetime

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.predicate.reading import read
from verno.predicate.sql import compiled
from verno.predicate.types import Json, Refused, When
from verno.segments import desk, expressions
from verno.segments.types import MOST_ASKED, MOST_IN_PAGE, Fields, Problems, Selection

PREFIX = "segment"


def selection(
    conn: Connection,
    program_id: str,
    tree: Json,
    *,
    now: datetime,
    prefix: str = PREFIX,
    fields: Fields | None = None,
) -> Selection | Problems:
    """Return the members of whom ``tree`` is true as a subquery of their ids, or everything that is wrong with it.

    ``prefix`` keeps the parameters of several selections in one statement apart. ``fields`` are those of ``desk.of``,
    for whoever asks several trees of one program. Nothing is read of members.
    """
    asked = fields or desk.of(conn, program_id, now=now)
    node = read(tree, asked.registry)
    if isinstance(node, Refused):
        return node
    when = When.at(now, asked.zone)
    made = compiled(node, when, prefix=f"{prefix}_c")
    parameters = {
        **made.parameters,
        "segment_program": program_id,
        "segment_now": when.now,
        "segment_zone": asked.zone.key,
    }
    return Selection(expressions.select(made.text), parameters)


def count(
    conn: Connection, program_id: str, tree: Json, *, now: datetime, fields: Fields | None = None
) -> int | Problems:
    """Return how many members a tree is true of, or what is wrong with it."""
    found = selection(conn, program_id, tree, now=now, fields=fields)
    if isinstance(found, Refused):
        return found
    row = conn.execute(expressions.counting(found.sql), found.parameters).fetchone()
    return row[0] if row else 0


def matching(
    conn: Connection,
    program_id: str,
    tree: Json,
    holder_ids: Collection[str],
    *,
    now: datetime,
    fields: Fields | None = None,
) -> set[str] | Problems:
    """Return those of some members whom a tree is true of, at most ``MOST_ASKED`` at a time; or what is wrong with it.

    Whoever was merged is asked about as whom they are now. Ids of nobody match nothing. One statement (and those of
    ``desk.of`` without ``fields``), whatever their number. Raises ``ValueError`` for more.
    """
    if len(holder_ids) > MOST_ASKED:
        message = f"at most {MOST_ASKED} members at a time"
        raise ValueError(message)
    found = selection(conn, program_id, tree, now=now, fields=fields)
    if isinstance(found, Refused):
        return found
    wanted = batches.rows([one for one in holder_ids if is_id(one)])
    rows = conn.execute(expressions.matching(found.sql), {**found.parameters, "segment_ids": wanted})
    return {holder for (holder,) in rows.fetchall()}


def page(
    conn: Connection,
    program_id: str,
    tree: Json,
    *,
    now: datetime,
    after: str | None = None,
    limit: int,
    fields: Fields | None = None,
) -> list[str] | Problems:
    """Return the next ``limit`` members whom a tree is true of, in the order of their ids, from ``after`` on."""
    found = selection(conn, program_id, tree, now=now, fields=fields)
    if isinstance(found, Refused):
        return found
    parameters = {**found.parameters, "segment_after": after, "segment_limit": min(limit, MOST_IN_PAGE)}
    rows = conn.execute(expressions.paging(found.sql), parameters)
    return [str(holder) for (holder,) in rows.fetchall()]
