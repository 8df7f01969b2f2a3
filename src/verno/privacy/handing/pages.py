"""The page behind the link to one's own data. GET changes nothing, since scanners follow links; no cookie, no login."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from typing import IO

import msgspec
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from verno.kit import db, localtime
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.members import queries
from verno.members.otp import NotNow, Verified, Wrong
from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language, language
from verno.messaging.preferences.answering import answer, asked, browsers
from verno.privacy.handing import links, service
from verno.privacy.handing.links import Link
from verno.privacy.handing.service import Handout
from verno.privacy.handing.words import PAGE
from verno.workspace import queries as workspace
from verno.workspace.types import Program

TEMPLATE = "privacy/handout.html"
DIGITS = "0123456789"
LONGEST_CODE = 12
NOT_SENT = {"too-soon": "soon", "too-many": "many"}
_UNREADABLE = (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnreadablePostError)


class Shown(msgspec.Struct, frozen=True):
    """What the page says: its state, what went wrong, the names in its words; ``taken``: the file leaves."""

    state: str
    spoken: Language
    problem: str = ""
    names: Mapping[str, str] = {}
    taken: bool = False


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def handout(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET says what there is; POST sends the code, and for the right one gives the zip, once."""
    link = links.read(token)
    if link is None:
        return _page(request, Shown("unknown", asked(request) or browsers(request)), status=404)
    form = _form(request)
    file = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    try:
        shown = db.retrying(lambda: _work(request, link, form, file))
    except KeyError:  # the token is ours, the program is gone
        shown = None
    except Unavailable:
        page = _page(request, Shown("busy", asked(request) or browsers(request)), status=503)
        page["Retry-After"] = "30"
        return page
    if shown is not None and shown.taken:
        return _given(file)
    file.close()
    if shown is None:
        return _page(request, Shown("unknown", asked(request) or browsers(request)), status=404)
    return _page(request, shown, status=410 if shown.state == "stale" else 422 if shown.problem else 200)


def _work(request: HttpRequest, link: Link, form: QueryDict | None, file: IO[bytes]) -> Shown | None:
    """Do what the pressed button says, in one transaction; codes that were tried are counted whatever comes of it."""
    now = clock.now()
    file.seek(0)
    file.truncate()
    with db.transaction(link.program_id) as conn:
        program = workspace.program(conn, link.program_id)
        found = service.find(conn, program, link.id)
        if found is None:
            return None
        member = queries.members(conn, program.id, [found.holder_id])[found.holder_id]
        spoken = asked(request) or language(member.locale or program.locale)
        if not found.is_open(now):
            return Shown("stale", spoken, names={"program": program.name})
        names = _names(program, found, service.where(conn, found), spoken)
        wanted = form.get("do") if form is not None else None
        if wanted == "code":
            sent = service.send_code(conn, program, found, now=now)
            problem = NOT_SENT.get(sent.reason, "cannot") if isinstance(sent, NotNow) else ""
            return Shown("ask" if problem == "cannot" else "code", spoken, problem, names)
        if wanted == "check" and form is not None:
            code = "".join(sign for sign in form.get("code", "")[:100] if sign in DIGITS)[:LONGEST_CODE]
            done = service.take(conn, program, found, code, file, now=now)
            return Shown("code", spoken, _problem(done), names, taken=isinstance(done, Verified))
        return Shown("ask", spoken, names=names)


def _problem(done: Verified | Wrong | NotNow) -> str:
    match done:
        case Verified():
            return ""
        case Wrong(left=left):
            return "wrong" if left else "over"
        case _:
            return "many"


def _names(program: Program, found: Handout, where: str, spoken: Language) -> dict[str, str]:
    return {"program": program.name, "where": where, "until": _moment(found.until, program, spoken)}


def _moment(at: datetime, program: Program, spoken: Language) -> str:
    local = at.astimezone(localtime.zone(program.timezone))
    return f"{wording.day(local.date(), spoken)}, {local:%H:%M}"


def _form(request: HttpRequest) -> QueryDict | None:
    """Return what was posted; None for a request that only looks, or one that cannot be read."""
    if request.method != "POST":
        return None
    try:
        return request.POST
    except _UNREADABLE:
        return None


def _given(file: IO[bytes]) -> FileResponse:
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename="my-data.zip", content_type="application/zip")
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _page(request: HttpRequest, shown: Shown, *, status: int) -> HttpResponse:
    words = PAGE[shown.spoken]
    context = {
        "program": shown.names.get("program", ""),
        "title": words[f"{shown.state}_title"],
        "text": words[f"{shown.state}_text"].format(**shown.names),
        "state": shown.state,
        "problem": words[shown.problem] if shown.problem else "",
        "words": words,
        "other_name": words["other_language"],
    }
    return answer(request, TEMPLATE, context, shown.spoken, status=status)
