"""The form of a broadcast's draft."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from verno.console.face import Face
from verno.kit.money import currency_digits
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    AtMoment,
    Listed,
    Matching,
    NewBroadcast,
)
from verno.web import wire
from verno.web.problems import Refused as BadJson

SELECT = {"class": "form-select"}
TEXT = {"class": "form-control", "autocomplete": "off"}
RADIO = {"class": "form-check-input"}
MOMENT = "%Y-%m-%dT%H:%M"
VARIANTS = ("a", "b", "c", "d")
STEPS = (1, 2, 3)
PER_CENT = 100
Body = dict[str, Any]
Choices = Sequence[tuple[str, str]]


def _whole(label: Any, least: int, most: int, **more: Any) -> forms.IntegerField:  # noqa: ANN401 Django's own
    widget = forms.NumberInput({**TEXT, "inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=widget, **more)


def _share(label: Any, most: int, **more: Any) -> forms.DecimalField:  # noqa: ANN401 Django's own
    widget = forms.NumberInput({**TEXT, "inputmode": "decimal", "step": "any"})
    return forms.DecimalField(label=label, min_value=0, max_value=most, decimal_places=2, widget=widget, **more)


class BroadcastForm(forms.Form):
    """All that a broadcast is, its times in the program's zone."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For you; members never see it."))
    topic = forms.ChoiceField(label=_("Topic"), help_text=_("Only who agreed to it is written to."))
    audience = forms.ChoiceField(
        label=_("Audience"),
        choices=[("everybody", _("All members")), ("condition", _("Members who …")), ("list", _("A list of members"))],
        widget=forms.Select(SELECT),
    )
    condition = forms.CharField(
        label=_("Members who"), required=False, help_text=_("A condition as JSON."), widget=forms.Textarea
    )
    external_ids = forms.CharField(
        label=_("Numbers of members"), required=False, help_text=_("As your own system has them, one a line.")
    )
    send = forms.ChoiceField(
        label=_("When"),
        choices=[
            ("now", _("When it is launched")),
            ("at", _("At one moment for all")),
            ("local", _("At an hour of each member's own clock")),
            ("best", _("At each member's own best hour")),
        ],
        widget=forms.Select(SELECT),
    )
    at = forms.DateTimeField(
        label=_("Moment"), required=False, widget=forms.DateTimeInput({**TEXT, "type": "datetime-local"}, MOMENT)
    )
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput({**TEXT, "type": "date"}, "%Y-%m-%d"))
    time = forms.TimeField(
        label=_("Hour"),
        required=False,
        help_text=_("Of the best hour: for whoever has done too little to know it."),
        widget=forms.TimeInput({**TEXT, "type": "time"}, "%H:%M"),
    )
    holdout = _share(
        _("Held out, %"), 50, initial=5, help_text=_("Nobody writes to these: so you see what the broadcast brings.")
    )
    rate = _whole(_("At most a minute"), 1, 1_000_000, required=False, help_text=_("Empty: as fast as it goes."))
    valid_until = forms.DateTimeField(
        label=_("Of no use after"),
        required=False,
        widget=forms.DateTimeInput({**TEXT, "type": "datetime-local"}, MOMENT),
    )
    cost_limit = forms.DecimalField(
        label=_("Cost limit"),
        required=False,
        min_value=0,
        max_digits=12,
        widget=forms.NumberInput({**TEXT, "inputmode": "decimal", "step": "any"}),
    )
    priority = _whole(
        _("Priority"), -100, 100, required=False, help_text=_("Of two that are due, the higher goes first.")
    )
    winner = forms.BooleanField(
        label=_("Try the variants on a part first, then send the best one to the rest"),
        required=False,
        widget=forms.CheckboxInput(RADIO),
    )
    sample = _share(_("Part that tries, %"), 90, required=False, initial=20)
    after_hours = _whole(_("Hours to wait"), 1, 168, required=False, initial=24)
    by = forms.ChoiceField(
        label=_("The best by"),
        required=False,
        choices=[("clicks", _("clicks")), ("opens", _("opens (unreliable)")), ("purchases", _("purchases"))],
        widget=forms.Select(SELECT),
    )
    least = _whole(_("Least number of each"), 10, 10_000_000, required=False, initial=100)
    experiment = forms.CharField(
        label=_("Experiment"),
        required=False,
        max_length=120,
        help_text=_("Broadcasts with the same one give a member the same variant."),
    )
    context = forms.CharField(
        label=_("Values for the template"),
        required=False,
        help_text=_("One a line, as name = value; the template calls it context.name."),
        widget=forms.Textarea({**TEXT, "class": "form-control font-monospace", "rows": "3", "spellcheck": "false"}),
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 Django's own arguments
        face: Face,
        topics: Choices,
        templates: Choices,
        channels: Choices,
        wanted: NewBroadcast | None = None,
        **kwargs: Any,  # noqa: ANN401 Django's own arguments
    ) -> None:
        """Offer what the program has; begin with ``wanted``."""
        kwargs["initial"] = _initial(wanted, face) if wanted else None
        super().__init__(*args, **kwargs)
        self.face = face
        self.was = wanted
        self.offers = {"topics": topics, "templates": templates, "channels": channels}
        fields = self.fields
        fields["topic"] = forms.ChoiceField(
            label=fields["topic"].label,
            help_text=fields["topic"].help_text,
            choices=topics,
            widget=forms.Select(SELECT),
        )
        none = [("", "—")]
        for number, code in enumerate(VARIANTS):
            fields[f"template_{code}"] = forms.ChoiceField(
                label=_("Template") if not number else _("Another variant"),
                choices=templates if not number else [*none, *templates],
                required=not number,
                widget=forms.Select(SELECT),
            )
            fields[f"weight_{code}"] = _whole(
                _("Weight") if number else _("Weight of the first"), 1, 1000, required=False, initial=1
            )
        for step in STEPS:
            fields[f"channel_{step}"] = forms.ChoiceField(
                label=_("Channel") if step == 1 else _("Else"),
                choices=channels if step == 1 else [*none, *channels],
                required=step == 1,
                widget=forms.Select(SELECT),
            )
            fields[f"wait_{step}"] = _whole(_("Hours to wait"), 1, 336, required=False, initial=24)
            fields[f"until_{step}"] = forms.ChoiceField(
                label=_("Unless it was"),
                choices=[("delivered", _("delivered")), ("read", _("read"))],
                required=False,
                widget=forms.Select(SELECT),
            )
        for name in ("name", "experiment"):
            fields[name].widget.attrs.update(TEXT)
        for name, rows in (("condition", "6"), ("external_ids", "6")):
            fields[name].widget = forms.Textarea(
                {**TEXT, "class": "form-control font-monospace", "rows": rows, "spellcheck": "false"}
            )

    @property
    def variants(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the rows of variants."""
        return [(self[f"template_{code}"], self[f"weight_{code}"]) for code in VARIANTS]

    @property
    def steps(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return the rows of the cascade."""
        return [(self[f"channel_{one}"], self[f"wait_{one}"], self[f"until_{one}"]) for one in STEPS]

    def clean(self) -> Body:
        """Ask for what each choice needs."""
        data: Body = super().clean() or self.cleaned_data
        needs: Mapping[str, Sequence[str]] = {"at": ["at"], "local": ["day", "time"], "best": ["day", "time"]}
        for name in needs.get(data.get("send", ""), ()):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, gettext("Say when."))
        if data.get("audience") == "condition":
            data["tree"] = self._tree(data.get("condition", ""))
        if data.get("audience") == "list" and not data.get("external_ids", "").strip():
            self.add_error("external_ids", gettext("Name at least one."))
        data["values"] = self._values(data.get("context", ""))
        return data

    def wanted(self) -> NewBroadcast | str:
        """Return the broadcast that was described, or what is wrong with it."""
        data = self.cleaned_data
        digits = currency_digits(self.face.program.currency)
        body: Body = {
            "name": data["name"],
            "topic": data["topic"],
            "variants": [
                {"code": code, "template": data[f"template_{row}"], "weight": data[f"weight_{row}"] or 1}
                for row, code in zip(VARIANTS, self._codes(), strict=True)
                if data[f"template_{row}"]
            ],
            "channels": [self._step(data, step) for step in STEPS if data[f"channel_{step}"]],
            "audience": self._audience(data),
            "send": self._send(data),
            "holdout": int(data["holdout"] * PER_CENT),
            "priority": data["priority"] or 0,
            "context": data["values"],
            "rate": data["rate"],
            "valid_until": self._local(data["valid_until"]),
            "cost_limit": None if data["cost_limit"] is None else int(data["cost_limit"].scaleb(digits)),
            "experiment": data["experiment"] or None,
            "winner": self._winner(data) if data["winner"] else None,
        }
        try:
            return msgspec.convert(body, NewBroadcast)
        except msgspec.ValidationError as error:
            return str(error)

    def shows(self) -> bool:
        """Tell whether the draft that it began with would come back from it as it was."""
        data: Body = {}
        for bound in self:
            value, widget = bound.initial, bound.field.widget
            if isinstance(widget, forms.CheckboxInput):
                data |= {bound.name: "on"} if value else {}
            elif value is not None:
                is_clock = isinstance(widget, forms.DateTimeInput | forms.DateInput | forms.TimeInput)
                data[bound.name] = widget.format_value(value) if is_clock else str(value)
        again = BroadcastForm(data, face=self.face, wanted=self.was, **self.offers)
        return again.is_valid() and again.wanted() == self.was

    def _codes(self) -> list[str]:
        """Return the variants' codes by row: those that they have, else a letter that is free."""
        had = [one.code for one in self.was.variants] if self.was else []
        free = [code for code in "abcdefghij" if code not in had]
        return (had + free)[: len(VARIANTS)]

    def _step(self, data: Body, step: int) -> Body:
        more = {"wait_hours": data[f"wait_{step}"], "until": data[f"until_{step}"]}
        return {"channel": data[f"channel_{step}"], **{name: value for name, value in more.items() if value}}

    def _audience(self, data: Body) -> Body:
        if data["audience"] == "condition":
            return {"kind": "condition", "tree": data["tree"]}
        if data["audience"] == "list":
            named = [one.strip() for one in re.split(r"[\n,;]", data["external_ids"])]
            return {"kind": "list", "external_ids": list(dict.fromkeys([one for one in named if one]))}
        return {"kind": "everybody"}

    def _send(self, data: Body) -> Body:
        kind = data["send"]
        if kind == "at":
            return {"kind": kind, "at": self._local(data["at"])}
        if kind in ("local", "best"):
            hour = "time" if kind == "local" else "fallback"
            return {"kind": kind, "day": data["day"], hour: data["time"]}
        return {"kind": "now"}

    def _winner(self, data: Body) -> Body:
        said = {
            "sample": int(data["sample"] * PER_CENT) if data["sample"] else None,
            "after_hours": data["after_hours"],
            "by": data["by"],
            "least": data["least"],
        }
        return {name: value for name, value in said.items() if value}

    def _tree(self, text: str) -> object:
        try:
            found: object = wire.decode(text.encode())
        except BadJson:
            found = None
        if not isinstance(found, dict):
            self.add_error("condition", gettext("Add at least one condition."))
        return found

    def _values(self, text: str) -> dict[str, str | int | bool]:
        found: dict[str, str | int | bool] = {}
        had = self.was.context if self.was else {}
        for line in text.splitlines():
            name, sign, value = line.partition("=")
            if not line.strip():
                continue
            if not sign or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name.strip()):
                self.add_error("context", gettext("Write each line as name = value, the name in small Latin letters."))
                break
            found[name.strip()] = _typed_as(had.get(name.strip()), value.strip())
        return found

    def _local(self, typed: datetime | None) -> datetime | None:
        """Read a time as the program's own: Django has taken it for UTC."""
        return typed.replace(tzinfo=self.face.zone) if typed else None


