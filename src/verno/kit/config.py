"""Where Verno lives and what the environment says, read in one place.

| variable | meaning | default |
|---|---|---|
| ``VERNO_HOME`` | data, secrets and logs of this installation | ``./var`` |
| ``VERNO_DATABASE_URL`` | the application's PostgreSQL (>= 15) | the embedded one |
| ``VERNO_OWNER_URL`` | the role that migrates | the application's |
| ``VERNO_PG_BIN`` | folder of PostgreSQL's programs for the embedded server | the wheel's, else Debian's |
| ``VERNO_SECRET_KEY`` | 64 hex digits that all keys derive from | ``VERNO_HOME/secret.key``, made at first use |
| ``VERNO_SMTP_URL`` | ``smtp://user:password@host:port?connections=24``, ``smtps://`` for TLS | none: mail waits |
| ``VERNO_PUBLIC_URL`` | the address people reach this server at, for links in messages | ``http://127.0.0.1:8000`` |
| ``VERNO_LINKS_URL`` | another address of this server, under which letters' links are followed | ``VERNO_PUBLIC_URL`` |
| ``VERNO_MAIL_FROM`` | the sender of mail | ``points@localhost`` |
| ``VERNO_BOUNCE_ADDRESS`` | the mailbox that bounces come to; each letter gets a signed address of it | the sender |
| ``VERNO_BOUNCE_IMAP_URL`` | ``imaps://user:password@host`` to read bounces from | none: they come by pipe |
| ``VERNO_DKIM_KEY`` | the file of an RSA key (PEM) that signs mail | none: the relay signs |
| ``VERNO_DKIM_SELECTOR`` | under which name the key's other half stands in DNS | ``verno`` |
| ``VERNO_SMS_URL`` | ``smpp://user:password@host:port``, or ``http://`` for a Kannel gateway | none: texts wait |
| ``VERNO_SMS_FROM`` | the sender of texts: a registered name, or a number | ``Verno`` |
| ``VERNO_TELEGRAM_TOKEN`` | the bot's token | none: its messages wait |
| ``VERNO_TELEGRAM_BOT`` | the bot's name without ``@``, for links that members open | none: nobody can link a chat |
| ``VERNO_TELEGRAM_URL`` | where the bot's API lies | ``https://api.telegram.org`` |
| ``VERNO_PUSH_NETWORKS`` | private networks of push services of your own, with commas between | none |
| ``VERNO_WORKERS`` | worker processes: one more where one processor is too little for your letters and texts | 1 |
| ``VERNO_BACKUPS`` | folder of backups; the embedded server's log is kept there, minute by minute | none: no log |
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

LOCALE = Path(__file__).resolve().parent.parent / "locale"
"""The translations of the whole product."""


MOST_WORKERS = 32


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


def links_url() -> str:
    """Return the address under which letters' links are followed: a domain of their own, else this server's."""
    return os.environ.get("VERNO_LINKS_URL", "").rstrip("/") or public_url()


def smtp_url() -> str | None:
    """Return the mail relay, or None when mail has nowhere to go yet."""
    return os.environ.get("VERNO_SMTP_URL") or None


def mail_from() -> str:
    """Return the address that mail is sent from."""
    return os.environ.get("VERNO_MAIL_FROM", "points@localhost")


def bounce_address() -> str | None:
    """Return the mailbox for bounces, or None when they come back to the sender unsigned."""
    return os.environ.get("VERNO_BOUNCE_ADDRESS") or None


def bounce_imap_url() -> str | None:
    """Return the mailbox to read bounces from, or None."""
    return os.environ.get("VERNO_BOUNCE_IMAP_URL") or None


def dkim_key() -> Path | None:
    """Return the file of the key that signs mail, or None when the relay signs."""
    path = os.environ.get("VERNO_DKIM_KEY")
    return Path(path) if path else None


def dkim_selector() -> str:
    """Return the name of the signing key in DNS."""
    return os.environ.get("VERNO_DKIM_SELECTOR") or "verno"


def sms_url() -> str | None:
    """Return the message centre or gateway, or None when texts have nowhere to go yet."""
    return os.environ.get("VERNO_SMS_URL") or None


def sms_from() -> str:
    """Return the name or number that texts are sent from."""
    return os.environ.get("VERNO_SMS_FROM") or "Verno"


def telegram_token() -> str | None:
    """Return the bot's token, or None when there is no bot."""
    return os.environ.get("VERNO_TELEGRAM_TOKEN") or None


def telegram_bot() -> str | None:
    """Return the bot's name, or None when members cannot be led to it."""
    return os.environ.get("VERNO_TELEGRAM_BOT", "").removeprefix("@") or None


def telegram_url() -> str:
    """Return where the bot's API lies, without a slash at the end."""
    return (os.environ.get("VERNO_TELEGRAM_URL") or "https://api.telegram.org").rstrip("/")


def push_networks() -> tuple[Network, ...]:
    """Return the private networks that pushes may go to; a text that names none is none."""
    asked = os.environ.get("VERNO_PUSH_NETWORKS", "")
    out: list[Network] = []
    for text in asked.split(","):
        try:
            out.append(ip_network(text.strip()))
        except ValueError:
            continue
    return tuple(out)


def workers() -> int:
    """Return how many worker processes are run; a text that is no number of processes is one."""
    asked = os.environ.get("VERNO_WORKERS", "")
    return max(1, min(int(asked), MOST_WORKERS)) if asked.isdecimal() else 1


def backups() -> Path | None:
    """Return the absolute folder of backups, or None when the operator names none."""
    chosen = os.environ.get("VERNO_BACKUPS")
    return Path(chosen).resolve() if chosen else None
