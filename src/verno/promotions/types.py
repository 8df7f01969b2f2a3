"""Words of promotions: a published rulebook, a pause, what a budget has left, and why something was not done."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

import msgspec

from verno.rules.types import Budget, Rulebook


class StoredRulebook(msgspec.Struct, frozen=True):
    """A published rulebook: holds for receipts of its moment and later, until the next one's.

    One with ``withdrawn_at`` was taken back before it held: no receipt is judged by it from then on.
    """

    id: str
    version: int
    effective_from: datetime
    rulebook: Rulebook
    title: str = ""
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None


class Standing(StrEnum):
    """What of a version: it holds, will hold, has held, or was withdrawn before it did."""

    HOLDS = "holds"
    SCHEDULED = "scheduled"
    PAST = "past"
    WITHDRAWN = "withdrawn"


class NotPublished(msgspec.Struct, frozen=True):
    """Why a rulebook was not stored, in words."""

    reasons: tuple[str, ...]


class Refusal(StrEnum):
    """Why nothing was done."""

    UNKNOWN_DRAFT = "unknown-draft"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_RULE = "unknown-rule"
    """No rulebook that holds, or will, has such a rule or promotion."""
    NOT_VALID = "not-valid"
    CHANGED_SINCE = "changed-since"
    """The draft has another revision than the one that was meant."""
    OUTDATED = "outdated"
    """A version was published since the one that the draft is based on: publishing would silently undo it."""
    NOT_SUBMITTED = "not-submitted"
    NOT_APPROVED = "not-approved"
    OWN_DRAFT = "own-draft"
    ABOVE_BUDGET = "above-budget"
    """A replay went above a budget, and nobody has agreed to that knowingly."""
    ALREADY_PUBLISHED = "already-published"
    ALREADY_HOLDS = "already-holds"
    """What holds, or held, is not withdrawn: an earlier version is published again instead."""
    NEVER_HELD = "never-held"
    TIME_OUT_OF_RANGE = "time-out-of-range"
    TOO_LONG = "too-long"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was changed."""

    reason: Refusal
    detail: str = ""
    problems: tuple[str, ...] = ()


class Paused(StrEnum):
    """What can be paused."""

    RULE = "rule"
    PROMOTION = "promotion"


class Pause(msgspec.Struct, frozen=True):
    """A rule, or a promotion with all its rules, that does not act; ``by`` is a hand as ``kind:id``."""

    kind: Paused
    code: str
    paused_at: datetime
    by: str


def closed(pauses: Collection[Pause], rulebook: Rulebook) -> frozenset[str]:
    """Return the ids of the rules of a rulebook that are paused."""
    if not pauses:
        return frozenset()
    stopped = {(pause.kind, pause.code) for pause in pauses}
    return frozenset(
        rule.id
        for rule in rulebook.rules
        if (Paused.RULE, rule.id) in stopped or (Paused.PROMOTION, rule.promotion) in stopped
    )


class BudgetState(msgspec.Struct, frozen=True):
    """A budget of a rule in its present period. ``used`` is settled, ``held`` reserved.

    Of a budget for each member they are the sums of all members', and ``full`` is how many have none left.
    """

    rule: str
    budget: Budget
    since: date
    used: int
    held: int
    full: int
    told: int
