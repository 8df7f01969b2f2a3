"""What an owner may set, in one typed registry; every value has a default and says whether it is one."""

import json
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from verno.kit.db import Connection
from verno.workspace import queries
from verno.workspace.queries import SQL


class UnknownPlace(StrEnum):
    """What becomes of a receipt from a store that nobody has named yet."""

    REFUSE = "refuse"
    CREATE = "create"


class Definition(msgspec.Struct, frozen=True):
    """One setting: what it may be, and what it is while nobody has set it."""

    choices: tuple[str, ...]
    default: str
    meaning: str


UNKNOWN_PLACE = "intake.unknown_place"

REGISTRY: dict[str, Definition] = {
    UNKNOWN_PLACE: Definition(
        tuple(UnknownPlace), UnknownPlace.REFUSE, "a receipt from an unknown store is refused, or makes the store"
    ),
}


class Value(msgspec.Struct, frozen=True):
    """A setting as it stands, and where it comes from (``program`` or ``default``)."""

    key: str
    value: str
    origin: str


class NotSet(msgspec.Struct, frozen=True):
    """Why nothing was set, in words."""

    reason: str


Result: TypeAlias = Value | NotSet


def read(conn: Connection, program_id: str, key: str) -> Value | None:
    """Return a setting of the registry; None for a key it does not have."""
    definition = REGISTRY.get(key)
    if definition is None:
        return None
    stored = queries.setting(conn, program_id, key)
    return Value(key, definition.default, "default") if stored is None else Value(key, str(stored), "program")


def write(conn: Connection, program_id: str, key: str, value: str, *, now: datetime) -> Result:
    """Set a value for the whole program; effective in all processes within two seconds."""
    definition = REGISTRY.get(key)
    if definition is None:
        return NotSet(f"there is no setting {key}; there are: {', '.join(REGISTRY)}")
    if value not in definition.choices:
        return NotSet(f"{key} may be: {', '.join(definition.choices)}")
    conn.execute(SQL["set"], {"program": program_id, "key": key, "value": json.dumps(value), "now": now})
    return Value(key, value, "program")
