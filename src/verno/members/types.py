"""Words of members: what an integrator says of a member, what is read back, refusals."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_ATTRIBUTES = 50
"""Attributes of one member."""
MAX_ATTRIBUTE_TYPES = 200
"""Attribute names of one program."""
MAX_IN_LIST = 50
"""Values of one attribute that is a list."""
MAX_CONSENTS = 50
"""Consents in one change of a member."""

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Contact: TypeAlias = Annotated[str, Meta(min_length=1, max_length=254)]
AttributeText: TypeAlias = Annotated[str, Meta(max_length=1000)]
AttributeValue: TypeAlias = (
    AttributeText | int | bool | Annotated[list[AttributeText], Meta(max_length=MAX_IN_LIST)] | None
)
Attributes: TypeAlias = Annotated[dict[Code, AttributeValue], Meta(max_length=MAX_ATTRIBUTES)]


class Channel(StrEnum):
    """What carries a message to a member."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    VOICE = "voice"
    TELEGRAM = "telegram"
    MAX = "max"
    VK = "vk"
    WHATSAPP = "whatsapp"
    VIBER = "viber"


class MemberKind(StrEnum):
    """Whether a member is somebody, or a firm."""

    PERSON = "person"
    COMPANY = "company"


class AttributeKind(StrEnum):
    """The type of an attribute. A first value that is a string makes it ``text``, one that is a list ``list``.

    ``date`` and ``choice`` have to be declared: ``members/attributes/registry.py``.
    """

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    """One of the codes that were declared."""
    LIST = "list"
    """Several texts; of the codes that were declared, if there are any."""


class AttributeRule(msgspec.Struct, frozen=True, gc=False):
    """What values an attribute takes: ``codes`` None, any."""

    kind: AttributeKind
    codes: tuple[str, ...] | None = None


class Purpose(StrEnum):
    """What a consent is for. Each is asked for by itself; advertising by topic and channel, the others as a whole."""

    RULES = "rules"
    PERSONAL_DATA = "personal-data"
    ADVERTISING = "advertising"
    THIRD_PARTIES = "third-parties"
    PROFILING = "profiling"


class Action(StrEnum):
    """What a record of the history says. ``import``: an earlier system said that there was a grant."""

    GRANT = "grant"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    IMPORT = "import"


class State(StrEnum):
    """What follows from a history: ``members/consent/state.py``."""

    SILENT = "silent"
    GRANTED = "granted"
    UNCONFIRMED = "unconfirmed"
    UNPROVEN = "unproven"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Level(StrEnum):
    """How far a member's yes to advertising reaches: ``members/consent/levels.py``."""

    NOTHING = "nothing"
    SERVICE_ONLY = "service-only"
    EMAIL_ONLY = "email-only"
    SMS_ONLY = "sms-only"
    SMS_AND_EMAIL = "sms-and-email"
    MESSENGERS_ONLY = "messengers-only"


class Topic(msgspec.Struct, frozen=True):
    """Messages that a member agrees to or leaves as one; ``class_name`` says how much they may ask of the reader.

    Names and descriptions by language. ``is_default``: forms may offer it ticked, never a marketing one.
    ``double_opt_in``: a grant to a marketing one counts once the address is confirmed. ``min_age``: it is for members
    who are known to be so many years old (alcohol, tobacco, medicines).
    """

    code: str
    class_name: str
    names: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    is_default: bool = False
    double_opt_in: bool = True
    archived_at: datetime | None = None
    min_age: int | None = None


class NewConsent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """What a member said about one topic on one channel. ``at`` without an offset is the program's wall clock."""

    topic: Code
    channel: Channel
    granted: bool
    at: datetime | None = None
    method: Code | None = None
    text_version: Code | None = None


class LocationKind(StrEnum):
    """What a place is to a member."""

    HOME = "home"
    WORK = "work"
    VISITED = "visited"
    """Where they often are."""


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a member lives, works or often is: latitude and longitude in degrees, a postcode, a street."""

    kind: LocationKind = LocationKind.HOME
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    postcode: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    street: Annotated[str, Meta(min_length=1, max_length=200)] | None = None

    @property
    def says(self) -> bool:
        """Tell whether anything is said."""
        return any(one is not None for one in (self.lat, self.lon, self.postcode, self.street))


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an integrator says of a member. An absent field keeps what is stored, null clears it.

    ``attributes`` are merged by name, null removes one. ``consents`` are added to the member's history. Companies of
    one ``buying_group`` have their turnover counted together, where a scale says so. ``home_place`` is a store's code.
    ``location`` replaces the one of its kind; one that says nothing but its kind takes it away, null takes all.
    """

    external_id: Code
    name: Name | UnsetType | None = UNSET
    phone: Contact | UnsetType | None = UNSET
    email: Contact | UnsetType | None = UNSET
    card: Contact | UnsetType | None = UNSET
    birth_date: date | UnsetType | None = UNSET
    locale: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}\Z")] | UnsetType | None = UNSET
    attributes: Attributes | UnsetType | None = UNSET
    consents: Annotated[list[NewConsent], Meta(max_length=MAX_CONSENTS)] = []
    kind: MemberKind | UnsetType | None = UNSET
    buying_group: Code | UnsetType | None = UNSET
    home_place: Code | UnsetType | None = UNSET
    location: Location | UnsetType | None = UNSET


