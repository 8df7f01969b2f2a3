"""What goes in and out of the press, as msgpack behind its length. Plain copies only, never objects."""

import struct
from collections.abc import Callable
from typing import TypeAlias

import msgspec

LENGTH = struct.Struct(">I")
LARGEST = 64 * 1024 * 1024
"""Bytes of one frame."""
READY = b"ready"


class Written(msgspec.Struct, frozen=True):
    """A block as somebody wrote it."""

    channel: str
    locale: str
    subject: str
    preheader: str
    body: str


class Set(msgspec.Struct, frozen=True):
    """A block as it is rendered."""

    channel: str
    locale: str
    subject: str
    html: str
    text: str


class Compile(msgspec.Struct, frozen=True, tag="compile"):
    """Compile blocks; with ``track`` links of letters become places for a message's own, with ``texts`` others' too."""

    blocks: list[Written]
    track: bool
    texts: bool = False


class Render(msgspec.Struct, frozen=True, tag="render"):
    """Render a block. ``key`` names its sources for ever; they are sent when the press does not know them."""

    key: str
    view: dict[str, object]
    sources: tuple[str, str, str] | None = None


class RenderAll(msgspec.Struct, frozen=True, tag="render-all"):
    """Render blocks in order; the first of each key brings its sources."""

    renders: list[Render]


class Compiled(msgspec.Struct, frozen=True, tag="compiled"):
    """Compiled blocks in order; ``links`` are the destinations that they share, by number."""

    blocks: list[Set]
    links: list[str]


class Rendered(msgspec.Struct, frozen=True, tag="rendered"):
    """What a reader sees."""

    subject: str
    html: str
    text: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """The press does not know the key."""


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """It cannot be done; ``where`` names the part."""

    where: str
    detail: str


One: TypeAlias = Rendered | Missing | Broken


class AllRendered(msgspec.Struct, frozen=True, tag="all-rendered"):
    """What became of each, in order."""

    replies: list[One]


Request: TypeAlias = Compile | Render | RenderAll
Reply: TypeAlias = Compiled | Rendered | Missing | Broken | AllRendered


def frame(message: Request | Reply) -> bytes:
    """Return a message behind its length."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def unframe(read: Callable[[int], bytes]) -> bytes | None:
    """Read one message; None at the end of the stream."""
    head = read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    if size > LARGEST:
        return None
    body = read(size)
    return body if len(body) == size else None
