"""What differs between two rulebooks, in words: rules that came and went, and what is said of the others now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from verno.console.promotions.parting import Part, part
from verno.console.promotions.saying.telling import Teller, Told
from verno.promotions.differing import difference
from verno.rules.types import Rule, Rulebook

Says = Callable[[Teller, Rule], str]
Differs = tuple[str, set[str] | None]
"""A rule by its id, and the paths that changed of one that is in both."""


@dataclass(frozen=True)
class Line:
    """What was said of one thing, and what is said now."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Changed:
    """A rule that is in both, and what of it is said in other words."""

    name: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Differences:
    """What differs: the rules of one page, and what holds for all of them."""

    added: list[Told]
    removed: list[Told]
    changed: list[Changed]
    whole: list[Line]
    reordered: bool
    part: Part[Differs]

    @property
    def empty(self) -> bool:
        """Tell whether there is none."""
        return not (self.part.total or self.whole or self.reordered)


def _plain(name: str) -> Says:
    def says(_teller: Teller, rule: Rule) -> str:
        value = getattr(rule, name)
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return "" if value is None else str(value)

    return says


def _labels() -> Mapping[str, tuple[str, Says]]:
    """Return by a rule's field how it is called and said."""
    return {
        "name": (_("What it is called"), _plain("name")),
        "when": (_("When"), lambda teller, rule: teller.condition(rule.when)),
        "effects": (_("What it does"), lambda teller, rule: "; ".join(teller.effect(one) for one in rule.effects)),
        "budgets": (_("Budgets"), lambda teller, rule: "; ".join(teller.budget(one) for one in rule.budgets)),
        "priority": (_("Priority"), _plain("priority")),
        "group": (_("Exclusive group"), _plain("group")),
        "category": (_("Category"), _plain("category")),
        "alone": (_("Acts with no other rule of its kind"), _plain("alone")),
        "once_a_line": (_("One discount a line"), _plain("once_a_line")),
        "with_points": (_("Acts where points pay"), _plain("with_points")),
        "paused": (_("Switched off in this version"), _plain("paused")),
        "promotion": (_("Promotion"), _plain("promotion")),
    }


def differences(before: Rulebook, after: Rulebook, *, was: Teller, now: Teller, asked: QueryDict) -> Differences:
    """Say what one would do to ``before`` to get ``after``, as much as goes on the page that is ``asked`` for."""
    found = difference(before, after)
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    all_: list[Differs] = [(id_, None) for id_ in (*found.added, *found.removed)]
    all_ += [(one.rule, {change.path for change in one.changes}) for one in found.changed]
    shown = part(asked, all_, key="changes")
    return Differences(
        [now.rule(new[id_]) for id_, _paths in shown.items if id_ not in old],
        [was.rule(old[id_]) for id_, _paths in shown.items if id_ not in new],
        [_changed(old[id_], new[id_], paths, was, now) for id_, paths in shown.items if paths is not None],
        [Line(_("For all rules"), " ".join(was.whole(before)), " ".join(now.whole(after)))] if found.whole else [],
        found.reordered,
        shown,
    )


def _changed(old: Rule, new: Rule, paths: set[str], was: Teller, now: Teller) -> Changed:
    heads = {path.split(".")[0] for path in paths}
    lines = [Line(label, says(was, old), says(now, new)) for name, (label, says) in _labels().items() if name in heads]
    return Changed(new.name or new.id, lines)
