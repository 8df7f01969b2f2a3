"""Words of likely duplicates."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why two members may be one."""

    SAME_NAME = "same-name-and-birth-date"
    NEAR_NAME = "near-name-and-birth-date"
    SAME_EMAIL = "same-e-mail-but-for-dots"
    SAME_TAX_ID = "same-tax-id"
    NAMED_TOGETHER = "named-together"
    """One receipt named both."""


WEIGHTS: Mapping[Reason, int] = {
    Reason.SAME_NAME: 80,
    Reason.NEAR_NAME: 50,
    Reason.SAME_EMAIL: 70,
    Reason.SAME_TAX_ID: 90,
    Reason.NAMED_TOGETHER: 90,
}
"""How much each reason says, of 100; two of them say more than one."""

MOST = 100


def score(reasons: set[Reason]) -> int:
    """Return how likely two are one, of 100: what one reason leaves open, the next one narrows."""
    left = MOST
    for reason in reasons:
        left = left * (MOST - WEIGHTS[reason]) // MOST
    return MOST - left


class Pair(msgspec.Struct, frozen=True):
    """Two members who may be one, and why."""

    one_id: str
    other_id: str
    score: int
    reasons: list[Reason]
    found_at: datetime
