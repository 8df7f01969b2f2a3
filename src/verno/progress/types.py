"""Words of progress: a track as data, what moves it, where somebody stands on it, and why a track is refused.

A track is a metric, counted day by day where its conditions hold, summed over a window, compared with steps; its
settings make it tiers, a scale, a stamp card or any other of its kinds. Money is in minor units, points in their unit's
smallest step; a ``share`` is in hundredths of a per cent.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.rules.effects import WHOLE, Code, Tree

MAX_TRACKS = 100
"""Tracks of a program: each receipt looks at all of them."""
MAX_STEPS = 50
MAX_DAYS = 3_660
MOST = 10**15
MAX_EXAMPLES = 100
"""Members that a preview names."""

Days: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_DAYS)]
DaysOrNone: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_DAYS)]
Threshold: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]
Share: TypeAlias = Annotated[int, Meta(ge=0, le=WHOLE)]
Names: TypeAlias = Mapping[Annotated[str, Meta(max_length=10)], Annotated[str, Meta(min_length=1, max_length=200)]]
"""A name by language."""
Buckets: TypeAlias = Mapping[date, int]
"""What was counted, by business date."""


class Metric(StrEnum):
    """What a receipt, as far as it is kept, adds to its day."""

    SPEND = "spend"
    """Money paid for the lines: net of discounts, and of what points paid."""
    AMOUNT = "amount"
    """The lines' price before rules take something off."""
    MARGIN = "margin"
    """Money paid less cost, of the lines whose goods have a cost."""
    VISITS = "visits"
    """One, if any of the lines is there."""
    UNITS = "units"
    """Whole pieces, each line rounded down."""
    POINTS = "points"
    """Points of one unit that the receipt gave."""
    EVENTS = "events"
    """Events of one name that rules emitted for the receipt."""
    BEST_MONTH = "best_month"
    """Money paid, of which the best calendar month of the window counts."""


MONEY = frozenset({Metric.SPEND, Metric.AMOUNT, Metric.MARGIN, Metric.BEST_MONTH})
"""Metrics in minor units."""


class Period(StrEnum):
    """Calendar periods."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


class Rolling(msgspec.Struct, frozen=True, tag="rolling", tag_field="window", forbid_unknown_fields=True):
    """The last ``days`` days, today among them."""

    days: Days


class Calendar(msgspec.Struct, frozen=True, tag="calendar", tag_field="window", forbid_unknown_fields=True):
    """The calendar period that holds today."""

    period: Period


class Anniversary(msgspec.Struct, frozen=True, tag="anniversary", tag_field="window", forbid_unknown_fields=True):
    """The year since the last anniversary of joining; of 29 February it is the 28th in other years."""


class Lifetime(msgspec.Struct, frozen=True, tag="lifetime", tag_field="window", forbid_unknown_fields=True):
    """All that was ever counted."""


class Between(msgspec.Struct, frozen=True, tag="between", tag_field="window", forbid_unknown_fields=True):
    """From one date through another, the deadline."""

    first: date
    last: date


Window: TypeAlias = Rolling | Calendar | Anniversary | Lifetime | Between


class Downgrade(StrEnum):
    """What becomes of a tier that was not kept."""

    ONE_STEP = "one_step"
    EARNED = "earned"
    """The highest tier that what was counted is enough to keep."""
    NEVER = "never"


class Settings(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True, omit_defaults=True):
    """What makes a track what it is: the tag names it."""


class Tiers(Settings, frozen=True, tag="tiers", kw_only=True):
    """Steps that are reached at once and kept for a term.

    The track's window qualifies. With a window to ``maintain``, a step holds through the end of the ``later``-th
    calendar period (or year of membership) after the one it was reached in, or for as many days as a rolling window
    has; then what the window that ends there holds is compared with the step's ``keep``. Without one, it holds while
    the track's own window is enough. ``grace_days`` more to make it; then ``downgrade`` says where it goes. Within
    ``warn_days`` before the end of a term those who would lose their step are warned, once.
    """

    maintain: Window | None = None
    later: Annotated[int, Meta(ge=0, le=10)] = 1
    grace_days: DaysOrNone = 0
    downgrade: Downgrade = Downgrade.EARNED
    warn_days: DaysOrNone = 0


class Whose(StrEnum):
    """Whose counts are added together."""

    MEMBER = "member"
    GROUP = "group"
    """Those of all companies of one buying group; who is in none is on their own."""


class Scale(Settings, frozen=True, tag="scale", kw_only=True):
    """A turnover scale: each step has a ``share``, until the window is over; a contract may say another.

    A rule takes it off (``rules.effects.Rates``), and the rulebook says how it goes with other discounts.
    """

    whose: Whose = Whose.MEMBER


class StampCard(Settings, frozen=True, tag="stamp_card"):
    """What is counted are stamps; the last step's threshold is a full card, after which the next one begins.

    A stamp that has left the window has expired. Without ``repeats`` there is one card.
    """

    repeats: bool = True


class Achievement(Settings, frozen=True, tag="achievement"):
    """Steps that stay, once the window was ever enough for them."""


class Challenge(Settings, frozen=True, tag="challenge"):
    """Steps to reach by a deadline: the window lies between two dates."""


class Badge(Settings, frozen=True, tag="badge"):
    """Steps each of which gives a badge."""


class Beat(StrEnum):
    """What a streak counts in a row."""

    DAY = "day"
    WEEK = "week"
    """From Monday."""
    MONTH = "month"


class Streak(Settings, frozen=True, tag="streak", kw_only=True):
    """Calendar days, weeks or months in a row in each of which at least ``each`` was counted.

    The next one must follow; one that was missed is forgiven when the one after it is made within ``grace_days`` of the
    missed one's end. What is forgiven does not lengthen the streak.
    """

    of: Beat
    each: Annotated[int, Meta(ge=1, le=MOST)] = 1
    grace_days: DaysOrNone = 0


AnySettings: TypeAlias = Tiers | Scale | StampCard | Achievement | Challenge | Badge | Streak


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A step of a track: reached at ``threshold``, as a tier kept with ``keep`` (else the same).

    ``badge`` is given with it, for good or for ``badge_days``. ``benefits`` are the owner's own words.
    """

    code: Code
    threshold: Threshold
    names: Names = {}
    keep: Threshold | None = None
    share: Share | None = None
    badge: Code | None = None
    badge_days: Days | None = None
    benefits: Mapping[str, object] = {}


