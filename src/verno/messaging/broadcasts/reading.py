"""Rows of broadcasts as records."""

from collections.abc import Sequence

import msgspec

from verno.kit.db import Connection
from verno.messaging.broadcasts.types import Broadcast, NewBroadcast, Verdict
from verno.messaging.facts import SQL


def broadcasts(conn: Connection, statement: str, parameters: dict[str, object]) -> list[Broadcast]:
    """Return what a statement finds that selects the columns of a ``Broadcast``, in their order."""
    return [_broadcast(row) for row in conn.execute(SQL[statement], parameters).fetchall()]


def _broadcast(row: Sequence[object]) -> Broadcast:
    values = dict(zip(Broadcast.__struct_fields__, row, strict=True))
    wanted = msgspec.convert(values.pop("wanted"), NewBroadcast, strict=False)
    told = values.pop("winner")
    verdict = None if told is None else msgspec.convert(told, Verdict, strict=False)
    return msgspec.convert({**values, "wanted": wanted, "winner": verdict}, Broadcast)
