"""Ways to a first password: the set-up link that makes an owner, and the invitation of somebody who was added."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from verno.kit import db
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.queries import SQL
from verno.workspace.roles import Role

INVITATION_LIFE = timedelta(days=7)


class Redeemed(msgspec.Struct, frozen=True):
    """The link was used now and made this member of staff."""

    staff_id: str
    program_id: str


class SetupRefusal(StrEnum):
    """Why no account was made; the link stays as it was."""

    LINK_NOT_VALID = "link-not-valid"
    """Unknown, expired or used: nobody learns which."""
    EMAIL_TAKEN = "email-taken"


def setup_token_is_valid(conn: Connection, token: str, *, now: datetime) -> bool:
    """Tell whether a set-up link can still be used."""
    found = conn.execute(SQL["find_setup_token"], {"token_hash": _digest(token), "now": now}).fetchone()
    return found is not None


def redeem_setup_token(
    conn: Connection, token: str, email: str, name: str, password_hash: str, locale: str, *, now: datetime
) -> Redeemed | SetupRefusal:
    """Use a set-up link and make its owner, both or neither, in the caller's transaction.

    Of several callers with one link exactly one succeeds: the others wait for its row and find it used.
    ``email`` comes normalised (lower case), ``password_hash`` as Django's ``make_password`` writes it.
    """
    with conn.transaction() as savepoint:
        used = conn.execute(SQL["use_setup_token"], {"token_hash": _digest(token), "now": now}).fetchone()
        if used is None:
            return SetupRefusal.LINK_NOT_VALID
        staff_id = new_id(now=now)
        added = conn.execute(
            SQL["add_staff"],
            {
                "id": staff_id,
                "program": used[0],
                "email": email,
                "name": name,
                "role": Role.OWNER,
                "places": [],
                "external_id": None,
                "locale": locale,
                "password": password_hash,
                "now": now,
            },
        )
        if added.rowcount == 0:
            savepoint.force_rollback = True  # the link was not what was wrong: give it back
            return SetupRefusal.EMAIL_TAKEN
        by = Actor(ActorKind.STAFF, staff_id)
        db.enter(conn, used[0])
        audit.record(conn, used[0], by, "staff.setup", ("staff", staff_id), now=now, detail=Role.OWNER)
        return Redeemed(staff_id, used[0])


def invite(conn: Connection, staff_id: str, *, now: datetime) -> str:
    """Return a one-use token for the link that lets somebody choose a password; their earlier links end."""
    token = secrets.token_urlsafe(32)
    conn.execute(SQL["end_invitations"], {"staff": staff_id, "now": now})
    conn.execute(
        SQL["add_invitation"],
        {"token_hash": _digest(token), "staff": staff_id, "expires_at": now + INVITATION_LIFE},
    )
    return token


def invited(conn: Connection, token: str, *, now: datetime) -> tuple[str, str] | None:
    """Return (id, e-mail) of whom an invitation is for; None when it is unknown, expired or used."""
    found = conn.execute(SQL["find_invitation"], {"token_hash": _digest(token), "now": now}).fetchone()
    return (found[0], found[1]) if found else None


def accept_invitation(
    conn: Connection, token: str, password_hash: str, locale: str, *, now: datetime
) -> Redeemed | SetupRefusal:
    """Use an invitation and set the password, both or neither; sessions under an earlier password end."""
    used = conn.execute(SQL["use_invitation"], {"token_hash": _digest(token), "now": now}).fetchone()
    if used is None:
        return SetupRefusal.LINK_NOT_VALID
    staff_id, program_id = used
    conn.execute(SQL["set_password"], {"id": staff_id, "password": password_hash, "locale": locale})
    by = Actor(ActorKind.STAFF, staff_id)
    db.enter(conn, program_id)
    audit.record(conn, program_id, by, "staff.password", ("staff", staff_id), now=now)
    return Redeemed(staff_id, program_id)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