class Audience(StrEnum):
    """Whose progress a track counts: a member's ``kind``."""

    PERSON = "person"
    COMPANY = "company"


class Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A track as its owner states it; steps from the lowest to the highest.

    ``where`` is a condition on the receipt, ``lines`` one on single lines: what does not match adds nothing. ``unit``
    goes with points, ``event`` with events. A day counts for ``most_a_day`` at most.
    """

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,49}\Z")]
    metric: Metric
    window: Window
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=MAX_STEPS)]
    settings: AnySettings
    names: Names = {}
    unit: Code | None = None
    event: Code | None = None
    where: Tree | None = None
    lines: Tree | None = None
    audience: Audience | None = None
    most_a_day: Annotated[int, Meta(ge=1, le=MOST)] | None = None


class Recount(msgspec.Struct, frozen=True, tag="recount", tag_field="rule", forbid_unknown_fields=True):
    """Everybody stands where the new version puts them, from all that was ever counted."""


class KeepSteps(msgspec.Struct, frozen=True, tag="keep", tag_field="rule", forbid_unknown_fields=True):
    """As ``Recount``, but nobody loses a step before the end that the old version had promised."""


class Fresh(msgspec.Struct, frozen=True, tag="fresh", tag_field="rule", forbid_unknown_fields=True):
    """The old version holds until this date; from it on the new one counts, from nothing."""

    date: date


Rule: TypeAlias = Recount | KeepSteps | Fresh
"""How progress is converted when a track changes: stored with the version."""


class Stored(msgspec.Struct, frozen=True):
    """A version of a track. ``counter_id`` is what its days are counted under, which versions may share.

    It holds from ``effective_from`` on and looks at days since ``counts_from`` (None: all). ``filled`` is False while
    stored receipts are still being recounted for it: then the street counts, and the version before holds.
    """

    id: str
    version: int
    counter_id: str
    track: Track
    rule: Rule
    effective_from: date
    counts_from: date | None
    filled: bool
    published_at: datetime
    recounted: int = 0
    """Members whose receipts are recounted."""


class Moved(msgspec.Struct, frozen=True, gc=False):
    """A day's count moves by ``amount`` (less than zero: back). ``holder_id`` is the receipt's own, merged or not."""

    holder_id: str
    counter_id: str
    day: date
    amount: int
    receipt_id: str | None = None


class Floor(msgspec.Struct, frozen=True):
    """A step that somebody has whatever is counted, from a date through another (None: for good)."""

    step: str
    first: date
    last: date | None


class Source(StrEnum):
    """Who set a step."""

    HAND = "hand"
    EFFECT = "effect"
    KEPT = "kept"
    """A new version of the track, that took nothing away."""


class NewFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A step to set: ``key`` names what did it, and sets it once."""

    holder_id: str
    track_id: str
    step: str
    first: date
    last: date | None
    source: Source
    key: str
    by: str | None = None
    reason: str | None = None


