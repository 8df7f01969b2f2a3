"""Adds up what two rulebooks make of receipts. Pure; memory grows with members and rules, never with receipts."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from verno.replay.reading import Past
from verno.replay.types import BANDS, BIGGEST, Burn, Change, Group, Loss, RuleTotals, Side
from verno.rules.types import STEPS, Verdict
from verno.workspace.types import Unit

Worths = Mapping[str, tuple[int, int]]
"""Of each unit: minor units that so many of its smallest steps are worth."""


def worths(units: Sequence[Unit]) -> Worths:
    """Return what points are worth today, where they can be spent: the same for both rulebooks."""
    return {unit.code: (unit.spend_value, STEPS[unit.scale]) for unit in units if unit.spend_value is not None}


def worth(values: Worths, verdict: Verdict) -> int:
    """Return what a verdict is worth to the member, in minor units: discounts, and points at what they pay today."""
    total = sum([fired.discount for fired in verdict.fired])
    for unit, number in verdict.points.items():
        if value := values.get(unit):
            total += number * value[0] // value[1]
    return total


@dataclass(slots=True)
class _Rule:
    uses: int = 0
    discount: int = 0
    points: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """One rulebook's totals."""

    points: dict[str, int] = field(default_factory=dict)
    discount: int = 0
    cost: int = 0
    rules: dict[str, _Rule] = field(default_factory=dict)

    def add(self, verdict: Verdict, value: int) -> None:
        """Add one receipt's verdict, worth ``value``."""
        self.cost += value
        for unit, number in verdict.points.items():
            self.points[unit] = self.points.get(unit, 0) + number
        for id_ in {fired.rule for fired in verdict.fired if fired.matched}:
            self.rules.setdefault(id_, _Rule()).uses += 1
        for fired in verdict.fired:
            if fired.points or fired.discount:
                rule = self.rules.setdefault(fired.rule, _Rule())
                rule.discount += fired.discount
                self.discount += fired.discount
                if fired.points:
                    rule.points[fired.unit] = rule.points.get(fired.unit, 0) + fired.points

    def side(self, budgets: tuple[Burn, ...]) -> Side:
        """Return the totals."""
        rules = {id_: RuleTotals(one.uses, one.points, one.discount) for id_, one in sorted(self.rules.items())}
        return Side(self.points, self.discount, self.cost, rules, budgets)


@dataclass(slots=True)
class _Person:
    place: str
    tier: str
    spent: int = 0
    current: int = 0
    draft: int = 0
    most: int = -1
    """The largest receipt so far: its place counts as theirs."""

    @property
    def change(self) -> int:
        return self.draft - self.current


@dataclass(slots=True)
class Changes:
    """Who wins and loses, and which receipts changed most."""

    people: dict[str, _Person] = field(default_factory=dict)
    biggest: list[tuple[int, str, Change]] = field(default_factory=list)
    change: int = 0

    def add(self, past: Past, current: int, draft: int) -> None:
        """Add one receipt, worth so much to the member under each rulebook; the draft has judged it last."""
        facts, price, change = past.facts, past.price, draft - current
        self.change += change
        if change:
            told = Change(
                *(past.id, past.number, facts.place, facts.at, past.holder_id, price, current, draft),
                closed=tuple(sorted(facts.closed)),
            )
            heapq.heappush(self.biggest, (abs(change), past.id, told))
            if len(self.biggest) > BIGGEST:
                heapq.heappop(self.biggest)
        if past.holder_id is None:
            return
        tiers = facts.member.tiers
        tier = tiers[min(tiers)] if tiers else ""
        person = self.people.setdefault(past.holder_id, _Person(facts.place, tier))
        person.spent += price
        person.current += current
        person.draft += draft
        if price > person.most:
            person.place, person.most = facts.place, price

    def places(self) -> tuple[Group, ...]:
        """Return the members by the place of their largest receipt."""
        return _groups(self.people.values(), lambda one: one.place)

    def tiers(self) -> tuple[Group, ...]:
        """Return the members by tier; nothing where nobody has one."""
        found = _groups(self.people.values(), lambda one: one.tier)
        return found if any(group.name for group in found) else ()

    def bands(self) -> tuple[Group, ...]:
        """Return the members by what they spent, the least first."""
        ordered = sorted(self.people.values(), key=lambda one: one.spent)
        out = []
        for number in range(BANDS):
            part = ordered[len(ordered) * number // BANDS : len(ordered) * (number + 1) // BANDS]
            if part:
                out.append(_group(f"{part[0].spent}-{part[-1].spent}", part))
        return tuple(out)

    def all(self) -> Group:
        """Return all members together."""
        return _group("", list(self.people.values()))

    def losses(self) -> Iterator[Loss]:
        """Yield the members that lose, the hardest hit first."""
        losing = [(one.change, id_) for id_, one in self.people.items() if one.change < 0]
        for _, id_ in sorted(losing):
            one = self.people[id_]
            yield Loss(id_, one.spent, one.current, one.draft)

    def most(self) -> tuple[Change, ...]:
        """Return the receipts that changed most, the most first."""
        return tuple([change for _, _, change in sorted(self.biggest, key=lambda one: (-one[0], one[1]))])


def _groups(people: Iterable[_Person], name: Callable[[_Person], str]) -> tuple[Group, ...]:
    found: dict[str, list[_Person]] = {}
    for one in people:
        found.setdefault(name(one), []).append(one)
    return tuple([_group(code, some) for code, some in sorted(found.items())])


def _group(name: str, people: Sequence[_Person]) -> Group:
    return Group(
        name,
        len(people),
        sum([one.change > 0 for one in people]),
        sum([one.change < 0 for one in people]),
        sum([one.change for one in people]),
    )
