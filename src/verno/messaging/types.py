"""Words of messaging: classes, states, facts, decisions, and the batch verbs' results."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from verno.members.types import Wishes
from verno.messaging.law.caps import CAPS, Cap, Sent
from verno.messaging.law.packs import STRICT, Rules


class MessageClass(StrEnum):
    """How much a message may ask of its reader."""

    SECURITY = "security"
    TRANSACTIONAL = "transactional"
    PROGRAM = "program"
    MARKETING = "marketing"


class State(StrEnum):
    """Where a message is on its way (docs/explanation/messages.md)."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    HANDING_OVER = "handing_over"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    WITHHELD = "withheld"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Reason(StrEnum):
    """Why a message was withheld, or did not arrive."""

    NO_ADDRESS = "no-address"
    SUPPRESSED = "suppressed"
    UNKNOWN_TOPIC = "unknown-topic"
    NO_CONSENT = "no-consent"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    STOPPED = "stopped"
    BARRED = "barred"
    PAUSED = "paused-by-member"
    UNDER_AGE = "under-age"
    FREQUENCY = "frequency-cap"
    QUIET_HOURS = "quiet-hours"
    NO_COMMON_HOUR = "no-common-hour"
    TOO_LATE = "too-late"
    NOT_YET = "not-yet"
    WARM_UP = "warm-up"
    NOT_MARKED = "not-marked"
    CONTENT = "content"
    SERVER_UNAVAILABLE = "server-unavailable"
    TEMPORARY = "temporary-refusal"
    REFUSED = "refused"
    GAVE_UP = "gave-up"
    CONNECTION_LOST = "connection-lost"
    TIMED_OUT = "timed-out"
    WORKER_LOST = "worker-lost"
    RESTORED = "restored"
    BROKEN = "cannot-be-rendered"
    UNDELIVERED = "undelivered"
    CANCELLED = "cancelled"
    KILLS = "kills-its-worker"


CHANNEL_EMAIL = "email"
CHANNEL_SMS = "sms"
CHANNEL_TELEGRAM = "telegram"
CHANNEL_PUSH = "push"
UTC = ZoneInfo("UTC")


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """What ``decide`` knows of a message. ``topic_class`` is None where the program has no such topic.

    ``rules`` are the country's; ``stopped`` says by which switch its like are stopped. Past ``valid_until`` nobody
    wants it any more. ``urgent``: a service that does not wait for the morning. ``spread``: so many seconds after the
    opening it leaves, so that not all leave at once: its own moment of the ``over`` seconds that are asked for all of
    them, and that are fewer where the day is shorter. ``min_age``: its topic is for members of so many years.
    ``caps``: how much advertising the program allows. ``full_until``: its mail domain is new, and has sent what it may
    today. ``unmarked``: advertising without the mark that its country asks for.
    """

    topic: str
    topic_class: MessageClass | None
    channel: str
    not_before: datetime
    rules: Rules = STRICT
    stopped: str | None = None
    valid_until: datetime | None = None
    urgent: bool = False
    spread: int = 0
    min_age: int | None = None
    caps: tuple[Cap, ...] = CAPS
    full_until: datetime | None = None
    unmarked: bool = False
    over: int = 0


class ConsentFact(msgspec.Struct, frozen=True, gc=False):
    """One thing the member said about a topic on a channel; the newest holds."""

    topic: str
    channel: str
    granted: bool
    at: datetime


class MemberFacts(msgspec.Struct, frozen=True):
    """What ``decide`` knows of the member. ``already`` tells that the occasion has its message on this channel.

    ``zones`` are those the member may live in: their own, or all of their country's. ``sent`` are the advertisements
    that had their turn; None where turns are not given, since they are reserved only when a message is claimed.
    ``birth_date`` is asked for where the message's topic asks for an age.
    """

    consents: tuple[ConsentFact, ...] = ()
    already: bool = False
    zones: tuple[ZoneInfo, ...] = (UTC,)
    wish: Wishes | None = None
    sent: tuple[Sent, ...] | None = None
    birth_date: date | None = None


