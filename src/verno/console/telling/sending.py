"""Messages of the whole program: how they stand, what is stopped, and those of which nobody knows the fate."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console.face import Face, actor, face_of, signed_in
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging import queries, service
from verno.messaging.types import MessageClass, State
from verno.workspace.roles import Permission, may

PAGE = 100
SWITCHES = ("all", MessageClass.MARKETING, "channel:email", "channel:sms", "channel:telegram", "channel:push")
"""What the page can stop; a switch that somebody threw elsewhere is shown too."""


@require_http_methods(["GET", "HEAD", "POST"])
def sending(request: HttpRequest) -> HttpResponse:
    """Show how messages stand; who may, stops them, lets them go, and sends uncertain ones again."""
    changes = may(signed_in(request), Permission.MESSAGES_STOP)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        if request.method == "POST":
            _change(request, conn, face)
            return redirect("console:sending")
        program_id = face.program.id
        counts = queries.counts(conn, program_id)
        thrown = {one.what: one for one in queries.switches(conn, program_id)}
        uncertain = queries.uncertain(conn, program_id, limit=PAGE)
        dead = queries.dead(conn, program_id, limit=PAGE)
        found = members.members(conn, program_id, sorted({one.holder_id for one in (*uncertain, *dead)}))
    by_state: dict[str, int] = {}
    for one in counts:
        by_state[one.state] = by_state.get(one.state, 0) + one.messages
    context = {
        "face": face,
        "changes": changes,
        "states": [(state, face.number(by_state[state])) for state in State if state in by_state],
        "reasons": [(one.reason, face.number(one.messages)) for one in counts if one.state == State.WITHHELD],
        "switches": [(what, thrown.get(what)) for what in (*SWITCHES, *(w for w in thrown if w not in SWITCHES))],
        "stopped": bool(thrown),
        "uncertain": [(one, found[one.holder_id].external_id if one.holder_id in found else "") for one in uncertain],
        "dead": [(one, found[one.holder_id].external_id if one.holder_id in found else "") for one in dead],
    }
    return render(request, "console/sending.html", context)


def _change(request: HttpRequest, conn: Connection, face: Face) -> None:
    asked, by, now = request.POST, actor(request), face.now
    what = asked.get("what", "")
    match asked.get("do"):
        case "stop" if what in SWITCHES:
            service.stop(conn, face.program.id, what, by=by, now=now)
        case "let-go":
            service.let_go(conn, face.program.id, what, by=by, now=now)
        case ("again" | "replay") as wish:
            try:
                holder, id_ = [str(UUID(part)) for part in asked.get("message", "").split("/")]
            except ValueError:
                raise Http404 from None
            verb = service.send_again if wish == "again" else service.replay
            verb(conn, face.program.id, holder, id_, by=by, now=now)
        case _:
            raise Http404
