"""What a setting can be: levels, enums, and how each kind of value is read and written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Generic, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Meta
from phonenumbers import SUPPORTED_REGIONS

from verno.ledger import lifetime_words
from verno.ledger.lifetime import Activation, Expiry
from verno.ledger.lifetime_words import Unreadable

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

LARGEST_WORTH = 10**9
"""Minor units one whole point may be worth."""
MOST_HOLD_SECONDS = 86_400
MOST_CLAIM_DAYS = 3_650
MOST_REASONS = 50
MOST_NETWORKS = 20
MOST_COUNTRIES = 60
LARGEST_AUDIENCE = 10**9
MOST_ADDRESS = 254
"""Characters of an e-mail address (RFC 5321)."""
WHOLE_SHARE = 10_000
"""Hundredths of a per cent in a whole."""
NOTHING = "none"

_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_ADDRESS = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]\Z"
)
_SPACED_DASH = re.compile(r"\s*[-–—]\s*")


class Level(StrEnum):
    """For whom a value is set; of a place's levels the nearest counts: till, place (a store), region, network."""

    PROGRAM = "program"
    NETWORK = "network"
    REGION = "region"
    PLACE = "place"
    TILL = "till"
    UNIT = "unit"


WHOLE = frozenset({Level.PROGRAM})
PLACES = frozenset({Level.PROGRAM, Level.NETWORK, Level.REGION, Level.PLACE, Level.TILL})
UNITS = frozenset({Level.UNIT})
PROGRAM_OR_UNIT = frozenset({Level.PROGRAM, Level.UNIT})


class UnknownPlace(StrEnum):
    """What becomes of a receipt from a store that nobody has named yet."""

    REFUSE = "refuse"
    CREATE = "create"


class StaticCodes(StrEnum):
    """Whether a member named by card, phone or e-mail alone may spend."""

    REFUSE = "refuse"
    ALLOW = "allow"


class LateCapture(StrEnum):
    """What becomes of a capture after its hold's time."""

    REFUSE = "refuse"
    REHOLD = "rehold"


class Country(StrEnum):
    """Whose rules for messages a program follows; strict: nobody has said, so the strictest reading holds."""

    STRICT = "strict"
    RU = "RU"
    EU = "EU"
    US = "US"


class Marking(StrEnum):
    """Which of a shop's own advertising carries a token, where the country asks for one; another's always does."""

    STRICT = "strict"
    OWN_MAIL_EXEMPT = "own_mail_exempt"
    OFF = "off"


class StatementPeriod(StrEnum):
    """How often members get a statement of their points."""

    MONTH = "month"
    QUARTER = "quarter"


class CountedFrom(StrEnum):
    """Which day a lifetime is counted from."""

    EARNING = "earning"
    ACTIVATION = "activation"


class Wrong(msgspec.Struct, frozen=True):
    """A value that a setting may not have; ``allowed`` says what it may be."""

    allowed: str


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How values of one kind are read and told. Two forms: JSON, and the words of the command line.

    ``shape`` is the type that msgspec reads the JSON as; ``read`` makes words into JSON, ``tell`` a value into words.
    """

    shape: object
    allowed: str
    read: Callable[[str], object]
    tell: Callable[[T], str]
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    """The least and the most of a number."""
    or_none: bool = False
    """Whether a number or a text may be left open."""
    words_in_json: bool = False
    """Whether JSON may hold the words in place of what they say."""
    holds: Callable[[T], bool] = lambda _: True
    """What a value must be beside its shape."""

    def accept(self, raw: object) -> T | Wrong:
        """Return the value that JSON says."""
        if isinstance(raw, str) and self.words_in_json:
            raw = self.read(raw)
        if isinstance(raw, Unreadable):
            return Wrong(self.allowed)
        try:
            value = cast("T", msgspec.convert(raw, cast("type[object]", self.shape)))
        except msgspec.ValidationError:
            return Wrong(self.allowed)
        return value if self.holds(value) else Wrong(self.allowed)

    def parse(self, words: str) -> T | Wrong:
        """Return the value that words say."""
        return self.accept(self.read(words))


@dataclass(frozen=True)
class Definition(Generic[T]):
    """One setting."""

    key: str
    kind: Kind[T]
    default: T
    levels: frozenset[Level]
    meaning: str

    def plain(self, value: T) -> object:
        """Return a value as JSON has it."""
        return msgspec.to_builtins(value)

    def of(self, stored: object) -> T:
        """Return what is stored; the default for None, and for what only a later release can read."""
        value = self.default if stored is None else self.kind.accept(stored)
        return self.default if isinstance(value, Wrong) else value


def choice(kind: type[Word]) -> Kind[Word]:
    """Return what takes one of an enum's words."""
    names = tuple(str(one) for one in kind)
    return Kind(kind, ", ".join(names), str, str, names)


def number(least: int, most: int) -> Kind[int]:
    """Return what takes a whole number in a range."""
    shape = Annotated[int, Meta(ge=least, le=most)]
    return Kind(shape, f"{least} to {most}", _read_number, str, bounds=(least, most))


def number_or_none(least: int, most: int) -> Kind[int | None]:
    """Return what takes a whole number in a range, or nothing."""
    return Kind(
        Annotated[int, Meta(ge=least, le=most)] | None,
        f"{NOTHING}, {least} to {most}",
        lambda text: None if text == NOTHING else _read_number(text),
        lambda value: NOTHING if value is None else str(value),
        bounds=(least, most),
        or_none=True,
    )


