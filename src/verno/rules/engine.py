"""Evaluate a rulebook over a batch of facts."""

from collections.abc import Sequence

from verno.kit.money import full_steps
from verno.rules.types import MAX_PER_MINOR_UNIT, MAX_RATE, MAX_RULES, Facts, Fired, Rule, Rulebook, Verdict


def evaluate(rulebook: Rulebook, facts: Sequence[Facts]) -> list[Verdict]:
    """Return one verdict per receipt, in order; the same input gives the same verdict for ever.

    A rule that brings nothing (less than one full step was paid) counts as not matched.
    """
    return [_verdict(rulebook, fact) for fact in facts]


def _verdict(rulebook: Rulebook, fact: Facts) -> Verdict:
    points: dict[str, int] = {}
    fired = []
    for rule in rulebook.rules:
        line = _apply(rule, fact)
        fired.append(line)
        if line.points:
            points[line.unit] = points.get(line.unit, 0) + line.points
    return Verdict(points, tuple(fired))


def _apply(rule: Rule, fact: Facts) -> Fired:
    effect = rule.effect
    full = full_steps(fact.paid, effect.per)
    return Fired(rule.id, full > 0, effect.unit, full * effect.points, fact.paid, effect.per, effect.points, full)


def problems(rulebook: Rulebook, units: Sequence[str]) -> list[str]:
    """Return what is wrong with a rulebook, in words; nothing when it may be stored."""
    out = []
    if len(rulebook.rules) > MAX_RULES:
        out.append(f"at most {MAX_RULES} rules")
    seen: set[str] = set()
    for rule in rulebook.rules:
        if rule.id in seen:
            out.append(f"rule {rule.id}: the id is used twice")
        seen.add(rule.id)
        if rule.effect.unit not in units:
            out.append(f"rule {rule.id}: the program has no unit {rule.effect.unit}")
        if not rule.effect.per >= 1:
            out.append(f"rule {rule.id}: 'per' must be at least 1 minor unit")
        if not 1 <= rule.effect.points <= MAX_RATE:
            out.append(f"rule {rule.id}: 'points' must be from 1 to {MAX_RATE}")
        elif rule.effect.points > MAX_PER_MINOR_UNIT * rule.effect.per:
            out.append(f"rule {rule.id}: more than {MAX_PER_MINOR_UNIT} points for one minor unit")
    return out
