"""The pages of signed links: preferences at ``/p/``, the confirmation of an address at ``/c/``.

No cookie, no login. GET changes nothing, since scanners follow links.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TypeVar

import msgspec
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from verno.kit import config, db, localtime
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.members import queries
from verno.members.consent import wishes
from verno.members.consent.saying import shortened
from verno.members.stopping import EVERYTHING, Scope
from verno.members.types import Proof, Wishes
from verno.messaging.leaving import farewell
from verno.messaging.letters.wording import LANGUAGES, Language, language
from verno.messaging.preferences import inviting, links, reaching, sheet, showing
from verno.messaging.preferences.answering import answer, asked, browsers
from verno.messaging.preferences.sheet import Pair, Sheet
from verno.messaging.preferences.words import PAGE
from verno.workspace import queries as workspace
from verno.workspace.types import Program

T = TypeVar("T")

MOST_PAIRS = 1_000
_UNREADABLE = (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnreadablePostError)


class Done(msgspec.Struct, frozen=True):
    """What a button did: the code of its words, what was on before, whether a letter waits to be confirmed."""

    said: str
    left: tuple[Pair, ...] = ()
    confirm: bool = False


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what a member hears; POST does what one of its buttons says, at once."""
    person = links.read_preferences(token)
    if person is None:
        return _plain(request, "unknown", browsers(request), status=404)
    form = _form(request)
    now = clock.now()
    proof = _proof(request, "/p/")

    def work() -> tuple[Sheet, Done | None, Language] | None:
        with db.transaction(person.program_id) as conn:
            program = workspace.program(conn, person.program_id)
            survivors = queries.survivors(conn, person.program_id, [person.holder_id])
            holder = survivors.get(person.holder_id, person.holder_id)
            found = sheet.read(conn, program, holder, now=now)
            if found is None:
                return None
            spoken = asked(request) or language(found.member.locale or program.locale)
            if form is None:
                return found, None, spoken
            done = _act(conn, found, form, msgspec.structs.replace(proof, locale=spoken), now)
            again = sheet.read(conn, program, holder, now=now)
            spoken = language(form.get("language")) if done.said == "language" else spoken
            return (again or found), done, spoken

    return _guarded(request, work, lambda found: _shown(request, *found))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks whether the address is the reader's; POST takes their word."""
    address = links.read_confirm(token)
    if address is None:
        return _plain(request, "unknown", browsers(request), status=404)
    now = clock.now()
    proof = _proof(request, "/c/")

    def work() -> tuple[Program, Language, str] | None:
        with db.transaction(address.program_id) as conn:
            program = workspace.program(conn, address.program_id)
            member = queries.members(conn, program.id, [address.holder_id]).get(address.holder_id)
            spoken = asked(request) or language((member.locale if member else None) or program.locale)
            if request.method != "POST":
                return program, spoken, "stale" if now >= address.until else "ask_confirm"
            taken = inviting.take(conn, address, msgspec.structs.replace(proof, locale=spoken), now=now)
            return program, spoken, "stale" if taken is None else "confirmed"

    def page(found: tuple[Program, Language, str]) -> HttpResponse:
        program, spoken, state = found
        return _plain(request, state, spoken, program.name, status=410 if state == "stale" else 200)

    return _guarded(request, work, page)


def _guarded(request: HttpRequest, work: Callable[[], T | None], page: Callable[[T], HttpResponse]) -> HttpResponse:
    """Answer from one transaction; say so when the program or the member is gone, or the database away."""
    try:
        found = db.retrying(work)
    except KeyError:  # the token is ours, the program is gone
        found = None
    except Unavailable:
        return _plain(request, "busy", asked(request) or browsers(request), status=503)
    if found is None:
        return _plain(request, "unknown", asked(request) or browsers(request), status=404)
    return page(found)


def _act(conn: db.Connection, found: Sheet, form: QueryDict, proof: Proof, now: datetime) -> Done:
    """Do what the pressed button says; a form that says nothing we know changes nothing."""
    what, _, which = form.get("do", "").partition(":")
    if what == "save":
        added, ended = sheet.save(conn, found, _pairs(form, "shown"), _pairs(form, "on"), proof, now=now)
        sent = any(channel == "email" for _, channel in added) and _ask(conn, found, now)
        return Done("saved" if added or ended else "nothing", tuple(ended), sent)
    if what == "all":
        return Done("all", tuple(sheet.leave(conn, found, EVERYTHING, proof, now=now)))
    if what == "topic" and which in {topic.code for topic in found.topics}:
        return Done("topic", tuple(sheet.leave(conn, found, Scope(topics=[which]), proof, now=now)))
    if what == "channel" and which in found.channels:
        return Done("channel", tuple(sheet.leave(conn, found, Scope(channels=[which]), proof, now=now)))
    if what == "reason":
        reason = farewell.reason_text(form.getlist("reason"), form.get("words", ""))
        if reason:
            sheet.explain(conn, found, _pairs(form, "left"), reason, proof, now=now)
        return Done("reason" if reason else "nothing")
    return _reached(conn, found, form, proof, now) or _wished(conn, found, what, form, now)


