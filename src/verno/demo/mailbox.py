"""The mails that the catcher keeps: one file each, whose name says when it came and whom it is for.

Names sort by time, and a page or a search reads names only, so that thousands of mails cost a listing of the folder.
"""

import itertools
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import cast
from urllib.parse import quote, unquote

from verno.kit import config

LONGEST_ADDRESS = 180
_NAME = re.compile(r"(\d{20})-(\d{6})-([\w.%@+-]*)", re.ASCII)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail of the list."""

    name: str
    at: datetime
    to: str
    subject: str
    sender: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, taken apart."""

    name: str
    to: str
    headers: list[tuple[str, str]]
    text: str
    html: str


def folder() -> Path:
    """Return where this installation's mails lie; made at first use."""
    return config.home() / "mail"


def store(place: Path, sender: str, recipient: str, content: bytes) -> str:
    """Keep a mail and return its name: written aside and renamed, so that a reader never sees half of one."""
    place.mkdir(parents=True, exist_ok=True)
    address = quote(recipient, safe="@+.-_")[:LONGEST_ADDRESS].rstrip("%")
    name = f"{time.time_ns():020d}-{next(_numbers) % 10**6:06d}-{address}"
    draft = place / f".{name}.{os.getpid()}"
    trace = f"Return-Path: <{_plain(sender)}>\r\nDelivered-To: {_plain(recipient)}\r\n"
    draft.write_bytes(trace.encode() + content)
    draft.rename(place / f"{name}.eml")
    return name


def names(place: Path, *, search: str = "") -> list[str]:
    """Return the names of all mails, the newest first; with ``search`` those whose address holds the text."""
    try:
        found = [entry.name[:-4] for entry in os.scandir(place) if entry.name.endswith(".eml") and entry.name[0] != "."]
    except FileNotFoundError:
        return []
    wanted = search.strip().casefold()
    return sorted((name for name in found if wanted in _address(name).casefold()), reverse=True)


def entry(place: Path, name: str) -> Entry:
    """Return a mail's line of the list; raises ``FileNotFoundError``."""
    with _path(place, name).open("rb") as file:
        message = BytesHeaderParser(policy=policy.default).parse(file)
    at = datetime.fromtimestamp(int(name[:20]) / 1e9, UTC)
    return Entry(name, at, _address(name), str(message.get("Subject", "")), str(message.get("From", "")))


def mail(place: Path, name: str) -> Mail:
    """Return a mail, taken apart; raises ``FileNotFoundError``."""
    parser = BytesParser(policy=policy.default)
    message = parser.parsebytes(_path(place, name).read_bytes())
    headers = [(key, str(value)) for key, value in message.items()]
    return Mail(name, _address(name), headers, _part(message, "plain"), _part(message, "html"))


def source(place: Path, name: str) -> bytes:
    """Return a mail's bytes as they came, under the two lines the catcher adds; raises ``FileNotFoundError``."""
    return _path(place, name).read_bytes()


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):  # a character set that nobody knows
        content = cast("bytes", part.get_payload(decode=True)).decode("latin-1")
    return content.replace("\r\n", "\n")


def _address(name: str) -> str:
    return unquote(name[28:])


def _path(place: Path, name: str) -> Path:
    """Return the file of a mail; a name that is none of ours (``../``) is no mail."""
    if _NAME.fullmatch(name) is None:
        raise FileNotFoundError(name)
    return place / f"{name}.eml"


def _plain(text: str) -> str:
    """Return an address without what could begin another header line."""
    return re.sub(r"[\r\n]", "", text)
