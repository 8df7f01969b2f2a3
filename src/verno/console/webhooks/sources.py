"""Whose events are taken: the addresses to give away, and what came last."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.webhooks.forms import TEXT
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.webhooks.receiving import service
from verno.webhooks.receiving.types import MadeSource, NewSource, SourceRefused
from verno.workspace.roles import Permission, may

PAGE = 50


class SourceForm(forms.Form):
    """A source to add."""

    name = forms.CharField(
        label=_("Source"),
        max_length=40,
        help_text=_("Small Latin letters, digits and -, such as sms-gateway."),
        widget=forms.TextInput(TEXT),
    )
    secret = forms.CharField(
        label=_("Secret"),
        max_length=200,
        required=False,
        help_text=_("As the sender shows it, whsec_… Empty: one is made here."),
        widget=forms.TextInput(TEXT),
    )


class SecretForm(forms.Form):
    """Another secret of a source."""

    secret = forms.CharField(
        label=_("New secret"),
        max_length=200,
        help_text=_("The one that the sender has changed to. It holds at once."),
        widget=forms.TextInput(TEXT),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: HttpRequest) -> HttpResponse:
    """List sources, and with ``?source=`` what one sent last; who may change settings adds and deletes."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        if request.POST.get("do") == "delete":
            service.delete(conn, face.program.id, request.POST.get("source", ""), now=face.now, by=actor(request))
            return redirect("console:sources")
        adds = request.method == "POST" and request.POST.get("do") != "secret"
        form = SourceForm(request.POST if adds else None)
        made = _add(request, conn, face, form) if form.is_bound and form.is_valid() else None
        secret_form = SecretForm(request.POST if request.method == "POST" and not adds else None, auto_id="new-%s")
        if secret_form.is_bound and _change(request, conn, face, secret_form):
            return redirect(request.get_full_path())
        found = service.sources(conn, face.program.id)
        chosen = next((one for one in found if one.id == request.GET.get("source")), None)
        if chosen is None and "source" in request.GET:
            raise Http404
        events = service.incoming(conn, face.program.id, chosen.id, limit=PAGE) if chosen else []
    context = {
        "face": face,
        "changes": changes,
        "sources": [(one, config.public_url() + one.path) for one in found],
        "form": SourceForm() if made else form,
        "made": made,
        "address": config.public_url() + made.source.path if made else "",
        "chosen": chosen,
        "secret_form": secret_form,
        "events": events,
    }
    wrong = secret_form.is_bound or (form.is_bound and not made)
    return render(request, "console/webhooks/sources.html", context, status=422 if wrong else 200)


def _change(request: HttpRequest, conn: Connection, face: Face, form: SecretForm) -> bool:
    """Change the secret of the source that the address names; tell whether it is done."""
    if not form.is_valid():
        return False
    id_, secret = request.GET.get("source", ""), form.cleaned_data["secret"].strip()
    done = service.change_secret(conn, face.program.id, id_, secret, now=face.now, by=actor(request))
    if done is None:
        raise Http404
    if isinstance(done, SourceRefused):
        form.add_error("secret", words.say("source_refusal", done.reason))
        return False
    return True


def _add(request: HttpRequest, conn: Connection, face: Face, form: SourceForm) -> MadeSource | None:
    wanted = NewSource(form.cleaned_data["name"], form.cleaned_data["secret"].strip() or None)
    done = service.add(conn, face.program.id, wanted, now=face.now, by=actor(request))
    if isinstance(done, SourceRefused):
        form.add_error(done.field or None, words.say("source_refusal", done.reason))
        return None
    return done