def _reached(conn: db.Connection, found: Sheet, form: QueryDict, proof: Proof, now: datetime) -> Done | None:
    """Do what the buttons of browsers and chats say; None for any other."""
    match form.get("do", ""):
        case "push-on":
            taken = reaching.subscribe(conn, found, form.get("subscription", ""), proof, now=now)
            return Done("push_on" if taken else "push_failed")
        case "push-off":
            return Done("push_off" if reaching.unsubscribe(conn, found, form.get("endpoint") or None) else "nothing")
        case "chat-off":
            return Done("chat_off" if reaching.unlink(conn, found) else "nothing")
        case "code":
            return Done(reaching.send_code(conn, found, now=now))
        case "check":
            return Done(reaching.check_code(conn, found, form.get("code", "")[:100], proof, now=now))
        case _:
            return None


def _wished(conn: db.Connection, found: Sheet, what: str, form: QueryDict, now: datetime) -> Done:
    wish = found.wish
    if what == "pause":
        until = _until(found, form.get("until"), now)
        if until is None:
            return Done("bad_day")
        wanted = Wishes(wish.most_per, until)
    elif what == "resume":
        wanted = Wishes(wish.most_per, None)
    elif what == "wish":
        most = form.get("most_per", "")
        if most not in {"", *map(str, wishes.EVERY)}:
            return Done("nothing")
        wanted = Wishes(int(most) if most else None, wish.paused_until)
    elif what == "language" and form.get("language") in LANGUAGES:
        sheet.speak(conn, found, language(form.get("language")), now=now)
        return Done("language")
    else:
        return Done("nothing")
    return Done(what if sheet.wish(conn, found, wanted, now=now) else "nothing")


def _until(found: Sheet, day: str | None, now: datetime) -> datetime | None:
    """Return when the pause ends that was asked for; None for no day that it may be."""
    if day is None:
        return now + wishes.PAUSE
    try:
        return wishes.pause_until(date.fromisoformat(day), localtime.zone(found.program.timezone), now=now)
    except ValueError:
        return None


def _ask(conn: db.Connection, found: Sheet, now: datetime) -> bool:
    return inviting.ask(conn, found.program, [found.member.id], now=now) > 0


def _pairs(form: QueryDict, name: str) -> set[Pair]:
    return set(_split(form.getlist(name)[:MOST_PAIRS]))


def _split(texts: Iterable[str]) -> Iterable[Pair]:
    for text in texts:
        topic, found, channel = text.partition("/")
        if found:
            yield topic, channel


def _form(request: HttpRequest) -> QueryDict | None:
    """Return what was posted; an empty form for one that cannot be read, None for a request that only looks."""
    if request.method != "POST":
        return None
    try:
        return request.POST
    except _UNREADABLE:
        return QueryDict()


def _proof(request: HttpRequest, surface: str) -> Proof:
    """Return what shows that somebody did it here; the language is filled in once it is known."""
    network = shortened(request.META.get("REMOTE_ADDR"))
    return sheet.proof_of(asked(request) or "en", network, _agent(request), surface=surface)


def _agent(request: HttpRequest) -> str | None:
    text = request.headers.get("User-Agent", "").replace("\x00", "")
    return text[:200] or None


def _shown(request: HttpRequest, found: Sheet, done: Done | None, spoken: Language) -> HttpResponse:
    said = None if done is None else showing.Said(done.said, done.left, confirm=done.confirm)
    now = clock.now()
    context = showing.context(found, said, spoken, now=now, contact=config.mail_from())
    ways = reaching.ways(found, now=now)
    context |= showing.ways(ways, found, spoken)
    status = 422 if said is not None and said.code in showing.WRONG else 200
    return answer(request, "messaging/preferences.html", context, spoken, status=status, scripts=True)


def _plain(request: HttpRequest, state: str, spoken: Language, program: str = "", *, status: int = 200) -> HttpResponse:
    words = PAGE[spoken]
    context = {
        "program": program,
        "title": words[f"{state}_title"],
        "text": words[f"{state}_text"].format(program=program),
        "button": words["confirm_button"] if state == "ask_confirm" else "",
        "other_name": words["other_language"],
    }
    response = answer(request, "messaging/plain.html", context, spoken, status=status)
    if status == 503:  # noqa: PLR2004
        response["Retry-After"] = "30"
    return response
