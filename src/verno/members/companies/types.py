"""Words of companies: who speaks for one, and why that was not kept."""

from datetime import datetime
from enum import StrEnum

import msgspec

from verno.members.types import Code, Consent, Contact, Name

MAX_CONTACTS = 20
"""Contacts of one company."""


class ContactRole(StrEnum):
    """What somebody does for the company."""

    DECISION_MAKER = "decision-maker"
    ACCOUNTANT = "accountant"
    OTHER = "other"


class NewContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody who speaks for a company. ``member``: their own id or external id, where they are a member too.

    A name is needed of those who are none; what is left out is read from the member where there is one.
    """

    role: ContactRole
    name: Name | None = None
    email: Contact | None = None
    phone: Contact | None = None
    member: Code | None = None


class CompanyContact(msgspec.Struct, frozen=True):
    """A contact as it is read, opened. ``holder_id`` is the company.

    ``consents`` are the contact's own: kept under the contact's id, or under the member's where they are one.
    """

    id: str
    holder_id: str
    role: ContactRole
    name: str | None
    email: str | None
    phone: str | None
    member_id: str | None
    created_at: datetime
    changed_at: datetime
    consents: list[Consent] = []

    @property
    def speaker_id(self) -> str:
        """Return under whose id consents are kept."""
        return self.member_id or self.id


class NotKept(StrEnum):
    """Why a contact was not kept."""

    NOT_A_COMPANY = "not-a-company"
    UNKNOWN_CONTACT = "unknown-contact"
    UNKNOWN_MEMBER = "unknown-member"
    TOO_MANY_CONTACTS = "too-many-contacts"
    BAD_NAME = "bad-name"
    BAD_EMAIL = "bad-email"
    BAD_PHONE = "bad-phone"
    BAD_TEXT = "bad-text"


class Wanted(msgspec.Struct, frozen=True):
    """A contact to keep, of a company that exists; in place of the one with ``id``, where it is given."""

    holder_id: str
    contact: NewContact
    id: str | None = None


class Kept(msgspec.Struct, frozen=True, gc=False):
    """The contact is there."""

    id: str
    created: bool


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing was kept. ``field`` names what to mend; the detail repeats no contact."""

    reason: NotKept
    field: str
    detail: str
