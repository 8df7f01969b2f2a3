"""The port of every channel: what its lines do, and the honest answers in which a hand-over can end."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar

import msgspec
from msgspec.structs import force_setattr

from verno.messaging.letters.compose import Content

RESPONSE_LIMIT = 500
"""Characters kept of a provider's answer."""
HEARD_LIMIT = 16_384
"""Characters kept of what somebody wrote."""
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ADDRESS = re.compile(r"<?(?<![^\s<>@:;,()])[^\s<>@:;,()]+@[^\s<>:;,()]+>?")
"""Begins where a word does, so that a long word without an address is walked once."""


def words_of_others(text: str, most: int = RESPONSE_LIMIT, *, lines: bool = False) -> str:
    """Return words that came from outside as they may be stored: short, without control characters and halves of signs.

    With ``lines`` their ends stay, and tabs. Bytes that a library has hidden in surrogates (PEP 383) are read
    as UTF-8, which servers mean by them.
    """
    if text.isprintable():
        return text[:most]
    try:
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return (_NO_TEXT.sub("", text) if lines else _NO_LINE.sub(" ", text).strip())[:most]


def without_addresses(words: str) -> str:
    """Servers repeat the address in their words, which are kept; it is not."""
    return _ADDRESS.sub("<…>", words) if "@" in words else words


def _clean(words: msgspec.Struct, *names: str) -> None:
    """Make the words of a record that was just made fit to be stored."""
    for name in names:
        said = getattr(words, name)
        if said is None:
            continue
        kept = words_of_others(without_addresses(said) if name == "response" else said)
        if kept is not said:
            force_setattr(words, name, kept)


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The provider took the message over. ``reference`` is its own name for it, by which receipts come back."""

    response: str
    reference: str | None = None

    def __post_init__(self) -> None:
        """Keep of the provider's words what can be stored."""
        _clean(self, "response", "reference")


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The provider will never take this message for this address; ``gone``: nor any other, so write there no more."""

    response: str
    gone: bool = False

    def __post_init__(self) -> None:
        """Keep of the provider's words what can be stored."""
        _clean(self, "response")


class Temporary(msgspec.Struct, frozen=True, gc=False):
    """The message was certainly not taken over; it may be tried again, after ``retry_after`` seconds if it said so."""

    response: str
    retry_after: int | None = None

    def __post_init__(self) -> None:
        """Keep of the provider's words what can be stored."""
        _clean(self, "response")


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """The connection was lost, or nobody answered, after the message began to leave: nobody can know."""

    timed_out: bool
    response: str

    def __post_init__(self) -> None:
        """Keep of the provider's words what can be stored."""
        _clean(self, "response")


Outcome: TypeAlias = Accepted | Refused | Temporary | Unknown


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return how a message ended that several devices of one member were to get; there is at least one.

    It is accepted if any took it: its reader has it. Else nobody can know if any may have taken it. Else it is tried
    again, everywhere, if any said "later". Else it is refused.
    """
    ranks = (Accepted, Unknown, Temporary, Refused)
    return min(outcomes, key=lambda one: ranks.index(type(one)))


class Fate(StrEnum):
    """What became of an accepted message at its reader's end."""

    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a provider tells of an accepted message later on, in the ``reference`` that ``Accepted`` gave.

    ``gone``: the address takes no message at all, so write there no more. ``at`` is when we heard of it: providers'
    clocks have no zone.
    """

    channel: str
    reference: str
    outcome: Fate
    at: datetime
    response: str
    gone: bool = False

    def __post_init__(self) -> None:
        """Keep of the provider's words what can be stored."""
        _clean(self, "response", "reference")


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What somebody wrote to us over a channel (STOP, an answer). Both are personal: never logged.

    ``leaves``: the signed name of the subscription that it ends, where a letter's header asked for such an answer (RFC
    2369). Then nothing else of it matters, nor who wrote it: whoever has the letter may.
    """

    channel: str
    address: str
    text: str
    at: datetime
    leaves: str = ""

    def __post_init__(self) -> None:
        """Keep of the words what can be stored."""
        _clean(self, "address")
        force_setattr(self, "text", words_of_others(self.text, HEARD_LIMIT, lines=True))


Hear: TypeAlias = Callable[[Sequence[Receipt], Sequence[Heard]], None]
"""Takes what a channel brought, a batch at a time, in a transaction of its own."""


class Unreachable(Exception):
    """The provider cannot be talked to at all; no message is concerned."""


class Unwritable(Exception):
    """The message cannot be put into the channel's form for this address; the text says why, without the address."""


P = TypeVar("P")
P_contra = TypeVar("P_contra", contravariant=True)


class Line(Protocol[P_contra]):
    """One connection to a provider (or one slot of many calls), carrying one message at a time."""

    async def open(self) -> None:
        """Connect unless connected; raises ``Unreachable``."""

    async def offer(self, parcel: P_contra) -> Outcome | None:
        """Ask what can be asked before the message leaves; None when it may be handed over."""

    async def hand_over(self, parcel: P_contra) -> Outcome:
        """Let the message leave. From its first byte on, only a clear answer of the provider counts as one."""

    async def reset(self) -> None:
        """Forget what was offered."""

    async def close(self) -> None:
        """Say goodbye, briefly."""


class Channel(Protocol[P]):
    """A way out of the house, as the sender drives it; ``P`` is a message in the channel's own form."""

    @property
    def code(self) -> str:
        """Return the channel's name (``email``)."""

    @property
    def lines(self) -> int:
        """Return how many lines carry side by side."""

    @property
    def answer_seconds(self) -> float:
        """Return how long the provider may think over one message before it counts as lost."""

    @property
    def per_second(self) -> int | None:
        """Return how many messages the provider takes a second from all workers together; None: as many as come."""

    def parts(self, parcel: P) -> int:
        """Return how many messages the provider counts a parcel as."""

    @property
    def address_seconds(self) -> float:
        """Return how long the provider wants one address to rest between two messages."""

    @property
    def is_one_provider(self) -> bool:
        """Tell whether "too fast", said of one message, speaks for all of the channel."""

    def line(self) -> Line[P]:
        """Return a new line; nothing is opened yet."""

    def write(self, content: Content, address: str, *, now: datetime) -> P:
        """Put a message into the channel's form for one address; raises ``Unwritable``."""
