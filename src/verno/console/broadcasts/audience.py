"""The condition of an audience: what its editor offers, and what is wrong with it in words."""

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec.structs import replace

from verno.console.face import Face
from verno.console.promotions.forms import conditions, describing
from verno.console.promotions.forms.asking import FieldInfo, Shortcut
from verno.console.promotions.opening import naming_of
from verno.console.promotions.saying import problems
from verno.intake import context
from verno.kit.db import Connection
from verno.predicate import explaining
from verno.predicate.reading import read
from verno.predicate.types import Kind, Language, Refused
from verno.segments import desk, service

REGISTRY = "member"
PATH = "condition"
"""Where the editor stands in the form."""
LEAVES = frozenset(Kind) - {Kind.ITEMS}
"""What the editor draws; conditions on single purchases or goods are written as JSON."""


def form(conn: Connection, face: Face) -> str:
    """Return what the editor of a condition on members needs, as JSON."""
    fields = desk.of(conn, face.program.id, now=face.now)
    naming = naming_of(conn, face, context.of(conn, face.program.id).known)
    told = describing.condition_form(naming, always=_("Every member."))
    leaves = [one for one in fields.registry.fields.values() if one.kind in LEAVES]
    members = conditions.of_members(leaves, symbol=naming.about.symbol)
    return msgspec.json.encode(
        replace(told, fields={**told.fields, REGISTRY: members}, shortcuts=_shortcuts(members))
    ).decode()


def wrong(conn: Connection, face: Face, tree: dict[str, object]) -> list[dict[str, str]]:
    """Return what is wrong with a condition, in words and by the path, for its editor."""
    found = service.selection(conn, face.program.id, tree, now=face.now)
    if not isinstance(found, Refused):
        return []
    return [{"path": f"{PATH}.{one.path}", "text": problems.in_words(one.detail)} for one in found.problems]


def in_words(conn: Connection, face: Face, tree: dict[str, object]) -> str:
    """Say a condition in the reader's words."""
    fields = desk.of(conn, face.program.id, now=face.now)
    node = read(tree, fields.registry)
    if isinstance(node, Refused):
        return _("a condition that cannot be read any more")
    return explaining.tell(node, Language(face.locale, _, ngettext, face.zone))


def _shortcuts(members: list[FieldInfo]) -> list[Shortcut]:
    known = {one.name for one in members}
    asked: list[tuple[str, str, str, object]] = [
        (_("Consent"), "member.consent_level", "in", []),
        (_("Birthday"), "member.birth_date", "anniversaryWithin", 7),
        (_("Badge"), "member.badges", "hasAny", []),
        (_("Last purchase"), "purchases.last", "withinLast", 30),
    ]
    return [
        Shortcut(label, {"field": name, "operator": sign, "value": value})
        for label, name, sign, value in asked
        if name in known
    ]
