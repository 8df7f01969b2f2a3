"""What members write to us that is no order to stop: sealed with their key, kept for a person to read."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.members import sealing
from verno.members.queries import SQL
from verno.members.words import notes

KIND = "word"
LONGEST = 4096
"""Characters that are kept; no messenger lets anybody write more at a time."""
MOST_READ = 200


class NewWord(msgspec.Struct, frozen=True, gc=False):
    """What a known member wrote."""

    holder_id: str
    channel: str
    text: str
    at: datetime


class Word(msgspec.Struct, frozen=True, gc=False):
    """What somebody wrote, in clear: never logged."""

    holder_id: str
    id: str
    channel: str
    text: str
    at: datetime


def keep(conn: Connection, program_id: str, words: Sequence[NewWord], *, now: datetime) -> int:
    """Keep what members wrote; returns how much. Who is erased is passed over; a first word makes the key."""
    if not words:
        return 0
    boxes = notes.seal(conn, [notes.Note(one.holder_id, KIND, one.text[:LONGEST]) for one in words])
    rows = [
        {
            "holder_id": one.holder_id,
            "id": id_,
            "channel": one.channel,
            "sealed": sealed.hex(),
            "at": one.at,
        }
        for one, sealed, id_ in zip(words, boxes, ids.new_ids(len(words), now=now), strict=True)
        if sealed is not None
    ]
    conn.execute(SQL["add_words"], {"program": program_id, "rows": batches.rows(rows)})
    return len(rows)


def heard(
    conn: Connection, program_id: str, holder_ids: Sequence[str] | None = None, *, limit: int = MOST_READ
) -> list[Word]:
    """Return what members, or these members, wrote, the newest first."""
    wanted = None if holder_ids is None else batches.rows(list(holder_ids))
    parameters = {"program": program_id, "ids": wanted, "limit": min(limit, MOST_READ)}
    rows = conn.execute(SQL["words"], parameters).fetchall()
    keys = {holder: sealing.unwrap(bytes(wrapped), holder) for holder, *_, wrapped in rows}
    return [
        Word(holder, id_, channel, sealing.unseal(keys[holder], KIND, holder, bytes(sealed)), at)
        for holder, id_, channel, sealed, at, _ in rows
    ]
