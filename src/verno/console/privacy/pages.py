"""A member's personal data: everything in a zip, the request to be forgotten, what would go, and the certificate."""

import tempfile
from datetime import timedelta
from functools import partial

from django import forms
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.face import actor, face_of, signed_in
from verno.console.member_page import MemberPage, open_page
from verno.kit import db
from verno.kit.clock import clock
from verno.privacy import answers as processors
from verno.privacy import queries, service
from verno.privacy.exports import person
from verno.privacy.handing import service as handing
from verno.privacy.journal import NotWritten
from verno.privacy.types import Erasure, Refused, State
from verno.workspace.roles import Permission, may
from verno.workspace.throttle import Throttle

AGAIN = Throttle("console/password-again", first=timedelta(seconds=5), most=timedelta(seconds=60))
"""Somebody at a screen left open does not get to try passwords."""
PAGE = 100
ERASING = frozenset({"ask", "cancel", "erase"})


class SureForm(forms.Form):
    """The password once more: what follows is personal data in clear, or cannot be undone."""

    password = forms.CharField(max_length=1000, strip=False)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def privacy(request: HttpRequest, member_id: object) -> HttpResponseBase:
    """Show what is held of a member; hand it out, or forget them, when the password is said again."""
    erases = may(signed_in(request), Permission.MEMBERS_ERASE)
    wanted = request.POST.get("do", "") if request.method == "POST" else ""
    if wanted in ERASING and not erases:
        return render(request, "403.html", {"way_on": True}, status=403)
    problem = _doubt(request) if wanted in {"export", "send", "erase"} else None
    try:
        return db.retrying(partial(_page, request, member_id, wanted, problem))
    except NotWritten:
        said = _("Nothing was erased: the erasure journal cannot be written. Look at the disk of the server.")
        return _page(request, member_id, wanted, said)


def _page(request: HttpRequest, member_id: object, wanted: str, problem: str | None) -> HttpResponseBase:
    """Do what is wanted unless there is a problem, in one transaction; show the page where that leads nowhere else."""
    with open_page(request, member_id) as page:
        if wanted and problem is None:
            done = _do(request, page, wanted)
            if not isinstance(done, str):
                return done
            problem = done
        asked = queries.erasures_of(page.conn, page.face.program.id, page.member.id)
        seen = queries.preview(page.conn, page.member.id)
        open_now = next((one for one in asked if one.state is State.REQUESTED), None)
        held = service.held_until(page.conn, page.face.program.id, open_now) if open_now else None
        link = handing.newest(page.conn, page.face.program.id, page.member.id)
        if request.method == "POST":
            page.note(request)
    context = {
        "erases": may(signed_in(request), Permission.MEMBERS_ERASE),
        "problem": problem,
        "problem_of": wanted,
        "request_open": open_now,
        "held_until": held if held is not None and held > page.face.now else None,
        "seen": seen,
        "link": link,
        "parts": [
            (_("Is erased"), seen.goes, "badge-no"),
            (_("Is emptied"), seen.emptied, "badge-quiet"),
            (_("Stays, without a person"), seen.stays, "badge-yes"),
        ],
        "points": [(page.face.unit(code).id, amount) for code, amount in seen.points.items()],
        "now": page.face.now,
    }
    status = 422 if problem else 200
    return render(request, "console/privacy/member.html", page.context("privacy") | context, status=status)


@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    """Show requests to be forgotten: those that are open with the day they are due, and what was done."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = queries.erasures(conn, face.program.id, limit=PAGE)
    return render(
        request,
        "console/privacy/erasures.html",
        {"face": face, "rows": found, "now": face.now, "full": len(found) == PAGE},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest, erasure_id: object) -> HttpResponse:
    """Show what those answered to whom the data had been passed on; write down an answer that came by letter."""
    given = {name: request.POST.get(name, "") for name in ("processor", "words")}
    id_ = str(erasure_id)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        program = face.program.id
        row = queries.erasure(conn, program, id_)
        if row is None or row.state is not State.DONE:
            raise Http404
        refused = None
        if request.method == "POST":
            refused = processors.note(
                conn, program, id_, given["processor"], given["words"], by=actor(request), now=face.now
            )
            if refused is None:
                return redirect("console:erasure-answers", id_)
        context = {
            "face": face,
            "row": row,
            "told": processors.told(conn, program, id_),
            "noted": processors.noted(conn, program, id_),
            "problem": words.say("erasure_refusal", refused.reason) if refused else None,
            "given": given,
        }
    return render(request, "console/privacy/erasure.html", context, status=422 if refused else 200)


@require_safe
def certificate(request: HttpRequest, erasure_id: object) -> HttpResponse:
    """Give the signed certificate of an erasure, byte for byte."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = queries.erasure(conn, face.program.id, str(erasure_id))
    if found is None or found.certificate is None:
        raise Http404
    response = HttpResponse(found.certificate, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.id}.json"'
    return response


def _doubt(request: HttpRequest) -> str | None:
    """Return why the person who asks is not known to be themselves; the try is counted before the password is read."""
    staff = signed_in(request)
    with db.transaction() as conn:
        wait = AGAIN.try_now(conn, str(staff.pk), now=clock.now())
    if wait is not None:
        return _("Too many tries. Please wait a minute and try again.")
    form = SureForm(request.POST)
    if not form.is_valid() or not staff.check_password(form.cleaned_data["password"]):
        return _("This is not your password.")
    with db.transaction() as conn:
        AGAIN.forget(conn, str(staff.pk))
    return None


def _do(request: HttpRequest, page: MemberPage, wanted: str) -> HttpResponseBase | str:
    """Do it; returns where to go, or what is in the way."""
    conn, program, by, now = page.conn, page.face.program, actor(request), page.face.now
    if wanted == "export":
        file = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
        person.write(conn, program, page.member.id, file, by=by, now=now)
        file.seek(0)
        name = f"member-{page.member.id}.zip"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    if wanted == "send":
        done: object = handing.offer(conn, program, page.member.id, by=by, now=now)
        where = redirect("console:privacy", page.member.id)
    elif wanted == "ask":
        done = service.request(conn, program.id, page.member.id, by=by, now=now)
        where = redirect("console:privacy", page.member.id)
    else:
        asked = _open(page)
        if asked is None:
            return words.say("erasure_refusal", "unknown-request")
        if wanted == "cancel":
            done = service.cancel(conn, program.id, asked.id, by=by, now=now)
            where = redirect("console:privacy", page.member.id)
        elif wanted == "erase":
            done = service.carry_out(conn, program.id, asked.id, by=by, now=now)
            where = redirect("console:erasures")
        else:
            raise Http404
    return words.say("erasure_refusal", done.reason) if isinstance(done, Refused) else where


def _open(page: MemberPage) -> Erasure | None:
    found = queries.erasures_of(page.conn, page.face.program.id, page.member.id)
    return next((one for one in found if one.state is State.REQUESTED), None)
