"""The two ways to name a receipt: by its number, or line by line."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from verno.console import words
from verno.console.face import Face
from verno.intake.types import MAX_LINES, Line, MemberRef, Receipt, Refusal, Refused, Wish
from verno.kit import batches
from verno.kit.money import currency_digits
from verno.ledger.types import MAX_POINTS
from verno.replay.types import Named
from verno.workspace.types import Store, Unit

SELECT = {"class": "form-select"}
TEXT = {"class": "form-control", "autocomplete": "off"}
Choices = Sequence[tuple[str, str | Promise]]
NUMBER = "by-hand"
PARTS = 4
"""Of a typed line: goods, quantity, price, till's discount."""
SPEND, ALL = "spend_", "spend_all_"
"""Before a unit's code: how many of its points are to pay, and whether as many as can."""
REFUSED: Mapping[str, Promise] = {
    "at": _("This time cannot be right."),
    "place": _("There is no such place."),
    "lines": _("The sum is too large."),
}
"""Why a receipt is not quoted, by its field."""
NOT_SPENT: Mapping[Refusal, Promise] = {
    Refusal.INSUFFICIENT_POINTS: _("The member has fewer points than that."),
    Refusal.UNKNOWN_MEMBER: _("Only a member can pay with points: say who it is."),
    Refusal.OVER_LIMIT: _("The limits leave no room for this receipt now."),
}
"""Why not, by the reason, where points are to pay."""


class _Books(forms.Form):
    """The two rulebooks; ``before`` are choices in front of the places."""

    before: Choices = ()

    current = forms.ChoiceField(label=_("Judged by"), widget=forms.Select(SELECT))
    draft = forms.ChoiceField(label=_("and by"), widget=forms.Select(SELECT))

    def __init__(self, *args: Any, stores: Sequence[Store], books: Choices, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take what there is to choose from."""
        super().__init__(*args, **kwargs)
        for name in ("current", "draft"):
            self.fields[name].choices = books  # type: ignore[attr-defined]  # a ChoiceField
        places = [(store.code, store.name) for store in stores]
        self.fields["place"].choices = [*self.before, *places]  # type: ignore[attr-defined]  # the same


class SearchForm(_Books):
    """A stored receipt by its number, or by our id."""

    receipt = forms.CharField(label=_("Number of the receipt"), max_length=200, widget=forms.TextInput(TEXT))
    place = forms.ChoiceField(label=_("Where"), required=False, widget=forms.Select(SELECT))
    before = (("", _("everywhere")),)

    def of(self, named: Named) -> "SearchForm":
        """Return the form as somebody would fill it in for a receipt that was found."""
        self.data = {**self.data, "receipt": named.number, "place": named.place}
        return self


class ReceiptForm(_Books):
    """A receipt that never was."""

    place = forms.ChoiceField(label=_("Where"), widget=forms.Select(SELECT))
    at = forms.DateTimeField(
        label=_("When"),
        widget=forms.DateTimeInput({"class": "form-control", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    member = forms.CharField(
        label=_("Member"),
        required=False,
        max_length=100,
        help_text=_("By card, phone, e-mail or your own number; empty: nobody."),
        widget=forms.TextInput(TEXT),
    )
    lines = forms.CharField(
        label=_("Goods, one a line"),
        max_length=20_000,
        help_text=_("Code; quantity; price of the line; the till's discount, if there was one. Such as: milk; 2; 180"),
        widget=forms.Textarea({"class": "form-control", "rows": 5, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, face: Face, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Begin with now."""
        super().__init__(*args, **kwargs)
        self.digits = currency_digits(face.program.currency)
        self.units = [unit for unit in face.units if unit.spend_value]
        for unit in self.units:
            label = _("Points that pay") if len(self.units) == 1 else words.say("unit", unit.code)
            self.fields[SPEND + unit.code] = forms.CharField(
                label=label, required=False, max_length=20, widget=forms.TextInput({**TEXT, "inputmode": "decimal"})
            )
            self.fields[ALL + unit.code] = forms.BooleanField(
                label=_("as many as possible"),
                required=False,
                widget=forms.CheckboxInput({"class": "form-check-input"}),
            )
        self.fields["at"].initial = face.now.astimezone(face.zone).replace(tzinfo=None, second=0, microsecond=0)

    def clean(self) -> dict[str, Any]:
        """Read the lines."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "lines" in data:
            found = self._lines(data["lines"])
            if isinstance(found, str):
                self.add_error("lines", found)
            else:
                data["read"] = found
        data["spend"] = [wish for unit in self.units if (wish := self._wish(unit, data)) is not None]
        return data

    @property
    def spending(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the fields of points that pay, by unit: how many, or as many as can."""
        return [(self[SPEND + unit.code], self[ALL + unit.code]) for unit in self.units]

    def receipt(self, member_id: str | None) -> Receipt:
        """Return what was typed; the time is the place's own."""
        data = self.cleaned_data
        member = None if member_id is None else MemberRef(id=member_id)
        at = data["at"].replace(tzinfo=None)
        return Receipt(NUMBER, data["place"], at, data["read"], member=member, spend=data["spend"])

    def tell(self, no: Refused) -> None:
        """Say why it cannot be quoted."""
        field = SPEND + self.units[0].code if no.field == "spend" and len(self.units) == 1 else no.field
        said = NOT_SPENT.get(no.reason) or REFUSED.get(no.field) or no.detail
        self.add_error(field if field in self.fields else None, str(said))

    def _wish(self, unit: Unit, data: Mapping[str, Any]) -> Wish | None:
        """Return how many of a unit's points are to pay; what is no number of points is said at its field."""
        if data.get(ALL + unit.code):
            return Wish(unit.code, max=True)
        text = data.get(SPEND + unit.code) or ""
        points = _scaled(text, unit.scale) if text else 0
        if points is None or not 0 <= points <= MAX_POINTS:
            self.add_error(SPEND + unit.code, _now("This is no number of points."))
            return None
        return Wish(unit.code, points) if points else None

    def _lines(self, text: str) -> list[Line] | str:
        out: list[Line] = []
        for number, parts in enumerate([row for row in text.splitlines() if row.strip()], 1):
            if number > MAX_LINES:
                return _now("At most %(most)s lines.") % {"most": MAX_LINES}
            made = self._line([part.strip() for part in parts.split(";")])
            if made is None:
                return _now("Line %(number)s is not “code; quantity; price; discount”.") % {"number": number}
            out.append(made)
        return out

    def _line(self, parts: Sequence[str]) -> Line | None:
        if not PARTS - 1 <= len(parts) <= PARTS:
            return None
        sku, quantity, *amounts = parts
        named: dict[str, object] = {"sku": sku, "quantity": quantity.replace(",", ".")}
        named |= zip(("amount", "discount"), [_scaled(one, self.digits) for one in amounts], strict=False)
        try:
            return None if batches.unclean(sku) else msgspec.convert(named, Line)
        except msgspec.ValidationError:
            return None


def _scaled(text: str, digits: int) -> int | None:
    """Return a number in its smallest steps; None for what is none, or has more decimals than ``digits``."""
    try:
        value = Decimal(text.replace(",", ".").replace(" ", "").replace("\u00a0", "")).scaleb(digits)
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and value == value.to_integral_value() else None
