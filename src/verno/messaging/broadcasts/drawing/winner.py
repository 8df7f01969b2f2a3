"""Who won a trial: the best variant, if the difference to the second is more than chance. Pure."""

import math
from collections.abc import Mapping
from datetime import datetime

from verno.messaging.broadcasts.types import Arm, Measure, Outcome, Verdict

MILLION = 1_000_000
SIGNIFICANT = 50_000
"""5 %, in millionths."""


def judge(arms: Mapping[str, Arm], *, by: Measure, least: int, now: datetime) -> Verdict:
    """Return how a trial ended.

    ``too-few``: of some variant fewer than ``least`` messages left, so nothing is compared. ``tie``: the best and some
    rival differ by no more than chance would make them (two proportions, two-sided 5 %, as many comparisons as there
    are rivals). Where more than one is best, nobody won.
    """

    def told(outcome: Outcome, variant: str | None, p_value: int | None) -> Verdict:
        return Verdict(outcome, variant, by, dict(sorted(arms.items())), p_value, by is Measure.OPENS, now)

    if not arms or any(arm.sent < least for arm in arms.values()):
        return told(Outcome.TOO_FEW, None, None)
    ranked = sorted(arms, key=lambda code: (-arms[code].hits / arms[code].sent, code))
    first, *others = ranked
    # Of rivals with one share, the smaller group leaves more to chance: each is asked, so that names decide nothing.
    p_value = min(MILLION, len(others) * max([p(arms[first], arms[one]) for one in others], default=MILLION))
    if p_value > SIGNIFICANT:
        return told(Outcome.TIE, None, p_value)
    return told(Outcome.WON, first, p_value)


def p(one: Arm, other: Arm) -> int:
    """Return how likely chance alone makes two shares differ so much, in millionths (pooled two-proportion z)."""
    hits, sent = one.hits + other.hits, one.sent + other.sent
    if hits in (0, sent):
        return MILLION
    pooled = hits / sent
    spread = math.sqrt(pooled * (1 - pooled) * (1 / one.sent + 1 / other.sent))
    z = abs(one.hits / one.sent - other.hits / other.sent) / spread
    return round(MILLION * math.erfc(z / math.sqrt(2)))
