"""Where Verno lives and what the environment says, read in one place.

| variable | meaning | default |
|---|---|---|
| ``VERNO_HOME`` | data, secrets and logs of this installation | ``./var`` |
| ``VERNO_DATABASE_URL`` | the application's PostgreSQL (>= 15) | the embedded one |
| ``VERNO_OWNER_URL`` | the role that migrates | the application's |
| ``VERNO_PG_BIN`` | folder of PostgreSQL's programs for the embedded server | the wheel's, else Debian's |
| ``VERNO_SECRET_KEY`` | 64 hex digits that all keys derive from | ``VERNO_HOME/secret.key``, made at first use |
| ``VERNO_SMTP_URL`` | ``smtp://user:password@host:port``, ``smtps://`` for TLS | none: mail waits |
| ``VERNO_PUBLIC_URL`` | the address people reach this server at, for links in messages | ``http://127.0.0.1:8000`` |
| ``VERNO_MAIL_FROM`` | the sender of mail | ``points@localhost`` |
| ``VERNO_BACKUPS`` | folder of backups; the embedded server's log is kept there, minute by minute | none: no log |
"""

import os
from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "locale"
"""The translations of the whole product."""


def home() -> Path:
    """Return the absolute folder of this installation; it is not created here."""
    return Path(os.environ.get("VERNO_HOME", "var")).resolve()


def database_url() -> str | None:
    """Return the application's database, or None for the embedded one."""
    return os.environ.get("VERNO_DATABASE_URL") or None


def owner_url() -> str | None:
    """Return the migrating role's database, or None when it is the application's."""
    return os.environ.get("VERNO_OWNER_URL") or None


def postgres_programs() -> str | None:
    """Return the folder that the operator chose for PostgreSQL's programs."""
    return os.environ.get("VERNO_PG_BIN") or None


def public_url() -> str:
    """Return the address people reach this server at, without a slash at the end."""
    return os.environ.get("VERNO_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")


def smtp_url() -> str | None:
    """Return the mail relay, or None when mail has nowhere to go yet."""
    return os.environ.get("VERNO_SMTP_URL") or None


def mail_from() -> str:
    """Return the address that mail is sent from."""
    return os.environ.get("VERNO_MAIL_FROM", "points@localhost")


def backups() -> Path | None:
    """Return the absolute folder of backups, or None when the operator names none."""
    chosen = os.environ.get("VERNO_BACKUPS")
    return Path(chosen).resolve() if chosen else None
