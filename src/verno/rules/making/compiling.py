"""A rulebook made ready: conditions become closures, rules are indexed by what they need, rivals are known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, cast

import msgspec

from verno.predicate.anchors import anchors
from verno.predicate.closures import closure
from verno.predicate.reading import read
from verno.predicate.types import AllOf, Kind, Node, Problem, Reading, Refused, Registry, Value, Wrong
from verno.rules import fields
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    Discounting,
    DiscountPercent,
    Earn,
    Earning,
    EarnPercent,
    ExtendExpiry,
    FreeUnits,
    Rates,
    Tree,
)
from verno.rules.facts import Facts, Line
from verno.rules.fields import Known
from verno.rules.making.asking import asked
from verno.rules.making.indexing import Index, Needs, index
from verno.rules.making.rivals import rivals
from verno.rules.types import Keep, Rule, Rulebook

PATH = " / "
"""What joins the names of a category's path where one text stands for it."""
ALWAYS = AllOf(())
MOVED = (fields.TIERS, fields.PROGRESS, fields.SCALE, "member.badges")
"""Fields of a member that their own receipts change."""

BASE = (Earn, EarnPercent)
"""What a multiple multiplies when it names no rules."""

RateOf: TypeAlias = Callable[[Facts, Line], int]


@dataclass(frozen=True, slots=True)
class Act:
    """An effect, ready: the lines it looks at (None: all), its rate where values differ, the lines of its parts.

    ``steady``: what is taken off changes nothing of which lines those are. Effects of the same condition share it.
    """

    effect: AnyEffect
    where: Reading | None = None
    steady: bool = True
    rate: RateOf | None = None
    parts: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule, ready. ``rivals`` are the positions of rules that it does not go together with."""

    rule: Rule
    position: int
    condition: Node
    holds: Reading | None
    discounts: tuple[Act, ...]
    earns: tuple[Act, ...]
    tells: tuple[Act, ...]
    rivals: frozenset[int]


@dataclass(frozen=True, slots=True)
class Kept:
    """Who keeps version ``version`` through ``until``; ``uses`` are the fields that this asks."""

    version: int
    until: date
    condition: Node
    holds: Reading
    uses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Book:
    """A rulebook, ready: ``rules`` by priority; ``uses`` are the fields that conditions ask.

    ``in_turn``: some rule asks what the receipt before may have changed. ``plain``: every rule gives points per full
    amount of the whole receipt, always, so that nothing but the money paid need be known. ``discounts``: some rule
    takes something off. ``guarded``: some rule is paused, or does not act where points pay. ``lengthens``: the units
    whose points some rule lets live longer. ``keeps``: who is judged by an earlier version, and
    ``asks_of_keepers`` the fields of a member that this asks.
    """

    rulebook: Rulebook
    rules: tuple[Ready, ...]
    index: Index
    uses: frozenset[str]
    in_turn: bool
    plain: bool
    discounts: bool
    guarded: bool
    by_id: Mapping[str, Ready]
    lengthens: frozenset[str]
    keeps: tuple[Kept, ...]
    asks_of_keepers: frozenset[str]


def ready(rulebook: Rulebook, known: Known) -> Book | Refused:
    """Return the rulebook made ready, or everything that is wrong with its conditions (``rules.3.when.rules.0``)."""
    maker = _Maker(known, rulebook)
    order = sorted(range(len(rulebook.rules)), key=lambda i: -rulebook.rules[i].priority)
    apart = rivals([rulebook.rules[i] for i in order], rulebook.categories)
    rules = tuple([maker.rule(rulebook.rules[i], position, i, apart[position]) for position, i in enumerate(order)])
    keeps = tuple([maker.kept(keep, i) for i, keep in enumerate(rulebook.keeps)])
    of_keepers = frozenset(name for keep in keeps for name in keep.uses)
    if maker.problems:
        return Refused(tuple(maker.problems))
    return Book(
        rulebook,
        rules,
        index([maker.needs[position] for position in range(len(rules))], maker.registry),
        frozenset(maker.uses),
        any(name.startswith(MOVED) for name in maker.uses | of_keepers),
        all(_is_plain(one) for one in rules) and not rulebook.caps.points,
        any(one.discounts for one in rules),
        any(one.rule.paused or not one.rule.with_points for one in rules),
        {one.rule.id: one for one in rules},
        frozenset(
            effect.unit for rule in rulebook.rules for effect in rule.effects if isinstance(effect, ExtendExpiry)
        ),
        keeps,
        of_keepers,
    )


class _Maker:
    """Reads conditions and collects what is wrong with them; lives for one rulebook."""

    def __init__(self, known: Known, rulebook: Rulebook) -> None:
        whens = [rule.when for rule in rulebook.rules]
        wheres = [tree for rule in rulebook.rules for effect in rule.effects for tree in _trees(effect)]
        self.known = known
        self.registry = fields.registry(known, *whens)
        self.lines = fields.line_registry(known, *wheres)
        self.members = fields.member_registry(known)
        self.problems: list[Problem] = []
        self.needs: dict[int, Needs] = {}
        self.uses: set[str] = set()
        self.closures: dict[bytes, Reading] = {}

    def rule(self, rule: Rule, position: int, number: int, apart: frozenset[int]) -> Ready:
        at = f"rules.{number}"
        condition = self.node(rule.when, self.registry, f"{at}.when")
        acts = [self.act(effect, f"{at}.effects.{i}") for i, effect in enumerate(rule.effects)]
        discounts = tuple(act for act in acts if isinstance(act.effect, Discounting))
        if discounts and any(name in fields.AFTER_DISCOUNTS for name in asked(condition)):
            words = "a rule that takes something off cannot ask what is known only after that"
            self.problems.append(Problem(f"{at}.when", Wrong.UNKNOWN_FIELD, words))
        self.uses.update(asked(condition))
        self.needs[position] = self.need(condition, rule, acts)
        return Ready(
            rule,
            position,
            condition,
            None if condition == ALWAYS else closure(condition),
            discounts,
            tuple(act for act in acts if isinstance(act.effect, Earning)),
            tuple(act for act in acts if not isinstance(act.effect, Earning | Discounting)),
            apart,
        )

    def kept(self, keep: Keep, number: int) -> Kept:
        node = self.node(keep.members, self.members, f"keeps.{number}.members")
        return Kept(keep.version, keep.until, node, closure(node), frozenset(asked(node)))

    def need(self, condition: Node, rule: Rule, acts: Sequence[Act]) -> Needs:
        """Return what a receipt must hold: a rule whose only effect looks at some lines needs one of those too."""
        needs = _needs(condition)
        if len(acts) == 1 and (tree := getattr(rule.effects[0], "lines", None)):
            node = read(tree, self.lines)
            if not isinstance(node, Refused):
                needs |= {
                    f"lines.{name}": some for name, some in _needs(node).items() if name in LINE_NEEDS or not some
                }
        return needs

    def act(self, effect: AnyEffect, at: str) -> Act:
        tree: Tree | None = getattr(effect, "lines", None)
        where, steady = (None, True) if tree is None else self.closed(tree, f"{at}.lines")
        by: Rates | None = getattr(effect, "by", None)
        parts: list[Reading] = []
        if isinstance(effect, FreeUnits) and effect.card is not None:
            self.card(effect.card, f"{at}.card")
        if isinstance(effect, Bundle):
            parts = [self.closed(part.lines, f"{at}.parts.{i}.lines")[0] for i, part in enumerate(effect.parts)]
        return Act(effect, where, steady, None if by is None else self.rate(effect, by, at), tuple(parts))

    def card(self, code: str, at: str) -> None:
        if code not in self.known.tracks:
            self.problems.append(Problem(at, Wrong.UNKNOWN_FIELD, f"there is no track {code}"))
        self.uses.add(f"{fields.PROGRESS}{code}")

    def closed(self, tree: Tree, at: str) -> tuple[Reading, bool]:
        node = self.node(tree, self.lines, at)
        names = {f"lines.{name}" for name in asked(node)}
        self.uses.update(names)
        # One closure for all of one condition, so that a receipt need be asked once.
        found = self.closures.setdefault(msgspec.json.encode(tree), closure(node))
        return found, names.isdisjoint(fields.AFTER_DISCOUNTS | {"lines.margin"})

    def node(self, tree: Tree | None, registry: Registry, at: str) -> Node:
        if tree is None:
            return ALWAYS
        node = read(tree, registry)
        if isinstance(node, Refused):
            self.problems += [Problem(f"{at}.{one.path}".rstrip("."), one.wrong, one.detail) for one in node.problems]
            return ALWAYS
        return node

    def share(self, by: Rates, at: str) -> RateOf:
        """Return the rate that a member's turnover scale says; who has none gets none."""
        code = by.field.removeprefix(fields.SCALE)
        track = self.known.tracks.get(code)
        if track is None or not track.is_scale:
            self.problems.append(Problem(f"{at}.by.field", Wrong.UNKNOWN_FIELD, f"there is no turnover scale {code}"))
        if by.rates:
            self.problems.append(Problem(f"{at}.by.rates", Wrong.BAD_VALUE, "a turnover scale says its own rates"))
        self.uses.add(by.field)
        return lambda facts, _line: facts.member.shares.get(code, 0)

    def rate(self, effect: AnyEffect, by: Rates, at: str) -> RateOf:
        if by.field.startswith(fields.SCALE):
            return self.share(by, at)
        of_lines = by.field.startswith("lines.")
        known = (self.lines if of_lines else self.registry).fields
        field = known.get(by.field.removeprefix("lines."))
        if field is None or field.kind not in (Kind.CHOICE, Kind.CATEGORY, Kind.TEXT):
            self.problems.append(
                Problem(f"{at}.by.field", Wrong.UNKNOWN_FIELD, f"rates go by a choice or a category, not by {by.field}")
            )
            return lambda _facts, _line: 0
        unknown = sorted(by.rates.keys() - field.choices.keys()) if field.choices is not None else []
        if unknown:
            words = f"there is no {', '.join(unknown)}"
            self.problems.append(Problem(f"{at}.by.rates", Wrong.BAD_VALUE, words))
        self.uses.add(by.field)
        otherwise = effect.share if isinstance(effect, DiscountPercent) else getattr(effect, "rate", 0)
        find, rates = field.read, dict(by.rates)
        if field.kind is Kind.CATEGORY:
            return lambda _facts, line: _deepest(cast("Sequence[str] | None", find(line)), rates, otherwise)
        if of_lines:
            return lambda _facts, line: rates.get(cast("str", find(line)), otherwise)
        return lambda facts, _line: rates.get(cast("str", find(facts)), otherwise)


LINE_NEEDS = frozenset({"sku", "category"})


def _needs(condition: Node) -> dict[str, frozenset[Value]]:
    """Return what must be so; of a condition that is never true, an amount that is none of all amounts."""
    needs = anchors(condition)
    return {"amount": frozenset()} if needs is None else dict(needs)


def _deepest(path: Sequence[str] | None, rates: Mapping[str, int], otherwise: int) -> int:
    for depth in range(len(path or ()), 0, -1):
        found = rates.get(PATH.join((path or ())[:depth]))
        if found is not None:
            return found
    return otherwise


def _trees(effect: AnyEffect) -> Iterator[Tree | None]:
    yield getattr(effect, "lines", None)
    if isinstance(effect, Bundle):
        yield from (part.lines for part in effect.parts)


def _is_plain(one: Ready) -> bool:
    rule = one.rule
    return (
        one.holds is None
        and not (one.rivals or rule.paused or rule.budgets)
        and rule.with_points
        and all(isinstance(effect, Earn) and effect.lines is None and effect.most is None for effect in rule.effects)
    )