class Proof(msgspec.Struct, frozen=True, gc=False):
    """What shows that somebody said so. ``ip`` is shortened; ``address_hash``: of the address meant, in hex."""

    text_id: str | None = None
    text_sha256: str | None = None
    locale: str | None = None
    surface: str | None = None
    actor: str | None = None
    ip: str | None = None
    agent: str | None = None
    evidence_ref: str | None = None
    country: str | None = None
    valid_until: datetime | None = None
    address_hash: str | None = None


class ConsentFact(msgspec.Struct, frozen=True, gc=False):
    """A record of the history, of a member that is known. ``reason`` says why it was withdrawn.

    ``action`` stands where ``granted`` says too little. Topic and channel are empty but for advertising.
    """

    holder_id: str
    topic: str
    channel: str
    granted: bool
    at: datetime
    method: str
    text_version: str | None = None
    reason: str | None = None
    purpose: Purpose = Purpose.ADVERTISING
    action: Action | None = None
    proof: Proof = Proof()


class Consent(msgspec.Struct, frozen=True, gc=False):
    """Where a member stands on one topic and channel. ``granted``: messages of the topic's class may be written."""

    topic: str
    channel: str
    granted: bool
    at: datetime
    method: str
    text_version: str | None
    state: State = State.GRANTED
    class_name: str = ""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where a member stands on a purpose; topic and channel are empty but for advertising."""

    purpose: Purpose
    topic: str
    channel: str
    state: State
    granted: bool
    since: datetime


class Departure(msgspec.Struct, frozen=True, gc=False):
    """A member left a topic on a channel, where they had agreed to it; ``reason`` as ``ConsentFact`` has it."""

    holder_id: str
    topic: str
    channel: str
    at: datetime
    reason: str | None


class Identity(msgspec.Struct, frozen=True, gc=False):
    """A contact by its keyed hash in hex; ``verified_by`` is the method by which it was confirmed."""

    value_hash: str
    verified_at: datetime | None
    verified_by: str | None


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of the history as it is read back, evidence included."""

    id: str
    purpose: Purpose
    topic: str
    channel: str
    action: Action
    method: str
    text_id: str | None
    text_version: str | None
    text_sha256: str | None
    locale: str | None
    surface: str | None
    actor: str | None
    ip: str | None
    agent: str | None
    evidence_ref: str | None
    country: str | None
    valid_until: datetime | None
    reason: str | None
    at: datetime
    recorded_at: datetime


class Wishes(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How much a member wishes to hear: at most one message in ``most_per`` days; none before ``paused_until``."""

    most_per: int | None = None
    paused_until: datetime | None = None


class Member(msgspec.Struct, frozen=True):
    """A member as it is read, its contacts opened (or masked)."""

    id: str
    external_id: str
    name: str | None
    phone: str | None
    email: str | None
    card: str | None
    birth_date: date | None
    locale: str | None
    attributes: dict[str, object]
    consents: list[Consent]
    created_at: datetime
    changed_at: datetime
    kind: MemberKind = MemberKind.PERSON
    buying_group: str | None = None
    home_place: str | None = None
    districts: dict[str, list[str]] = {}
    """Codes by what they are to the member: home, work, visited."""


class NewBadge(msgspec.Struct, frozen=True, gc=False):
    """A badge to give, for good or until a moment; ``source`` says what gave it (``track:coffee``)."""

    holder_id: str
    code: str
    until: datetime | None
    source: str


class GivenBadge(msgspec.Struct, frozen=True, gc=False):
    """A badge that a member has, or had until a moment."""

    code: str
    given_at: datetime
    until: datetime | None
    source: str


class Merged(msgspec.Struct, frozen=True, gc=False):
    """A member who is another one now: ``into_id`` at first; those whom that one was merged into come after."""

    id: str
    into_id: str
    external_id: str
    merged_at: datetime


class Refusal(StrEnum):
    """Why a member was not stored."""

    IDENTITY_TAKEN = "identity-taken"
    BAD_PHONE = "bad-phone"
    BAD_EMAIL = "bad-email"
    BAD_CARD = "bad-card"
    BAD_NAME = "bad-name"
    BAD_BIRTH_DATE = "bad-birth-date"
    BAD_ATTRIBUTE = "bad-attribute"
    BAD_TEXT = "bad-text"
    BAD_LOCATION = "bad-location"
    UNKNOWN_PLACE = "unknown-place"
    TOO_MANY_ATTRIBUTES = "too-many-attributes"
    UNKNOWN_TOPIC = "unknown-topic"
    UNKNOWN_TEXT = "unknown-text"
    BAD_CONSENT = "bad-consent"
    TIME_OUT_OF_RANGE = "time-out-of-range"


class Created(msgspec.Struct, frozen=True, gc=False):
    """The member is new."""

    member_id: str


class Belonging(msgspec.Struct, frozen=True, gc=False):
    """With whom a member counts."""

    kind: MemberKind
    buying_group: str | None


class Updated(msgspec.Struct, frozen=True, gc=False):
    """The member was there; what was given replaced what was stored. ``was``: with whom they counted before."""

    member_id: str
    was: Belonging | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing of the item was stored. ``field`` names what to mend; the detail repeats no contact.

    ``member``: whom an item means, by the program's policy, whose contacts are not its own.
    """

    reason: Refusal
    field: str
    detail: str
    member: str | None = None


Result: TypeAlias = Created | Updated | Refused
