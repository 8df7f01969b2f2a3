"""Why people leave, month by month."""

import re
from datetime import date
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verno.console.face import face_of, sees_personal
from verno.kit import db, localtime
from verno.kit.clock import clock
from verno.members import queries
from verno.members.consent import topics
from verno.messaging.leaving import reasons

_MONTH = re.compile(r"(\d{4})-(\d{2})")


@require_safe
def leaving(request: HttpRequest) -> HttpResponse:
    """Show why people left in a month, and how much they had been sent in the 30 days before."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        zone = localtime.zone(face.program.timezone)
        today = localtime.business_date(now, zone)
        month = _month(request.GET.get("month"), today)
        since, until = localtime.month_bounds(month.year, month.month, zone)
        found = reasons.report(conn, face.program.id, since, until)
        names = {one.code: topics.name(one, face.locale[:2]) for one in queries.topics(conn, face.program.id)}
    before = date(*localtime.month_before(month), 1)
    after = localtime.business_date(until, zone)
    context = {
        "face": face,
        "month": month,
        "before": before if before.year >= 2000 else None,  # noqa: PLR2004 no program is older
        "after": after if after <= today else None,
        "groups": [
            (names.get(one.topic, one.topic), one, face.number(round(Decimal(one.messages) / one.members, 1)))
            for one in found.groups
        ],
        "broadcasts": found.broadcasts,
        "total": sum(one.members for one in found.groups),
        "words": [(names.get(topic, topic), channel, said) for topic, channel, said in found.words]
        if sees_personal(request)
        else [],
        "full": found.full,
        "tab": "leaving",
    }
    return render(request, "console/consents/leaving.html", context)


def _month(text: str | None, today: date) -> date:
    if not text:
        return today.replace(day=1)
    found = _MONTH.fullmatch(text)
    try:
        month = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        month = None
    if month is None or not 2000 <= month.year <= today.year:  # noqa: PLR2004 no program is older
        raise Http404
    return month
