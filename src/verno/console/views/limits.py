"""Limits: those that hold, a new one, and what soft ones have told."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, sees_personal, signed_in
from verno.console.member_page import older, read_place
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.limits import queries, service
from verno.limits.types import MOST, Alert, Limit, Measure, NewLimit, Refusal, Refused, Subject, Window
from verno.members import masking
from verno.members import queries as members
from verno.workspace import queries as workspace
from verno.workspace.roles import Permission, may
from verno.workspace.types import Store, Unit

PAGE = 30
Choices: TypeAlias = Sequence[tuple[str, str]]

FIELDS = {Refusal.UNKNOWN_PLACE: "place", Refusal.UNKNOWN_UNIT: "counted"}


class LimitForm(forms.Form):
    """A new limit. What is counted is one choice, ``spent/points``: so no measure comes without its unit."""

    subject = forms.ChoiceField(label=_("Counted for each"), widget=forms.Select({"class": "form-select"}))
    counted = forms.ChoiceField(label=_("What is counted"), widget=forms.Select({"class": "form-select"}))
    window = forms.ChoiceField(label=_("Within"), widget=forms.Select({"class": "form-select"}))
    most = forms.DecimalField(
        label=_("At most"),
        min_value=0,
        max_digits=15,
        decimal_places=2,
        widget=forms.TextInput({"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}),
    )
    force = forms.ChoiceField(label=_("What is above"), widget=forms.Select({"class": "form-select"}))
    place = forms.ChoiceField(label=_("Where"), required=False, widget=forms.Select({"class": "form-select"}))

    def __init__(self, *args: Any, units: Sequence[Unit], stores: Sequence[Store], **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the units and stores there are."""
        super().__init__(*args, **kwargs)
        self.scales = {unit.code: unit.scale for unit in units}
        counted = [(str(Measure.RECEIPTS), words.say("measure", Measure.RECEIPTS))]
        counted += [
            (f"{measure}/{unit.code}", f"{words.say('measure', measure)}: {words.say('unit', unit.code)}")
            for unit in units
            for measure in (Measure.EARNED, Measure.SPENT, Measure.ADJUSTED)
        ]
        choices: Mapping[str, Choices] = {
            "subject": [(str(one), words.say("subject", one)) for one in Subject],
            "counted": counted,
            "window": [(str(one), words.say("window", one)) for one in reversed(Window)],
            "force": [(one, words.say("force", one)) for one in ("hard", "soft")],
            "place": [("", str(_("everywhere"))), *((store.code, store.name) for store in stores)],
        }
        for name, some in choices.items():
            self.fields[name].choices = some  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """Turn whole points into the unit's smallest step."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "most" in data and "counted" in data:
            scale = self.scales.get(data["counted"].partition("/")[2], 0)
            steps = Decimal(data["most"]).scaleb(scale)
            if steps != steps.to_integral_value() or steps > MOST:
                self.add_error("most", _("This is not a whole number of them, or too many."))
            else:
                data["steps"] = int(steps)
        return data

    def limit(self) -> NewLimit:
        """Return what was stated."""
        data = self.cleaned_data
        measure, _slash, unit = data["counted"].partition("/")
        return NewLimit(
            subject=Subject(data["subject"]),
            measure=Measure(measure),
            window=Window(data["window"]),
            most=data["steps"],
            hard=data["force"] == "hard",
            unit=unit or None,
            place=data["place"] or None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """Show limits and alerts; who may change settings adds and removes limits here."""
    before = read_place(request)
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        stores = workspace.stores(conn, face.program.id)
        sent = request.POST if request.POST.get("do") == "add" else None
        form = LimitForm(sent, units=face.units, stores=stores)
        if request.method == "POST" and _change(request, conn, face, form):
            return redirect("console:limits")
        alerts = queries.alerts(conn, face.program.id, before=before, limit=PAGE + 1)
        names = _names(request, conn, face, alerts)
        found = queries.limits(conn, face.program.id)
    shown = alerts[:PAGE]
    places = {store.code: store.name for store in stores}
    context = {
        "face": face,
        "limits": [(one, figure(face, one, one.most), places.get(one.place or "", one.place)) for one in found],
        "changes": changes,
        "form": form,
        "alerts": [
            (row, figure(face, row.limit, row.used), figure(face, row.limit, row.most), who(row, names, places))
            for row in shown
        ],
        "first": before is None,
        "older": older(shown[-1].recorded_at, shown[-1].id) if len(alerts) > PAGE else None,
    }
    return render(request, "console/limits.html", context, status=422 if form.is_bound else 200)


def figure(face: Face, limit: Limit, value: int) -> str:
    """Write a count of receipts, or points of the limit's unit."""
    return face.number(value) if limit.unit is None else face.points(value, limit.unit)


def who(row: Alert, names: Mapping[str, str], places: Mapping[str, str]) -> str:
    """Say whom an alert is about; a card's hash says nothing to anybody, its member does."""
    if row.limit.subject in {Subject.MEMBER, Subject.CARD}:
        return names.get(row.holder_id or "", "")
    code, _mark, part = row.subject.partition("~")
    place = places.get(code, code)
    return f"{part}, {place}" if part else place


def _change(request: HttpRequest, conn: Connection, face: Face, form: LimitForm) -> bool:
    """Add or remove a limit as the page asks; tell whether it is done."""
    program, by, now = face.program.id, actor(request), face.now
    if request.POST.get("do") == "remove":
        service.remove(conn, program, [request.POST.get("limit", "")], now=now, by=by)
        return True
    if request.POST.get("do") != "add":
        raise Http404
    if not form.is_valid():
        return False
    done = service.add(conn, program, [form.limit()], now=now, by=by)
    if isinstance(done, Refused):
        form.add_error(FIELDS.get(done.reason), words.say("limit", done.reason))
        return False
    return True


def _names(request: HttpRequest, conn: Connection, face: Face, alerts: Sequence[Alert]) -> dict[str, str]:
    """Return what the members behind alerts are called, masked for those who may not see it."""
    ids = sorted({row.holder_id for row in alerts if row.holder_id is not None})
    found = members.members(conn, face.program.id, ids) if ids else {}
    personal = sees_personal(request)
    shown = {id_: one if personal else masking.masked(one) for id_, one in found.items()}
    return {id_: one.name or one.external_id or id_ for id_, one in shown.items()}
