"""Verbs of the workspace."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from babel import Locale

from verno.kit import batches, ids, localtime
from verno.kit.db import Connection
from verno.kit.money import is_currency
from verno.ledger import service as ledger
from verno.workspace import queries
from verno.workspace.queries import SQL
from verno.workspace.types import NewProgram, NewStore, PlaceKind, Program, ProgramRefusal, Unit

SETUP_LIFE = timedelta(days=7)


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
    """Add a kind of points and its program accounts."""
    unit = Unit(ids.new_id(now=now), code, scale, life_days)
    conn.execute(
        SQL["add_unit"],
        {"id": unit.id, "program": program_id, "code": code, "scale": scale, "life_days": life_days, "now": now},
    )
    ledger.open_unit(conn, program_id, unit.id, now=now)
    return unit


def add_stores(conn: Connection, program_id: str, stores: Sequence[NewStore], *, now: datetime) -> None:
    """Add stores under the program's network; those that exist stay as they are."""
    row = conn.execute(SQL["network"], {"program": program_id}).fetchone()
    network = row[0] if row else None
    fresh = ids.new_ids(2 * len(stores), now=now)
    rows = [
        {
            "id": fresh[2 * i],
            "parent_id": network,
            "kind": PlaceKind.STORE,
            "code": store.code,
            "name": store.name,
            "timezone": store.timezone,
            "anonymous_holder_id": fresh[2 * i + 1],
        }
        for i, store in enumerate(stores)
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
