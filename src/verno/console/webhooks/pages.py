"""The endpoints, and one of them with its log. A secret is shown once, in answer to the form that made it."""

from collections.abc import Callable, Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.webhooks.forms import EndpointForm, ReplayForm
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.webhooks import queries, service
from verno.webhooks.events import cursor_of, read_cursor
from verno.webhooks.types import (
    EVENT_TYPES,
    TEST_EVENT,
    DeliveryState,
    Endpoint,
    EndpointChange,
    EndpointState,
    Made,
    Refused,
    Replay,
    Wanted,
)
from verno.workspace.roles import Permission, may

PAGE = 50
SAID = "said"


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """List the endpoints; who may change settings adds one, and sees its secret right after."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return _refused(request)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        form = EndpointForm(request.POST if request.method == "POST" else None)
        made = _add(request, conn, face, form) if form.is_bound and form.is_valid() else None
        counts = queries.counts(conn, face.program.id)
        found = queries.endpoints(conn, face.program.id)
    context = {
        "face": face,
        "changes": changes,
        "endpoints": [(one, _counted(counts.get(one.id, {}))) for one in found],
        "form": EndpointForm() if made else form,
        "made": made,
    }
    return render(request, "console/webhooks/webhooks.html", context, status=422 if form.is_bound and not made else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: HttpRequest, endpoint_id: object) -> HttpResponse:
    """Show an endpoint and its log; who may change settings does so here."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return _refused(request)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        one = queries.endpoint(conn, face.program.id, str(endpoint_id))
        if one is None:
            raise Http404
        desk = _Desk(request, conn, face, one)
        done = desk.act() if request.method == "POST" else None
        if isinstance(done, str):
            return redirect(done)
        context = desk.context() | {"changes": changes, "made": done}
    bound = request.method == "POST" and done is None
    return render(request, "console/webhooks/webhook.html", context, status=422 if bound else 200)


class _Desk:
    """One endpoint, while a request looks at it or changes it."""

    def __init__(self, request: HttpRequest, conn: Connection, face: Face, one: Endpoint) -> None:
        """Take the page's forms; the one that was sent is bound."""
        self.request = request
        self.conn = conn
        self.face = face
        self.one = one
        self.by = actor(request)
        sent = request.POST if request.method == "POST" else QueryDict()
        self.do = sent.get("do", "")
        said = {"url": one.url, "description": one.description, "types": one.types}
        self.form = EndpointForm(sent if self.do == "change" else None, initial=said)
        self.replay_form = ReplayForm(sent if self.do == "replay" else None, face=face)

    def act(self) -> str | Made | None:
        """Do what was asked: return where to go on, a secret to show, or None when a field is wrong."""
        acts: Mapping[str, Callable[[], str | Made | None]] = {
            "change": self._change,
            "pause": lambda: self._turn(Wanted.PAUSED),
            "resume": lambda: self._turn(Wanted.ACTIVE),
            "rotate": lambda: service.rotate(
                self.conn, self.face.program.id, self.one.id, now=self.face.now, by=self.by
            ),
            "test": self._test,
            "replay": self._replay,
            "again": lambda: self._sent_again(Replay(events=[self.request.POST.get("event", "")])),
            "delete": self._delete,
        }
        if self.do not in acts:
            raise Http404
        return acts[self.do]()

    def context(self) -> dict[str, object]:
        """Return what the page shows."""
        asked = self.request.GET
        state, type_ = asked.get("state", ""), asked.get("type", "")
        before = read_cursor(asked["before"]) if asked.get("before") else None
        known = state in {"", *DeliveryState} and type_ in {"", TEST_EVENT, *EVENT_TYPES}
        if not known or (asked.get("before") and before is None):
            raise Http404
        program = self.face.program.id
        one = queries.endpoint(self.conn, program, self.one.id) or self.one
        rows = queries.deliveries(
            self.conn,
            program,
            one.id,
            before=before,
            state=DeliveryState(state) if state else None,
            type_=type_ or None,
            limit=PAGE + 1,
        )
        chosen = QueryDict(mutable=True)
        chosen.update({key: value for key, value in (("state", state), ("type", type_)) if value})
        return {
            "face": self.face,
            "endpoint": one,
            "counts": _counted(queries.counts(self.conn, program).get(one.id, {})),
            "rows": rows[:PAGE],
            "state": state,
            "type": type_,
            "states": list(DeliveryState),
            "types": sorted([*(one.types or EVENT_TYPES), TEST_EVENT]),
            "first": before is None,
            "chosen": chosen.urlencode(),
            "older": cursor_of(rows[PAGE - 1].position) if len(rows) > PAGE else None,
            "form": self.form,
            "replay_form": self.replay_form,
            "said": self.request.session.pop(SAID, ""),
            "active": one.state is EndpointState.ACTIVE,
        }

    def _change(self) -> str | None:
        if not self.form.is_valid():
            return None
        done = service.change(
            self.conn, self.face.program.id, self.one.id, self.form.change(), now=self.face.now, by=self.by
        )
        if isinstance(done, Refused):
            _explain(self.form, done)
            return None
        return self._on(_("Saved."))

    def _turn(self, state: Wanted) -> str:
        service.change(
            self.conn, self.face.program.id, self.one.id, EndpointChange(state=state), now=self.face.now, by=self.by
        )
        return self._on(_("Paused: what happens waits.") if state is Wanted.PAUSED else _("It goes on."))

    def _test(self) -> str:
        service.send_test(self.conn, self.face.program.id, self.one.id, now=self.face.now, by=self.by)
        return self._on(_("A test event is on its way. Open the page anew in a few seconds."))

    def _replay(self) -> str | None:
        return self._sent_again(self.replay_form.wanted()) if self.replay_form.is_valid() else None

    def _sent_again(self, wanted: Replay) -> str:
        done = service.replay(self.conn, self.face.program.id, self.one.id, wanted, now=self.face.now, by=self.by)
        if not isinstance(done, int):
            raise Http404  # an event that no page of ours names
        text = ngettext("%(count)s event is sent again.", "%(count)s events are sent again.", done)
        return self._on(text % {"count": self.face.number(done)})

    def _delete(self) -> str:
        service.delete(self.conn, self.face.program.id, self.one.id, now=self.face.now, by=self.by)
        return reverse("console:webhooks")

    def _on(self, said: str) -> str:
        """Return this page's address; what was done is said on it once."""
        self.request.session[SAID] = said
        return self.request.get_full_path()


def _add(request: HttpRequest, conn: Connection, face: Face, form: EndpointForm) -> Made | None:
    done = service.add(conn, face.program.id, form.endpoint(), now=face.now, by=actor(request))
    if isinstance(done, Refused):
        _explain(form, done)
        return None
    return done


def _explain(form: EndpointForm, refused: Refused) -> None:
    form.add_error(refused.field or None, words.say("webhook_refusal", refused.reason))


def _counted(counts: Mapping[DeliveryState, int]) -> dict[str, int]:
    """Return counts by names that a template can ask for."""
    return {str(state): counts.get(state, 0) for state in DeliveryState}


def _refused(request: HttpRequest) -> HttpResponse:
    return render(request, "403.html", {"way_on": True}, status=403)