class SetStep(msgspec.Struct, frozen=True):
    """A step that was set, as staff see it; ``track`` is its code."""

    track: str
    step: str
    first: date
    last: date | None
    source: Source
    key: str
    by: str | None
    reason: str | None
    set_at: datetime


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """A step of tiers that staff gives to somebody, through a date, for a reason that the program knows by its code."""

    holder_id: str
    track: str
    step: str
    last: date
    reason: str


class FloorKey(msgspec.Struct, frozen=True):
    """Which step that was set."""

    holder_id: str
    track_id: str
    key: str


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A share of a scale's that was agreed with a company or a buying group, whatever the scale says."""

    owner_id: str
    track_id: str
    share: Share
    first: date
    last: date | None = None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What is agreed with an owner from a date on; ``share`` None takes back what was agreed from that date."""

    owner_id: str
    track: str
    first: date
    last: date | None = None
    share: Share | None = None


class AgreedShare(msgspec.Struct, frozen=True):
    """A contract as it is read; ``by`` is the id of whoever set it."""

    track: str
    share: int
    first: date
    last: date | None
    by: str | None
    set_at: datetime


class Agreed(msgspec.Struct, frozen=True, gc=False):
    """It holds as was wanted; ``changed``: it did not before."""

    changed: bool


class Refusal(StrEnum):
    """Why a contract or a step was not set."""

    UNKNOWN_TRACK = "unknown-track"
    NOT_A_SCALE = "not-a-scale"
    NOT_TIERS = "not-tiers"
    UNKNOWN_STEP = "unknown-step"
    BAD_DATES = "bad-dates"


class NotAgreed(msgspec.Struct, frozen=True, gc=False):
    """Nothing was set."""

    reason: Refusal


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody stands on a track.

    ``value`` is what counts now, ``distance`` what ``next`` still wants of it by ``until`` (None: no end, or it moves
    with the days). ``projected`` is the step that this pace leads to. Of tiers: ``holds_until`` is the last day that is
    promised, ``keep_distance`` what is still wanted by then to keep the step, ``grace_until`` the last day to make up
    for it, ``warning`` that it is time to say so. ``times`` are full cards. ``group`` is whose turnover it is, if not
    the member's alone.
    """

    holder_id: str
    track_id: str
    track: str
    version: int
    kind: str
    metric: Metric
    value: int
    step: str | None
    since: date | None = None
    next: str | None = None
    distance: int | None = None
    until: date | None = None
    projected: str | None = None
    holds_until: date | None = None
    keep_distance: int | None = None
    grace_until: date | None = None
    warning: bool = False
    times: int = 0
    share: int | None = None
    next_share: int | None = None
    by_contract: bool = False
    group: str | None = None
    set_by: bool = False
    """The step was set, not earned."""


class OnStep(msgspec.Struct, frozen=True, gc=False):
    """How many owners stood on a step of a track at the last look; None is no step."""

    track_id: str
    step: str | None
    owners: int


class Move(msgspec.Struct, frozen=True):
    """How many go from a step to another when a draft is published; None is no step."""

    before: str | None
    after: str | None
    members: int


class Example(msgspec.Struct, frozen=True):
    """One of those who move."""

    holder_id: str
    before: str | None
    after: str | None
    value_before: int
    value_after: int


class Preview(msgspec.Struct, frozen=True):
    """What publishing a draft would do on the day asked for; not ``whole``: of a sample of so many members."""

    members: int
    moves: tuple[Move, ...]
    examples: tuple[Example, ...]
    whole: bool = True


class Published(msgspec.Struct, frozen=True):
    """A version was stored; ``waits`` for a recount of receipts before it holds."""

    stored: Stored
    waits: bool


class NotPublished(msgspec.Struct, frozen=True):
    """Why a track was not stored, in words."""

    reasons: tuple[str, ...]
