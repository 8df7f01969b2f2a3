"""Verbs and reads of devices: added, found by keyed hash, opened for sending, removed.

A device belongs to the member who was seen with it last. After a merge it stays with its own record, sealed with that
one's key: whoever asks for a member's devices asks for those of whom they were, too, so that undoing moves nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches, secrets
from verno.kit.db import Connection
from verno.members import merging, sealing
from verno.members.devices.types import MOST, Device, DeviceKind, NewDevice
from verno.members.identity import lookup_hash
from verno.members.queries import SQL


class _Subscription(msgspec.Struct):
    endpoint: str


def known_by(kind: str, text: str) -> str:
    """Return what of a device's address never changes; keys of a subscription may. Raises ``ValueError``."""
    return msgspec.json.decode(text, type=_Subscription).endpoint if kind == DeviceKind.PUSH else text


def hash_of(program_id: str, kind: str, text: str) -> str:
    """Return the keyed hash that a device is found by, in hex."""
    return lookup_hash(program_id, kind, known_by(kind, text))


def add(conn: Connection, program_id: str, devices: Sequence[NewDevice], *, now: datetime) -> list[bool]:
    """Let members be reached by devices; one result each, False for a member that does not exist.

    A device that another member had is theirs no longer. Of more than ``MOST`` of a kind the oldest go. Five round
    trips whatever the number.
    """
    standing = merging.lock(conn, program_id, [one.holder_id for one in devices])
    homes = {id_: one.survivor_id or id_ for id_, one in standing.items()}
    wanted = batches.rows(sorted(set(homes.values())))
    found = conn.execute(SQL["keys_of"], {"ids": wanted}).fetchall()
    keys = {holder: sealing.unwrap(bytes(wrapped), holder) for holder, wrapped in found}
    fresh = {holder: sealing.new_key() for holder in sorted(set(homes.values()) - set(keys))}
    made = [{"holder_id": holder, "wrapped": sealing.wrap(key, holder).hex()} for holder, key in fresh.items()]
    keys |= fresh
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in devices:
        if (home := homes.get(one.holder_id)) is not None:
            digest = hash_of(program_id, one.kind, one.text)
            sealed = sealing.seal(keys[home], one.kind, home, one.text).hex()
            rows[(one.kind, digest)] = {"kind": one.kind, "value": digest, "holder_id": home, "sealed": sealed}
    parameters = {"program": program_id, "now": now, "ids": wanted}
    with conn.pipeline():
        if made:
            conn.execute(SQL["add_keys"], {"rows": batches.rows(made)})
        conn.execute(SQL["add_devices"], {**parameters, "rows": batches.rows([rows[key] for key in sorted(rows)])})
        for kind, most in MOST.items():
            conn.execute(SQL["trim_devices"], {**parameters, "kind": kind, "most": most})
    return [one.holder_id in homes for one in devices]


def devices(conn: Connection, holder_ids: Sequence[str], kind: str | None = None) -> dict[str, list[Device]]:
    """Return members' devices of a kind or of all, opened, the newest first; those who have none are absent."""
    keys: dict[str, bytes] = {}
    out: dict[str, list[Device]] = {}
    parameters = {"ids": batches.rows(sorted(set(holder_ids))), "kind": kind}
    for holder, owner, what, digest, sealed, wrapped, at in conn.execute(SQL["devices_of"], parameters).fetchall():
        if owner not in keys:
            keys[owner] = sealing.unwrap(bytes(wrapped), owner)
        text = sealing.unseal(keys[owner], what, owner, bytes(sealed))
        out.setdefault(holder, []).append(Device(DeviceKind(what), text, digest, at))
    return out


def holders(conn: Connection, program_id: str, kind: str, hashes: Sequence[str]) -> dict[str, str]:
    """Return whose devices these are, by keyed hash; who was merged is whom they are now."""
    rows = batches.rows([{"kind": kind, "value": digest} for digest in sorted(set(hashes))])
    return dict(conn.execute(SQL["device_holders"], {"program": program_id, "rows": rows}).fetchall())


def remove(conn: Connection, program_id: str, kind: str, hashes: Sequence[str]) -> int:
    """Forget devices; returns how many there were."""
    rows = batches.rows([{"kind": kind, "value": digest} for digest in sorted(set(hashes))])
    return conn.execute(SQL["remove_devices"], {"program": program_id, "rows": rows}).rowcount


def use_link(conn: Connection, program_id: str, token: str, *, until: datetime, now: datetime) -> bool:
    """Note that a link was used; False when it was before. ``until``: after that nobody may use it anyway."""
    digest = secrets.mac("lookup", b"link\0" + token.encode())
    parameters: Mapping[str, object] = {"program": program_id, "token": digest, "until": until, "now": now}
    conn.execute(SQL["forget_links"], parameters)
    return bool(conn.execute(SQL["use_link"], parameters).rowcount)