def _read_number(text: str) -> object:
    return int(text) if _NUMBER.fullmatch(text) else Unreadable("")


def several(names: tuple[str, ...]) -> Kind[tuple[str, ...]]:
    """Return what takes some of these names, each once."""
    return Kind(
        tuple[str, ...],
        f"one or more of {', '.join(names)}, with commas between them",
        lambda text: [one.strip() for one in text.split(",")],
        ",".join,
        holds=lambda value: bool(value) and len(set(value)) == len(value) and set(value) <= set(names),
    )


def text_or_none(most: int) -> Kind[str | None]:
    """Return what takes a text of a length, or nothing."""
    return Kind(
        Annotated[str, Meta(min_length=1, max_length=most, pattern=r"^[^\x00-\x1f]*\Z")] | None,
        f"{NOTHING}, or up to {most} characters",
        lambda text: None if text == NOTHING else text,
        lambda value: NOTHING if value is None else value,
        or_none=True,
    )


SWITCH: Kind[bool] = Kind(
    bool,
    "on, off",
    lambda text: {"on": True, "off": False}.get(text, Unreadable("")),
    lambda value: "on" if value else "off",
    ("on", "off"),
)
EXPIRY: Kind[Expiry] = Kind(
    Expiry,
    lifetime_words.EXPIRIES,
    lambda text: _plain(lifetime_words.read_expiry(text)),
    lifetime_words.tell_expiry,
    words_in_json=True,
)
ACTIVATION: Kind[Activation] = Kind(
    Activation,
    lifetime_words.ACTIVATIONS,
    lambda text: _plain(lifetime_words.read_activation(text)),
    lifetime_words.tell_activation,
    words_in_json=True,
)
Reason: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}\Z")]
REASONS: Kind[tuple[str, ...]] = Kind(
    Annotated[tuple[Reason, ...], Meta(min_length=1, max_length=MOST_REASONS)],
    f"1 to {MOST_REASONS} codes of small Latin letters, digits, - and _, with commas between them",
    lambda text: [code.strip() for code in text.split(",")],
    ",".join,
)


class Matching(StrEnum):
    """By what a member is found who is named in several ways at once."""

    CARD = "card"
    PHONE_VERIFIED = "phone-verified"
    PHONE = "phone"
    EMAIL_VERIFIED = "email-verified"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"


MATCHINGS: Kind[tuple[Matching, ...]] = Kind(
    Annotated[tuple[Matching, ...], Meta(min_length=1, max_length=len(Matching))],
    f"{', '.join(Matching)}, in the order in which they are believed",
    lambda text: [code.strip() for code in text.split(",")],
    ",".join,
    holds=lambda value: len(set(value)) == len(value),
)
NETWORKS: Kind[tuple[str, ...]] = Kind(
    Annotated[tuple[str, ...], Meta(max_length=MOST_NETWORKS)],
    f"{NOTHING}, or up to {MOST_NETWORKS} networks like 10.0.0.0/8, with commas between them",
    lambda text: [] if text == NOTHING else [one.strip() for one in text.split(",")],
    lambda value: ",".join(value) or NOTHING,
    or_none=True,
    holds=lambda value: all(map(_is_network, value)),
)


COUNTRIES: Kind[tuple[str, ...]] = Kind(
    Annotated[tuple[str, ...], Meta(max_length=MOST_COUNTRIES)],
    f"{NOTHING}, or up to {MOST_COUNTRIES} countries like RU, with commas between them",
    lambda text: [] if text == NOTHING else [one.strip() for one in text.split(",")],
    lambda value: ",".join(value) or NOTHING,
    or_none=True,
    holds=lambda value: len(set(value)) == len(value) and set(value) <= SUPPORTED_REGIONS,
)


MAILBOX: Kind[str | None] = Kind(
    Annotated[str, Meta(max_length=MOST_ADDRESS, pattern=_ADDRESS)] | None,
    f"{NOTHING}, or an e-mail address in Latin letters",
    lambda text: None if text == NOTHING else text.strip(),
    lambda value: NOTHING if value is None else value,
    or_none=True,
)
HOURS: Kind[str | None] = Kind(
    Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z")] | None,
    f"{NOTHING}, or hours like 10:00-19:00, the first before the second",
    lambda text: None if text == NOTHING else _SPACED_DASH.sub("-", text.strip()),
    lambda value: NOTHING if value is None else value,
    or_none=True,
    holds=lambda value: value is None or value[:5] < value[6:],
)


def address_or_none(most: int) -> Kind[str | None]:
    """Return what takes an address on the web, encrypted, or nothing."""
    return Kind(
        Annotated[str, Meta(max_length=most, pattern=r"^https://[^\s\"'<>\\{}]{3,}\Z")] | None,
        f"{NOTHING}, or an https:// address of up to {most} characters",
        lambda text: None if text == NOTHING else text,
        lambda value: NOTHING if value is None else value,
        or_none=True,
    )


COLOUR: Kind[str] = Kind(
    Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}\Z")],
    "a colour like #0b6e4f",
    lambda text: text.strip().lower(),
    str,
)


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def days_as_expiry(days: int) -> object:
    """Return the stored form of an expiry after so many days."""
    return {"model": "days", "days": days}


def _plain(said: Expiry | Activation | Unreadable) -> object:
    return said if isinstance(said, Unreadable) else msgspec.to_builtins(said)
