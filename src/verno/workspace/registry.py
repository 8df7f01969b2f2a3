"""The settings there are: key, what it may be, what it is while nobody has set it, and for whom it may be set."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Generic, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Meta

from verno.ledger import lifetime_words
from verno.ledger.lifetime import MOST_DAYS, Activation, AtOnce, Expiry, Never
from verno.ledger.lifetime_words import Unreadable
from verno.ledger.types import MAX_POINTS
from verno.workspace.types import DebtPolicy

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

LARGEST_WORTH = 10**9
"""Minor units one whole point may be worth."""
MOST_HOLD_SECONDS = 86_400
MOST_CLAIM_DAYS = 3_650
MOST_REASONS = 50
MOST_NETWORKS = 20
WHOLE_SHARE = 10_000
"""Hundredths of a per cent in a whole."""
NOTHING = "none"

_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)


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


def _choice(kind: type[Word]) -> Kind[Word]:
    names = tuple(str(one) for one in kind)
    return Kind(kind, ", ".join(names), str, str, names)


def _number(least: int, most: int) -> Kind[int]:
    shape = Annotated[int, Meta(ge=least, le=most)]
    return Kind(shape, f"{least} to {most}", _read_number, str, bounds=(least, most))


def _number_or_none(least: int, most: int) -> Kind[int | None]:
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


def _several(names: tuple[str, ...]) -> Kind[tuple[str, ...]]:
    return Kind(
        tuple[str, ...],
        f"one or more of {', '.join(names)}, with commas between them",
        lambda text: [one.strip() for one in text.split(",")],
        ",".join,
        holds=lambda value: bool(value) and len(set(value)) == len(value) and set(value) <= set(names),
    )


def _text_or_none(most: int) -> Kind[str | None]:
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


def _address_or_none(most: int) -> Kind[str | None]:
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


UNKNOWN_PLACE = Definition(
    "intake.unknown_place",
    _choice(UnknownPlace),
    UnknownPlace.REFUSE,
    WHOLE,
    "a receipt from an unknown store is refused, or makes the store",
)
SPEND_VALUE: Definition[int | None] = Definition(
    "spend.value",
    _number_or_none(1, LARGEST_WORTH),
    None,
    UNITS,
    "what one whole point pays, in minor units of the currency; without it nobody can spend",
)
STATIC_CODES = Definition(
    "spend.static_codes",
    _choice(StaticCodes),
    StaticCodes.REFUSE,
    PLACES,
    "whether a card, phone or e-mail alone is enough to spend",
)
MAX_SHARE = Definition(
    "spend.max_share", _number(0, 100), 100, PLACES, "the share of a receipt, in percent, that points may pay"
)
LATE_CAPTURE = Definition(
    "hold.late_capture",
    _choice(LateCapture),
    LateCapture.REFUSE,
    PLACES,
    "a capture after the hold's time is refused, or holds again what is available",
)
HOLD_SECONDS = Definition(
    "hold.default_seconds",
    _number(1, MOST_HOLD_SECONDS),
    600,
    PLACES,
    "how long points stay set aside when the till does not say",
)
CLAIM_DAYS = Definition(
    "claim.days", _number(0, MOST_CLAIM_DAYS), 30, PLACES, "for how many days a receipt without a member can be claimed"
)
POINTS_EXPIRY: Definition[Expiry] = Definition(
    "points.expiry", EXPIRY, Never(), UNITS, "when points end (docs/explanation/expiry.md)"
)
POINTS_ACTIVATION: Definition[Activation] = Definition(
    "points.activation", ACTIVATION, AtOnce(), UNITS, "when points become usable"
)
POINTS_COUNTED_FROM = Definition(
    "points.expiry_from",
    _choice(CountedFrom),
    CountedFrom.EARNING,
    UNITS,
    "the day that points.expiry counts from: the receipt's, or the first usable one",
)
GRACE_DAYS = Definition("points.grace_days", _number(0, MOST_DAYS), 0, UNITS, "days that are added to every end")
REINSTATE_DAYS = Definition(
    "points.reinstate_days",
    _number(0, MOST_DAYS),
    0,
    UNITS,
    "for how many days expired points can be given again; 0: not at all",
)
TAKE_BACK = Definition(
    "points.take_back",
    _choice(DebtPolicy),
    DebtPolicy.DEBT,
    UNITS,
    "what a return takes beyond the balance is owed and repaid first, or written off",
)
MAX_BALANCE: Definition[int | None] = Definition(
    "points.max_balance",
    _number_or_none(1, MAX_POINTS),
    None,
    UNITS,
    "the most points a member may hold, in the unit's smallest step; what is above is not given",
)
ADJUST_LIMIT = Definition(
    "adjust.limit",
    _number(0, MAX_POINTS),
    1000,
    PROGRAM_OR_UNIT,
    "points, in the unit's smallest step, that staff may adjust at once without a second person",
)
PROMOTIONS_REVIEW = Definition(
    "promotions.review", SWITCH, default=True, levels=WHOLE, meaning="whether another person approves new promotions"
)
REPLAY_MOST_SHARE: Definition[int | None] = Definition(
    "promotions.replay_most_share",
    _number_or_none(0, WHOLE_SHARE),
    None,
    WHOLE,
    "what a replayed draft may cost, in hundredths of a per cent of the sales; above it somebody has to agree",
)
ADJUST_REASONS = Definition(
    "adjust.reasons",
    REASONS,
    ("goodwill", "correction", "complaint"),
    WHOLE,
    "reason codes that an adjustment may give",
)
LEGAL_ENTITY: Definition[str | None] = Definition(
    "place.legal_entity", _text_or_none(200), None, PLACES, "who owns the place: a name that rules may ask for"
)
BETWEEN_MEMBERS = Definition(
    "transfers.between_members", SWITCH, default=False, levels=WHOLE, meaning="whether members may send points"
)
MATCHING = Definition(
    "members.matching",
    MATCHINGS,
    tuple(Matching),
    WHOLE,
    "whom a receipt means that names a member in several ways; names that are left out come last",
)
HOUSEHOLD_POOLS = Definition(
    "households.pools", SWITCH, default=False, levels=WHOLE, meaning="whether households may have a pool of points"
)
HOUSEHOLD_MOST = Definition("households.most", _number(2, 20), 6, WHOLE, "how many members one household may have")
HOUSEHOLD_COOLING = Definition(
    "households.cooling_days",
    _number(0, 365),
    30,
    WHOLE,
    "for how many days who left a household may join no other",
)
MESSAGES_COUNTRY = Definition(
    "messages.country", _choice(Country), Country.STRICT, WHOLE, "whose rules for consent, hours and channels hold"
)
SMS_SEGMENT_PRICE: Definition[int | None] = Definition(
    "messages.sms_segment_price",
    _number_or_none(0, LARGEST_WORTH),
    None,
    WHOLE,
    "what one segment of a text message costs, in minor units of the currency",
)
POINTS_NOTICES = Definition(
    "messages.points_notices",
    SWITCH,
    default=False,
    levels=WHOLE,
    meaning="whether members are told of every movement of their points",
)
EMAIL_PRICE: Definition[int | None] = Definition(
    "messages.email_price",
    _number_or_none(0, LARGEST_WORTH),
    None,
    WHOLE,
    "what one e-mail costs, in minor units of the currency; broadcasts reckon with it",
)
BRAND_COLOUR = Definition("brand.colour", COLOUR, "#0b6e4f", WHOLE, "the colour of letters' heads and buttons")
BRAND_LOGO: Definition[str | None] = Definition(
    "brand.logo_url", _address_or_none(500), None, WHOLE, "the picture at the head of letters"
)
BRAND_LEGAL_NAME: Definition[str | None] = Definition(
    "brand.legal_name", _text_or_none(200), None, WHOLE, "who sends, by the name in the register"
)
BRAND_ADDRESS: Definition[str | None] = Definition(
    "brand.address", _text_or_none(300), None, WHOLE, "the sender's postal address"
)
BRAND_CONTACT: Definition[str | None] = Definition(
    "brand.contact", _text_or_none(200), None, WHOLE, "where a reader of a letter may turn to"
)
BRAND_TAX_ID: Definition[str | None] = Definition(
    "brand.tax_id", _text_or_none(40), None, WHOLE, "the sender's tax number"
)
BRAND_SITE: Definition[str | None] = Definition(
    "brand.site", _address_or_none(300), None, WHOLE, "the site that letters lead to"
)

NOTICE_KINDS = (
    *("earned", "pending", "spent", "returned", "corrected", "sent", "activated"),
    *("expiring-30", "expiring-7", "expiring-1", "expired"),
    *("tier-near", "tier-reached", "tier-at-risk", "tier-lost"),
)
NOTICES = Definition(
    "messages.notices",
    _several(NOTICE_KINDS),
    NOTICE_KINDS,
    WHOLE,
    "which notices members get, where messages.points_notices is on",
)
NOTICE_CHANNELS = Definition(
    "messages.notice_channels",
    _several(("email", "sms", "telegram")),
    ("email",),
    WHOLE,
    "what carries notices: of these, in this order, the first that reaches the member and that they want",
)
TIER_NEAR = Definition(
    "messages.tier_near",
    _number(0, 50),
    10,
    WHOLE,
    "from what share of the next tier's threshold, in percent, that is still missing a member is told; 0: never",
)
STATEMENT_PERIOD = Definition(
    "messages.statement_period",
    _choice(StatementPeriod),
    StatementPeriod.MONTH,
    WHOLE,
    "how often members get a statement of their points",
)
DISPUTE_DAYS = Definition(
    "disputes.answer_days",
    _number(1, 60),
    5,
    WHOLE,
    "within how many days somebody answers a member who says that a movement was not them",
)

PRIVATE_NETWORKS = Definition(
    "webhooks.private_networks",
    NETWORKS,
    (),
    WHOLE,
    "private networks that webhooks may be sent to, as 10.0.0.0/8; without them the public internet only",
)
PLAIN_HTTP = Definition(
    "webhooks.plain_http", SWITCH, default=False, levels=WHOLE, meaning="whether webhooks may be sent without TLS"
)

ALL: tuple[Definition[object], ...] = cast(
    "tuple[Definition[object], ...]",
    (
        UNKNOWN_PLACE,
        SPEND_VALUE,
        STATIC_CODES,
        MAX_SHARE,
        LATE_CAPTURE,
        HOLD_SECONDS,
        CLAIM_DAYS,
        POINTS_EXPIRY,
        POINTS_ACTIVATION,
        POINTS_COUNTED_FROM,
        GRACE_DAYS,
        REINSTATE_DAYS,
        TAKE_BACK,
        MAX_BALANCE,
        ADJUST_LIMIT,
        ADJUST_REASONS,
        BETWEEN_MEMBERS,
        MATCHING,
        HOUSEHOLD_POOLS,
        HOUSEHOLD_MOST,
        HOUSEHOLD_COOLING,
        PROMOTIONS_REVIEW,
        REPLAY_MOST_SHARE,
        LEGAL_ENTITY,
        MESSAGES_COUNTRY,
        SMS_SEGMENT_PRICE,
        POINTS_NOTICES,
        EMAIL_PRICE,
        BRAND_COLOUR,
        BRAND_LOGO,
        BRAND_LEGAL_NAME,
        BRAND_ADDRESS,
        BRAND_CONTACT,
        BRAND_TAX_ID,
        BRAND_SITE,
        NOTICES,
        NOTICE_CHANNELS,
        TIER_NEAR,
        STATEMENT_PERIOD,
        DISPUTE_DAYS,
        PRIVATE_NETWORKS,
        PLAIN_HTTP,
    ),
)
REGISTRY = {one.key: one for one in ALL}
