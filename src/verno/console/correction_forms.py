"""Forms of corrections: no free text anywhere, reasons are codes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from verno.console import words
from verno.console.face import Face
from verno.corrections.types import Adjustment
from verno.kit import localtime
from verno.ledger.types import MAX_POINTS
from verno.workspace.types import Unit

GIVE, TAKE = "give", "take"
LONGEST_SEARCH = 254


FILLED = ("way", "points", "unit", "reason")


def asked_for(query: Mapping[str, str]) -> dict[str, str]:
    """Return what an address fills the form with, as a dispute's does; the person who sends it still decides."""
    return {name: query[name][:40] for name in FILLED if name in query}


class AdjustForm(forms.Form):
    """Give or take points. ``token`` names the form as it was shown: sent twice, it happens once."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    way = forms.ChoiceField(
        label=_("What to do"),
        choices=[(GIVE, _("Give points")), (TAKE, _("Take points"))],
        widget=forms.Select({"class": "form-select"}),
    )
    points = forms.DecimalField(
        label=_("How many"),
        min_value=0,
        max_digits=15,
        decimal_places=2,
        widget=forms.TextInput({"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}),
    )
    unit = forms.ChoiceField(label=_("Of which points"), widget=forms.Select({"class": "form-select"}))
    reason = forms.ChoiceField(label=_("Reason"), widget=forms.Select({"class": "form-select"}))
    until = forms.DateField(
        label=_("Usable through"),
        required=False,
        help_text=_("Left empty, they end when the unit's points do."),
        widget=forms.DateInput({"class": "form-control", "type": "date"}),
    )

    def __init__(self, *args: Any, face: Face, reasons: Sequence[str], **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the units and reasons there are."""
        super().__init__(*args, **kwargs)
        self.face = face
        self.fields["unit"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (unit.code, words.say("unit", unit.code)) for unit in face.units
        ]
        self.fields["reason"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (code, words.say("reason", code)) for code in reasons
        ]

    def clean(self) -> dict[str, Any]:
        """Turn whole points into the unit's smallest step, and the last day into the first moment without."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "points" in data and "unit" in data:
            unit: Unit = self.face.unit(data["unit"])
            steps = Decimal(data["points"]).scaleb(unit.scale)
            if steps != steps.to_integral_value() or not 0 < steps <= MAX_POINTS:
                self.add_error("points", _("This is not a whole number of them, nothing, or too many."))
            else:
                data["steps"] = int(steps)
        if data.get("until") and data.get("way") == TAKE:
            self.add_error("until", _("Only points that are given have an end."))
        return data

    def adjustment(self) -> Adjustment:
        """Return what was asked."""
        data = self.cleaned_data
        ends: datetime | None = None
        if data["until"]:
            ends = localtime.start_of_day(data["until"] + timedelta(days=1), self.face.zone)
        signed = data["steps"] if data["way"] == GIVE else -data["steps"]
        return Adjustment(data["unit"], signed, data["reason"], ends)


class FindForm(forms.Form):
    """Whom to merge."""

    q = forms.CharField(
        label=_("The other card, phone, e-mail or number"),
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput({"class": "form-control", "type": "search", "autocomplete": "off"}),
    )


class OwnForm(forms.Form):
    """Whose of the staff the account is."""

    staff = forms.ChoiceField(label=_("Member of staff"), widget=forms.Select({"class": "form-select"}))

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take (id, name) of everybody."""
        super().__init__(*args, **kwargs)
        self.fields["staff"].choices = list(people)  # type: ignore[attr-defined]  # a ChoiceField
