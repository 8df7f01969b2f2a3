"""The staff: who works here, as what, where, and the PIN that approves at a till."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from django.contrib.auth.hashers import make_password
from psycopg.rows import args_row

from verno.kit import secrets
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.workspace import accounts, audit, queries
from verno.workspace.audit import Actor
from verno.workspace.queries import SQL
from verno.workspace.roles import Role, StaffRecord
from verno.workspace.throttle import Throttle

LONGEST_NAME = 100
LONGEST_EMAIL = 254
LONGEST_NUMBER = 64
SHORTEST_PIN = 4
LONGEST_PIN = 12

PIN_TRIES = Throttle(
    "workspace/pin", first=timedelta(seconds=30), most=timedelta(minutes=15), window=timedelta(hours=24)
)
"""Five wrong ones, then a wait that grows to a quarter of an hour; forgotten after a day, or by the right one. A
guesser has about a hundred tries a day, so four digits hold for months."""


class NewStaff(msgspec.Struct, frozen=True):
    """Whom to add. ``places`` are codes of stores, none of them meaning all."""

    email: str
    name: str
    role: Role
    places: tuple[str, ...] = ()
    external_id: str | None = None
    locale: str = "en"


class StaffRefusal(StrEnum):
    """Why nobody was added or changed."""

    UNKNOWN = "unknown-staff"
    BAD_EMAIL = "bad-email"
    BAD_NAME = "bad-name"
    BAD_NUMBER = "bad-number"
    BAD_PIN = "bad-pin"
    EMAIL_TAKEN = "email-taken"
    NUMBER_TAKEN = "number-taken"
    UNKNOWN_PLACE = "unknown-place"
    LAST_OWNER = "last-owner"
    NOT_ACTIVE = "not-active"


class Added(msgspec.Struct, frozen=True):
    """Somebody new, and the token of the one-use link that lets them choose a password."""

    staff: StaffRecord
    token: str


Changed: TypeAlias = StaffRecord | StaffRefusal


def listed(conn: Connection, program_id: str) -> list[StaffRecord]:
    """Return everybody, those who work here first, by name."""
    return _rows(conn, program_id, None)


def find(conn: Connection, program_id: str, which: str) -> StaffRecord | None:
    """Return whom ``which`` names: an id, an e-mail, or the number at the tills."""
    found = _rows(conn, program_id, which)
    return found[0] if found else None


def add(conn: Connection, program_id: str, wanted: NewStaff, *, by: Actor, now: datetime) -> Added | StaffRefusal:
    """Add somebody without a password; the token's link, good for seven days, lets them choose one."""
    conn.execute(SQL["lock_program"], {"program": program_id})
    wrong = _wrong(conn, program_id, wanted)
    if wrong is not None:
        return wrong
    id_ = new_id(now=now)
    added = conn.execute(
        SQL["add_staff"],
        {
            "id": id_,
            "program": program_id,
            "email": wanted.email.lower(),
            "name": wanted.name,
            "role": wanted.role,
            "places": sorted(wanted.places),
            "external_id": wanted.external_id,
            "locale": wanted.locale,
            "password": make_password(None),
            "now": now,
        },
    )
    if added.rowcount == 0:
        return StaffRefusal.EMAIL_TAKEN
    state = {"role": wanted.role, "places": sorted(wanted.places)}
    about = ("staff", id_)
    audit.record(conn, program_id, by, "staff.add", about, now=now, detail=wanted.role, states=(None, state))
    return Added(_one(conn, program_id, id_), accounts.invite(conn, id_, now=now))


def invite(conn: Connection, program_id: str, which: str, *, by: Actor, now: datetime) -> Added | StaffRefusal:
    """Make a new link to a password for somebody who works here; earlier links of theirs end."""
    found = find(conn, program_id, which)
    if found is None:
        return StaffRefusal.UNKNOWN
    if not found.is_active:
        return StaffRefusal.NOT_ACTIVE
    audit.record(conn, program_id, by, "staff.invite", ("staff", found.id), now=now)
    return Added(found, accounts.invite(conn, found.id, now=now))


def set_role(
    conn: Connection,
    program_id: str,
    which: str,
    role: Role,
    places: Sequence[str] = (),
    *,
    by: Actor,
    now: datetime,
) -> Changed:
    """Give somebody a role and the places they are bound to (none: all); effective with their next request."""
    conn.execute(SQL["lock_program"], {"program": program_id})
    found = find(conn, program_id, which)
    if found is None:
        return StaffRefusal.UNKNOWN
    if not _known(conn, program_id, places):
        return StaffRefusal.UNKNOWN_PLACE
    if role != Role.OWNER and _is_last_owner(conn, found):
        return StaffRefusal.LAST_OWNER
    wanted = sorted(set(places))
    conn.execute(SQL["set_role"], {"program": program_id, "id": found.id, "role": role, "places": wanted})
    audit.record(
        conn,
        program_id,
        by,
        "staff.role",
        ("staff", found.id),
        now=now,
        detail=f"{found.role}>{role}",
        states=({"role": found.role, "places": found.places}, {"role": role, "places": wanted}),
    )
    return msgspec.structs.replace(found, role=role, places=wanted)


