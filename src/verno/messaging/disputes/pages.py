"""The page of the link "this was not me": GET shows what it is about and changes nothing, POST opens the dispute."""

from collections.abc import Mapping

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from verno.kit import db, localtime
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.messaging.disputes import links, service
from verno.messaging.disputes.types import UNDECIDED, Claim, Opened
from verno.messaging.disputes.words import PAGE
from verno.messaging.letters import notice, wording
from verno.messaging.letters.wording import Language, language
from verno.messaging.preferences.answering import answer, asked, browsers
from verno.messaging.preferences.links import Person, preferences_url
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.types import Program

_UNREADABLE = (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnreadablePostError)

Found = tuple[Claim, Program, Opened | None, int]
"""What is disputed, whose program it is, the dispute if there is one, within how many days we answer."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was told, or open its dispute; no cookie, no login, no script."""
    tail = links.read(token)
    if tail is None:
        return _plain(request, "unknown", status=404)
    try:
        found = db.retrying(lambda: _work(request, tail))
    except Unavailable:
        page = _plain(request, "busy", status=503)
        page["Retry-After"] = "30"
        return page
    return _plain(request, "unknown", status=404) if found is None else _page(request, *found)


def _work(request: HttpRequest, tail: str) -> Found | None:
    claim = service.claim_of(tail)
    if claim is None:
        return None
    with db.transaction(claim.program_id) as conn:
        program = workspace.program(conn, claim.program_id)
        days = settings.load(conn, claim.program_id).value(registry.DISPUTE_DAYS)
        standing = service.standing(conn, claim)
        if request.method == "POST" and standing is None:
            standing = service.open_dispute(conn, claim, _words(request), now=clock.now())
    return claim, program, standing, days


def _words(request: HttpRequest) -> str:
    """Return what the member wrote; a form we cannot read still means: not me."""
    try:
        return request.POST.get("words", "")
    except _UNREADABLE:
        return ""


def _page(request: HttpRequest, claim: Claim, program: Program, standing: Opened | None, days: int) -> HttpResponse:
    spoken = asked(request) or language(claim.locale)
    words = PAGE[spoken]
    state = _state(standing)
    date = ""
    if standing is not None:
        date = wording.day(localtime.business_date(standing.deadline, localtime.zone(program.timezone)), claim.locale)
    context = {
        **_frame(words, state, days=days, date=date),
        "program": program.name,
        "button": words["button"] if standing is None else "",
        "rows": _rows(claim, words),
        "words_label": words["words"],
        "preferences": preferences_url(Person(claim.program_id, claim.holder_id)),
        "preferences_label": words["preferences"],
    }
    return answer(request, "messaging/not-me.html", context, spoken)


def _state(standing: Opened | None) -> str:
    if standing is None:
        return "ask"
    if standing.state in UNDECIDED:
        return "again" if standing.again else "done"
    return standing.state.value


def _rows(claim: Claim, words: Mapping[str, str]) -> list[tuple[str, str]]:
    moved = ", ".join([notice.signed(move, claim.locale) for move in claim.moves])
    rows = [
        (words["points"], moved),
        (words["day"], wording.day(claim.day, claim.locale)),
        (words["store"], claim.place),
        (words["number"], claim.number),
    ]
    return [(label, value) for label, value in rows if value]


def _plain(request: HttpRequest, state: str, *, status: int) -> HttpResponse:
    spoken: Language = asked(request) or browsers(request)
    context = {**_frame(PAGE[spoken], state), "program": "", "button": "", "rows": []}
    return answer(request, "messaging/not-me.html", context, spoken, status=status)


def _frame(words: Mapping[str, str], state: str, **named: object) -> dict[str, object]:
    return {
        "title": words[f"{state}_title"],
        "text": words[f"{state}_text"].format(**named),
        "other_name": words["other_language"],
    }
