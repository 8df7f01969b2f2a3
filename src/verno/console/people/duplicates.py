"""Members who may be one, side by side: merge them, or say that they are two."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console.face import actor, face_of, note_reading, sees_personal
from verno.console.member_page import birth_date
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import is_id
from verno.ledger import queries as ledger
from verno.members import masking
from verno.members import queries as members
from verno.members.likeness import service as likeness
from verno.workspace import audit


@require_http_methods(["GET", "HEAD", "POST"])
def duplicates(request: HttpRequest) -> HttpResponse:
    """List the likeliest pairs; said to be two, a pair is never shown again."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        program_id = face.program.id
        if request.method == "POST":
            one, other = request.POST.get("one", ""), request.POST.get("other", "")
            known = members.members(conn, program_id, [one, other])
            if request.POST.get("do") != "dismiss" or not is_id(one) or set(known) != {one, other} or one == other:
                raise Http404
            by = actor(request)
            likeness.dismiss(conn, program_id, [(one, other)], by=by.id, now=now)
            audit.record(conn, program_id, by, "duplicate.dismiss", ("member", one), now=now, detail=other)
            return redirect("console:duplicates")
        pairs = likeness.listed(conn, program_id)
        total = likeness.count(conn, program_id)
        ids = sorted({id_ for pair in pairs for id_ in (pair.one_id, pair.other_id)})
        people = members.members(conn, program_id, ids)
        note_reading(request, conn, program_id, people.values())
        balances = ledger.balances(conn, ids, now=now)
    personal = sees_personal(request)
    shown = {id_: one if personal else masking.masked(one) for id_, one in people.items()}

    def side(id_: str) -> dict[str, object]:
        born = birth_date(face, shown[id_].birth_date)
        return {"member": shown[id_], "birth_date": born, "balances": balances.get(id_, [])}

    rows = [
        (pair, side(pair.one_id), side(pair.other_id)) for pair in pairs if {pair.one_id, pair.other_id} <= set(ids)
    ]
    context = {"face": face, "rows": rows, "total": total, "more": total > len(rows)}
    return render(request, "console/people/duplicates.html", context)
