"""Conditions and rulebooks of mechanics, written short."""

from verno.predicate.words import gettext_noop
from verno.progress.types import Downgrade, Metric, Rolling, Step, Tiers, Track
from verno.promotions.gallery.types import Bought, Kind, Parameter
from verno.rules.effects import EarnPercent, Tree
from verno.rules.types import Caps, Category, Rule, Rulebook

TIERS = Track(
    code="main",
    metric=Metric.SPEND,
    window=Rolling(365),
    settings=Tiers(maintain=Rolling(365), grace_days=14, downgrade=Downgrade.ONE_STEP, warn_days=30),
    steps=(
        Step(code="silver", threshold=1_500_000, names={"en": "Silver", "ru": "Серебро"}),
        Step(code="gold", threshold=5_000_000, names={"en": "Gold", "ru": "Золото"}),
    ),
    names={"en": "Main", "ru": "Основная"},
)
"""Levels by what was spent in a year; the steps are in minor units."""
BASE = Rule(id="base", effects=(EarnPercent(unit="points", rate=500),))
"""Five per cent: what multiples stand beside."""

LATTE = Bought("latte", 20_000, ("coffee",))
CAKE = Bought("cake", 30_000, ("bakery",))
TEA = Bought("tea", 10_000, ("food", "tea"))
WINE = Bought("wine", 80_000, ("alcohol", "wine"))
COAT = Bought("coat", 800_000, ("clothes",))


def all_of(*rules: Tree) -> Tree:
    """Return a condition that all of these must meet."""
    return {"combinator": "and", "rules": list(rules)}


def ask(field: str, operator: str, value: object) -> Tree:
    """Return a rule of a condition."""
    return {"field": field, "operator": operator, "value": value}


def one(field: str, operator: str, value: object) -> Tree:
    """Return a condition of one rule."""
    return all_of(ask(field, operator, value))


def some(where: Tree) -> Tree:
    """Return a rule: some line is so."""
    return {"field": "lines", "match": {"mode": "some"}, "value": where}


def within(*path: str) -> Tree:
    """Return a condition on lines: goods of a category."""
    return one("category", "inCategory", [list(path)])


def book(*rules: Rule, categories: tuple[Category, ...] = (), caps: Caps | None = None) -> Rulebook:
    """Return a fragment in which a point is worth one whole unit of money."""
    return Rulebook(rules, categories, caps=caps or Caps(), worth={"points": 100})


def parameter(path: str, label: str, kind: Kind) -> Parameter:
    """Return a parameter of the first rule: ``when/…`` or ``effects/…``."""
    return Parameter(f"/rules/0/{path}", label, kind)


def rate(path: str = "effects/0/rate") -> Parameter:
    """Return the parameter that is what comes back as points."""
    return parameter(path, gettext_noop("How much comes back"), Kind.PERCENT)


def times() -> Parameter:
    """Return the parameter that is how many times as much."""
    return parameter("effects/0/times", gettext_noop("How many times as much"), Kind.TIMES)


def share() -> Parameter:
    """Return the parameter that is the discount."""
    return parameter("effects/0/share", gettext_noop("Discount"), Kind.PERCENT)


def least(number: int = 0) -> Parameter:
    """Return the parameter that is the least sum."""
    return parameter(f"when/rules/{number}/value", gettext_noop("From which sum"), Kind.MONEY)


def goods(path: str = "effects/0/lines/rules/0/value") -> Parameter:
    """Return the parameter that is which goods."""
    return parameter(path, gettext_noop("Which goods"), Kind.GOODS)


def categories(path: str = "effects/0/lines/rules/0/value") -> Parameter:
    """Return the parameter that is which categories."""
    return parameter(path, gettext_noop("Which categories"), Kind.CATEGORIES)