class AddressFacts(msgspec.Struct, frozen=True, gc=False):
    """What ``decide`` knows of the address: whether there is one, and why it must not be used.

    ``erased_at``: when somebody who had it was erased, or asked for silence (``silence`` says which); advertising
    needs a word that was given later.
    """

    known: bool
    suppressed: str | None = None
    erased_at: datetime | None = None
    silence: str = "erased"


class Check(msgspec.Struct, frozen=True, gc=False):
    """One step of a decision: its name, ``pass``, ``defer`` or ``deny``, and what it saw."""

    name: str
    verdict: str
    seen: str = ""


class Allow(msgspec.Struct, frozen=True):
    """The message may leave now."""

    trace: tuple[Check, ...]


class Defer(msgspec.Struct, frozen=True):
    """The message waits until a moment, then is judged again."""

    until: datetime
    reason: Reason
    trace: tuple[Check, ...]


class Deny(msgspec.Struct, frozen=True):
    """The message stays here for good."""

    reason: Reason
    trace: tuple[Check, ...]


Decision: TypeAlias = Allow | Defer | Deny


class Record(msgspec.Struct, frozen=True):
    """A decision as it is stored with the message: when it was taken, at which point, and every check's finding.

    ``checks``: a check that passed and saw nothing is its name alone: what is kept of a
    decision is 40 % shorter for it.
    """

    at: datetime
    stage: str
    verdict: str
    reason: str | None
    checks: tuple[Check | str, ...]

    @property
    def trace(self) -> tuple[Check, ...]:
        """What every check found, in their order."""
        return tuple([Check(one, "pass") if isinstance(one, str) else one for one in self.checks])


class Draft(msgspec.Struct, frozen=True):
    """A message somebody wants to send. ``context`` holds the template's figures, never names or addresses.

    ``dedupe_key`` names the occasion: one message per member, channel and occasion, for ever. ``spread``: over how many
    seconds those that wait for a morning leave, where half an hour is too short; fewer where the day is shorter.
    """

    holder_id: str
    topic: str
    template: str
    locale: str
    context: Mapping[str, object]
    dedupe_key: str
    channel: str = CHANNEL_EMAIL
    not_before: datetime | None = None
    valid_until: datetime | None = None
    urgent: bool = False
    spread: int = 0


class Planned(msgspec.Struct, frozen=True, gc=False):
    """The message is queued."""

    message_id: str


class Withheld(msgspec.Struct, frozen=True, gc=False):
    """The message is stored with the reason why it is not sent."""

    message_id: str
    reason: Reason


class Duplicate(msgspec.Struct, frozen=True, gc=False):
    """The occasion has its message already; nothing was stored."""


class Beyond(msgspec.Struct, frozen=True, gc=False):
    """The message would have been queued, but for the bound on how many; nothing was stored."""


Result: TypeAlias = Planned | Withheld | Duplicate | Beyond


FROM_SERVER = "server"
"""The source of a suppression that a provider's answer led to; its words may hold the address, so they are not it."""


class NewSuppression(msgspec.Struct, frozen=True, gc=False):
    """An address not to be written to. ``address_hash`` is the keyed hash in hex; ``source`` says who found out.

    ``at``: since when, None for now.
    """

    channel: str
    address_hash: str
    reason: str
    source: str
    at: datetime | None = None


class Silence(StrEnum):
    """Why a list from another system says that an address is not to be written to."""

    UNSUBSCRIBED = "unsubscribed"
    COMPLAINT = "complaint"
    NO_SUCH_ADDRESS = "no-such-address"
    """Nothing goes there at all; the others keep advertising away, until a word that is given later."""


class Silenced(msgspec.Struct, frozen=True, gc=False):
    """A line of such a list. ``at``: when it was said; None where nobody knows, then it is said now."""

    channel: str
    address_hash: str
    why: Silence
    at: datetime | None = None


class Brought(StrEnum):
    """What became of such a line."""

    NEW = "new"
    LATER = "later"
    """The address is silent already; this was said later, so a yes in between counts no more."""
    KNOWN = "known"


class Letter(msgspec.Struct, frozen=True):
    """What a reader sees of a message."""

    subject: str
    html: str
    text: str
