"""Words of places: a store with its region, what is changed of one, why nothing was."""

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

LONGEST_CODE = 64
LONGEST_NAME = 200


class Place(msgspec.Struct, frozen=True):
    """A store as it stands: its zone and its legal entity as they hold there, wherever they are set."""

    code: str
    name: str
    timezone: str
    region: str | None
    legal_entity: str | None


class NewPlace(msgspec.Struct, frozen=True):
    """A store to add. Without a name it is called by its code, without a zone it has the program's."""

    code: str
    name: str | None = None
    timezone: str | None = None
    region: str | None = None


class PlaceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a store; what is absent stays.

    A ``region`` is there from its first store on; null takes the store out of its region. ``legal_entity`` is the
    setting ``place.legal_entity`` of this store, null taking it back.
    """

    code: str
    name: str | UnsetType = UNSET
    region: str | UnsetType | None = UNSET
    legal_entity: str | UnsetType | None = UNSET


class Refusal(StrEnum):
    """Why nothing was done to a store."""

    UNKNOWN_PLACE = "unknown-place"
    CODE_TAKEN = "code-taken"
    BAD_CODE = "bad-code"
    BAD_NAME = "bad-name"
    BAD_REGION = "bad-region"
    BAD_LEGAL_ENTITY = "bad-legal-entity"
    UNKNOWN_TIMEZONE = "unknown-timezone"


FIELDS = {
    Refusal.UNKNOWN_PLACE: "code",
    Refusal.CODE_TAKEN: "code",
    Refusal.BAD_CODE: "code",
    Refusal.BAD_NAME: "name",
    Refusal.BAD_REGION: "region",
    Refusal.BAD_LEGAL_ENTITY: "legal_entity",
    Refusal.UNKNOWN_TIMEZONE: "timezone",
}
"""The field that each is about."""

DETAILS = {
    Refusal.UNKNOWN_PLACE: "there is no such store",
    Refusal.CODE_TAKEN: "there is a store of this code already",
    Refusal.BAD_CODE: f"may have up to {LONGEST_CODE} characters, none of them a space or ~",
    Refusal.BAD_NAME: f"must be one line of 1 to {LONGEST_NAME} characters",
    Refusal.BAD_REGION: f"must be one line of 1 to {LONGEST_CODE} characters",
    Refusal.BAD_LEGAL_ENTITY: "must be one line of 1 to 200 characters, or nothing",
    Refusal.UNKNOWN_TIMEZONE: "is not in the IANA list; it looks like Europe/Moscow",
}
"""What each says of its field."""


class Refused(msgspec.Struct, frozen=True):
    """Nothing was done to this store."""

    code: str
    reason: Refusal
