"""The form of a track: plain fields for what a marketer decides, turned into the track and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from verno.console import words
from verno.console.face import Face
from verno.kit.money import currency_digits
from verno.progress.types import (
    MAX_STEPS,
    MONEY,
    Audience,
    Beat,
    Downgrade,
    Metric,
    Period,
    Rule,
    Step,
    Track,
    Whose,
)

MORE_ROWS = 3
LONGEST = 20_000
HUNDRED = 100
Body: TypeAlias = dict[str, Any]
Words: TypeAlias = Any
"""Words that are said when the page is written."""

SELECT, TEXT = {"class": "form-select"}, {"class": "form-control", "autocomplete": "off"}
NUMBER = TEXT | {"inputmode": "numeric"}
DATE = TEXT | {"type": "date"}
WINDOWS = ("rolling", *(f"calendar/{one}" for one in Period), "anniversary", "lifetime", "between")
STEP_FIELDS = ("code", "name_en", "name_ru", "threshold", "keep", "share", "badge", "badge_days", "benefits")
BEGINNINGS: Mapping[str, Mapping[str, object]] = {
    "tiers": {"window": "calendar/year", "maintain": "calendar/year", "later": 1},
    "scale": {"window": "calendar/year", "audience": "company", "whose": "group"},
    "stamp_card": {"window": "lifetime", "metric": "visits", "repeats": True},
    "achievement": {"window": "lifetime"},
    "challenge": {"window": "between"},
    "streak": {"window": "lifetime", "metric": "visits", "of": "week", "each": 1},
    "badge": {"window": "lifetime"},
}
"""What the form of a new track of each kind begins with."""
WRONG_JSON = _("This is not a condition: JSON is wrong near character %(place)s.")


def _choice(label: Words, **more: Any) -> forms.ChoiceField:  # noqa: ANN401 Django's
    return forms.ChoiceField(label=label, widget=forms.Select(SELECT), **more)


def _number(label: Words, **more: Any) -> forms.IntegerField:  # noqa: ANN401 Django's
    return forms.IntegerField(label=label, required=False, widget=forms.TextInput(NUMBER), **more)


def _text(label: Words, **more: Any) -> forms.CharField:  # noqa: ANN401 Django's
    return forms.CharField(label=label, required=False, widget=forms.TextInput(TEXT), **more)


def _day(label: Words) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(DATE, format="%Y-%m-%d"))


def _condition(label: Words, hint: Words) -> forms.CharField:
    attributes = {"class": "form-control font-monospace", "rows": "4", "spellcheck": "false"}
    return forms.CharField(
        label=label, required=False, max_length=LONGEST, help_text=hint, widget=forms.Textarea(attributes)
    )


class TrackForm(forms.Form):
    """One track of a kind. Amounts are written as people do: money in its currency, points whole."""

    code = forms.CharField(
        label=_("Code"),
        max_length=50,
        help_text=_("Small Latin letters, digits, - and _. It stays for ever."),
        widget=forms.TextInput(TEXT),
    )
    name_en = _text(_("Name in English"), max_length=200)
    name_ru = _text(_("Name in Russian"), max_length=200)
    metric = _choice(_("What counts"))
    unit = _choice(_("Points"), required=False)
    event = _text(_("Event of a rule"), max_length=50)
    window = _choice(_("Within"))
    days = _number(_("Days"), min_value=1)
    first = _day(_("First day"))
    last = _day(_("Last day"))
    audience = _choice(_("For whom"), required=False)
    most_a_day = _text(_("A day counts for at most"))
    where = _condition(_("Only receipts where"), _("A condition as JSON; empty: all receipts."))
    lines = _condition(_("Only lines where"), _("A condition as JSON; empty: all lines."))
    maintain = _choice(_("Time that has to keep a tier"), required=False)
    maintain_days = _number(_("Days that have to keep it"), min_value=1)
    later = _number(_("Holds to the end of which period after"), min_value=0, max_value=10)
    grace_days = _number(_("Days of grace"), min_value=0)
    downgrade = _choice(_("A tier that was not kept"), required=False)
    warn_days = _number(_("Warning, days before the end"), min_value=0)
    whose = _choice(_("Whose turnover"), required=False)
    repeats = forms.BooleanField(
        label=_("A full card begins the next one"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    of = _choice(_("In a row"), required=False)
    each = _text(_("With at least"))
    rule = _choice(_("How progress is converted"))
    rule_date = _day(_("From which day"))

    def __init__(self, data: Any = None, *, kind: str, face: Face, before: Track | None) -> None:  # noqa: ANN401 Django's
        """Take the kind, which cannot be another one, and the track as it is, if it is there already."""
        super().__init__(data, initial=initial(before, face) if before else dict(BEGINNINGS[kind]))
        self.kind, self.face, self.before, known = kind, face, before, before is not None
        windows = [(one, words.say("window_kind", one)) for one in WINDOWS]
        choices: Mapping[str, Sequence[tuple[str, str]]] = {
            "metric": [(str(one), words.say("metric", one)) for one in Metric],
            "unit": [(unit.code, words.say("unit", unit.code)) for unit in face.units],
            "window": windows,
            "audience": [
                ("", words.say("audience", "all")),
                *((str(a), words.say("audience_of", a)) for a in Audience),
            ],
            "maintain": [("", words.say("window_kind", "none")), *windows[:-1]],
            "downgrade": [(str(one), words.say("downgrade_to", one)) for one in Downgrade],
            "whose": [(str(one), words.say("whose", one)) for one in Whose],
            "of": [(str(one), words.say("beat", one)) for one in Beat],
            "rule": [(one, words.say("conversion", one)) for one in ("recount", *(["keep"] if known else []), "fresh")],
        }
        for name, some in choices.items():
            self.fields[name].choices = some  # type: ignore[attr-defined]  # a ChoiceField
        if known:
            self.fields["code"].widget.attrs["readonly"] = True
        self.rows = self._rows()
        self.row_errors: list[str] = []

    def shown(self) -> list[tuple[dict[str, str], str]]:
        """Return the rows of steps, each with its number."""
        return [(row, str(number)) for number, row in enumerate(self.rows, 1)]

    def add_rows(self) -> None:
        """Leave room for more steps."""
        room = min(len(self.rows) + MORE_ROWS, MAX_STEPS) - len(self.rows)
        self.rows += [dict.fromkeys(STEP_FIELDS, "") for _ in range(room)]

    def track(self) -> Track | list[str]:
        """Return the track that is stated, or what is wrong with it: with a row of steps, or the whole."""
        data = self.cleaned_data
        steps = [one for number, row in enumerate(self.rows, 1) if (one := self._step(row, number)) is not None]
        if self.row_errors:
            return self.row_errors
        body: Body = {
            "code": data["code"],
            "metric": data["metric"],
            "window": self._window(data["window"], data["days"]),
            "steps": steps,
            "settings": self._settings(data),
            "names": _names(data["name_en"], data["name_ru"], self.before.names if self.before else {}),
            **{name: data[name] for name in ("unit", "event") if data[name] and self._has(name, data["metric"])},
            **{name: data[name] for name in ("where", "lines") if data[name] is not None},
            **({"audience": data["audience"]} if data["audience"] else {}),
            **({"most_a_day": data["most_a_day"]} if data["most_a_day"] is not None else {}),
        }
        try:
            return msgspec.convert(body, Track)
        except msgspec.ValidationError as error:
            return [str(error)]

    def conversion(self) -> Rule | None:
        """Return the rule by which progress is converted; None without the date that it needs."""
        data = self.cleaned_data
        if data["rule"] == "fresh" and data["rule_date"] is None:
            self.add_error("rule_date", _("Say from which day."))
            return None
        more = {"date": data["rule_date"].isoformat()} if data["rule"] == "fresh" else {}
        rule: Rule = msgspec.convert({"rule": data["rule"], **more}, Rule)
        return rule

    def clean_where(self) -> object:
        """Read a condition."""
        return self._json("where")

    def clean_lines(self) -> object:
        """Read a condition."""
        return self._json("lines")

    def clean(self) -> Body:
        """Read amounts, which are written as what counts is."""
        data: Body = super().clean() or self.cleaned_data
        for name in ("most_a_day", "each"):
            text = data.get(name)
            data[name] = self._amount(text) if text else None
            if text and data[name] is None:
                self.add_error(name, _("Write a number."))
        if data.get("window") == "rolling" and not data.get("days"):
            self.add_error("days", _("Say how many days."))
        if data.get("window") == "between" and not (data.get("first") and data.get("last")):
            self.add_error("first", _("Say the first and the last day."))
        if self.kind == "tiers" and data.get("maintain") == "rolling" and not data.get("maintain_days"):
            self.add_error("maintain_days", _("Say how many days."))
        return data

    def _has(self, name: str, metric: str) -> bool:
        return metric == {"unit": Metric.POINTS, "event": Metric.EVENTS}[name]

    def _json(self, name: str) -> object:
        text = self.cleaned_data[name].strip()
        if not text:
            return None
        try:
            found: object = json.loads(text)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(WRONG_JSON % {"place": error.pos + 1}) from error
        except RecursionError as error:
            raise forms.ValidationError(_("This condition is too deep.")) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(_("A condition is an object with a combinator and rules."))
        return found

    def _window(self, choice: str, days: int | None) -> Body:
        name, _slash, period = choice.partition("/")
        if name == "calendar":
            return {"window": name, "period": period}
        if name == "rolling":
            return {"window": name, "days": days}
        if name == "between":
            first, last = (self.cleaned_data[one].isoformat() for one in ("first", "last"))
            return {"window": name, "first": first, "last": last}
        return {"window": name}

    def _settings(self, data: Body) -> Body:
        wanted: Mapping[str, Body] = {
            "tiers": {
                "maintain": self._window(data["maintain"], data["maintain_days"]) if data["maintain"] else None,
                "later": 1 if data["later"] is None else data["later"],
                "grace_days": data["grace_days"] or 0,
                "downgrade": data["downgrade"] or Downgrade.EARNED,
                "warn_days": data["warn_days"] or 0,
            },
            "scale": {"whose": data["whose"] or Whose.MEMBER},
            "stamp_card": {"repeats": data["repeats"]},
            "streak": {"of": data["of"] or Beat.WEEK, "each": data["each"] or 1, "grace_days": data["grace_days"] or 0},
        }
        return {"kind": self.kind, **wanted.get(self.kind, {})}

    def _step(self, row: Mapping[str, str], number: int) -> Body | None:
        """Read a row; None for an empty one."""
        if not any(row[name].strip() for name in STEP_FIELDS):
            return None
        body: Body = {"code": row["code"].strip(), "threshold": self._needed(row, "threshold", number)}
        steps = self.before.steps if self.before else ()
        before = next((one for one in steps if one.code == body["code"]), None)
        names = _names(row["name_en"], row["name_ru"], before.names if before else {})
        if names:
            body["names"] = names
        if row["keep"].strip() and self.kind == "tiers":
            body["keep"] = self._needed(row, "keep", number)
        if row["share"].strip() and self.kind == "scale":
            body["share"] = self._needed(row, "share", number)
        if row["badge"].strip():
            body["badge"] = row["badge"].strip()
        if row["badge_days"].strip():
            body["badge_days"] = self._needed(row, "badge_days", number)
        if row["benefits"].strip():
            same = before is not None and row["benefits"].strip() == _benefits(before)
            body["benefits"] = before.benefits if same and before else {"text": row["benefits"].strip()}
        return body

    def _needed(self, row: Mapping[str, str], name: str, number: int) -> int:
        digits = {"share": 2, "badge_days": 0}.get(name)
        found = self._amount(row[name]) if digits is None else _scaled(row[name], digits)
        if found is None:
            text = _("Step %(number)s: “%(field)s” is no number.")
            self.row_errors.append(str(text) % {"number": number, "field": words.say("step_field", name)})
        return found or 0

    def _amount(self, text: str) -> int | None:
        return _scaled(text, self._digits())

    def _digits(self) -> int:
        if self.kind == "streak":
            return 0
        return digits_of(self.face, self["metric"].value() or "", self["unit"].value())

    def _rows(self) -> list[dict[str, str]]:
        if self.is_bound:
            columns = {
                name: self.data.getlist(f"step_{name}")[:MAX_STEPS]  # type: ignore[attr-defined]  # a QueryDict
                for name in STEP_FIELDS
            }
            count = max(len(column) for column in columns.values())
            return [
                {name: column[i][:300] if i < len(column) else "" for name, column in columns.items()}
                for i in range(count)
            ]
        rows: list[dict[str, str]] = [dict(row) for row in self.initial.get("steps", ())]
        return rows + [dict.fromkeys(STEP_FIELDS, "") for _ in range(MORE_ROWS if not rows else 1)]


def initial(track: Track, face: Face) -> Body:
    """Return what the form shows of a track."""
    body: Body = msgspec.to_builtins(track)
    window = body["window"]
    # What a track leaves out is what it says by default, and has to be shown so.
    settings: Body = msgspec.to_builtins(msgspec.structs.asdict(track.settings)) | {"kind": body["settings"]["kind"]}
    digits = 0 if settings["kind"] == "streak" else digits_of(face, track.metric, track.unit)
    return {
        "code": track.code,
        "name_en": track.names.get("en", ""),
        "name_ru": track.names.get("ru", ""),
        **{name: body.get(name) for name in ("metric", "unit", "event", "audience")},
        "window": _choice_of(window),
        **{name: window.get(name) for name in ("days", "first", "last")},
        "most_a_day": _plain(track.most_a_day, digits),
        **{name: _pretty(body.get(name)) for name in ("where", "lines")},
        **{name: value for name, value in settings.items() if name not in {"kind", "maintain", "each"}},
        "maintain": _choice_of(settings["maintain"]) if settings.get("maintain") else "",
        "maintain_days": (settings.get("maintain") or {}).get("days"),
        "repeats": settings.get("repeats", True),
        "each": _plain(settings.get("each"), digits),
        "steps": list(_step_rows(track, digits)),
    }


def digits_of(face: Face, metric: str, unit: str | None) -> int:
    """Return with how many decimals a metric is written."""
    if metric in MONEY:
        return currency_digits(face.program.currency)
    if metric == Metric.POINTS:
        return next((one.scale for one in face.units if one.code == unit), 0)
    return 0


def _step_rows(track: Track, digits: int) -> Iterator[dict[str, str]]:
    for step in track.steps:
        yield {
            "code": step.code,
            "name_en": step.names.get("en", ""),
            "name_ru": step.names.get("ru", ""),
            "threshold": _plain(step.threshold, digits),
            "keep": _plain(step.keep, digits),
            "share": _plain(step.share, 2),
            "badge": step.badge or "",
            "badge_days": _plain(step.badge_days, 0),
            "benefits": _benefits(step),
        }


def _names(english: str, russian: str, before: Mapping[str, str]) -> dict[str, str]:
    """Return names by language; those in languages that the form does not show stay."""
    others = {code: name for code, name in before.items() if code not in {"en", "ru"}}
    return others | {code: name.strip() for code, name in (("en", english), ("ru", russian)) if name.strip()}


def _benefits(step: Step) -> str:
    return "; ".join(str(value) for value in step.benefits.values())


def _choice_of(window: Mapping[str, str]) -> str:
    return f"calendar/{window['period']}" if window["window"] == "calendar" else window["window"]


def _pretty(tree: object) -> str:
    return "" if tree is None else json.dumps(tree, ensure_ascii=False, indent=2)


def _plain(value: int | None, digits: int) -> str:
    """Write a number as a person types it."""
    if value is None:
        return ""
    text = f"{Decimal(value).scaleb(-digits):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(text: str, digits: int) -> int | None:
    """Read a number as a person types it: spaces between thousands, a comma or a point before decimals."""
    plain = "".join(text.split()).replace(",", ".")
    try:
        value = Decimal(plain).scaleb(digits)
    except ArithmeticError:
        return None
    whole = value.is_finite() and value == value.to_integral_value() and abs(value) < Decimal(10) ** 16
    return int(value) if whole else None


def day_or_none(text: str) -> date | None:
    """Read a date of a form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
