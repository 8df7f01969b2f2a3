"""Words of broadcasts: what is wanted, where it stands, why it is refused, what it will do and what it did."""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

MOST_LISTED = 50_000
"""Members that a broadcast may name one by one; more are a condition."""
MOST_VARIANTS = 6
MOST_CHANNELS = 4
WHOLE = 10_000
"""Hundredths of a per cent in a whole: shares are counted in these."""
HOLDOUT = 500
"""Of the audience nobody writes to, unless said otherwise: else nobody knows what a broadcast brings."""
MOST_HOLDOUT = 5_000
MOST_WAIT_HOURS = 24 * 14
MOST_RATE = 1_000_000

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A point in time; without an offset nobody knows which."""
Hour: TypeAlias = Annotated[time, Meta(tz=False)]
"""What a clock on a wall shows."""


class BroadcastState(StrEnum):
    """Where a broadcast stands: draft, scheduled, running and paused in turns, then finished or cancelled."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class RecipientState(StrEnum):
    """What became of one member of the frozen audience."""

    WAITING = "waiting"
    PLANNED = "planned"
    """Every channel that was to be tried has its message."""
    REACHED = "reached"
    """A cheaper channel was enough."""
    WITHHELD = "withheld"
    """No channel could be used; the reason is the last one's."""
    UNAFFORDABLE = "unaffordable"
    """The broadcast's cost limit was reached before."""
    CANCELLED = "cancelled"
    HOLDOUT = "holdout"


class Everybody(msgspec.Struct, frozen=True, tag="everybody", tag_field="kind", forbid_unknown_fields=True):
    """Every member of the program."""


class Listed(msgspec.Struct, frozen=True, tag="list", tag_field="kind", forbid_unknown_fields=True):
    """Members by their external ids; those that nobody has are counted and left out."""

    external_ids: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MOST_LISTED)]


class Matching(msgspec.Struct, frozen=True, tag="condition", tag_field="kind", forbid_unknown_fields=True):
    """Members of whom a condition holds (docs/reference/conditions.md)."""

    tree: dict[str, object]


Audience: TypeAlias = Everybody | Listed | Matching


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the messages that are tried against each other: the stored template ``code@version``, and its weight."""

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,19}\Z")]
    template: Annotated[str, Meta(min_length=1, max_length=120)]
    weight: Annotated[int, Meta(ge=1, le=1000)] = 1


class Until(StrEnum):
    """What spares a member the dearer channel."""

    DELIVERED = "delivered"
    READ = "read"


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a cascade. The next one is tried ``wait_hours`` after it, unless this one got ``until``."""

    channel: Annotated[str, Meta(pattern=r"^[a-z]{2,20}\Z")]
    wait_hours: Annotated[int, Meta(ge=1, le=MOST_WAIT_HOURS)] = 24
    until: Until = Until.DELIVERED


class AtOnce(msgspec.Struct, frozen=True, tag="now", tag_field="kind", forbid_unknown_fields=True):
    """When it is launched."""


class AtMoment(msgspec.Struct, frozen=True, tag="at", tag_field="kind", forbid_unknown_fields=True):
    """At one moment for all."""

    at: Moment


class AtLocalHour(msgspec.Struct, frozen=True, tag="local", tag_field="kind", forbid_unknown_fields=True):
    """At the same time on each member's own clock; whose time that day is over gets it the next day."""

    day: date
    time: Hour


class AtBestHour(msgspec.Struct, frozen=True, tag="best", tag_field="kind", forbid_unknown_fields=True):
    """At the hour in which each member clicked, opened and bought most; ``fallback`` for whoever did too little."""

    day: date
    fallback: Hour


SendTime: TypeAlias = AtOnce | AtMoment | AtLocalHour | AtBestHour


class Measure(StrEnum):
    """By what the best variant is told."""

    CLICKS = "clicks"
    OPENS = "opens"
    """Unreliable: mail programs open letters by themselves."""
    PURCHASES = "purchases"


class WinnerRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of the audience tries the variants; after so many hours the best one goes to the rest.

    ``least``: how many of each variant must have left, else there are too few to tell. ``sample`` is in hundredths of
    a per cent.
    """

    sample: Annotated[int, Meta(ge=100, le=9_000)] = 2_000
    after_hours: Annotated[int, Meta(ge=1, le=24 * 7)] = 24
    by: Measure = Measure.CLICKS
    least: Annotated[int, Meta(ge=10, le=10_000_000)] = 100


class NewBroadcast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted; all of it may be edited while the broadcast is a draft.

    ``holdout`` in hundredths of a per cent. ``rate``: the most members planned a minute. ``cost_limit`` in minor units.
    ``experiment``: broadcasts that share this name give a member the same variant; else the broadcast's own name.
    ``priority``: of two that are due, the higher one is planned first.
    """

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*\Z")]
    topic: Annotated[str, Meta(min_length=1, max_length=64)]
    variants: Annotated[tuple[Variant, ...], Meta(min_length=1, max_length=MOST_VARIANTS)]
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1, max_length=MOST_CHANNELS)]
    audience: Audience = Everybody()
    send: SendTime = AtOnce()
    holdout: Annotated[int, Meta(ge=0, le=MOST_HOLDOUT)] = HOLDOUT
    winner: WinnerRule | None = None
    rate: Annotated[int, Meta(ge=1, le=MOST_RATE)] | None = None
    valid_until: Moment | None = None
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    cost_limit: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    experiment: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*\Z")] | None = None
    context: dict[str, str | int | bool] = {}
    """What the template may name as ``context.…``, the same for all."""


class Broadcast(msgspec.Struct, frozen=True):
    """A broadcast as it stands. People are ``kind:id``, as the audit names them.

    ``reason`` says why it is paused (``by-hand``, or a ``Warned`` code). ``audience`` and ``unknown`` (listed members
    that nobody is) are counted when it is frozen.
    """

    id: str
    program_id: str
    state: BroadcastState
    version: int
    wanted: NewBroadcast
    created_at: datetime
    created_by: str
    changed_at: datetime
    approved_at: datetime | None
    approved_by: str | None
    launched_at: datetime | None
    launched_by: str | None
    starts_at: datetime | None
    frozen_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    audience: int | None
    unknown: int | None
    winner: "Verdict | None"
    cost: int

    @property
    def occasion(self) -> str:
        """Return the dedupe key of its messages."""
        return occasion(self.id)


def occasion(broadcast_id: str) -> str:
    """Return the dedupe key of a broadcast's messages: one a member and channel, for ever."""
    return f"broadcast/{broadcast_id}"


class Version(msgspec.Struct, frozen=True):
    """One edit of a draft."""

    version: int
    wanted: NewBroadcast
    at: datetime
    by: str


