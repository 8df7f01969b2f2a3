"""Verbs of places: add stores, change what they are called, which region they are in, who owns them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from msgspec import UNSET
from msgspec.structs import replace

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.workspace import audit, service, settings
from verno.workspace.audit import Act, Actor
from verno.workspace.places import queries
from verno.workspace.places.types import (
    LONGEST_CODE,
    LONGEST_NAME,
    NewPlace,
    Place,
    PlaceChange,
    Refusal,
    Refused,
)
from verno.workspace.queries import SQL
from verno.workspace.registry import LEGAL_ENTITY, Wrong
from verno.workspace.types import NewStore, PlaceKind

TILDE = "~"
"""Stands between a store and a till where a scope names both."""


def add(
    conn: Connection, program_id: str, wanted: Sequence[NewPlace], *, now: datetime, by: Actor = audit.SYSTEM
) -> list[Place | Refused]:
    """Add stores, in order. Refusals: ``bad-code``, ``code-taken``, ``bad-name``, ``unknown-timezone``, ``bad-region``.

    A zone is said here for ever: what was counted by the days of one cannot be counted by another's.
    """
    taken = set(_there(conn, program_id, wanted))
    refused: dict[int, Refused] = {}
    fresh: list[NewPlace] = []
    for i, one in enumerate(wanted):
        reason = _wrong_new(one, taken)
        if reason is None:
            taken.add(one.code)
            fresh.append(one)
        else:
            refused[i] = Refused(one.code, reason)
    stores = [NewStore(one.code, one.name or one.code, one.timezone) for one in fresh]
    service.add_stores(conn, program_id, stores, now=now)
    _move(conn, program_id, [PlaceChange(one.code, region=one.region) for one in fresh if one.region], now=now)
    there = _there(conn, program_id, fresh)
    acts = [Act("place.add", ("place", one.code), states=(None, there[one.code])) for one in fresh]
    audit.record_all(conn, program_id, by, acts, now=now)
    return [refused[i] if i in refused else there[one.code] for i, one in enumerate(wanted)]


def change(
    conn: Connection, program_id: str, wanted: Sequence[PlaceChange], *, now: datetime, by: Actor = audit.SYSTEM
) -> list[Place | Refused]:
    """Change stores; returns each as it stands when all is done, in order.

    Of several changes of one store the later says more. What changes nothing leaves no trace in the audit. Refusals:
    ``unknown-place``, ``bad-name``, ``bad-region``, ``bad-legal-entity``; one does not touch the other stores.
    """
    before = _there(conn, program_id, wanted)
    refused: dict[int, Refused] = {}
    asked: dict[str, PlaceChange] = {}
    for i, one in enumerate(wanted):
        reason = _wrong(one, before)
        if reason is None:
            asked[one.code] = _and_then(asked.get(one.code, PlaceChange(one.code)), one)
        else:
            refused[i] = Refused(one.code, reason)
    _move(conn, program_id, list(asked.values()), now=now)
    owners = {one.code: one.legal_entity for one in asked.values() if one.legal_entity is not UNSET}
    if owners:
        settings.write_at_places(conn, program_id, LEGAL_ENTITY.key, owners, now=now, by=by)
    after = _there(conn, program_id, wanted)
    acts = [
        Act("place.change", ("place", code), _changed(before[code], after[code]), (before[code], after[code]))
        for code in asked
        if _changed(before[code], after[code])
    ]
    audit.record_all(conn, program_id, by, acts, now=now)
    return [refused[i] if i in refused else after[one.code] for i, one in enumerate(wanted)]


def _move(conn: Connection, program_id: str, wanted: Sequence[PlaceChange], *, now: datetime) -> None:
    """Write names and regions; regions that are not there yet are made."""
    rows = [
        {
            "code": one.code,
            "name": None if one.name is UNSET else one.name.strip(),
            "moves": one.region is not UNSET,
            "region": one.region.strip() if isinstance(one.region, str) else None,
        }
        for one in wanted
        if one.name is not UNSET or one.region is not UNSET
    ]
    if not rows:
        return
    named = sorted({str(row["region"]) for row in rows if row["region"] is not None})
    if named:
        service.add_under_network(conn, program_id, PlaceKind.REGION, [NewStore(name, name) for name in named], now=now)
    conn.execute(SQL["change_stores"], {"program": program_id, "rows": batches.rows(rows)})


def _and_then(first: PlaceChange, second: PlaceChange) -> PlaceChange:
    said = {name: value for name in ("name", "region", "legal_entity") if (value := getattr(second, name)) is not UNSET}
    return replace(first, **said)


def _changed(before: Place, after: Place) -> str:
    """Return which fields of the place itself differ, as a code; an owner has a line of the setting's own."""
    return ",".join([name for name in ("name", "region") if getattr(before, name) != getattr(after, name)])


def _wrong_new(one: NewPlace, taken: Iterable[str]) -> Refusal | None:
    if not _is_line(one.code, LONGEST_CODE) or TILDE in one.code or any(map(str.isspace, one.code)):
        return Refusal.BAD_CODE
    if one.code in taken:
        return Refusal.CODE_TAKEN
    if one.name is not None and not _is_line(one.name, LONGEST_NAME):
        return Refusal.BAD_NAME
    if one.timezone is not None and not _is_zone(one.timezone):
        return Refusal.UNKNOWN_TIMEZONE
    return Refusal.BAD_REGION if one.region is not None and not _is_line(one.region, LONGEST_CODE) else None


def _wrong(one: PlaceChange, there: Mapping[str, Place]) -> Refusal | None:
    if one.code not in there:
        return Refusal.UNKNOWN_PLACE
    if one.name is not UNSET and not _is_line(one.name, LONGEST_NAME):
        return Refusal.BAD_NAME
    if isinstance(one.region, str) and not _is_line(one.region, LONGEST_CODE):
        return Refusal.BAD_REGION
    owner = one.legal_entity
    if isinstance(owner, str) and isinstance(LEGAL_ENTITY.kind.accept(owner), Wrong):
        return Refusal.BAD_LEGAL_ENTITY
    return None


def _is_line(text: str, longest: int) -> bool:
    clean = text.strip()
    return 1 <= len(clean) <= longest and clean.isprintable()


def _is_zone(name: str) -> bool:
    try:
        localtime.zone(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _there(conn: Connection, program_id: str, wanted: Iterable[NewPlace | PlaceChange]) -> dict[str, Place]:
    """Return the stores that are named, by code."""
    codes = [one.code for one in wanted if one.code.isprintable()]
    return {one.code: one for one in queries.places(conn, program_id, codes)}
