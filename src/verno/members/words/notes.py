"""Free words about or from a member, sealed with the member's own key: whoever erases the member erases them too."""

from collections.abc import Sequence

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import sealing
from verno.members.queries import SQL

MOST_WORDS = 1000
"""Characters of a note; what is longer is cut by whoever takes it."""


class Note(msgspec.Struct, frozen=True):
    """Words of a member in clear. ``kind`` says what they are for, and a box opens as that kind alone."""

    holder_id: str
    kind: str
    text: str


class Box(msgspec.Struct, frozen=True):
    """A note as it is stored."""

    holder_id: str
    kind: str
    sealed: bytes


def seal(conn: Connection, notes: Sequence[Note]) -> list[bytes | None]:
    """Seal notes, in order; None for nobody's, and for those of a member who is erased. A first note makes the key."""
    if not notes:
        return []
    holders = sorted({note.holder_id for note in notes})
    keys = _keys(conn, holders)
    made = {holder: sealing.new_key() for holder in holders if holder not in keys}
    if made:
        rows = [{"holder_id": one, "wrapped": sealing.wrap(key, one).hex()} for one, key in made.items()]
        kept = conn.execute(SQL["keep_keys"], {"rows": batches.rows(rows)}).fetchall()
        keys |= {holder: sealing.unwrap(bytes(wrapped), holder) for holder, wrapped in kept}
    return [
        sealing.seal(keys[note.holder_id], note.kind, note.holder_id, note.text) if note.holder_id in keys else None
        for note in notes
    ]


def unseal(conn: Connection, boxes: Sequence[Box]) -> list[str]:
    """Open notes, in order; nothing of those whose key is gone."""
    keys = _keys(conn, sorted({box.holder_id for box in boxes}))
    return [
        sealing.unseal(keys[box.holder_id], box.kind, box.holder_id, box.sealed) if box.holder_id in keys else ""
        for box in boxes
    ]


def _keys(conn: Connection, holders: Sequence[str]) -> dict[str, bytes]:
    if not holders:
        return {}
    rows = conn.execute(SQL["keys_of"], {"ids": batches.rows(list(holders))}).fetchall()
    return {holder: sealing.unwrap(bytes(wrapped), holder) for holder, wrapped in rows}
