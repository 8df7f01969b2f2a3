"""The bounce mailbox over IMAP: unread letters are read, handed on in batches, and only then marked as read."""

import imaplib
import logging
import re
import ssl
from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote, urlsplit

import msgspec

from verno.kit import config
from verno.kit.errors import VernoError
from verno.messaging.channels.email import bounces
from verno.messaging.channels.email.bounces import Unread
from verno.messaging.channels.port import Hear, Heard, Receipt, Unreachable

log = logging.getLogger(__name__)

BATCH = 100
STEP_LIMIT = 1000
"""Letters of one step of the worker."""
SECONDS = 30.0
_UID = re.compile(rb"\bUID (\d+)")


class Settings(msgspec.Struct, frozen=True):
    """The mailbox. ``folder`` is where the letters lie."""

    host: str
    port: int
    username: str
    password: str
    tls: bool = True
    folder: str = "INBOX"

    def __repr__(self) -> str:
        """Name the server only: settings end up in logs and tracebacks, passwords must not."""
        return f"<IMAP {self.host}:{self.port}>"


def settings(url: str) -> Settings:
    """Read ``imaps://user:password@host:port/folder``, or ``imap://`` for a server on this machine.

    Raises ``VernoError`` with a sentence that does not repeat the address, which holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        message = "VERNO_BOUNCE_IMAP_URL must look like imaps://user:password@host:port/folder"
        raise VernoError(message)
    tls = parts.scheme == "imaps"
    return Settings(
        host=parts.hostname,
        port=port or (993 if tls else 143),
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=tls,
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


def step(chosen: Settings, hear: Hear, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Read what is unread, oldest first, at most ``STEP_LIMIT`` letters; returns how many.

    A letter is marked as read after its batch was handed on, so that a crash reads it twice and loses none. Raises
    ``Unreachable``.
    """
    total = 0
    try:
        with _connect(chosen) as server:
            server.login(chosen.username, chosen.password)
            server.select(_quoted(chosen.folder))
            # Where there is no such folder, this is refused: nothing is selected.
            _, found = server.uid("SEARCH", "UNSEEN")
            unread = found[0].split() if found and found[0] else []
            for at in range(0, min(len(unread), STEP_LIMIT), BATCH):
                if stopping():
                    break
                batch = unread[at : at + BATCH]
                _take(server, batch, hear, now)
                total += len(batch)
    except (imaplib.IMAP4.error, OSError) as error:
        message = f"the mailbox: {error}"
        raise Unreachable(message) from None
    return total


def _take(server: imaplib.IMAP4, batch: list[bytes], hear: Hear, now: datetime) -> None:
    names = b",".join(batch).decode("ascii")
    _, answers = server.uid("FETCH", names, f"(BODY.PEEK[]<0.{bounces.SIZE_LIMIT}>)")
    # A server names the letter before it or after.
    around = zip(answers, [*answers[1:], b""], strict=True)
    read = [_read(one[1], [one[0], after], now) for one, after in around if isinstance(one, tuple)]
    hear([one for one in read if isinstance(one, Receipt)], [one for one in read if isinstance(one, Heard)])
    server.uid("STORE", names, "+FLAGS", r"(\Seen)")


def _read(letter: bytes, around: list[object], now: datetime) -> Receipt | Heard | Unread:
    """Read one letter. Whatever breaks over it, the letter is passed over: it would else close the mailbox for good."""
    try:
        return bounces.read(letter, now=now)
    except Exception as error:  # noqa: BLE001 whatever a stranger can make it raise
        named = _UID.search(b" ".join(one for one in around if isinstance(one, bytes)))
        uid = named.group(1).decode("ascii") if named else "?"
        log.warning("the letter with UID %s in the bounce mailbox cannot be read: %s", uid, type(error).__name__)
        return Unread("it cannot be read")


def _connect(chosen: Settings) -> imaplib.IMAP4:
    if chosen.tls:
        return imaplib.IMAP4_SSL(chosen.host, chosen.port, ssl_context=ssl.create_default_context(), timeout=SECONDS)
    return imaplib.IMAP4(chosen.host, chosen.port, timeout=SECONDS)


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read(hear: Hear, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Read the mailbox that ``VERNO_BOUNCE_IMAP_URL`` names; 0 where none is named."""
    url = config.bounce_imap_url()
    if url is None:
        return 0
    try:
        return step(settings(url), hear, now=now, stopping=stopping)
    except Unreachable as error:
        log.warning("the bounce mailbox does not answer: %s", error)
        return 0
