"""Take over whom an earlier provider must not write to: upload its list, read what it would do, have it done."""

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from verno.console.face import Face, actor, face_of, signed_in
from verno.console.privacy import problems, row_problems
from verno.console.privacy.importing import MEGABYTE, UploadForm
from verno.imports.problems import NotRead
from verno.imports.suppressions import uploads
from verno.imports.suppressions.uploads import MAX_UPLOAD, List
from verno.imports.types import Asked, Rehearsal, RowError, Summary
from verno.kit import db
from verno.kit.clock import clock
from verno.messaging.types import Silence
from verno.workspace.roles import Permission, may


class ListForm(UploadForm):
    """A list, why its addresses are in it, and what its columns are where their names do not say it."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=[
            ("", _("as each row says")),
            (Silence.UNSUBSCRIBED.value, _("all of them unsubscribed")),
            (Silence.COMPLAINT.value, _("all of them called messages spam")),
            (Silence.NO_SUCH_ADDRESS.value, _("none of the addresses exists")),
        ],
        help_text=_("Of a row that says none: unsubscribed."),
        widget=forms.Select({"class": "form-select"}),
    )
    most = MAX_UPLOAD
    too_large = _("Too large for this page: import it on the server with “verno import suppressions”.")


@dataclass
class _Shown:
    """What the page shows beside the form: what would be done, or was, or why nothing was."""

    seen: Rehearsal | None = None
    box: str = ""
    done: Summary | None = None
    problem: str = ""

    @property
    def rows(self) -> list[tuple[int, str, str]]:
        """Return the first rows that are refused: their numbers, their columns, and why."""
        found = self.seen or self.done
        return [_row(error) for error in found.errors] if found else []


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def suppressions(request: HttpRequest) -> HttpResponse:
    """Look at a list, and take over one that was looked at; nothing is written before that."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
    shown, form = _Shown(), ListForm()
    if "box" in request.POST:
        shown = _take(request, face)
    elif request.method == "POST":
        form = ListForm(request.POST, request.FILES)
        if form.is_valid():
            shown = _look(request, face, form)
    context = {
        "face": face,
        "form": form,
        "shown": shown,
        "most": MAX_UPLOAD // MEGABYTE,
        "rows": face.number(uploads.MAX_ROWS),
        "imports": may(signed_in(request), Permission.MEMBERS_IMPORT),
    }
    refused = bool(shown.problem or (form.is_bound and form.errors))
    return render(request, "console/privacy/suppressions.html", context, status=422 if refused else 200)


def _look(request: HttpRequest, face: Face, form: ListForm) -> _Shown:
    data = form.cleaned_data
    given = List(data["file"].read(), Asked(data["columns"], reason=data["reason"] or None), face.now)
    try:
        seen, looked_at = uploads.rehearse(face.program, given)
    except NotRead as error:
        return _Shown(problem=" ".join(problems.said(error.problems)))
    box = uploads.boxed(looked_at, _whose(request, face)) if looked_at.fresh else ""
    return _Shown(seen=seen, box=box)


def _take(request: HttpRequest, face: Face) -> _Shown:
    given = uploads.unboxed(request.POST["box"], _whose(request, face), now=face.now)
    if given is None:
        return _Shown(problem=gettext("This cannot be taken over any more: choose the file again."))
    return _Shown(done=uploads.take(face.program, given, by=actor(request), now=face.now))


def _whose(request: HttpRequest, face: Face) -> str:
    return f"{face.program.id}/{signed_in(request).pk}"


def _row(error: RowError) -> tuple[int, str, str]:
    names = {"address": gettext("address"), "reason": gettext("reason"), "date": gettext("date")}
    return error.row, names.get(error.field, error.field), row_problems.of_row(error.message)
