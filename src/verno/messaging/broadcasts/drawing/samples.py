"""How many members a comparison needs, told beforehand: two proportions, 5 % error, 80 % power. Pure."""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

ALPHA = 0.05
"""Two-sided, over all comparisons of a trial together."""
POWER_Z = 0.8416212335729143
"""80 %."""
WHOLE = 10_000


def smallest_arm(members: int, sample: int, weights: Sequence[int]) -> int:
    """Return how many of those written to try the variant that fewest try; ``sample`` in hundredths of a per cent."""
    return members * sample * min(weights) // (WHOLE * sum(weights))


def needed(baseline: int, effect: int, rivals: int = 1) -> int:
    """Return how many members each group needs so that a change of a share by ``effect`` would be seen.

    The best of a trial is compared with so many ``rivals``, which share the 5 % as they do in ``winner.judge``.

    Both in hundredths of a per cent; ``baseline`` is what is expected without the change, ``effect`` the smallest
    difference that matters, up or down. Raises ``ValueError`` where the two leave no share between 0 and 1.
    """
    before, after = baseline / WHOLE, (baseline + effect) / WHOLE
    if effect == 0 or not (0 <= before <= 1 and 0 <= after <= 1):
        message = f"no such shares: {baseline} and {baseline + effect} of {WHOLE}"
        raise ValueError(message)
    middle = (before + after) / 2
    spread = _alpha_z(rivals) * math.sqrt(2 * middle * (1 - middle))
    spread += POWER_Z * math.sqrt(before * (1 - before) + after * (1 - after))
    return math.ceil(spread**2 / (before - after) ** 2)


def smallest_effect(baseline: int, members: int, rivals: int = 1) -> int | None:
    """Return the smallest rise that groups of ``members`` would show, in hundredths of a per cent, or None."""
    low, high = 1, WHOLE - baseline
    if members < 1 or high < 1 or needed(baseline, high, rivals) > members:
        return None
    while low < high:
        middle = (low + high) // 2
        if needed(baseline, middle, rivals) <= members:
            high = middle
        else:
            low = middle + 1
    return low


@lru_cache(maxsize=8)
def _alpha_z(rivals: int) -> float:
    return NormalDist().inv_cdf(1 - ALPHA / rivals / 2)
