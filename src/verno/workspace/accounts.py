"""The first account of an installation: a one-use set-up link becomes an owner."""

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.workspace.queries import SQL

OWNER = "owner"


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
                "role": OWNER,
                "locale": locale,
                "password": password_hash,
                "now": now,
            },
        )
        if added.rowcount == 0:
            savepoint.force_rollback = True  # the link was not what was wrong: give it back
            return SetupRefusal.EMAIL_TAKEN
        return Redeemed(staff_id, used[0])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
