"""Rules in the reader's words: when, what, how much, and what else is said of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import assert_never

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from verno.console import words
from verno.console.face import Face
from verno.console.promotions.forms import conditions
from verno.console.promotions.forms.describing import Naming
from verno.predicate import explaining, reading
from verno.predicate.types import Language, Node, Registry
from verno.predicate.types import Refused as Unreadable
from verno.rules import fields, stored
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    DiscountAmount,
    Discounting,
    DiscountPercent,
    Earn,
    EarnFixed,
    Earning,
    EarnMultiply,
    EarnPercent,
    EmitEvent,
    ExtendExpiry,
    FixedPrice,
    FreeUnits,
    Gift,
    GiveBadge,
    PrintText,
    Rates,
    SetTier,
    Telling,
    Tree,
)
from verno.rules.types import Budget, Counts, Rule, Rulebook

HUNDRED = 100
REGION = "region"
WANTED = frozenset({"=", "in"})


@dataclass(frozen=True)
class Told:
    """A rule in words. ``finished`` is false of one that cannot be read yet."""

    id: str
    name: str
    condition: str = ""
    effects: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    budgets: list[str] = field(default_factory=list)
    promotion: str = ""
    paused: bool = False
    finished: bool = True


@dataclass(frozen=True)
class Teller:
    """Says things of one rulebook."""

    naming: Naming

    def raw(self, rule: object) -> Told:
        """Say a rule as a draft has it, finished or not."""
        if not isinstance(rule, dict):
            return Told("", _("Not a rule"), finished=False)
        try:
            (read,) = stored.read({"rules": [rule]}).rules
        except (msgspec.ValidationError, ValueError):
            id_ = str(rule.get("id", ""))
            return Told(id_, str(rule.get("name") or id_), finished=False)
        return self.rule(read)

    def rule(self, rule: Rule) -> Told:
        """Say a rule."""
        return Told(
            rule.id,
            rule.name or rule.id,
            self.condition(rule.when),
            [self.effect(one) for one in rule.effects],
            [*_marks(rule), *self._nowhere(rule.when)],
            [self.budget(one) for one in rule.budgets],
            rule.promotion or "",
            rule.paused,
        )

    def _nowhere(self, tree: Tree | None) -> list[str]:
        """Say which regions a condition asks for that no store is in: a slip, or stores are still to come."""
        there = self.naming.known.regions
        asked = dict.fromkeys(_values(tree, REGION)) if there is not None else ()
        return [
            _("no store is in the region %(region)s") % {"region": one} for one in asked if one not in (there or {})
        ]

    def condition(self, tree: Tree | None) -> str:
        """Say a condition on receipts."""
        return self._tree(tree, of_lines=False)

    def effect(self, effect: AnyEffect) -> str:
        """Say what an effect does, to which lines, and how much at most."""
        return "; ".join([self._effect(effect), *self._clauses(effect)])

    def budget(self, budget: Budget) -> str:
        """Say a budget."""
        said = {
            Counts.USES: ngettext("at most %(most)s receipt", "at most %(most)s receipts", budget.most),
            Counts.MONEY: _("at most %(most)s off"),
            Counts.POINTS: ngettext("at most %(most)s point", "at most %(most)s points", budget.most),
        }
        period = {
            "ever": _("in all"), "day": _("per day"), "week": _("per week"), "month": _("per month"),
            "year": _("per year"),
        }  # fmt: skip
        text = said[budget.counts] % {"most": self.counted(budget, budget.most)}
        whose = _("for each member") if budget.each_member else ""
        return ", ".join(part for part in (text, whose, period[budget.period]) if part)

    def counted(self, budget: Budget, value: int) -> str:
        """Write a figure of what a budget counts."""
        face = self.naming.face
        if budget.counts is Counts.MONEY:
            return face.money(value)
        if budget.counts is Counts.POINTS and len(face.units) == 1:
            return face.points(value, face.units[0].code)
        return face.number(value)

    def whole(self, book: Rulebook) -> list[str]:
        """Say what holds for all rules."""
        out = []
        if any(rule.group or rule.alone or rule.category for rule in book.rules):
            best = _("Of rules that exclude each other acts what gives the member most.")
            out.append(
                best if book.choose == "best" else _("Of rules that exclude each other the higher priority acts.")
            )
        if book.amounts_first:
            out.append(_("Amounts are taken off before per cents."))
        caps = book.caps
        said = (
            (caps.receipt, _("All discounts together take at most %(share)s off a receipt.")),
            (caps.line, _("All discounts together take at most %(share)s off a line.")),
            (caps.margin, _("Nothing is sold below its cost and %(share)s on top.")),
        )
        out += [text % {"share": self.share(value)} for value, text in said if value is not None]
        out += [
            _("A receipt earns at most %(points)s.") % {"points": self._points(unit, most)}
            for unit, most in caps.points.items()
        ]
        for keep in book.keeps:
            node = reading.read(keep.members, fields.member_registry(self.naming.known))
            who = _("a condition that cannot be read yet") if isinstance(node, Unreadable) else self._told(node)
            told = {"who": who, "version": keep.version or _("in force"), "date": self.naming.face.day(keep.until)}
            out.append(_("Members with %(who)s keep version %(version)s through %(date)s.") % told)
        for one in book.categories:
            if one.one:
                out.append(_("Category %(code)s: one of its rules acts.") % {"code": one.code})
            if one.without:
                others = ", ".join(one.without)
                out.append(_("Category %(code)s: not together with %(others)s.") % {"code": one.code, "others": others})
        return out

    def share(self, value: int) -> str:
        """Write hundredths of a per cent."""
        return f"{self._decimal(value)}\u00a0%"

    def _decimal(self, value: int) -> str:
        whole, rest = divmod(value, HUNDRED)
        text = self.naming.face.number(whole)
        if not rest:
            return text
        comma = "," if self.naming.face.locale.startswith("ru") else "."
        return f"{text}{comma}{rest:02d}".rstrip("0")

    def _points(self, unit: str, value: int) -> str:
        return points(self.naming.face, unit, value)

    def _effect(self, effect: AnyEffect) -> str:
        if isinstance(effect, Earning):
            return self._earning(effect)
        return self._discount(effect) if isinstance(effect, Discounting) else self._telling(effect)

    def _earning(self, effect: Earning) -> str:
        face = self.naming.face
        match effect:
            case EarnPercent():
                unit = "" if len(face.units) == 1 else f" ({words.say('unit', effect.unit)})"
                said = {"rate": self.share(effect.rate), "unit": unit}
                return _("%(rate)s of what is paid come back as points%(unit)s") % said
            case Earn():
                said = {"points": self._points(effect.unit, effect.points), "per": face.money(effect.per)}
                return _("%(points)s for every full %(per)s paid") % said
            case EarnFixed():
                return f"{self._points(effect.unit, effect.points)} {_for(effect.each)}"
            case EarnMultiply():
                text = _("%(times)s times as many points") % {"times": self._decimal(effect.times)}
                return f"{text} ({self._names(effect.rules)})" if effect.rules else text
            case _:
                assert_never(effect)

    def _discount(self, effect: Discounting) -> str:
        face = self.naming.face
        match effect:
            case DiscountPercent():
                return _("%(share)s off") % {"share": self.share(effect.share)}
            case DiscountAmount():
                return _("%(amount)s off") % {"amount": face.money(effect.amount)} + f" {_for(effect.each)}"
            case FixedPrice():
                return _("a price of %(price)s each") % {"price": face.money(effect.price)}
            case FreeUnits():
                return self._free(effect)
            case Bundle():
                lines = [(part.units, self._tree(part.lines, of_lines=True)) for part in effect.parts]
                parts = "; ".join(f"{face.number(units)} × ({condition})" for units, condition in lines)
                return _("a set for %(price)s: %(parts)s") % {"price": face.money(effect.price), "parts": parts}
            case Gift():
                return _("a gift: %(units)s × %(sku)s") % {"units": face.number(effect.units), "sku": effect.sku}
            case _:
                assert_never(effect)

    def _telling(self, effect: Telling) -> str:
        match effect:
            case GiveBadge():
                return _with_days(_("the badge “%(badge)s”") % {"badge": effect.badge}, effect.days)
            case SetTier():
                track = self.naming.known.tracks.get(effect.track)
                step = track.steps.get(effect.step, effect.step) if track else effect.step
                return _with_days(_("lifted to the tier “%(tier)s”") % {"tier": step}, effect.days)
            case ExtendExpiry():
                return self._longer(effect)
            case EmitEvent():
                return _("other systems are told “%(name)s”") % {"name": effect.name}
            case PrintText():
                text = effect.text.get(self.naming.face.locale) or next(iter(effect.text.values()))
                return _("on the slip: “%(text)s”") % {"text": text}
            case _:
                assert_never(effect)

    def _longer(self, effect: ExtendExpiry) -> str:
        within = ngettext(
            "points that end within %(days)s day", "points that end within %(days)s days", effect.within
        ) % {"days": effect.within}
        if effect.until is not None:
            return _("%(points)s live through %(date)s") % {
                "points": within,
                "date": self.naming.face.day(effect.until),
            }
        return _with_days(_("%(points)s live longer") % {"points": within}, effect.days)

    def _free(self, effect: FreeUnits) -> str:
        face = self.naming.face
        said = {
            "of": face.number(effect.of), "free": face.number(effect.free), "share": self.share(effect.share),
        }  # fmt: skip
        if effect.share == HUNDRED * HUNDRED:
            text = _("of every %(of)s pieces the %(free)s cheapest cost nothing")
        else:
            text = _("of every %(of)s pieces the %(free)s cheapest cost %(share)s less")
        if effect.card is not None:
            track = self.naming.known.tracks.get(effect.card)
            card = track.name if track and track.name else effect.card
            text += ", " + _("counted on over receipts by “%(card)s”")
            return text % {**said, "card": card}
        return text % said + (f", {_('pieces of the same goods together')}" if effect.same_goods else "")

    def _clauses(self, effect: AnyEffect) -> Iterator[str]:
        lines: Tree | None = getattr(effect, "lines", None)
        if lines is not None:
            yield _("only goods where %(condition)s") % {"condition": self._tree(lines, of_lines=True)}
        by: Rates | None = getattr(effect, "by", None)
        if by is not None:
            yield self._rates(by)
        most: int | None = getattr(effect, "most", None)
        if most is not None:
            unit = getattr(effect, "unit", None)
            figure = self.naming.face.money(most) if unit is None else self._points(unit, most)
            yield _("at most %(most)s a receipt") % {"most": figure}
        sets: int | None = getattr(effect, "sets", None)
        if sets is not None:
            yield ngettext("%(sets)s time a receipt", "%(sets)s times a receipt", sets) % {"sets": sets}

    def _rates(self, by: Rates) -> str:
        if by.field.startswith(fields.SCALE):
            code = by.field.removeprefix(fields.SCALE)
            track = self.naming.known.tracks.get(code)
            return _("by the turnover scale “%(name)s”") % {"name": (track and track.name) or code}
        of_lines = by.field.startswith("lines.")
        known = fields.line_registry(self.naming.known) if of_lines else fields.registry(self.naming.known)
        found = known.fields.get(by.field.removeprefix("lines."))
        names = (found.choices if found else None) or {}
        rates = ", ".join(f"{names.get(key, key)} {self.share(rate)}" for key, rate in by.rates.items())
        what = conditions.called(found) if found else by.field
        return _("by “%(field)s”: %(rates)s") % {"field": what, "rates": rates}

    def _names(self, ids: tuple[str, ...]) -> str:
        return ", ".join(self._called.get(id_, id_) for id_ in ids)

    @cached_property
    def _called(self) -> dict[str, str]:
        """What the rules are called, by id."""
        return {str(rule.get("id")): str(rule.get("name") or rule.get("id")) for rule in self.naming.rules}

    def _tree(self, tree: Tree | None, *, of_lines: bool) -> str:
        if tree is None:
            return _("always")
        for made in self._registries(tree, of_lines=of_lines):
            node = reading.read(tree, made)
            if not isinstance(node, Unreadable):
                return self._told(node)
        return _("a condition that cannot be read yet")

    def _registries(self, tree: Tree, *, of_lines: bool) -> Iterator[Registry]:
        """Yield what may have the fields of a condition: those that every program has, then what this one asks for."""
        yield self._of_lines if of_lines else self._of_receipts
        registry = fields.line_registry if of_lines else fields.registry
        known = self.naming.known
        yield registry(known, tree)
        yield registry(unplaced(known), tree)

    @cached_property
    def _of_receipts(self) -> Registry:
        return fields.registry(self.naming.known)

    @cached_property
    def _of_lines(self) -> Registry:
        return fields.line_registry(self.naming.known)

    def _told(self, node: Node) -> str:
        return explaining.tell(node, Language(self.naming.face.locale, _, ngettext, self.naming.face.zone))


def points(face: Face, unit: str, value: int) -> str:
    """Write points with their name; of a kind that the program has not, as whole ones."""
    figure = face.points(value, unit) if unit in {one.code for one in face.units} else face.number(value)
    if unit == "points":
        return ngettext("%(points)s point", "%(points)s points", value) % {"points": figure}
    return f"{figure} {words.say('unit', unit)}"


def unplaced(known: fields.Known) -> fields.Known:
    """Return what is known without places and regions: a condition may name one that is not there."""
    return fields.Known(known.digits, None, known.tracks, known.member_attributes)


def _for(each: str) -> str:
    return {"receipt": _("for the receipt"), "line": _("for each line"), "unit": _("for each piece")}[each]


def _with_days(text: str, days: int | None) -> str:
    if days is None:
        return text
    return f"{text} {ngettext('for %(days)s day', 'for %(days)s days', days) % {'days': days}}"


def _values(tree: object, name: str) -> Iterator[str]:
    """Yield what a condition wants a field to be; it may be any JSON. What must not be is not looked for."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        value, rules = node.get("value"), node.get("rules")
        if node.get("field") == name and str(node.get("operator")) in WANTED:
            yield from [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        if isinstance(rules, list):
            waiting += reversed(rules)


def _marks(rule: Rule) -> Iterator[str]:
    if rule.paused:
        yield _("switched off")
    if rule.priority:
        yield _("priority %(number)s") % {"number": rule.priority}
    if rule.group is not None:
        yield _("one of the group “%(group)s”") % {"group": rule.group}
    if rule.category is not None:
        yield _("category “%(category)s”") % {"category": rule.category}
    if rule.alone:
        yield _("alone")
    if rule.once_a_line:
        yield _("one discount a line")
    if not rule.with_points:
        yield _("not where points pay")


def sentences(told: Told) -> list[str]:
    """Return a rule as the builder shows it beside the form."""
    if not told.finished:
        return [_("Something is still missing.")]
    first: Mapping[str, str] = {"condition": told.condition}
    return [_("When: %(condition)s") % first, *told.effects, *told.budgets, *told.marks]
