"""One form a setting: what a person types becomes the words that the registry reads, which alone decides."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from verno.console.face import Face
from verno.console.settings import codes
from verno.console.settings import words as settings_words
from verno.kit.money import currency_digits
from verno.workspace import registry
from verno.workspace.registry import NOTHING, Definition, Wrong

LONGEST = 2000
MODELS = {
    registry.POINTS_EXPIRY.key: settings_words.ENDS,
    registry.POINTS_ACTIVATION.key: settings_words.BEGINS,
}
"""Settings that are a model and a detail of it: ``months`` and ``12``."""

_FIGURE = re.compile(r"\d{1,15}(\.\d{0,6})?", re.ASCII)
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?", re.ASCII)
_ISO_DATE = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)", re.ASCII)


class SettingForm(forms.Form):
    """The field (or two) of one setting in one scope. ``said`` is what was typed, in the registry's words."""

    said = ""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 Django's own arguments
        face: Face,
        definition: Definition[object],
        unit: str | None,
        value: object,
        **kwargs: Any,  # noqa: ANN401 the same
    ) -> None:
        """Draw the fields for a value as it stands; ``unit`` is the code of the unit it is for, if it is for one."""
        super().__init__(*args, **kwargs)
        self.auto_id = f"{definition.key.replace('.', '-')}-%s"
        self.definition = definition
        self.decimals = decimals(face, definition.key, unit)
        models = MODELS.get(definition.key)
        if models is not None:
            model, detail = _taken_apart(definition.kind.tell(value))
            self.fields["model"] = _select(models, model)
            self.fields["detail"] = _text(detail, label=_("Number, date (31.12 or 31.12.2027) or event"))
        elif definition.key in codes.LISTED:
            self.fields["value"] = _codes(cast("tuple[str, ...]", value))
        elif definition.kind.choices:
            self.fields["value"] = _select(settings_words.CHOICES[definition.key], definition.kind.tell(value))
        else:
            self.fields["value"] = _text(self._shown(value), figure=definition.kind.bounds is not None)
        self.meanings = codes.meanings(definition.key, value, face.locale) if isinstance(value, tuple) else []

    def clean(self) -> dict[str, Any]:
        """Turn what was typed into words, and let the registry read them."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "model" in self.fields:
            self.said = _put_together(str(data.get("model", "")), str(data.get("detail", "")).strip())
        elif self.definition.key in codes.LISTED:
            self.said = ",".join(code for code in data.get("value") or [] if code)
        elif self.definition.kind.bounds is not None:
            self.said = self._steps(str(data.get("value", "")))
        else:
            self.said = str(data.get("value", "")).strip() or (NOTHING if self.definition.kind.or_none else "")
        if isinstance(self.definition.kind.parse(self.said), Wrong):
            self.add_error("detail" if "model" in self.fields else "value", self._allowed())
        return data

    @property
    def boxes(self) -> list[tuple[str, str, bool]]:
        """Return the codes of a list to tick: each with its words, and whether it is in the list."""
        chosen = self["value"].value() or ()
        known = codes.TICKED.get(self.definition.key, {})
        return [(code, str(text), code in chosen) for code, text in known.items()]

    @property
    def ranks(self) -> list[list[tuple[str, str, bool]]]:
        """Return the codes of a list in order: for the first, the second and so on, what it may be, and what it is."""
        known = codes.RANKED.get(self.definition.key, {})
        chosen = [*(self["value"].value() or ()), *[""] * len(known)]
        there = [("", "—"), *((code, str(text)) for code, text in known.items())]
        return [[(code, text, code == chosen[rank]) for code, text in there] for rank in range(len(known))]

    def _shown(self, value: object) -> str:
        if self.definition.kind.or_none and self.definition.kind.tell(value) == NOTHING:
            return ""
        if isinstance(value, int):
            return f"{Decimal(value).scaleb(-self.decimals):f}"
        return self.definition.kind.tell(value)

    def _steps(self, typed: str) -> str:
        """Return a figure in its smallest step; what is no figure stays as it is, and is refused."""
        text = re.sub(r"\s", "", typed).replace(",", ".")
        if not text:
            return NOTHING
        if not _FIGURE.fullmatch(text):
            return f"not a figure: {typed}"
        steps = Decimal(text).scaleb(self.decimals)
        return str(int(steps)) if steps == steps.to_integral_value() else typed

    def _allowed(self) -> str:
        bounds = self.definition.kind.bounds
        if "model" in self.fields:
            return _("This needs another number or date.")
        if self.definition.key in codes.LISTED:
            return _("Choose at least one, and each only once.")
        if bounds is None:
            return _("This is not possible here.")
        least, most = (self._shown(bound) for bound in bounds)
        if self.decimals:
            return _("A number from %(least)s to %(most)s.") % {"least": least, "most": most}
        return _("A whole number from %(least)s to %(most)s.") % {"least": least, "most": most}


class UnitForm(forms.Form):
    """A new kind of points."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Its name for tills and rules: small Latin letters, digits, - and _, such as status."),
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )
    scale = forms.TypedChoiceField(
        label=gettext_lazy("Smallest step"),
        coerce=int,
        choices=[("0", "1"), ("1", "0.1"), ("2", "0.01")],
        widget=forms.Select({"class": "form-select"}),
    )


