"""What members wrote to the program, for a person to read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import actor, face_of
from verno.kit import db
from verno.kit.clock import clock
from verno.members import queries
from verno.members.words import heard as words
from verno.workspace import audit

PAGE = 100


@require_safe
def heard(request: HttpRequest) -> HttpResponse:
    """Show the newest; whose were read is noted."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        found = words.heard(conn, face.program.id, limit=PAGE)
        who = sorted({one.holder_id for one in found})
        people = queries.members(conn, face.program.id, who)
        audit.record_reading(conn, face.program.id, actor(request), who, now=now, detail="heard")
    rows = [(one, people.get(one.holder_id)) for one in found]
    return render(request, "console/consents/heard.html", {"face": face, "rows": rows, "tab": "heard"})
