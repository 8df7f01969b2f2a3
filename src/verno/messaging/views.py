"""The way out of a topic: RFC 8058's one-click POST, and a page for people. No cookie, no login, no redirect."""

from collections.abc import Sequence

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.members import queries as members
from verno.messaging.leaving import farewell, links
from verno.messaging.leaving.links import Subscription
from verno.messaging.leaving.words import PAGE, topic_name, where
from verno.messaging.letters.wording import LANGUAGES, Language, language
from verno.messaging.preferences.answering import answer, asked, browsers
from verno.messaging.preferences.links import Person, preferences_url
from verno.workspace import queries as workspace


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what will stop and changes nothing; POST stops it at once, from a mail program or from the page."""
    left = links.read(token)
    try:
        if left is None:
            return _page(request, "unknown", browsers(request), {}, status=404)
        return _stop(request, left) if request.method == "POST" else _show(request, left)
    except KeyError:  # the token is ours, the program is gone
        return _page(request, "unknown", browsers(request), {}, status=404)
    except Unavailable:
        page = _page(request, "busy", browsers(request), {}, status=503)
        page["Retry-After"] = "30"
        return page


def _show(request: HttpRequest, left: Subscription) -> HttpResponse:
    with db.transaction(left.program_id) as conn:
        names, spoken = _known(conn, left)
        state = "left" if farewell.has_left(conn, left) else "ask"
    return _page(request, state, spoken, names)


def _stop(request: HttpRequest, left: Subscription) -> HttpResponse:
    choices, words, one_click = _said(request)
    reason = farewell.reason_text(choices, words)
    method = farewell.ONE_CLICK if one_click else farewell.PAGE

    def work() -> tuple[dict[str, str], Language]:
        with db.transaction(left.program_id) as conn:
            known = _known(conn, left)
            farewell.leave(conn, left, method=method, reason=reason, now=clock.now())
            return known

    names, spoken = db.retrying(work)
    return _page(request, "thanks" if reason else "done", spoken, names)


def _known(conn: db.Connection, left: Subscription) -> tuple[dict[str, str], Language]:
    """Return the page's names and the member's language; a member who was erased may still leave.

    Raises ``KeyError`` when there is no such program.
    """
    program = workspace.program(conn, left.program_id)
    member = members.members(conn, left.program_id, [left.holder_id]).get(left.holder_id)
    spoken = language((member.locale if member else None) or program.locale)
    topic = next((one for one in members.topics(conn, left.program_id) if one.code == left.topic), None)
    names = {f"topic_{one}": topic_name(left.topic, topic, one) for one in LANGUAGES} | {"program": program.name}
    names |= {f"where_{one}": where(left.channel, one) for one in LANGUAGES}
    if member is not None:
        # Who holds the letter's link may see and choose what else comes: less, a pause, nothing.
        names["preferences"] = preferences_url(Person(left.program_id, left.holder_id))
    return names, spoken


def _said(request: HttpRequest) -> tuple[Sequence[str], str, bool]:
    """Read the form: (reasons, words, whether a mail program sent it). A form we cannot read still means: stop."""
    try:
        form = request.POST
    except (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnreadablePostError):
        return (), "", True
    one_click = form.get("List-Unsubscribe") == "One-Click" or not form
    return form.getlist("reason"), form.get("words", ""), one_click


def _page(
    request: HttpRequest, state: str, spoken: Language, names: dict[str, str], *, status: int = 200
) -> HttpResponse:
    spoken = asked(request) or spoken
    words = PAGE[spoken]
    named = {"program": names.get("program", "")}
    named |= {name: names.get(f"{name}_{spoken}", "") for name in ("topic", "where")}
    said = "done" if state == "thanks" else state
    context = {
        "other_name": words["other_language"],
        "state": state,
        "program": named["program"],
        "title": words[f"{said}_title"].format(**named),
        "text": words[f"{said}_text"].format(**named),
        "button": words["button"],
        "why": words["why"],
        "words_label": words["words"],
        "send": words["send"],
        "reasons": [(code, words[f"reason_{code}"]) for code in farewell.REASONS],
        "instead": words["instead"],
        "preferences": names.get("preferences", ""),
    }
    return answer(request, "messaging/unsubscribe.html", context, spoken, status=status)
