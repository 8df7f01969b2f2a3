"""What somebody asks of the Replay Lab: which rules, over which time."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from verno.console.face import Face
from verno.kit import batches, localtime
from verno.ledger.lifetime import plus_months
from verno.promotions.drafts.service import MAX_BODY
from verno.promotions.drafts.types import DraftRow
from verno.replay.runs.types import MAX_TITLE, NewRun
from verno.replay.types import Period

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

BEGINNING = date(1990, 1, 1)
MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
SELECT = {"class": "form-select"}
PERIODS = (
    ("month", _("the last month")),
    ("quarter", _("the last quarter")),
    ("year", _("the last year")),
    ("all", _("all receipts")),
    ("dates", _("from one day to another")),
)


def _day() -> forms.DateInput:
    return forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d")


class ReplayForm(forms.Form):
    """A stored draft, or a file, and a period."""

    draft = forms.TypedChoiceField(
        label=_("Draft"), required=False, coerce=int, empty_value=None, widget=forms.Select(SELECT)
    )
    file = forms.FileField(
        label=_("or a file with a rulebook"),
        required=False,
        allow_empty_file=True,
        help_text=_("JSON, as “verno promotions save” or the API takes it."),
        widget=forms.FileInput({"class": "form-control", "accept": ".json,application/json"}),
    )
    period = forms.ChoiceField(label=_("Receipts of"), choices=PERIODS, widget=forms.Select(SELECT))
    since = forms.DateField(label=_("First day"), required=False, widget=_day())
    until = forms.DateField(label=_("Last day"), required=False, widget=_day())

    returned = forms.BooleanField(
        label=_("What was returned is taken out"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, drafts: Sequence[DraftRow], **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the drafts there are."""
        super().__init__(*args, **kwargs)
        choices = [("", "—"), *((str(one.number), f"№ {one.number} · {one.title}") for one in drafts)]
        self.fields["draft"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """Read the file, and see that exactly one rulebook is named, and a period that has days."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        draft, file = data.get("draft"), data.get("file")
        if "draft" in data and "file" in data and (draft is None) == (file is None):
            self.add_error("draft", _("Choose a draft, or a file."))
        elif file is not None:
            data["body"] = self._read(file)
        if data.get("period") == "dates":
            since, until = data.get("since"), data.get("until")
            if "since" in data and since is None:
                self.add_error("since", _("Say the first day."))
            if since is not None and until is not None and until < since:
                self.add_error("until", _("The last day is before the first."))
        return data

    def wanted(self, face: Face) -> NewRun:
        """Return what is to be replayed."""
        data = self.cleaned_data
        return NewRun(
            period=_period(face, data, as_sold=not data["returned"]),
            draft=data["draft"],
            body=data.get("body"),
            title=data["file"].name[:MAX_TITLE] if data["file"] else "",
        )

    def _read(self, file: "UploadedFile[bytes]") -> dict[str, object] | None:
        if file.size is None or file.size > MAX_BODY:
            self.add_error("file", _("The file is too large."))
            return None
        try:
            found = msgspec.json.decode(file.read(), type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = None
        if found is None or batches.unclean(found):
            self.add_error("file", _("This is not a rulebook: it has to be one JSON object."))
            return None
        return found


def _period(face: Face, data: Mapping[str, Any], *, as_sold: bool) -> Period:
    """Return the period in UTC; days are the program's own, and today is among them."""
    zone, today = face.zone, localtime.business_date(face.now, face.zone)
    until: datetime = face.now + timedelta(days=1)  # tills' clocks may be ahead
    since = BEGINNING
    if months := MONTHS.get(data["period"]):
        since = plus_months(today, -months)
    elif data["period"] == "dates":
        since = data["since"]
        if data["until"] is not None and data["until"] < today:
            until = localtime.start_of_day(data["until"] + timedelta(days=1), zone)
    return Period(localtime.start_of_day(max(since, BEGINNING), zone), until, as_sold)
