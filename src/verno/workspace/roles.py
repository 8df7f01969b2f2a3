"""What each role of the staff may do: one typed table, and the one function that reads it.

Whatever is not in the table is refused. A person may be bound to places; then what happens at a place is allowed at
those alone, and figures of the whole program are not shown.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class Role(StrEnum):
    """What a member of staff is."""

    OWNER = "owner"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT = "support"
    STORE_MANAGER = "store-manager"
    CASHIER = "cashier"
    DEVELOPER = "developer"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that a role may or may not do."""

    REPORTS_READ = "reports:read"
    """Figures of the program: the dashboard, the liability report."""
    MEMBERS_READ = "members:read"
    """Find a member by phone, e-mail, card or number and see points, receipts, messages; contacts masked."""
    PERSONAL_READ = "personal:read"
    """See names, contacts and birth dates in full, search by name, read letters."""
    MEMBERS_MERGE = "members:merge"
    MEMBERS_WRITE = "members:write"
    """Keep contacts of companies and households, and say that two likely duplicates are two people."""
    MEMBERS_IMPORT = "members:import"
    """Bring members along from a file."""
    MEMBERS_ERASE = "members:erase"
    """Forget a member who asks for it, and see who asked."""
    CONSENTS_WRITE = "consents:write"
    """Write down that a member said "stop"."""
    TOPICS_WRITE = "topics:write"
    """Say what the program writes about, publish the texts that members are asked with; attributes and districts."""
    POINTS_ADJUST = "points:adjust"
    POINTS_APPROVE = "points:approve"
    """Be the second person for an adjustment above the limit."""
    OPENING_IMPORT = "opening:import"
    TILL_APPROVE = "till:approve"
    """Approve at a till, by PIN, what a member's static code may not do."""
    LIMITS_READ = "limits:read"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    STAFF_WRITE = "staff:write"
    PROMOTIONS_READ = "promotions:read"
    PROMOTIONS_WRITE = "promotions:write"
    """Write drafts, publish what was approved, roll back, pause."""
    PROMOTIONS_APPROVE = "promotions:approve"
    """Be the second person for a draft."""
    MESSAGES_WRITE = "messages:write"
    """Write templates and broadcasts, and try them out; nothing leaves for members by that."""
    MESSAGES_LAUNCH = "messages:launch"
    """Approve a broadcast, launch it, let it go on or end it; the person is recorded with it."""
    MESSAGES_STOP = "messages:stop"
    """Stop messages and let them go; send again what may not have arrived."""
    DISPUTES_READ = "disputes:read"
    """See what members say was not them; who is bound to places sees what happened there."""
    DISPUTES_ANSWER = "disputes:answer"
    """Look into such a thing, and answer the member. No cashier and no store's manager: it may be about them."""
    AUDIT_READ = "audit:read"
    BACKROOM_READ = "backroom:read"
    """See the plain records of all tables; personal data are not among them."""


P = Permission
_ALL = frozenset(Permission)

GRANTS: Mapping[str, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.MARKETER: frozenset(
        {
            P.REPORTS_READ,
            P.MEMBERS_READ,
            P.PERSONAL_READ,
            P.LIMITS_READ,
            P.SETTINGS_READ,
            P.PROMOTIONS_READ,
            P.PROMOTIONS_WRITE,
            P.CONSENTS_WRITE,
            P.TOPICS_WRITE,
            P.MESSAGES_WRITE,
            P.MESSAGES_LAUNCH,
            P.MESSAGES_STOP,
        }
    ),
    Role.ANALYST: frozenset({P.REPORTS_READ, P.MEMBERS_READ, P.LIMITS_READ, P.SETTINGS_READ, P.PROMOTIONS_READ}),
    Role.SUPPORT: frozenset(
        {
            P.MEMBERS_READ,
            P.PERSONAL_READ,
            P.MEMBERS_MERGE,
            P.MEMBERS_WRITE,
            P.POINTS_ADJUST,
            P.LIMITS_READ,
            P.CONSENTS_WRITE,
            P.POINTS_ADJUST,
            P.LIMITS_READ,
            P.CONSENTS_WRITE,
            P.DISPUTES_READ,
            P.DISPUTES_ANSWER,
        }
    ),
    Role.STORE_MANAGER: frozenset(
        {
            P.REPORTS_READ,
            P.MEMBERS_READ,
            P.PERSONAL_READ,
            P.MEMBERS_WRITE,
            P.POINTS_ADJUST,
            P.TILL_APPROVE,
            P.LIMITS_READ,
            P.CONSENTS_WRITE,
            P.DISPUTES_READ,
        }
    ),
    Role.CASHIER: frozenset({P.MEMBERS_READ, P.CONSENTS_WRITE}),
    Role.DEVELOPER: frozenset({P.SETTINGS_READ, P.BACKROOM_READ}),
    # Reads everything, changes nothing.
    Role.AUDITOR: frozenset(
        {
            P.REPORTS_READ,
            P.MEMBERS_READ,
            P.PERSONAL_READ,
            P.LIMITS_READ,
            P.SETTINGS_READ,
            P.PROMOTIONS_READ,
            P.DISPUTES_READ,
            P.AUDIT_READ,
            P.BACKROOM_READ,
        }
    ),
}
"""Role -> permissions. An admin is an owner who can make no owner and change none (``may_manage``)."""

AT_PLACES = frozenset({P.REPORTS_READ, P.TILL_APPROVE, P.LIMITS_READ})
"""What happens at a place, or adds places up: who is bound to places may do it there only. Members, their points and
the settings belong to the whole program."""

WITH_PIN = frozenset(role for role, granted in GRANTS.items() if P.TILL_APPROVE in granted)


class Worker(Protocol):
    """A member of staff as far as rights go."""

    @property
    def role(self) -> str:
        """The role's code; one that this version does not know may do nothing."""

    @property
    def places(self) -> Collection[str]:
        """Codes of stores the person is bound to; none: all."""

    @property
    def is_active(self) -> bool:
        """Whether the person works here still."""


class StaffRecord(msgspec.Struct, frozen=True):
    """A member of staff, without password and PIN. ``external_id`` is the person's number at the tills."""

    id: str
    program_id: str
    email: str
    name: str
    role: str
    places: list[str]
    external_id: str | None
    locale: str
    is_active: bool
    has_pin: bool
    last_login: datetime | None
    created_at: datetime


def may(who: Worker, permission: Permission, place: str | None = None) -> bool:
    """Tell whether ``who`` may do something: at the store ``place``, or for the whole program when none is named."""
    if not who.is_active or permission not in GRANTS.get(who.role, frozenset()):
        return False
    if permission not in AT_PLACES or not who.places:
        return True
    return place is not None and place in who.places


def may_manage(who: Worker, role: str) -> bool:
    """Tell whether ``who`` may add, change and deactivate staff of ``role``: an owner all, an admin all but owners."""
    return may(who, Permission.STAFF_WRITE) and (who.role == Role.OWNER or role != Role.OWNER)
