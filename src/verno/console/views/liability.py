"""The liability report: what members hold, month by month, in points and in money."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import face_of
from verno.console.memo import Memo
from verno.kit import db
from verno.kit.clock import clock
from verno.reports.liability import queries
from verno.reports.liability.types import Liability

_reports: Memo[Liability] = Memo()


@require_safe
def liability(request: HttpRequest) -> HttpResponse:
    """Show the report; one that took long is remembered for a while, and says of which moment it is."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)

    def read() -> Liability:
        with db.transaction(face.program.id) as conn:
            return queries.liability(conn, face.program, now=now)

    found = _reports.get(face.program.id, read)
    units = [(unit, list(reversed(unit.months))) for unit in found.units]
    return render(request, "console/liability.html", {"face": face, "report": found, "units": units})