class BroadcastRefusal(StrEnum):
    """Why a verb did nothing."""

    UNKNOWN = "unknown-broadcast"
    WRONG_STATE = "wrong-state"
    CHANGED_MEANWHILE = "changed-meanwhile"
    SAME_VARIANT = "same-variant-twice"
    SAME_CHANNEL = "same-channel-twice"
    UNKNOWN_TOPIC = "unknown-topic"
    TOPIC_NOT_FOR_MANY = "topic-not-for-many"
    UNKNOWN_CHANNEL = "unknown-channel"
    BAD_CONDITION = "bad-condition"
    NO_RIVALS = "winner-needs-variants"
    BAD_MOMENT = "bad-moment"
    TOO_LATE = "too-late"
    NOT_APPROVED = "not-approved"
    NEEDS_A_PERSON = "needs-a-person"
    SECOND_PERSON = "needs-a-second-person"
    NOT_READY = "not-ready"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was done; ``detail`` names what is wrong."""

    reason: BroadcastRefusal
    detail: str = ""


class Done(msgspec.Struct, frozen=True):
    """It was done; the broadcast as it stands now."""

    broadcast: Broadcast


Result: TypeAlias = Done | Refused


class Warned(StrEnum):
    """What a preflight or the health of a broadcast finds."""

    TEMPLATE_MISSING = "template-missing"
    TEMPLATE_PROBLEM = "template-problem"
    OTHER_CLASS = "template-of-another-class"
    TOPIC = "topic-not-for-many"
    NO_BLOCK = "template-without-channel"
    CANNOT_BE_WRITTEN = "cannot-be-written"
    NO_VALUE = "values-not-given"
    NOT_MARKED = "advertising-not-marked"
    SENDER_UNNAMED = "sender-not-named"
    MAIL_DOMAIN = "mail-domain"
    WARM_UP = "warm-up"
    NO_ANSWERS = "answers-are-not-read"
    SMS_NAME = "sender-name-not-registered"
    NO_PRICE = "limit-without-a-price"
    CHANNEL_AWAY = "channel-not-connected"
    BARRED = "barred-by-country"
    HOURS_CUT = "own-hours-cut"
    STOPPED = "stopped-by-switch"
    NOBODY = "nobody"
    UNKNOWN_LISTED = "unknown-listed"
    MANY_LEAVE = "many-leave"
    PROVIDER_RESTS = "provider-rests"
    SMALL_SAMPLE = "small-sample"
    UNRELIABLE = "opens-are-unreliable"
    HARD_BOUNCES = "hard-bounces"
    COMPLAINTS = "complaints"
    COMPLAINTS_SLOW = "complaints-slow"
    COMPLAINTS_WARN = "complaints-warn"
    BY_HAND = "by-hand"
    SECOND_PERSON = "needs-a-second-person"


class Problem(msgspec.Struct, frozen=True):
    """One finding; a blocking one keeps a broadcast from being launched. ``detail`` holds codes and figures."""

    code: Warned
    detail: str = ""
    is_blocking: bool = False


class Outlook(msgspec.Struct, frozen=True):
    """What a launch would do now. When ``looked_at`` < ``audience``, the rest is reckoned from a sample.

    ``withheld`` counts members by the reason that no channel takes them; ``later`` those who would wait, by reason.
    ``by_channel``: members by the first channel that would take them. ``cost`` in minor units, the first messages only.
    """

    audience: int
    unknown: int
    looked_at: int
    holdout: int
    would_get: int
    withheld: Mapping[str, int]
    later: Mapping[str, int]
    by_channel: Mapping[str, int]
    cost: int

    @property
    def is_sampled(self) -> bool:
        """Tell whether the figures are reckoned from a part of the audience."""
        return self.looked_at < self.audience


class Progress(msgspec.Struct, frozen=True):
    """The frozen audience by state; the sum is the audience."""

    by_state: Mapping[str, int]
    withheld: Mapping[str, int]
    """Of the withheld, how many by reason."""
    written: int = 0
    """Of the waiting, how many have a message of a cheaper channel; whether they need the next one is not yet known."""

    @property
    def total(self) -> int:
        """All of the audience."""
        return sum(self.by_state.values())


class Arm(msgspec.Struct, frozen=True):
    """A variant in the trial: how many messages left, and how many hit by the rule's measure."""

    sent: int
    hits: int


class Outcome(StrEnum):
    """How a trial ended."""

    WON = "won"
    TIE = "tie"
    """No difference beyond chance: the rest keep the variants they were assigned."""
    TOO_FEW = "too-few"
    """The same, since too few messages left to tell."""


class Verdict(msgspec.Struct, frozen=True):
    """How a trial ended, with its figures. ``p_value`` is in millionths. ``unreliable``: told by opens."""

    outcome: Outcome
    variant: str | None
    by: Measure
    arms: dict[str, Arm]
    p_value: int | None
    unreliable: bool
    at: datetime


class Funnel(msgspec.Struct, frozen=True):
    """How far the messages of one variant on one channel came. Each stage counts those that came at least so far.

    ``opened`` is unreliable. ``cost`` in minor units, of what was accepted.
    """

    variant: str
    channel: str
    planned: int
    waiting: int
    withheld: Mapping[str, int]
    accepted: int
    delivered: int
    opened: int
    clicked: int
    rejected: int
    bounced: int
    complained: int
    uncertain: int
    unsubscribed: int
    cost: int

    @property
    def meant(self) -> int:
        """Messages that nothing has withheld: of these the later stages are a share."""
        return self.planned - sum(self.withheld.values())


class Group(msgspec.Struct, frozen=True):
    """Purchases of one group since the freeze: members, buyers, the sum of revenue (minor units) and of its squares."""

    members: int
    buyers: int
    revenue: int
    squares: int


class Lift(msgspec.Struct, frozen=True):
    """Exposed against holdout: the difference of revenue a member with its 95 % interval.

    In thousandths of a minor unit; ``total``: the difference over all exposed, in minor units.
    """

    each: int
    low: int
    high: int
    total: int

    @property
    def is_certain(self) -> bool:
        """Tell whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


class Results(msgspec.Struct, frozen=True):
    """What a broadcast did. ``lift`` is None while one of the groups has fewer than two members.

    ``saved``: what the dearer channels would have cost for whom a cheaper one was enough, in minor units.
    """

    progress: Progress
    funnels: list[Funnel]
    exposed: Group
    holdout: Group
    by_variant: Mapping[str, Group]
    lift: Lift | None
    cost: int
    saved: int
    until: datetime
