"""Rows of broadcasts as records."""

import logging
from collections.abc import Sequence

import msgspec

from verno.kit.db import Connection
from verno.messaging.broadcasts.types import Broadcast, NewBroadcast, Verdict
from verno.messaging.facts import SQL

log = logging.getLogger(__name__)


def broadcasts(conn: Connection, statement: str, parameters: dict[str, object]) -> list[Broadcast]:
    """Return what a statement finds that selects the columns of a ``Broadcast``, in their order."""
    return [_broadcast(row) for row in conn.execute(SQL[statement], parameters).fetchall()]


def readable(conn: Connection, statement: str, parameters: dict[str, object]) -> list[Broadcast]:
    """Return those that can be read; one that cannot (a newer version's) keeps nobody from the others."""
    out: list[Broadcast] = []
    for row in conn.execute(SQL[statement], parameters).fetchall():
        try:
            out.append(_broadcast(row))
        except msgspec.ValidationError:
            log.error("the broadcast %s cannot be read", row[0])  # noqa: TRY400 the text may hold what is stored
    return out


def _broadcast(row: Sequence[object]) -> Broadcast:
    values = dict(zip(Broadcast.__struct_fields__, row, strict=True))
    wanted = msgspec.convert(values.pop("wanted"), NewBroadcast, strict=False)
    told = values.pop("winner")
    verdict = None if told is None else msgspec.convert(told, Verdict, strict=False)
    return msgspec.convert({**values, "wanted": wanted, "winner": verdict}, Broadcast)
