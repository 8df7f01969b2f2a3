"""Districts: drawn as GeoJSON or listed by postcodes and streets, changed, archived."""

import json
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.knowing.attributes import CHECK, TEXT
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members.attributes.types import LANGUAGES
from verno.members.districts import locating, registry
from verno.members.districts.types import (
    LONGEST_ENTRY,
    LONGEST_NAME,
    MOST_ENTRIES,
    District,
    DistrictKind,
    NotKept,
)
from verno.workspace.roles import Permission, may

LONGEST_AREA = 200_000
AREA = {"class": "form-control font-monospace", "rows": 7, "spellcheck": "false"}

WRONG = {
    "code": _("Small Latin letters, digits and hyphens."),
    "polygon": _("This is no border. It must be GeoJSON of the type Polygon:"),
    "entries": _("A line each: at least one, and none too long."),
}


class DistrictForm(forms.Form):
    """A district as it shall be."""

    name_ru = forms.CharField(label=_("Name in Russian"), max_length=LONGEST_NAME, required=False, widget=TEXT)
    name_en = forms.CharField(label=_("Name in English"), max_length=LONGEST_NAME, required=False, widget=TEXT)
    code = forms.CharField(
        label=_("Code"), max_length=60, widget=TEXT, help_text=_("For your systems, such as “centre”.")
    )
    kind = forms.ChoiceField(label=_("What it is made of"), widget=forms.Select({"class": "form-select"}))
    polygon = forms.CharField(
        label=_("Border (GeoJSON)"),
        max_length=LONGEST_AREA,
        required=False,
        widget=forms.Textarea(AREA),
        help_text=_(
            "Draw it on a map that exports GeoJSON, such as geojson.io, and paste it here: at most 500 points."
        ),
    )
    entries = forms.CharField(
        label=_("Postcodes and streets"),
        max_length=MOST_ENTRIES * (LONGEST_ENTRY + 2),
        required=False,
        widget=forms.Textarea(AREA),
        help_text=_("A line each. “1010*” is every postcode that begins so."),
    )
    archived = forms.BooleanField(label=_("Archived: nobody is in it"), required=False, widget=CHECK)

    def __init__(self, *args: Any, known: District | None = None, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the district that is changed, if one is."""
        super().__init__(*args, **kwargs)
        self.initial = _initial(known)
        choices = [(one.value, words.say("district_kind", one)) for one in DistrictKind]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.known = known
        if known is not None:
            self.fields["code"].disabled = True

    def clean_polygon(self) -> dict[str, object] | None:
        """Read the border; what it holds is judged where districts are kept."""
        text = self.cleaned_data["polygon"].strip()
        if not text or self.cleaned_data.get("kind") == DistrictKind.LIST:
            return None
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is no JSON.")) from error
        features = found.get("features") if isinstance(found, dict) else None
        # Map editors export a collection of one.
        found = features[0] if isinstance(features, list) and len(features) == 1 else found
        return found if isinstance(found, dict) else {}

    def district(self, face: Face) -> District:
        """Return what was stated."""
        data, known = self.cleaned_data, self.known
        names = {code: text for code, text in (known.names if known else {}).items() if code not in LANGUAGES}
        kind = DistrictKind(data["kind"])
        lines = data["entries"].splitlines() if kind is DistrictKind.LIST else []
        before = known.archived_at if known else None
        return District(
            data["code"],
            kind,
            names | {code: data[f"name_{code}"] for code in LANGUAGES if data[f"name_{code}"]},
            data["polygon"],
            [line.strip() for line in lines if line.strip()],
            (before or face.now) if data["archived"] else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Show the districts with how many members are in each; who may add one does so here."""
    return _page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def district(request: HttpRequest, code: str) -> HttpResponse:
    """Show one district to be changed."""
    return _page(request, code)


def _page(request: HttpRequest, code: str | None) -> HttpResponse:
    changes = may(signed_in(request), Permission.TOPICS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = locating.districts(conn, face.program.id)
        known = next((one for one in found if one.code == code), None)
        if code is not None and known is None:
            raise Http404
        form = DistrictForm(request.POST if request.method == "POST" else None, known=known)
        if form.is_bound and form.is_valid() and _put(request, conn, face, form):
            return redirect("console:districts")
        sizes = locating.sizes(conn, face.program.id)
    language = face.locale[:2]
    shown = [(registry.name(one, language), one, sizes.get(one.code, 0)) for one in found]
    context = {
        "face": face,
        "districts": sorted(shown, key=lambda row: (row[1].archived_at is not None, row[0].casefold())),
        "form": form,
        "known": known,
        "changes": changes,
        "tab": "districts",
    }
    return render(request, "console/knowing/districts.html", context, status=422 if form.is_bound else 200)


def _put(request: HttpRequest, conn: Connection, face: Face, form: DistrictForm) -> bool:
    wanted = form.district(face)
    done = registry.put(conn, face.program.id, wanted, now=face.now, by=actor(request), fresh=form.known is None)
    if not isinstance(done, NotKept):
        return True
    field = done.field.replace("names.", "name_")
    said = str(WRONG.get(field, done.detail))
    if field == "polygon":
        said = f"{said} {done.detail}."
    elif field == "code" and any(one.code == wanted.code for one in locating.districts(conn, face.program.id)):
        said = str(_("There is a district of this code."))
    form.add_error(field if field in form.fields else None, said)
    return False


def _initial(known: District | None) -> dict[str, object]:
    if known is None:
        return {"kind": DistrictKind.LIST.value}
    return {
        "code": known.code,
        "kind": known.kind.value,
        "polygon": json.dumps(known.polygon) if known.polygon is not None else "",
        "entries": "\n".join(known.entries),
        "archived": known.archived_at is not None,
        **{f"name_{code}": known.names.get(code, "") for code in LANGUAGES},
    }
