"""Two members who are one: the redirect, the contacts that go along, and the way back. Points are the caller's.

A contact goes to the survivor where the survivor has none of its kind; otherwise it stays where it is, and the redirect
leads whoever uses it to the survivor all the same. Name, birth date and attributes are the survivor's own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import is_id
from verno.members import sealing
from verno.members.identity import fold_hash
from verno.members.queries import SQL

Row: TypeAlias = dict[str, str | datetime | None]
Rows: TypeAlias = Sequence[Row]


class _Held(msgspec.Struct, frozen=True):
    """A contact as it is stored: its hash, its box, and when and how it was confirmed."""

    digest: str
    box: bytes
    verified_at: datetime | None
    verified_by: str | None


class Standing(msgspec.Struct, frozen=True):
    """Where a locked member stands: ``into_id`` is whom they were merged into, None for a member of their own."""

    id: str
    into_id: str | None
    survivor_id: str | None


class Kin(msgspec.Struct, frozen=True):
    """Who was merged into a member, the member among them, and all whom merges, standing or undone, tie to them."""

    mine: tuple[str, ...]
    all: tuple[str, ...]


class Restored(msgspec.Struct, frozen=True):
    """Kinds of contacts that went home, and those that did not, since they are somebody's by a later word."""

    back: tuple[str, ...]
    lost: tuple[str, ...]


def find(conn: Connection, program_id: str, text: str) -> str | None:
    """Return the id of the member who has this id or external id, merged or not: no redirect is followed."""
    parameters = {"program": program_id, "external_id": text, "id": text if is_id(text) else None}
    row = conn.execute(SQL["own_row"], parameters).fetchone()
    return row[0] if row else None


def lock(conn: Connection, program_id: str, ids: Sequence[str]) -> dict[str, Standing]:
    """Lock members in the order of their ids until the transaction ends; those that do not exist are absent.

    Every change of a member takes the same lock, so what is read afterwards stays true.
    """
    parameters = {"program": program_id, "ids": batches.rows(sorted(set(ids)))}
    with conn.pipeline():
        conn.execute(SQL["lock_merging"], parameters)
        found = conn.execute(SQL["standing"], parameters)
    return {row[0]: Standing(*row) for row in found.fetchall()}


def redirect(conn: Connection, program_id: str, holder_id: str, into_id: str, *, now: datetime) -> tuple[str, ...]:
    """Lead whoever names ``holder_id`` to ``into_id``; returns the kinds of contacts that went along.

    The caller has locked both and found them to be members of their own. Three round trips.
    """
    parameters = {"program": program_id, "holder": holder_id, "into": into_id, "now": now}
    wanted = {"ids": batches.rows([holder_id, into_id])}
    with conn.pipeline():
        conn.execute(SQL["lead_on"], parameters)
        conn.execute(SQL["add_redirect"], parameters)
        conn.execute(SQL["carry_withdrawals"], parameters)
        conn.execute(SQL["carry_wishes"], parameters)
        stored = conn.execute(SQL["identities_of"], wanted)
        keys = conn.execute(SQL["keys_of"], wanted)
    found: dict[str, dict[str, _Held]] = {holder_id: {}, into_id: {}}
    for holder, kind, digest, box, *verified in stored.fetchall():
        found[holder][kind] = _Held(digest, bytes(box), *verified)
    moving = {kind: held for kind, held in found[holder_id].items() if kind not in found[into_id]}
    if moving:
        _move(conn, program_id, (holder_id, into_id), moving, _keys(keys.fetchall()), now=now)
    return tuple(sorted(moving))


def kin(conn: Connection, holder_id: str) -> Kin:
    """Return whom merges, standing or undone, tie to a member."""
    found = conn.execute(SQL["kin"], {"holder": holder_id}).fetchall()
    return Kin(tuple([id_ for id_, mine in found if mine]), tuple([id_ for id_, _ in found]))


def restore(conn: Connection, program_id: str, holder_id: str, into_id: str, *, now: datetime) -> Restored:
    """Take a redirect away again; contacts that went along go home where nobody has claimed them since.

    The caller has locked both. Three round trips.
    """
    parameters = {"program": program_id, "holder": holder_id, "into": into_id, "now": now}
    with conn.pipeline():
        moved = conn.execute(SQL["moved_identities"], parameters)
        held = conn.execute(SQL["identities_of"], {"ids": batches.rows([holder_id])})
        conn.execute(SQL["give_words_back"], parameters)
        conn.execute(SQL["drop_redirect"], parameters)
        conn.execute(SQL["part"], parameters)
        conn.execute(SQL["lead_back"], parameters)
        conn.execute(SQL["forget_moved"], parameters)
    has = {kind for _, kind, *_ in held.fetchall()}
    back: dict[str, tuple[_Held, str | None]] = {}
    lost: list[str] = []
    for kind, digest, box, owner, fold, *verified in moved.fetchall():
        if owner in {None, into_id} and kind not in has:
            back[kind] = (_Held(digest, bytes(box), *verified), fold)
        else:
            lost.append(kind)
    claims = [_claim(holder_id, kind, one, fold) for kind, (one, fold) in sorted(back.items())]
    _write(conn, program_id, (("free_identities", claims), ("claim_identities", claims)), now=now)
    return Restored(tuple(sorted(back)), tuple(sorted(lost)))


def _move(
    conn: Connection,
    program_id: str,
    way: tuple[str, str],
    moving: Mapping[str, _Held],
    wrapped: Mapping[str, bytes],
    *,
    now: datetime,
) -> None:
    """Seal contacts anew for the survivor, and keep the old boxes for the way back."""
    holder_id, into_id = way
    if holder_id not in wrapped:
        message = "a member has contacts and no key"
        raise BrokenInvariant(message)
    theirs = sealing.unwrap(wrapped[holder_id], holder_id)
    made: list[Row] = []
    if into_id in wrapped:
        ours = sealing.unwrap(wrapped[into_id], into_id)
    else:
        ours = sealing.new_key()
        made.append({"holder_id": into_id, "wrapped": sealing.wrap(ours, into_id).hex()})
    before, after = [], []
    for kind, held in sorted(moving.items()):
        before.append(_claim(holder_id, kind, held))
        clear = sealing.unseal(theirs, kind, holder_id, held.box)
        again = msgspec.structs.replace(held, box=sealing.seal(ours, kind, into_id, clear))
        after.append(_claim(into_id, kind, again, fold_hash(program_id, kind, clear)))
    parts = (("add_keys", made), ("note_moved", before), ("free_identities", before), ("claim_identities", after))
    _write(conn, program_id, parts, now=now)


def _claim(holder_id: str, kind: str, held: _Held, fold: str | None = None) -> Row:
    return {
        "holder_id": holder_id,
        "kind": kind,
        "value": held.digest,
        "sealed": held.box.hex(),
        "fold": fold,
        "verified_at": held.verified_at,
        "verified_by": held.verified_by,
    }


def _write(conn: Connection, program_id: str, parts: Sequence[tuple[str, Rows]], *, now: datetime) -> None:
    with conn.pipeline():
        for name, rows in parts:
            if rows:
                conn.execute(SQL[name], {"program": program_id, "now": now, "rows": batches.rows(rows)})


def _keys(rows: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    return {holder: bytes(wrapped) for holder, wrapped in rows}
