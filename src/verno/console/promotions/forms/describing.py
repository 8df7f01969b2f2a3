"""The forms of the builder: of one rule, and of how a rulebook's rules go together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel.numbers import get_currency_symbol
from django.conf import settings
from django.utils.translation import gettext as _
from msgspec.structs import replace

from verno.console import words
from verno.console.face import Face
from verno.console.promotions.forms import conditions, effects
from verno.console.promotions.forms.asking import Ask, Choice, Form, Variant
from verno.console.promotions.forms.effects import About
from verno.kit.money import currency_digits
from verno.predicate.types import Field, Kind, Registry
from verno.rules import fields
from verno.rules.fields import Known

NOT_ITSELF = frozenset({Kind.CHOICE, Kind.CATEGORY, Kind.TEXT})
"""Kinds of fields by which rates may differ."""


@dataclass(frozen=True)
class Naming:
    """What the words and the forms of one draft may name."""

    face: Face
    known: Known
    rules: Sequence[Mapping[str, object]]
    """The draft's rules as they are stored."""
    categories: Sequence[str] = ()
    """Codes of the draft's categories of rules."""
    goods: Sequence[str] = ()
    """Paths of the categories that goods are in, as they are typed."""

    @property
    def about(self) -> About:
        """What effects speak of."""
        program, units = self.face.program, self.face.units
        named = [(str(rule.get("id", "")), str(rule.get("name") or rule.get("id", ""))) for rule in self.rules]
        by = [*self._by(fields.registry(self.known), ""), *self._by(fields.line_registry(self.known), "lines.")]
        return About(
            digits=currency_digits(program.currency),
            symbol=get_currency_symbol(program.currency, locale=self.face.locale),
            units=[(unit.code, words.say("unit", unit.code)) for unit in units],
            scales={unit.code: unit.scale for unit in units},
            tracks=self.known.tracks,
            rules=named,
            rate_fields=[(prefix + one.name, conditions.called(one)) for prefix, one in by] + self._scales(),
            rate_keys={prefix + one.name: _choices(one) for prefix, one in by if one.choices},
        )

    def _scales(self) -> list[Choice]:
        """Return the turnover scales, which say their rates themselves."""
        named = [(code, track.name or code) for code, track in self.known.tracks.items() if track.is_scale]
        return [(fields.SCALE + code, _("Turnover scale “%(name)s”") % {"name": name}) for code, name in named]

    def _by(self, registry: Registry, prefix: str) -> list[tuple[str, Field]]:
        return [(prefix, one) for one in registry.fields.values() if one.kind in NOT_ITSELF]


def rule_form(naming: Naming) -> Form:
    """Return the form of one rule."""
    about = naming.about
    asks = [
        Ask(name="name", kind="text", label=_("What it is called"), default="", hint=_("In lists and reports.")),
        Ask(
            name="", kind="card", label=_("When"), hint=_("Dates, hours, places, goods and people are all conditions."),
            of=[Ask(name="when", kind="tree", label=_("Conditions"), registry="receipt", optional=True)],
        ),
        Ask(
            name="", kind="card", label=_("What it does"),
            of=[Ask(name="effects", kind="variants", label=_("Effects"), add=_("Effect"))],
        ),
        Ask(name="", kind="card", label=_("Limits and budget"), of=[_budgets(about)]),
        Ask(name="", kind="card", label=_("Together with other rules"), of=_stacking(naming)),
    ]  # fmt: skip
    return _form(naming, about, asks, effects.variants(about))


def together_form(naming: Naming) -> Form:
    """Return the form of what holds for a rulebook as a whole."""
    about = naming.about
    share = effects.percent
    categories = [
        Ask(name="code", kind="text", label=_("Code")),
        Ask(name="one", kind="flag", label=_("Only one of its rules acts on a receipt"), default=False),
        Ask(
            name="without", kind="codes", label=_("Does not go together with"), default=[],
            hint=_("Codes of other categories, one a line."),
        ),
    ]  # fmt: skip
    points = Ask(
        name="points", kind="table", label=_("At most points a receipt"), choices=about.units, optional=True,
        decimals_by=dict(about.scales), add=_("Add a kind of points"),
    )  # fmt: skip
    caps = [
        share("receipt", _("At most off a receipt"), optional=True),
        share("line", _("At most off a line"), optional=True),
        share(
            "margin", _("Least margin on cost"), optional=True,
            hint=_("Goods whose cost is known are not sold below it and this much on top."),
        ),
        points,
    ]  # fmt: skip
    choose = [("best", _("what gives the member most")), ("priority", _("what has the higher priority"))]
    asks = [
        Ask(
            name="choose", kind="choice", label=_("Of rules that exclude each other acts"), choices=choose,
            default="best",
        ),
        Ask(name="amounts_first", kind="flag", label=_("Take amounts off before per cents"), default=False),
        Ask(name="caps", kind="record", label=_("Caps"), optional=True, of=caps, add=_("Add caps")),
        Ask(
            name="categories", kind="records", label=_("Categories of rules"), of=categories, optional=True,
            add=_("Add a category"), hint=_("A rule belongs to one at most; categories say which rules go together."),
        ),
    ]  # fmt: skip
    return _form(naming, about, asks, effects.variants(about))


def condition_form(naming: Naming, *, always: str) -> Form:
    """Return what the editor of a lone condition needs; ``always`` says what it is to have none."""
    form = _form(naming, naming.about, [], [])
    return replace(form, words={**form.words, "always": always})


