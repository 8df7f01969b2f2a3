"""Messages of the whole program: how they stand, what is stopped, and those of which nobody knows the fate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console.face import Face, actor, face_of, signed_in
from verno.console.telling import topics
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.types import Member
from verno.messaging import facts, queries, service
from verno.messaging.answers import standing
from verno.messaging.pacing import booking
from verno.messaging.queries import MessageView
from verno.messaging.types import MessageClass, State
from verno.web import pages
from verno.web.pages import Place
from verno.web.problems import Refused
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
            return redirect(request.get_full_path())  # the page of the list that it was pressed on
        program_id = face.program.id
        counts = queries.counts(conn, program_id)
        thrown = {one.what: one for one in queries.switches(conn, program_id, now=face.now)}
        holds = booking.holds(conn)
        complaints = standing.complaints(conn, program_id, now=face.now)
        doubtful = _page(request, "before", partial(queries.uncertain, conn, program_id))
        dead = _page(request, "dead_before", partial(queries.dead, conn, program_id))
        found = members.members(conn, program_id, sorted({one.holder_id for one in (*doubtful.rows, *dead.rows)}))
        called = topics.names(conn, face)
    by_state: dict[str, int] = {}
    for one in counts:
        by_state[one.state] = by_state.get(one.state, 0) + one.messages
    context = {
        "face": face,
        "changes": changes,
        "states": [(state, face.number(by_state[state])) for state in State if state in by_state],
        "reasons": [(one.reason, face.number(one.messages)) for one in counts if one.state == State.WITHHELD],
        "switches": [(what, thrown.get(what)) for what in (*SWITCHES, *(w for w in thrown if w not in SWITCHES))],
        "stopped": any(not one.provider for one in thrown.values()),
        "providers": [one for one in thrown.values() if one.provider],
        "holds": holds,
        "complaints": [
            (domain, one.code, one.detail.removeprefix(domain).strip())
            for domain, one in sorted(complaints.items())
            if facts.DOMAIN + domain not in thrown
        ],
        "uncertain": [(one, _name(found, one)) for one in doubtful.rows],
        "doubtful": doubtful,
        "dead": [(one, _name(found, one)) for one in dead.rows],
        "lost": dead,
        "topics": called,
    }
    return render(request, "console/sending.html", context)


@dataclass(frozen=True)
class _Page:
    """A page of a list: where it began, and where the next one does."""

    rows: Sequence[MessageView]
    first: bool
    older: str | None


def _page(request: HttpRequest, name: str, read: Callable[..., Sequence[MessageView]]) -> _Page:
    """Read the page that an address names; a cursor that we did not make leads nowhere (404)."""
    try:
        place = pages.read_cursor(request.GET.get(name))
    except Refused as error:
        raise Http404 from error
    rows = read(before=(place.at, place.id) if place else None, limit=PAGE + 1)
    more = Place(rows[PAGE - 1].changed_at, rows[PAGE - 1].id).encode() if len(rows) > PAGE else None
    return _Page(rows[:PAGE], place is None, more)


def _name(found: Mapping[str, Member], message: MessageView) -> str:
    return found[message.holder_id].external_id or "" if message.holder_id in found else ""


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