def set_active(conn: Connection, program_id: str, which: str, *, active: bool, by: Actor, now: datetime) -> Changed:
    """Let somebody in again, or no more: their sessions and their PIN end with their next request."""
    conn.execute(SQL["lock_program"], {"program": program_id})
    found = find(conn, program_id, which)
    if found is None:
        return StaffRefusal.UNKNOWN
    if not active and _is_last_owner(conn, found):
        return StaffRefusal.LAST_OWNER
    if found.is_active != active:
        conn.execute(SQL["set_active"], {"program": program_id, "id": found.id, "active": active})
        conn.execute(SQL["end_invitations"], {"staff": found.id, "now": now})
        action = "staff.activate" if active else "staff.deactivate"
        audit.record(conn, program_id, by, action, ("staff", found.id), now=now)
    return msgspec.structs.replace(found, is_active=active)


def set_pin(conn: Connection, program_id: str, which: str, pin: str, *, by: Actor, now: datetime) -> Changed:
    """Give somebody the PIN (4 to 12 digits, no run, not all the same) that approves at tills."""
    found = find(conn, program_id, which)
    if found is None:
        return StaffRefusal.UNKNOWN
    if not _is_good(pin):
        return StaffRefusal.BAD_PIN
    hashed = _hasher.hash(_peppered(found.id, pin))
    conn.execute(SQL["set_pin"], {"program": program_id, "id": found.id, "pin": hashed})
    PIN_TRIES.forget(conn, found.id)
    audit.record(conn, program_id, by, "staff.pin", ("staff", found.id), now=now)
    return msgspec.structs.replace(found, has_pin=True)


def verify_pin(conn: Connection, program_id: str, who: str, pin: str, *, now: datetime) -> StaffRecord | None:
    """Return who approves, named by number, e-mail or id, or None: unknown, wrong, and too many tries look alike.

    Commit ``conn`` whatever comes back, before anything else is done with it: a count that is rolled back was a free
    guess. What the person may approve is ``roles.may(found, Permission.TILL_APPROVE, place)``.
    """
    found = find(conn, program_id, who)
    counted = found.id if found else f"{program_id}/{who.lower()}"
    if PIN_TRIES.try_now(conn, counted, now=now) is not None:
        return None
    stored = conn.execute(SQL["pin_of"], {"id": found.id if found else None}).fetchone()
    known = found is not None and found.is_active and stored is not None and stored[0] is not None
    # Somebody unknown takes as long as somebody known.
    right = _opens(stored[0] if known and stored else _nobodys(), _peppered(found.id if found else "", pin))
    if not known or not right:
        return None
    PIN_TRIES.forget(conn, counted)
    return found


_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for argon2id: a queue stands behind whoever types, and the pepper carries the rest."""


def _peppered(staff_id: str, pin: str) -> str:
    """Bind a PIN to its person and to this installation: whoever steals the table alone cannot try all digits."""
    return secrets.mac("pin", f"{staff_id}\0{pin}".encode()).hex()


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash("nobody's")


def _opens(stored: str, secret: str) -> bool:
    try:
        return _hasher.verify(stored, secret)
    except VerifyMismatchError:
        return False


def _is_good(pin: str) -> bool:
    if not (pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return len(steps) > 1 or steps.isdisjoint({0, 1, 9})


def _wrong(conn: Connection, program_id: str, wanted: NewStaff) -> StaffRefusal | None:
    """Return what is wrong with somebody new, None of nothing."""
    name, _, host = wanted.email.rpartition("@")
    number = wanted.external_id
    if not (name and host and len(wanted.email) <= LONGEST_EMAIL and _is_word(wanted.email)):
        return StaffRefusal.BAD_EMAIL
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
        return StaffRefusal.BAD_NAME
    if number is not None:
        if not (0 < len(number) <= LONGEST_NUMBER and _is_word(number)):
            return StaffRefusal.BAD_NUMBER
        if conn.execute(SQL["number_taken"], {"program": program_id, "external_id": number}).fetchone():
            return StaffRefusal.NUMBER_TAKEN
    return None if _known(conn, program_id, wanted.places) else StaffRefusal.UNKNOWN_PLACE


def _is_word(text: str) -> bool:
    return text.isprintable() and not any(character.isspace() for character in text)


def _known(conn: Connection, program_id: str, places: Sequence[str]) -> bool:
    return {store.code for store in queries.stores(conn, program_id, places)} == set(places)


def _is_last_owner(conn: Connection, who: StaffRecord) -> bool:
    if who.role != Role.OWNER or not who.is_active:
        return False
    row = conn.execute(SQL["count_owners"], {"program": who.program_id, "but": who.id}).fetchone()
    return row == (0,)


def _one(conn: Connection, program_id: str, id_: str) -> StaffRecord:
    return _rows(conn, program_id, id_)[0]


def _rows(conn: Connection, program_id: str, which: str | None) -> list[StaffRecord]:
    parameters = {"program": program_id, "which": which}
    return conn.cursor(row_factory=args_row(StaffRecord)).execute(SQL["staff"], parameters).fetchall()
