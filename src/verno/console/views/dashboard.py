"""The dashboard: a program at a glance, kept up by htmx every ten seconds."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import Face, face_of, sees_personal, signed_in
from verno.console.memo import Memo
from verno.intake import queries as intake
from verno.kit import db, quarantine
from verno.kit.clock import clock
from verno.members.masking import masked_name
from verno.messaging.disputes import queries as disputes
from verno.reports import queries as reports
from verno.reports.types import Figures, MessageCount
from verno.workspace.roles import Permission, may

LATEST = 8
STATES = ("accepted", "queued", "claimed", "handing_over", "deferred", "withheld", "rejected", "uncertain")
"""The order of a message's states on the page."""

_figures: Memo[Figures] = Memo()


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the whole page."""
    return render(request, "console/dashboard.html", _context(request))


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Show the part of the page that changes."""
    return render(request, "console/_figures.html", _context(request))


def _context(request: HttpRequest) -> dict[str, object]:
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        program = face.program.id
        found = _figures.get(program, lambda: reports.figures(conn, program, face.zone, now=now))
        latest = intake.latest(conn, program, limit=LATEST)
        held_back = quarantine.standing(conn)
        members = reports.members_of_receipts(conn, program, [receipt.id for receipt in latest])
        staff = signed_in(request)
        waiting, late = (
            disputes.waiting(conn, program, now=now, places=staff.places or None)
            if may(staff, Permission.DISPUTES_READ)
            else (0, 0)
        )
    if not sees_personal(request):
        members = {receipt: (id_, masked_name(name)) for receipt, (id_, name) in members.items()}
    return {
        "face": face,
        "figures": found,
        "held_back": held_back,
        "disputes_waiting": waiting,
        "disputes_late": late,
        "matched": None if found.matched_permille is None else face.percent(found.matched_permille),
        "latest": [(receipt, members.get(receipt.id)) for receipt in latest],
        "messages": _messages(found),
        "messages_total": sum(row.count for row in found.messages),
        "months": [(face.month(month.month), month) for month in found.months],
        "chart": _chart(face, found),
        "unit": face.units[0] if face.units else None,
    }


def _messages(found: Figures) -> list[tuple[str, int, list[MessageCount]]]:
    """Return states in their order with their sums and, where there are some, their reasons."""
    out = []
    for state in STATES:
        rows = [row for row in found.messages if row.state == state]
        if rows:
            out.append((state, sum(row.count for row in rows), [row for row in rows if row.reason]))
    return out


def _chart(face: Face, found: Figures) -> str:
    """Return the chart's data; empty when nothing has happened, so that the page says so instead."""
    if not any(month.receipts for month in found.months):
        return ""
    rows = [
        {"label": face.month(month.month), "receipts": month.receipts, "points": month.points} for month in found.months
    ]
    return json.dumps(rows, ensure_ascii=False)