def _initial(wanted: NewBroadcast, face: Face) -> Body:
    digits = currency_digits(face.program.currency)
    said: Body = {
        "name": wanted.name,
        "topic": wanted.topic,
        "audience": "everybody",
        "send": "now",
        "holdout": Decimal(wanted.holdout) / PER_CENT,
        "rate": wanted.rate,
        "valid_until": _typed(wanted.valid_until, face),
        "cost_limit": None if wanted.cost_limit is None else Decimal(wanted.cost_limit).scaleb(-digits),
        "priority": wanted.priority or None,
        "experiment": wanted.experiment or "",
        "context": "\n".join(f"{name} = {_said(value)}" for name, value in wanted.context.items()),
        "winner": wanted.winner is not None,
    }
    match wanted.audience:
        case Matching(tree=tree):
            said |= {"audience": "condition", "condition": json.dumps(tree, ensure_ascii=False)}
        case Listed(external_ids=named):
            said |= {"audience": "list", "external_ids": "\n".join(named)}
    match wanted.send:
        case AtMoment(at=at):
            said |= {"send": "at", "at": _typed(at, face)}
        case AtLocalHour(day=day, time=time):
            said |= {"send": "local", "day": day, "time": time}
        case AtBestHour(day=day, fallback=time):
            said |= {"send": "best", "day": day, "time": time}
    if wanted.winner is not None:
        rule = wanted.winner
        said |= {"sample": Decimal(rule.sample) / PER_CENT, "after_hours": rule.after_hours}
        said |= {"by": rule.by, "least": rule.least}
    for code, variant in zip(VARIANTS, wanted.variants, strict=False):
        said |= {f"template_{code}": variant.template, f"weight_{code}": variant.weight}
    for step, channel in zip(STEPS, wanted.channels, strict=False):
        said |= {f"channel_{step}": channel.channel, f"wait_{step}": channel.wait_hours, f"until_{step}": channel.until}
    return said


def _said(value: str | int | bool) -> str:  # noqa: FBT001 a value, no switch
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed_as(had: str | int | bool | None, text: str) -> str | int | bool:  # noqa: FBT001 a value, no switch
    """Read a value of the kind that it was before: a number stays one, and so does a yes or no."""
    if isinstance(had, bool):
        return {"true": True, "false": False}.get(text, text)
    return int(text) if isinstance(had, int) and re.fullmatch(r"-?[0-9]{1,15}", text) else text


def _typed(at: datetime | None, face: Face) -> datetime | None:
    """Return a moment as the field shows it: the program's wall clock."""
    return at.astimezone(face.zone).replace(tzinfo=None) if at else None