def decimals(face: Face, key: str, unit: str | None) -> int:
    """Return how many decimals a figure is typed with."""
    if key == registry.SPEND_VALUE.key or key in settings_words.PRICES:
        return currency_digits(face.program.currency)
    if unit is not None and key in {registry.MAX_BALANCE.key, registry.ADJUST_LIMIT.key}:
        return face.unit(unit).scale
    return 0


def _select(choices: Mapping[str, object], initial: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Value"),
        choices=[(code, str(text)) for code, text in choices.items()],
        initial=initial,
        widget=forms.Select({"class": "form-select"}),
    )


def _codes(initial: Sequence[str]) -> forms.Field:
    """Return what reads a list of codes, however many fields of one name they come in; the registry knows them."""
    return forms.Field(label=_("Value"), initial=initial, required=False, widget=forms.SelectMultiple())


def _text(initial: str, *, label: str = "", figure: bool = False) -> forms.CharField:
    attributes = {"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
    if figure:
        attributes["inputmode"] = "decimal"
    return forms.CharField(
        label=label or _("Value"),
        initial=initial,
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attributes),
    )


def _taken_apart(told: str) -> tuple[str, str]:
    """Return the model and the detail of a lifetime's words: ``date:12-31`` is ``yearly`` and ``31.12``."""
    model, _colon, detail = told.partition(":")
    if model.startswith("end-of-"):
        model, _plus, detail = told.partition("+")
    found = _ISO_DATE.fullmatch(detail) if model == "date" else None
    if found is None:
        return model, detail
    year, month, day = found.groups()
    return ("date", f"{day}.{month}.{year}") if year else ("yearly", f"{day}.{month}")


def _put_together(model: str, detail: str) -> str:
    """Return a lifetime's words; what makes no sense makes words that nobody reads."""
    if model in {"never", "at-once"}:
        return model
    if model.startswith("end-of-"):
        return model if detail in {"", "0"} else f"{model}+{detail}"
    found = _DATE.fullmatch(detail)
    if found and model == "yearly" and not found[3]:
        return f"date:{int(found[2]):02d}-{int(found[1]):02d}"
    if found and model == "date" and found[3]:
        return f"date:{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    # A date as ISO 8601 writes it is fine too, but a day of the year is no date, nor the other way about.
    iso = _ISO_DATE.fullmatch(detail)
    if model in {"yearly", "date"}:
        return f"date:{detail}" if iso and bool(iso[1]) == (model == "date") else ""
    return f"{model}:{detail}"
