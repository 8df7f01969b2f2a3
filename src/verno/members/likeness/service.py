"""Finding members who may be one, a batch of changed ones at a time, and remembering who was said to be two."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from psycopg.rows import args_row

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import sealing
from verno.members.identity import fold_hash
from verno.members.likeness.types import Pair, Reason, score
from verno.members.queries import SQL

BATCH = 500
"""Members looked at in one transaction."""
SLOWEST = timedelta(minutes=5)
"""How long a transaction may lie between reading the clock and being seen; whose clock is older than a minute says so
itself (``add_members``)."""
SHOWN = 20

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY = "00000000-0000-0000-0000-000000000000"

Two = tuple[str, str]


def find(conn: Connection, program_id: str, *, now: datetime, limit: int = BATCH) -> int:
    """Compare the members who changed next with all others; returns how many they were.

    0 when all were looked at, or when somebody else is looking. What is found is offered, what holds no
    more is dropped. The round trips do not grow with the batch.
    """
    if conn.execute(SQL["look_alone"], {"program": program_id}).fetchone() != (True,):
        return 0
    row = conn.execute(SQL["compared"], {"program": program_id}).fetchone()
    at, id_ = row or (BEGINNING, NOBODY)
    parameters = {"program": program_id, "at": at, "id": id_, "upto": now - SLOWEST, "limit": limit}
    changed = conn.execute(SQL["next_changed"], parameters).fetchall()
    if not changed:
        return 0
    ids = [one for one, _ in changed]
    _fold(conn, program_id, ids)
    wanted = {"program": program_id, "ids": batches.rows(ids)}
    found: dict[Two, set[Reason]] = {}
    for one, other, why in conn.execute(SQL["alike"], wanted).fetchall():
        found.setdefault(ordered(one, other), set()).add(Reason(why))
    rows = _rows(found)
    with conn.pipeline():
        conn.execute(SQL["drop_outdated"], wanted | {"rows": rows})
        if found:
            conn.execute(SQL["offer"], {"program": program_id, "now": now, "rows": rows})
        last, reached = changed[-1]
        conn.execute(SQL["keep_compared"], {"program": program_id, "at": reached, "id": last})
    return len(changed)


def offer(conn: Connection, program_id: str, pairs: Iterable[Two], reason: Reason, *, now: datetime) -> None:
    """Offer pairs that something else has shown, such as a receipt that named both; one round trip, none for none."""
    found = {ordered(*pair): {reason} for pair in pairs if pair[0] != pair[1]}
    if found:
        conn.execute(SQL["offer"], {"program": program_id, "now": now, "rows": _rows(found)})


def dismiss(conn: Connection, program_id: str, pairs: Sequence[Two], *, by: str, now: datetime) -> None:
    """Remember that members are two people: they are never offered again."""
    rows = [{"one_id": one, "other_id": other} for one, other in sorted({ordered(*pair) for pair in pairs})]
    conn.execute(SQL["dismiss"], {"program": program_id, "now": now, "by": by, "rows": batches.rows(rows)})


def listed(conn: Connection, program_id: str, *, limit: int = SHOWN) -> list[Pair]:
    """Return the likeliest pairs that wait for somebody to look at them."""
    parameters = {"program": program_id, "limit": limit}
    return conn.cursor(row_factory=args_row(_pair)).execute(SQL["duplicates"], parameters).fetchall()


def of(conn: Connection, program_id: str, holder_id: str, *, limit: int = SHOWN) -> list[Pair]:
    """Return whom one member may be, the likeliest first."""
    parameters = {"program": program_id, "holder": holder_id, "limit": limit}
    return conn.cursor(row_factory=args_row(_pair)).execute(SQL["duplicates_of"], parameters).fetchall()


def count(conn: Connection, program_id: str) -> int:
    """Return how many pairs wait, up to a thousand."""
    row = conn.execute(SQL["count_duplicates"], {"program": program_id}).fetchone()
    return row[0] if row else 0


def ordered(one: str, other: str) -> Two:
    """Return two ids in the order in which a pair is kept."""
    return (one, other) if one < other else (other, one)


def _fold(conn: Connection, program_id: str, ids: Sequence[str]) -> None:
    """Keep folds of contacts from before there were any."""
    rows, keys = [], {}
    for holder, kind, box, wrapped in conn.execute(SQL["unfolded"], {"ids": batches.rows(ids)}).fetchall():
        if holder not in keys:
            keys[holder] = sealing.unwrap(bytes(wrapped), holder)
        fold = fold_hash(program_id, kind, sealing.unseal(keys[holder], kind, holder, bytes(box)))
        if fold is not None:
            rows.append({"holder_id": holder, "kind": kind, "fold": fold})
    if rows:
        conn.execute(SQL["keep_folds"], {"rows": batches.rows(rows)})


def _pair(one: str, other: str, points: int, reasons: list[str], found_at: datetime) -> Pair:
    return Pair(one, other, points, [Reason(why) for why in reasons], found_at)


def _rows(found: dict[Two, set[Reason]]) -> str:
    return batches.rows(
        [
            {"one_id": one, "other_id": other, "score": score(reasons), "reasons": sorted(reasons)}
            for (one, other), reasons in sorted(found.items())
        ]
    )
