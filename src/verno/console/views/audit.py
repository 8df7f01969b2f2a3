"""The audit: who changed what, newest first."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import Face, face_of
from verno.console.member_page import older, read_place
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace import audit, keys, staff
from verno.workspace.audit import ActorKind

PAGE = 50


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Show a page of entries. The table holds ids; names are put to them here."""
    before = read_place(request)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        rows = audit.page(conn, face.program.id, before=before, limit=PAGE + 1)
        names = _names(conn, face)
    shown = rows[:PAGE]
    context = {
        "face": face,
        "rows": [
            (row, names.get((row.actor_kind, row.actor_id)), names.get((row.object_kind, row.object_id)))
            for row in shown
        ],
        "first": before is None,
        "older": older(shown[-1].at, shown[-1].id) if len(rows) > PAGE else None,
    }
    return render(request, "console/audit.html", context)


def _names(conn: Connection, face: Face) -> Mapping[tuple[str, str], str]:
    """Return what staff and keys are called, by (kind, id)."""
    known = {(str(ActorKind.STAFF), one.id): one.name for one in staff.listed(conn, face.program.id)}
    return known | {(str(ActorKind.KEY), one.id): one.name for one in keys.listed(conn, face.program.id)}
