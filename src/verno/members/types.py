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
MAX_CONSENTS = 50
"""Consents in one change of a member."""

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Contact: TypeAlias = Annotated[str, Meta(min_length=1, max_length=254)]
AttributeValue: TypeAlias = Annotated[str, Meta(max_length=1000)] | int | bool | None
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
    """The type of an attribute. A first value that is a string makes it ``text``; ``date`` has to be declared."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"


class Topic(msgspec.Struct, frozen=True):
    """Messages that a member agrees to or leaves as one; ``class_name`` says how much they may ask of the reader."""

    code: str
    class_name: str


class NewConsent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """What a member said about one topic on one channel. ``at`` without an offset is the program's wall clock."""

    topic: Code
    channel: Channel
    granted: bool
    at: datetime | None = None
    method: Code | None = None
    text_version: Code | None = None


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an integrator says of a member. An absent field keeps what is stored, null clears it.

    ``attributes`` are merged by name, null removes one. ``consents`` are added to the member's history. Companies of
    one ``buying_group`` have their turnover counted together, where a scale says so.
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


class ConsentFact(msgspec.Struct, frozen=True, gc=False):
    """A consent or its withdrawal, of a member that is known. ``reason`` says why it was withdrawn."""

    holder_id: str
    topic: str
    channel: str
    granted: bool
    at: datetime
    method: str
    text_version: str | None = None
    reason: str | None = None


class Consent(msgspec.Struct, frozen=True, gc=False):
    """The newest word of a member on one topic and channel."""

    topic: str
    channel: str
    granted: bool
    at: datetime
    method: str
    text_version: str | None


class Wish(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
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
    TOO_MANY_ATTRIBUTES = "too-many-attributes"
    UNKNOWN_TOPIC = "unknown-topic"
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
    """Nothing of the item was stored. ``field`` names what to mend; the detail repeats no contact."""

    reason: Refusal
    field: str
    detail: str


Result: TypeAlias = Created | Updated | Refused
