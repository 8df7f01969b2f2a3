"""The audit: who changed what and who read whose personal data, newest first."""

from collections.abc import Mapping
from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import Face, face_of
from verno.console.member_page import older, read_place
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace import audit, keys, staff
from verno.workspace.audit import ActorKind, Entry

PAGE = 50
READING = "member.read"
SHOWS: Mapping[str, bool | None] = {"": None, "changes": False, "reading": True}
"""What ``?show=`` may ask for: everything, or one of the two."""


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Show a page of entries. The table holds ids; names are put to them here."""
    before, show = read_place(request), request.GET.get("show", "")
    if show not in SHOWS:
        raise Http404
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        rows = audit.page(conn, face.program.id, before=before, reading=SHOWS[show], limit=PAGE + 1)
        names = _names(conn, face)
    shown = rows[:PAGE]
    context = {
        "face": face,
        "entries": [
            (alike[0], alike[1:], names.get((alike[0].actor_kind, alike[0].actor_id)), _called(alike[0], names))
            for alike in (list(group) for _, group in groupby(shown, _glance))
        ],
        "first": before is None,
        "show": show,
        "older": older(shown[-1].at, shown[-1].id) if len(rows) > PAGE else None,
    }
    return render(request, "console/audit.html", context)


def _glance(row: Entry) -> tuple[object, ...]:
    """Return what readings share that were made at one glance, as of a list; every other entry stands alone."""
    if row.action != READING:
        return (row.id,)
    return row.at, row.actor_kind, row.actor_id, row.detail, row.address


def _called(row: Entry, names: Mapping[tuple[str, str], str]) -> str | None:
    """Return what an entry is about, where that has a name; a kind of points is named in the detail."""
    return "" if row.object_kind == "unit" else names.get((row.object_kind, row.object_id))


def _names(conn: Connection, face: Face) -> Mapping[tuple[str, str], str]:
    """Return what staff and keys are called, by (kind, id)."""
    known = {(str(ActorKind.STAFF), one.id): one.name for one in staff.listed(conn, face.program.id)}
    return known | {(str(ActorKind.KEY), one.id): one.name for one in keys.listed(conn, face.program.id)}
