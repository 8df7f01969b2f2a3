"""Who may open which page: one table by the address's name. A page that is not in it is the owners' alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.workspace.models import Staff
from verno.workspace.roles import Permission, Role, may

OPEN = frozenset({"setup", "welcome", "sign-in", "language"})
"""Pages of the console that need no sign-in; every other one does, new ones included."""

ANYBODY = frozenset({"sign-out", "language", "nowhere"})
"""Pages that need a sign-in and no right."""

NEEDS: Mapping[str, Permission] = {
    "dashboard": Permission.REPORTS_READ,
    "figures": Permission.REPORTS_READ,
    "members": Permission.MEMBERS_READ,
    "member": Permission.MEMBERS_READ,
    "transfers": Permission.MEMBERS_READ,
    "explanation": Permission.MEMBERS_READ,
    "receipts": Permission.MEMBERS_READ,
    "messages": Permission.MEMBERS_READ,
    "preview": Permission.PERSONAL_READ,
    "corrections": Permission.MEMBERS_READ,
    "consents": Permission.MEMBERS_READ,
    "contacts": Permission.MEMBERS_READ,
    "household": Permission.MEMBERS_READ,
    "duplicates": Permission.MEMBERS_MERGE,
    "merge": Permission.MEMBERS_MERGE,
    "unmerge": Permission.MEMBERS_MERGE,
    "privacy": Permission.PERSONAL_READ,
    "member-imports": Permission.MEMBERS_IMPORT,
    "member-import": Permission.MEMBERS_IMPORT,
    "member-import-progress": Permission.MEMBERS_IMPORT,
    "member-import-file": Permission.MEMBERS_IMPORT,
    "suppressions": Permission.SETTINGS_WRITE,
    "erasures": Permission.MEMBERS_ERASE,
    "erasure-certificate": Permission.MEMBERS_ERASE,
    "erasure-answers": Permission.MEMBERS_ERASE,
    "topics": Permission.SETTINGS_READ,
    "topic": Permission.TOPICS_WRITE,
    "consent-texts": Permission.SETTINGS_READ,
    "heard": Permission.PERSONAL_READ,
    "leaving": Permission.REPORTS_READ,
    "attributes": Permission.SETTINGS_READ,
    "attribute": Permission.TOPICS_WRITE,
    "packs": Permission.SETTINGS_READ,
    "districts": Permission.SETTINGS_READ,
    "district": Permission.TOPICS_WRITE,
    "approvals": Permission.POINTS_APPROVE,
    "promotions": Permission.PROMOTIONS_READ,
    "version": Permission.PROMOTIONS_READ,
    "drafts": Permission.PROMOTIONS_READ,
    "draft": Permission.PROMOTIONS_READ,
    "together": Permission.PROMOTIONS_READ,
    "check-rule": Permission.PROMOTIONS_READ,
    "new-rule": Permission.PROMOTIONS_WRITE,
    "rule": Permission.PROMOTIONS_READ,
    "gallery": Permission.PROMOTIONS_READ,
    "replay": Permission.PROMOTIONS_READ,
    "replay-run": Permission.PROMOTIONS_READ,
    "replay-progress": Permission.PROMOTIONS_READ,
    "replay-losers": Permission.PROMOTIONS_READ,
    "try-receipt": Permission.PROMOTIONS_READ,
    "progress": Permission.MEMBERS_READ,
    "tracks": Permission.PROMOTIONS_READ,
    "track": Permission.PROMOTIONS_READ,
    "new-track": Permission.PROMOTIONS_WRITE,
    "edit-track": Permission.PROMOTIONS_WRITE,
    "liability": Permission.REPORTS_READ,
    "staff": Permission.STAFF_WRITE,
    "person": Permission.STAFF_WRITE,
    "audit": Permission.AUDIT_READ,
    "sending": Permission.SETTINGS_READ,
    "disputes": Permission.DISPUTES_READ,
    "dispute": Permission.DISPUTES_READ,
    "broadcasts": Permission.SETTINGS_READ,
    "broadcast": Permission.SETTINGS_READ,
    "new-broadcast": Permission.MESSAGES_WRITE,
    "edit-broadcast": Permission.MESSAGES_WRITE,
    "broadcast-outlook": Permission.SETTINGS_READ,
    "templates": Permission.SETTINGS_READ,
    "new-template": Permission.SETTINGS_READ,
    "layout": Permission.SETTINGS_READ,
    "template": Permission.SETTINGS_READ,
    "template-settings": Permission.SETTINGS_READ,
    "template-preview": Permission.SETTINGS_READ,
    "template-frame": Permission.SETTINGS_READ,
    "template-version": Permission.SETTINGS_READ,
    "write-template": Permission.SETTINGS_READ,
    "brand": Permission.SETTINGS_READ,
    "brand-example": Permission.SETTINGS_READ,
    "limits": Permission.LIMITS_READ,
    "settings": Permission.SETTINGS_READ,
    "places": Permission.SETTINGS_READ,
    "webhooks": Permission.SETTINGS_READ,
    "webhook": Permission.SETTINGS_READ,
    "sources": Permission.SETTINGS_READ,
}
"""Address -> what a person must be allowed to do to open it."""


@dataclass(frozen=True)
class Room:
    """A page that the menu leads to."""

    name: str
    title: Promise
    needs: Permission | None = None
    """What a room outside the console asks for by itself."""


MENU = (
    Room("console:dashboard", _("Dashboard")),
    Room("console:members", _("Members")),
    Room("console:promotions", _("Promotions")),
    Room("console:sending", _("Messages")),
    Room("console:approvals", _("Approvals")),
    Room("console:liability", _("Liability")),
    Room("console:limits", _("Limits")),
    Room("console:settings", _("Settings")),
    Room("console:staff", _("Staff")),
    Room("console:audit", _("Audit")),
    Room("backroom:index", _("Back room"), Permission.BACKROOM_READ),
)


@dataclass(frozen=True)
class Door:
    """A room as the menu shows it to one person on one page."""

    address: str
    title: Promise
    inside: bool
    here: bool


def opens(staff: Staff, name: str | None) -> bool:
    """Tell whether a person may open the page with this name."""
    if name in ANYBODY:
        return True
    needed = NEEDS.get(name or "")
    return staff.role == Role.OWNER and staff.is_active if needed is None else may(staff, needed)


def doors(request: HttpRequest) -> list[Door]:
    """Return the menu of the signed-in person."""
    staff = request.user
    if not isinstance(staff, Staff):
        return []
    out = []
    for room in MENU:
        try:
            address = reverse(room.name)
        except NoReverseMatch:
            continue  # a part that is not installed
        if may(staff, room.needs) if room.needs else opens(staff, room.name.partition(":")[2]):
            root = address == reverse("console:dashboard")
            inside = request.path == address if root else request.path.startswith(address)
            out.append(Door(address, room.title, inside, request.path == address))
    return out
