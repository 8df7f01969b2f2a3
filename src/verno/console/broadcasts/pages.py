"""The broadcasts, the form of a draft, and one broadcast with all that is done with it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.broadcasts import audience, showing, warning
from verno.console.broadcasts.forms import BroadcastForm
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.settings import words as settings_words
from verno.console.telling import topics
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging import facts
from verno.messaging.broadcasts import checking, preflight, queries, service, simulating
from verno.messaging.broadcasts import results as counted
from verno.messaging.broadcasts.types import (
    Broadcast,
    BroadcastState,
    Done,
    Everybody,
    Listed,
    Matching,
    NewBroadcast,
    Problem,
    Refused,
    Result,
    Warned,
)
from verno.messaging.templates import queries as templates
from verno.workspace import registry, staff
from verno.workspace.audit import ActorKind
from verno.workspace.roles import Permission, may

PAGE = 50
BEGUN = frozenset({BroadcastState.RUNNING, BroadcastState.PAUSED, BroadcastState.FINISHED, BroadcastState.CANCELLED})


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the broadcasts, the newest first."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        names = topics.names(conn, face)
        found = queries.broadcasts(conn, face.program.id, limit=PAGE)
    rows = [(one, names.get(one.wanted.topic, one.wanted.topic)) for one in found]
    context = {"face": face, "broadcasts": rows, "writes": _writes(request)}
    return render(request, "console/broadcasts/broadcasts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a new broadcast; store it as a draft."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        return _edited(request, conn, face, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, broadcast_id: object) -> HttpResponse:
    """Change a draft."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        return _edited(request, conn, face, _found(conn, face, broadcast_id))


@require_http_methods(["GET", "HEAD", "POST"])
def broadcast(request: HttpRequest, broadcast_id: object) -> HttpResponse:
    """Show a broadcast: what it will do, how far it is, what it did; who may, approves, launches, pauses, ends it."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        page = _Page(request, conn, face, _found(conn, face, broadcast_id))
        if request.method == "POST":
            done = page.act()
            if done is None:
                return render(request, "403.html", {"way_on": True}, status=403)
            if isinstance(done, Done):
                return redirect(reverse("console:broadcast", args=[page.one.id]))
            page.refused = done
        context = page.context()
    return render(request, "console/broadcasts/broadcast.html", context, status=409 if page.refused else 200)


@require_safe
def outlook(request: HttpRequest, broadcast_id: object) -> HttpResponse:
    """Show what a launch would do now: a part of the broadcast's page, since it can take seconds."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        one = _found(conn, face, broadcast_id)
        found = simulating.outlook(conn, face.program.id, one.wanted, now=face.now)
    context: dict[str, object] = {"face": face}
    if isinstance(found, Refused):
        context["refused"] = words.say("broadcast_refusal", found.reason)
    else:
        context["outlook"] = showing.outlook(face, found)
        context["samples"] = showing.sample_sizes(face, one.wanted, found.would_get)
    return render(request, "console/broadcasts/_outlook.html", context)