def _stacking(naming: Naming) -> list[Ask]:
    groups = sorted({str(rule["group"]) for rule in naming.rules if rule.get("group")})
    promotions = sorted({str(rule["promotion"]) for rule in naming.rules if rule.get("promotion")})
    return [
        Ask(
            name="priority", kind="figure", label=_("Priority"), default=0,
            hint=_("From −1000 to 1000; the higher acts first, among equals the order of the list counts."),
        ),
        Ask(
            name="group", kind="text", label=_("Exclusive group"), optional=True, choices=_same(groups),
            hint=_("Any name: of the rules with the same one, one acts on a receipt."),
        ),
        Ask(
            name="category", kind="choice", label=_("Category"), optional=True, choices=_same(naming.categories),
            hint=_("Categories are made under “How rules go together”."),
        ),
        Ask(name="alone", kind="flag", label=_("Acts with no other rule of its kind"), default=False),
        Ask(
            name="once_a_line", kind="flag", default=False,
            label=_("Leaves out lines that another rule took something off, and others after it leave out its own"),
        ),
        Ask(name="with_points", kind="flag", label=_("Acts on receipts that points pay a part of, too"), default=True),
        Ask(name="paused", kind="flag", label=_("Switched off in this version"), default=False, more=True),
        Ask(
            name="promotion", kind="text", label=_("Promotion"), optional=True, choices=_same(promotions), more=True,
            hint=_("A code that several rules share, so that they are paused together."),
        ),
        Ask(
            name="id", kind="text", label=_("Code"), more=True,
            hint=_("Receipts and budgets remember it: another code is another rule."),
        ),
    ]  # fmt: skip


def _budgets(about: About) -> Ask:
    counts = [("uses", _("receipts")), ("money", _("money taken off")), ("points", _("points given"))]
    scale = next(iter(about.scales.values()), 0) if len(about.scales) == 1 else 0
    periods = [
        ("ever", _("for ever")), ("day", _("a day")), ("week", _("a week")), ("month", _("a month")),
        ("year", _("a year")),
    ]  # fmt: skip
    asks = [
        Ask(name="counts", kind="choice", label=_("What is counted"), choices=counts),
        Ask(
            name="most", kind="figure", label=_("At most"), by="counts",
            decimals_by={"uses": 0, "money": about.digits, "points": scale},
        ),
        Ask(name="period", kind="choice", label=_("For how long"), choices=periods, default="ever"),
        Ask(name="each_member", kind="flag", label=_("For each member"), default=False),
    ]  # fmt: skip
    return Ask(
        name="budgets", kind="records", label=_("Budgets"), of=asks, optional=True, add=_("Add a limit"),
        hint=_("A rule without room in all of them does not act on a receipt."),
    )  # fmt: skip


def _form(naming: Naming, about: About, asks: list[Ask], variants: list[Variant]) -> Form:
    trees = [_when(rule) for rule in naming.rules]
    today = naming.face.now.astimezone(naming.face.zone).date().isoformat()
    return Form(
        asks=asks,
        variants=variants,
        fields={
            "receipt": conditions.fields(fields.registry(naming.known, *trees), symbol=about.symbol, of_lines=False),
            "lines": conditions.fields(
                fields.line_registry(naming.known), symbol=about.symbol, of_lines=True, categories=naming.goods
            ),
        },
        operators=conditions.operators(),
        modes=conditions.modes(),
        comparisons=conditions.comparisons(),
        shortcuts=conditions.shortcuts(naming.known.places or {}, today),
        days=conditions.weekdays(),
        languages=[(code, str(name)) for code, name in settings.LANGUAGES],
        zone=naming.face.program.timezone,
        words=_words(),
    )


def _words() -> dict[str, str]:
    return {
        "add": _("Add"),
        "remove": _("Remove"),
        "condition": _("Condition"),
        "group": _("Group"),
        "choose": _("Choose what is asked …"),
        "field": _("what is asked"),
        "operator": _("how it is compared"),
        "value": _("value"),
        "name": _("name"),
        "number": _("number"),
        "how-many": _("how many lines"),
        "sum-of": _("sum of what"),
        "joint": _("How these conditions go together"),
        "all": _("All of these hold"),
        "any": _("At least one of these holds"),
        "not-all": _("Not all of these hold"),
        "none": _("None of these holds"),
        "always": _("Always: on every receipt."),
        "all-lines": _("All goods of the receipt."),
        "any-line": _("any goods"),
        "needs-a-rule": _("An empty group: it needs a condition."),
        "days": _("days"),
        "from": _("from"),
        "to": _("to"),
        "yes": _("yes"),
        "no": _("no"),
        "one-a-line": _("one a line"),
        "one-path-a-line": _("one a line, as food / tea"),
        "which": _("for what"),
        "no-choice": _("none"),
        "which-category": _("Categories of the catalogue"),
        "more": _("More"),
    }


def _when(rule: Mapping[str, object]) -> dict[str, object] | None:
    tree = rule.get("when")
    return tree if isinstance(tree, dict) else None


def _choices(field: Field) -> list[Choice]:
    return [(code, label or code) for code, label in (field.choices or {}).items()]


def _same(codes: Sequence[str]) -> list[Choice]:
    return [(code, code) for code in codes]
