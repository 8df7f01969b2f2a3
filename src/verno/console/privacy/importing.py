"""Import members: upload a file, read what it would change, have it imported, see who was refused."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from verno.console.face import Face, actor, face_of, signed_in
from verno.console.privacy import problems, row_problems
from verno.imports.members import uploads
from verno.imports.members.uploads import MAX_UPLOAD, Upload
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace.roles import Permission, may

MEGABYTE = 1024 * 1024
ERRORS, CHANGES = "errors", "changes"


class UploadForm(forms.Form):
    """A file, and what its columns are where their names do not say it: a line each, ``Column = field``."""

    file = forms.FileField(label=_("File"), max_length=200)
    columns = forms.CharField(label=_("Columns"), required=False, max_length=5000)
    most = MAX_UPLOAD
    too_large = _("The file is too large for this page: import it on the server with “verno import members”.")

    def clean_file(self) -> "UploadedFile[bytes]":
        """Refuse a file that is too large before it is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is None or file.size > self.most:
            raise forms.ValidationError(self.too_large)
        return file

    def clean_columns(self) -> dict[str, str]:
        """Read the lines."""
        found: dict[str, Any] = {}
        for line in self.cleaned_data["columns"].splitlines():
            if line.strip():
                column, mark, field = line.rpartition("=")
                if not mark:
                    raise forms.ValidationError(_("Write a line for each column, such as: Colour = attr.colour"))
                found[column.strip()] = field.strip()
        return found


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Show the newest files, and take one."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_bound and form.is_valid():
            file = form.cleaned_data["file"]
            id_ = uploads.add(
                conn,
                face.program.id,
                file.name,
                file.read(),
                form.cleaned_data["columns"],
                by=actor(request),
                now=face.now,
            )
            return redirect("console:member-import", id_)
        found = uploads.uploads(conn, face.program.id)
    context = {
        "face": face,
        "form": form,
        "rows": found,
        "most": MAX_UPLOAD // MEGABYTE,
        "suppresses": may(signed_in(request), Permission.SETTINGS_WRITE),
    }
    return render(request, "console/privacy/imports.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, upload_id: object) -> HttpResponse:
    """Show what a file would do, or has done; start it, or let it go."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = _upload(conn, face, upload_id)
        if request.method == "POST":
            wanted = request.POST.get("do")
            if wanted == "start":
                uploads.start(conn, face.program.id, found.id, by=actor(request), now=face.now)
            elif wanted == "cancel":
                uploads.cancel(conn, face.program.id, found.id, now=face.now)
            else:
                raise Http404
            return redirect("console:member-import", found.id)
        refused = uploads.beside(conn, face.program.id, found.id, ERRORS) if found.report else None
    context = {
        "face": face,
        "one": found,
        "problems": problems.said(found.problems),
        "refused": row_problems.first_rows(refused) if refused else [],
        "shown": row_problems.SHOWN,
    }
    return render(request, "console/privacy/import.html", context)


@require_safe
def progress(request: HttpRequest, upload_id: object) -> HttpResponse:
    """Say how far it is; once the worker is done, have the page come anew."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = _upload(conn, face, upload_id)
    answer = render(request, "console/privacy/_progress.html", {"face": face, "one": found})
    if not found.is_moving:
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
def beside(request: HttpRequest, upload_id: object, part: str) -> HttpResponse:
    """Give the rows that were refused, or what would change, as a CSV file in the reader's language."""
    if part not in {ERRORS, CHANGES}:
        raise Http404
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        data = uploads.beside(conn, face.program.id, str(upload_id), part)
    if data is None:
        raise Http404
    answer = HttpResponse(row_problems.in_words(data), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{part}-{upload_id}.csv"'
    return answer


def _upload(conn: Connection, face: Face, upload_id: object) -> Upload:
    found = uploads.uploads(conn, face.program.id, str(upload_id))
    if not found:
        raise Http404
    return found[0]