@dataclass
class _Page:
    """One broadcast, while a request looks at it or changes it."""

    request: HttpRequest
    conn: Connection
    face: Face
    one: Broadcast
    refused: Refused | None = None

    def act(self) -> Result | None:
        """Do what was asked; None for who may not."""
        if not may(signed_in(self.request), Permission.MESSAGES_LAUNCH):
            return None
        conn, program, one = self.conn, self.face.program.id, self.one.id
        by, now = actor(self.request), self.face.now
        acts: Mapping[str, Callable[[], Result]] = {
            "approve": lambda: service.approve(conn, program, one, version=self._version(), by=by, now=now),
            "launch": lambda: service.launch(conn, program, one, by=by, now=now),
            "pause": lambda: service.pause(conn, program, one, by=by, now=now),
            "resume": lambda: service.resume(conn, program, one, by=by, now=now),
            "cancel": lambda: service.cancel(conn, program, one, by=by, now=now),
        }
        verb = acts.get(self.request.POST.get("do", ""))
        if verb is None:
            raise Http404
        return verb()

    def context(self) -> dict[str, object]:
        """Return what the page shows."""
        conn, face = self.conn, self.face
        one = queries.broadcast(conn, face.program.id, self.one.id) or self.one
        begun = one.frozen_at is not None and one.state in BEGUN
        return {
            "face": face,
            "one": one,
            "audience": _audience(conn, face, one.wanted),
            "topic": topics.names(conn, face).get(one.wanted.topic, one.wanted.topic),
            "when": showing.when(face, one.wanted),
            "held_out": face.percent_of(one.wanted.holdout),
            "people": _people(conn, face, one),
            "problems": self._problems(one) if not begun else [],
            "progress": showing.progress(face, queries.progress(conn, face.program.id, one.id)) if begun else None,
            "results": self._results(one) if begun else None,
            "winner": showing.winner(face, one.winner) if one.winner else None,
            "reason": showing.reason(one),
            "refused": self._refused(),
            "second": self._second(one),
            "writes": _writes(self.request),
            "launches": may(signed_in(self.request), Permission.MESSAGES_LAUNCH),
            "versions": queries.versions(conn, face.program.id, one.id),
        }

    def _problems(self, one: Broadcast) -> list[tuple[Problem, str]]:
        found = preflight.look(self.conn, self.face.program.id, one.wanted, now=self.face.now)
        return [(problem, warning.told(problem.code, problem.detail)) for problem in found]

    def _results(self, one: Broadcast) -> dict[str, object]:
        found = counted.results(self.conn, self.face.program.id, one, now=self.face.now)
        return showing.results(self.face, found)

    def _refused(self) -> str:
        if self.refused is None:
            return ""
        code, _sign, plain = self.refused.detail.partition(": ")
        detail = warning.told(code, plain)
        said = words.say("broadcast_refusal", self.refused.reason)
        more = words.say("broadcast_warning", code) if code else ""
        return " ".join(one for one in (said, more if more != code else "", detail) if one)

    def _second(self, one: Broadcast) -> list[str]:
        """Return why who looks at it cannot be who approves it, and what to do where nobody else is."""
        by = actor(self.request)
        waits = one.reason == Warned.SECOND_PERSON
        if not waits and (one.state is not BroadcastState.DRAFT or one.approved_by is not None):
            return []
        program, count = self.face.program.id, one.audience
        who = f"{by.kind}:{by.id}"
        found = checking.second_person(self.conn, program, one, who, now=self.face.now, count=count)
        if found is None:
            return []
        count_, _slash, limit = found.detail.partition("/")
        figures = {"count": self.face.number(int(count_)), "limit": self.face.number(int(limit))}
        told = [_("It goes to %(count)s members. Over %(limit)s, somebody else than its author approves it.") % figures]
        people = [one for one in staff.listed(self.conn, program) if may(one, Permission.MESSAGES_LAUNCH)]
        if all(one.id == by.id for one in people):
            name = settings_words.NAMES[registry.SECOND_PERSON_OVER.key][0]
            told.append(_("Nobody else here may: add somebody to the staff, or change “%(name)s”.") % {"name": name})
        return told

    def _version(self) -> int:
        text = self.request.POST.get("version", "")
        return int(text) if text.isdecimal() and len(text) < 8 else 0  # noqa: PLR2004 digits of a version


def _edited(request: HttpRequest, conn: Connection, face: Face, one: Broadcast | None) -> HttpResponse:
    if one is not None and one.state is not BroadcastState.DRAFT:
        return redirect(reverse("console:broadcast", args=[one.id]))
    form = _form(request, conn, face, one)
    if one is not None and not form.shows():
        status = 409 if request.method == "POST" else 200
        return render(
            request, "console/broadcasts/edit.html", {"face": face, "one": one, "beyond": True}, status=status
        )
    wrong: list[dict[str, str]] = []
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted()
        if isinstance(wanted, str):
            form.add_error(None, wanted)
        else:
            wrong = _wrong(conn, face, wanted)
            done = None if wrong else _store(request, conn, face, one, wanted)
            if isinstance(done, Done):
                return redirect(reverse("console:broadcast", args=[done.broadcast.id]))
            if done is not None:
                form.add_error(None, words.say("broadcast_refusal", done.reason))
    context = {
        "face": face,
        "form": form,
        "one": one,
        "asking": audience.form(conn, face),
        "problems": json.dumps(wrong, ensure_ascii=False),
        "wrong": wrong,
    }
    bound = request.method == "POST"
    return render(request, "console/broadcasts/edit.html", context, status=422 if bound else 200)


