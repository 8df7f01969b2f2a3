"""Verbs of the workspace."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import msgspec
from babel import Locale

from verno.kit import batches, db, ids, localtime
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.money import is_currency
from verno.ledger import service as ledger
from verno.ledger.lifetime import ForDays
from verno.workspace import audit, queries, registry, settings
from verno.workspace.audit import Actor
from verno.workspace.queries import SQL
from verno.workspace.settings import NotSet
from verno.workspace.types import (
    NewProgram,
    NewStore,
    NewUnit,
    PlaceKind,
    Program,
    ProgramRefusal,
    Unit,
    UnitRefusal,
)

SETUP_LIFE = timedelta(days=7)
MOST_UNITS = 20
MOST_DECIMALS = 2
UNIT_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


def create_program(conn: Connection, wanted: NewProgram, *, now: datetime) -> Program | ProgramRefusal:
    """Make the installation's program with its network; refuses to make a second one."""
    conn.execute(SQL["lock_programs"])
    if queries.programs(conn):
        return ProgramRefusal.ALREADY_THERE
    if not is_currency(wanted.currency):
        return ProgramRefusal.UNKNOWN_CURRENCY
    if wanted.country not in Locale("en").territories or len(wanted.country) != 2:  # noqa: PLR2004 ISO 3166 alpha-2
        return ProgramRefusal.UNKNOWN_COUNTRY
    try:
        localtime.zone(wanted.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ProgramRefusal.UNKNOWN_TIMEZONE
    id_, network, anonymous = ids.new_ids(3, now=now)
    db.enter(conn, id_)
    made = Program(id_, wanted.name, wanted.currency, wanted.timezone, wanted.country, wanted.locale)
    conn.execute(
        SQL["add_program"],
        {
            "id": id_,
            "name": made.name,
            "currency": made.currency,
            "timezone": made.timezone,
            "country": made.country,
            "locale": made.locale,
            "now": now,
        },
    )
    root = {
        "id": network,
        "parent_id": None,
        "kind": PlaceKind.NETWORK,
        "code": "network",
        "name": made.name,
        "timezone": None,
        "anonymous_holder_id": anonymous,
    }
    conn.execute(SQL["add_places"], {"program": id_, "now": now, "rows": batches.rows([root])})
    return made


def add_unit(
    conn: Connection, program_id: str, code: str, *, life_days: int | None, now: datetime, scale: int = 0
) -> Unit:
    """Add one kind of points that lives ``life_days`` (None: for ever); its code must be a good and free one."""
    expiry = None if life_days is None else ForDays(life_days)
    (added,) = add_units(conn, program_id, [NewUnit(code, scale, expiry)], now=now)
    if not isinstance(added, Unit):
        message = f"the unit {code} cannot be added: {added}"
        raise BrokenInvariant(message)
    return added


def add_units(
    conn: Connection, program_id: str, wanted: Sequence[NewUnit], *, now: datetime, by: Actor = audit.SYSTEM
) -> list[Unit | UnitRefusal]:
    """Add kinds of points with their program accounts and first settings, in order.

    Refusals: ``bad-code``, ``bad-scale``, ``code-taken``, ``too-many``. What an owner sets later is ``settings``'.
    """
    conn.execute(SQL["lock_units"], {"program": program_id})
    taken = {unit.code for unit in queries.units(conn, program_id)}
    refused: dict[int, UnitRefusal] = {}
    for i, unit in enumerate(wanted):
        refusal = _unit_refusal(unit, taken)
        if refusal is None:
            taken.add(unit.code)
            _add_unit(conn, program_id, unit, now=now, by=by)
        else:
            refused[i] = refusal
    there = {unit.code: unit for unit in queries.units(conn, program_id)}
    return [refused[i] if i in refused else there[unit.code] for i, unit in enumerate(wanted)]


def _unit_refusal(unit: NewUnit, taken: Collection[str]) -> UnitRefusal | None:
    if not UNIT_CODE.fullmatch(unit.code):
        return UnitRefusal.BAD_CODE
    if not 0 <= unit.scale <= MOST_DECIMALS:
        return UnitRefusal.BAD_SCALE
    if unit.code in taken:
        return UnitRefusal.CODE_TAKEN
    return UnitRefusal.TOO_MANY if len(taken) >= MOST_UNITS else None


def _add_unit(conn: Connection, program_id: str, unit: NewUnit, *, now: datetime, by: Actor) -> None:
    id_ = ids.new_id(now=now)
    row = {"id": id_, "program": program_id, "code": unit.code, "scale": unit.scale, "life_days": None, "now": now}
    conn.execute(SQL["add_unit"], row)
    ledger.open_unit(conn, program_id, id_, now=now)
    audit.record(conn, program_id, by, "unit.add", ("unit", id_), now=now, detail=unit.code)
    first = {registry.POINTS_EXPIRY.key: unit.expiry, registry.SPEND_VALUE.key: unit.spend_value}
    values = {key: msgspec.to_builtins(value) for key, value in first.items() if value is not None}
    written = settings.write_all(conn, program_id, values, scope=f"unit={unit.code}", now=now, by=by)
    for result in written:
        if isinstance(result, NotSet):
            raise BrokenInvariant(result.reason)


def add_stores(conn: Connection, program_id: str, stores: Sequence[NewStore], *, now: datetime) -> None:
    """Add stores under the program's network; those that exist stay as they are."""
    add_under_network(conn, program_id, PlaceKind.STORE, stores, now=now)


def add_under_network(
    conn: Connection, program_id: str, kind: PlaceKind, wanted: Sequence[NewStore], *, now: datetime
) -> None:
    """Add stores, or regions, under the program's network; those that exist stay as they are."""
    row = conn.execute(SQL["network"], {"program": program_id}).fetchone()
    network = row[0] if row else None
    fresh = ids.new_ids(2 * len(wanted), now=now)
    rows = [
        {
            "id": fresh[2 * i],
            "parent_id": network,
            "kind": kind,
            "code": place.code,
            "name": place.name,
            "timezone": place.timezone,
            "anonymous_holder_id": fresh[2 * i + 1],
        }
        for i, place in enumerate(wanted)
    ]
    conn.execute(SQL["add_places"], {"program": program_id, "now": now, "rows": batches.rows(rows)})


def add_tills(
    conn: Connection, program_id: str, keys: Sequence[tuple[str, str]], *, now: datetime
) -> dict[tuple[str, str], str]:
    """Return the ids of tills by (store id, till code); tills appear on the fly."""
    found = queries.tills(conn, program_id, keys)
    missing = sorted({key for key in keys if key not in found})
    if not missing:
        return found
    fresh = ids.new_ids(2 * len(missing), now=now)
    rows = [
        {
            "id": fresh[2 * i],
            "parent_id": store,
            "kind": PlaceKind.TILL,
            "code": code,
            "name": code,
            "timezone": None,
            "anonymous_holder_id": fresh[2 * i + 1],
        }
        for i, (store, code) in enumerate(missing)
    ]
    conn.execute(SQL["add_places"], {"program": program_id, "now": now, "rows": batches.rows(rows)})
    return found | queries.tills(conn, program_id, missing)


def create_setup_token(conn: Connection, program_id: str, *, now: datetime) -> str:
    """Return a one-use token for the link that lets the first owner choose a password; lives 7 days."""
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).digest()
    conn.execute(SQL["add_setup_token"], {"token_hash": digest, "program": program_id, "expires_at": now + SETUP_LIFE})
    return token
