"""Stores: which region each is in and who owns it; several are put into a region at once."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from msgspec import UNSET

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace.places import queries, service
from verno.workspace.places.types import FIELDS, LONGEST_CODE, Place, PlaceChange, Refused
from verno.workspace.roles import Permission, may

SET = "set"
"""The button that sets for the stores chosen what is filled in; the others take something back."""
TAKEN_BACK = {"no-region": "region", "no-owner": "legal_entity"}


class PlacesForm(forms.Form):
    """The stores that are chosen, and what is set for all of them: a region, or who owns them."""

    stores = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Choose stores first.")}
    )
    region = forms.CharField(
        label=_("Region"),
        max_length=LONGEST_CODE,
        required=False,
        help_text=_("A new name makes a new region."),
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off", "list": "regions"}),
    )
    legal_entity = forms.CharField(
        label=_("Legal entity"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off", "list": "owners"}),
    )

    def __init__(self, *args: Any, places: Sequence[Place], **kwargs: Any) -> None:  # noqa: ANN401 Django's own
        """Take the stores there are."""
        super().__init__(*args, **kwargs)
        self.fields["stores"].choices = [(one.code, one.name) for one in places]  # type: ignore[attr-defined]  # choices

    def clean(self) -> dict[str, Any]:
        """Want something to set."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.data.get("do") == SET and not self.errors and not self.said:
            self.add_error("region", _("This must be filled in."))
        return data

    @property
    def said(self) -> dict[str, str | None]:
        """Return what becomes of the stores: what is filled in, or None for what is taken back."""
        do = self.data.get("do", "")
        if do in TAKEN_BACK:
            return {TAKEN_BACK[do]: None}
        return {name: text for name in TAKEN_BACK.values() if (text := self.cleaned_data.get(name))}

    @property
    def chosen(self) -> list[str]:
        """Return the stores that are ticked."""
        return list(self["stores"].value() or [])


@require_http_methods(["GET", "HEAD", "POST"])
def places(request: HttpRequest) -> HttpResponse:
    """Show the stores; who may change settings puts some of them into a region, or says who owns them."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = queries.places(conn, face.program.id)
        form = PlacesForm(request.POST if request.method == "POST" else None, places=found)
        if form.is_bound and _change(request, conn, face, form):
            return redirect("console:places")
    context = {
        "face": face,
        "places": found,
        "regions": queries.regions(found),
        "owners": sorted({one.legal_entity for one in found if one.legal_entity}),
        "form": form,
        "chosen": form.chosen if form.is_bound else [],
        "changes": changes,
    }
    return render(request, "console/places.html", context, status=422 if form.is_bound else 200)


def _change(request: HttpRequest, conn: Connection, face: Face, form: PlacesForm) -> bool:
    """Change the stores chosen as the page asks; tell whether it is done."""
    if request.POST.get("do") not in {SET, *TAKEN_BACK}:
        raise Http404
    if not form.is_valid():
        return False
    region, owner = (form.said.get(name, UNSET) for name in TAKEN_BACK.values())
    wanted = [PlaceChange(code, region=region, legal_entity=owner) for code in form.cleaned_data["stores"]]
    done = service.change(conn, face.program.id, wanted, now=face.now, by=actor(request))
    refused = next((one for one in done if isinstance(one, Refused)), None)
    if refused is None:
        return True
    at = FIELDS[refused.reason]
    form.add_error(at if at in form.fields else None, words.say("place", refused.reason))
    return False