def _store(request: HttpRequest, conn: Connection, face: Face, one: Broadcast | None, wanted: NewBroadcast) -> Result:
    by, program = actor(request), face.program.id
    if one is None:
        return service.create(conn, program, [wanted], by=by, now=face.now)[0]
    text = request.POST.get("version", "")
    based_on = int(text) if text.isdecimal() and len(text) < 8 else 0  # noqa: PLR2004 digits of a version
    return service.edit(conn, program, one.id, wanted, based_on=based_on, by=by, now=face.now)


def _form(request: HttpRequest, conn: Connection, face: Face, one: Broadcast | None) -> BroadcastForm:
    program, wanted = face.program.id, one.wanted if one else None
    stored = [found for found in templates.templates(conn, program) if found.published_at and not found.retired_at]
    return BroadcastForm(
        request.POST if request.method == "POST" else None,
        face=face,
        topics=_with(
            _offered(conn, face), [(wanted.topic, topics.names(conn, face).get(wanted.topic, ""))] if wanted else []
        ),
        templates=_with(
            [(found.reference, f"{found.template.name} ({found.reference})") for found in stored],
            [(variant.template, variant.template) for variant in wanted.variants] if wanted else [],
        ),
        channels=[(channel, words.say("channel", channel)) for channel in facts.ADDRESS_KIND],
        wanted=wanted,
    )


def _with(offered: list[tuple[str, str]], had: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return choices, with those that a draft has made already: a list without them would choose another one."""
    known = {code for code, _name in offered}
    return [*offered, *({code: (code, name or code) for code, name in had if code not in known}).values()]


def _offered(conn: Connection, face: Face) -> list[tuple[str, str]]:
    """Return the topics that a broadcast may be of, with their names."""
    return [
        (topic.code, topics.name(topic, face.locale))
        for topic in members.topics(conn, face.program.id)
        if topic.archived_at is None and topic.class_name in checking.FOR_MANY
    ]


def _wrong(conn: Connection, face: Face, wanted: NewBroadcast) -> list[dict[str, str]]:
    return audience.wrong(conn, face, wanted.audience.tree) if isinstance(wanted.audience, Matching) else []


def _audience(conn: Connection, face: Face, wanted: NewBroadcast) -> str:
    match wanted.audience:
        case Matching(tree=tree):
            return audience.in_words(conn, face, tree)
        case Listed(external_ids=named):
            return words.say("broadcast_audience", "list") + f": {face.number(len(named))}"
        case Everybody():
            return words.say("broadcast_audience", "everybody")


def _people(conn: Connection, face: Face, one: Broadcast) -> list[tuple[str, str, datetime]]:
    """Return who did what, and when."""
    names = {f"{ActorKind.STAFF}:{person.id}": person.name for person in staff.listed(conn, face.program.id)}
    steps = (
        (_("Written by"), one.created_by, one.created_at),
        (_("Approved by"), one.approved_by, one.approved_at),
        (_("Launched by"), one.launched_by, one.launched_at),
    )
    return [
        (what, names.get(who) or words.say("actor", who.partition(":")[0]), at) for what, who, at in steps if who and at
    ]


def _found(conn: Connection, face: Face, broadcast_id: object) -> Broadcast:
    one = queries.broadcast(conn, face.program.id, str(broadcast_id))
    if one is None:
        raise Http404
    return one


def _writes(request: HttpRequest) -> bool:
    return may(signed_in(request), Permission.MESSAGES_WRITE)
