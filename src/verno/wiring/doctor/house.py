"""What can be seen without the database: secrets, disks, addresses, the relay."""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from verno.kit import config, secrets
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError
from verno.messaging.channels.email import smtp
from verno.messaging.law import packs
from verno.wiring import disk
from verno.wiring.doctor.types import Finding, Verdict

OTHERS = stat.S_IRWXG | stat.S_IRWXO
FEWEST_BYTES = 16
"""Different bytes that 32 random ones practically always have; what somebody typed has fewer."""
DEFAULT_SENDER = "points@localhost"


def look() -> Iterator[Finding]:
    """Look at everything but the database."""
    yield from _secret()
    yield _password()
    yield from _disks()
    yield _address()
    yield _relay()
    yield _packs()


def _secret() -> Iterator[Finding]:
    path = secrets.file()
    if path.exists() and path.stat().st_mode & OTHERS:
        yield Finding("secret", Verdict.BAD, f"others may read {path}: run chmod 600 on it")
    elif secrets.known():
        yield Finding("secret", Verdict.OK, "only its owner may read the master secret")
    else:
        text = "there is none yet: VERNO_HOME/secret.key is made at first use, or VERNO_SECRET_KEY is set"
        yield Finding("secret", Verdict.OK, text)
    try:
        weak = secrets.known() and len(set(bytes.fromhex(secrets.master()))) < FEWEST_BYTES
    except ValueError:
        weak = True
    if weak:
        text = "the master secret is not random, so that it can be guessed: begin with openssl rand -hex 32"
        yield Finding("secret", Verdict.BAD, text)


def _password() -> Finding:
    path = cluster.local().base / "password"
    if config.database_url() is None and path.exists() and path.stat().st_mode & OTHERS:
        return Finding("password", Verdict.BAD, f"others may read {path}, the database's password: run chmod 600 on it")
    home = config.home()
    if home.exists() and home.stat().st_mode & stat.S_IWOTH:
        return Finding("password", Verdict.BAD, f"everybody may write into {home}: run chmod o-w on it")
    return Finding("password", Verdict.OK, "only its owner may read the embedded database's password")


def _disks() -> Iterator[Finding]:
    verdicts = {disk.Alarm.LOW: Verdict.NOTE, disk.Alarm.VERY_LOW: Verdict.BAD}
    for room in disk.rooms():
        text = f"{room.per_cent} % of the disk of {room.folder} are free, {room.megabytes} MB"
        yield Finding("disk", verdicts.get(room.alarm, Verdict.OK), text)


def _address() -> Finding:
    url = config.public_url()
    parts = urlsplit(url)
    if parts.scheme == "https":
        return Finding("address", Verdict.OK, f"people reach this server at {url}, over TLS")
    if parts.scheme != "http" or not parts.hostname:
        return Finding("address", Verdict.BAD, "VERNO_PUBLIC_URL must look like https://points.example.com")
    if not is_loopback(parts.hostname):
        text = (
            f"{url} is reached without TLS: passwords and API keys can be read on the way."
            " Put a proxy with a certificate before it and set VERNO_PUBLIC_URL to its https:// address"
        )
        return Finding("address", Verdict.BAD, text)
    if config.smtp_url():
        text = f"links in letters lead to {url}, this machine alone: set VERNO_PUBLIC_URL"
        return Finding("address", Verdict.NOTE, text)
    return Finding("address", Verdict.OK, f"{url} is reached from this machine alone")


def _relay() -> Finding:
    url = config.smtp_url()
    if url is None:
        text = "there is no relay: letters wait, and sealed heads do not leave this machine. Set VERNO_SMTP_URL"
        return Finding("mail", Verdict.NOTE, text)
    try:
        chosen = smtp.settings(url)
    except VernoError as error:
        return Finding("mail", Verdict.BAD, str(error))
    if not chosen.tls and chosen.username is None and not is_loopback(chosen.host):
        text = (
            f"letters may go to {chosen.host} in clear: TLS is taken where offered, and whoever sits between can"
            " hide the offer. Use smtps://, or smtp:// with a user, which goes over checked TLS only"
        )
        return Finding("mail", Verdict.BAD, text)
    if config.mail_from() == DEFAULT_SENDER:
        return Finding(
            "mail", Verdict.NOTE, f"letters come from {DEFAULT_SENDER}, which others refuse: set VERNO_MAIL_FROM"
        )
    return Finding("mail", Verdict.OK, f"letters go to {chosen.host}")


def _packs() -> Finding:
    found = packs.altered()
    if not found:
        return Finding("country packs", Verdict.OK, "the rules of each country are those that were released")
    text = (
        f"the pack of {', '.join(found)} is not the one that was released: what it allows, nobody has reviewed."
        " Install Verno again, or pin your own pack (docs/how-to/add-a-country-pack.md)"
    )
    return Finding("country packs", Verdict.BAD, text)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine; a folder is a socket's."""
    if Path(host).is_absolute() or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
