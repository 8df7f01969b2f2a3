"""The one door for messages: may this message leave now? Pure; the same at planning and at hand-over.

The order of the checks is told in docs/explanation/messages.md. All checks are run and told, so that a person who asks
"why" sees the whole picture; the first denial wins, else the latest deferral, else the message may leave.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from verno.messaging.law import caps, hours
from verno.messaging.law.caps import Cap
from verno.messaging.law.packs import ANY, Window
from verno.messaging.types import (
    CHANNEL_EMAIL,
    CHANNEL_SMS,
    AddressFacts,
    Allow,
    Check,
    ConsentFact,
    Decision,
    Defer,
    Deny,
    MemberFacts,
    MessageClass,
    Outgoing,
    Reason,
    Record,
)

Finding = tuple[Check, Reason | None, datetime | None]
"""What one check found: its line of the trace, the reason when it denies or defers, the moment when it defers."""

RESTING = "resting"
"""Why an address is left alone that has taken nothing for long; what is owed, and codes, are tried all the same."""
OWED = frozenset({MessageClass.SECURITY, MessageClass.TRANSACTIONAL})
ANY_AGE: Finding = (Check("age", "pass"), None, None)
OWN = "own"
"""Whose hours it was: the program's own; else the country's."""
BY_DAY: Finding = (Check("hours", "pass"), None, None)
OWN_HOURS: Finding = (Check("hours", "pass", OWN), None, None)
SPREAD_SECONDS = 1800
"""Messages that wait for a morning leave within so long of its beginning, each at a moment of its own."""
PARKED = timedelta(hours=6)
"""When a message that a switch stops is looked at again, unless the switch is taken back before."""
LAST_LOOK = timedelta(minutes=5)
"""How long before it is too late a stopped message is looked at once more."""


def decide(message: Outgoing, member: MemberFacts, address: AddressFacts, now: datetime) -> Decision:
    """Judge one message.

    Denials: ``barred``, ``not-marked``, ``no-address``, ``suppressed``, ``unknown-topic``, ``no-consent``,
    ``withdrawn``, ``paused-by-member``, ``under-age``, ``no-common-hour``, ``frequency-cap``, ``duplicate``; and
    ``too-late`` where the message would have to wait for longer than anybody wants it. Deferrals: ``stopped``,
    ``not-yet``, ``warm-up``, ``quiet-hours``.
    """
    findings = [check(message, member, address, now) for check in CHECKS]
    trace = tuple([check for check, _, _ in findings])
    wait: tuple[datetime, Reason] | None = None
    for _, reason, until in findings:
        if reason is None:
            continue
        if until is None:
            return Deny(reason, trace)
        if wait is None or until > wait[0]:
            wait = until, reason
    leaves = now if wait is None else wait[0]
    if message.valid_until is not None and leaves >= message.valid_until:
        late = Check("validity", "deny", f"wanted {message.valid_until.isoformat()}")
        return Deny(Reason.TOO_LATE, (*trace, late))
    return Allow(trace) if wait is None else Defer(*wait, trace)


def record(decision: Decision, *, stage: str, now: datetime) -> Record:
    """Return the decision in the shape that is stored; ``stage`` is ``planning`` or ``hand-over``."""
    verdict = type(decision).__name__.lower()
    reason = None if isinstance(decision, Allow) else decision.reason
    checks = tuple([one if one.seen or one.verdict != "pass" else one.name for one in decision.trace])
    return Record(now, stage, verdict, reason, checks)


def _switch(message: Outgoing, _member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    if message.stopped is None:
        return Check("switch", "pass"), None, None
    until = now + PARKED if message.not_before <= now else now
    if message.valid_until is not None:
        until = max(min(until, message.valid_until - LAST_LOOK), min(until, now + LAST_LOOK))
    return Check("switch", "defer", message.stopped), Reason.STOPPED, until


def _country(message: Outgoing, _member: MemberFacts, _address: AddressFacts, _now: datetime) -> Finding:
    name = message.topic_class or ""
    why = _named(message.rules.barred, name, message.channel)
    if why is not None:
        return Check("country", "deny", why), Reason.BARRED, None
    if message.unmarked:
        return Check("country", "deny", "advertising without its mark"), Reason.NOT_MARKED, None
    return Check("country", "pass", _named(message.rules.warned, name, message.channel) or ""), None, None


def _named(table: Mapping[str, Mapping[str, str]], class_name: str, channel: str) -> str | None:
    found = table.get(class_name)
    return None if found is None else found.get(channel, found.get(ANY))


def _address(_message: Outgoing, _member: MemberFacts, address: AddressFacts, _now: datetime) -> Finding:
    if address.known:
        return Check("address", "pass"), None, None
    return Check("address", "deny", "the member has none for this channel"), Reason.NO_ADDRESS, None


def _suppression(message: Outgoing, member: MemberFacts, address: AddressFacts, now: datetime) -> Finding:
    """Find what forbids the address; one that was erased or left takes advertising by a word alone that came later."""
    if address.suppressed == RESTING and message.topic_class in OWED:
        return Check("suppression", "pass", RESTING), None, None
    if address.suppressed is not None:
        return Check("suppression", "deny", address.suppressed), Reason.SUPPRESSED, None
    if address.erased_at is not None and message.topic_class is MessageClass.MARKETING:
        newest = _newest(message, member, now)
        if newest is None or newest.at <= address.erased_at:
            seen = f"{address.silence} {address.erased_at.isoformat()}"
            return Check("suppression", "deny", seen), Reason.SUPPRESSED, None
    return Check("suppression", "pass"), None, None


def _class(message: Outgoing, _member: MemberFacts, _address: AddressFacts, _now: datetime) -> Finding:
    if message.topic_class is not None:
        return Check("class", "pass", message.topic_class), None, None
    return Check("class", "deny", f"the program has no topic {message.topic}"), Reason.UNKNOWN_TOPIC, None


def _consent(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    """Find the newest word: it beats everything older, and a grant from the future, made by a wrong clock, is none."""
    if message.topic_class is MessageClass.SECURITY:
        return Check("consent", "pass", "not asked for this class"), None, None
    newest = _newest(message, member, now)
    if newest is not None and not newest.granted:
        return Check("consent", "deny", f"withdrawn {newest.at.isoformat()}"), Reason.WITHDRAWN, None
    if (
        newest is None
        and message.topic_class is not None
        and message.rules.needs_grant(message.topic_class, message.channel)
    ):
        return Check("consent", "deny", "never granted"), Reason.NO_CONSENT, None
    seen = "not needed for this class" if newest is None else f"granted {newest.at.isoformat()}"
    return Check("consent", "pass", seen), None, None


def _newest(message: Outgoing, member: MemberFacts, now: datetime) -> ConsentFact | None:
    said = [
        fact
        for fact in member.consents
        if fact.topic == message.topic and fact.channel == message.channel and (not fact.granted or fact.at <= now)
    ]
    # At the same moment the withdrawal is the newer one: silence is the safe reading.
    return max(said, key=lambda fact: (fact.at, not fact.granted), default=None)


def _wish(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    """Obey a pause: who takes one wants no advertising meanwhile, not all of it afterwards."""
    wish = member.wish
    if wish is None or wish.paused_until is None or message.topic_class is not MessageClass.MARKETING:
        return Check("wish", "pass"), None, None
    if max(now, message.not_before) < wish.paused_until:
        return Check("wish", "deny", f"paused {wish.paused_until.isoformat()}"), Reason.PAUSED, None
    return Check("wish", "pass"), None, None


def _age(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    """Find whether the reader is old enough, wherever they may live; of whom it is not known, they are not."""
    if message.min_age is None:
        return ANY_AGE
    if member.birth_date is None:
        return Check("age", "deny", f"{message.min_age} unknown"), Reason.UNDER_AGE, None
    moment = max(now, message.not_before)
    today = min(moment.astimezone(zone).date() for zone in member.zones)
    if _years(member.birth_date, today) < message.min_age:
        return Check("age", "deny", f"{message.min_age} younger"), Reason.UNDER_AGE, None
    return Check("age", "pass", f"{message.min_age}"), None, None


def _years(born: date, today: date) -> int:
    """Return full years; who was born on 29 February is a year older on 1 March where there is no such day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _hours(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    if not waits_for_morning(message.topic_class, message.channel, urgent=message.urgent):
        return Check("hours", "pass", "at any hour"), None, None
    window = message.rules.window(message.channel)
    if window is None:
        return Check("hours", "pass", "at any hour"), None, None
    moment = max(now, message.not_before)
    opens = hours.opening(moment, member.zones, window)
    if opens is None and window.law is not None:
        # Whoever may live anywhere has none of the hours that the program has chosen: the country's hold.
        window = window.law
        opens = hours.opening(moment, member.zones, window)
    if opens is None:
        return Check("hours", "deny", "the country's zones have no hour in common"), Reason.NO_COMMON_HOUR, None
    if opens == moment:
        return OWN_HOURS if window.is_own else BY_DAY
    until = _leaves(message, member, opens, window)
    seen = f"{until.isoformat()} {OWN}" if window.is_own else until.isoformat()
    return Check("hours", "defer", seen), Reason.QUIET_HOURS, until


def _leaves(message: Outgoing, member: MemberFacts, opens: datetime, window: Window) -> datetime:
    """Return when a message leaves of those that a night has gathered: evenly over what one night can gather.

    Not past the end of the day, nor of what anybody wants: of that time a tenth is left for what then stands in line.
    """
    closed, room = hours.around(opens, member.zones, window)
    if message.valid_until is not None:
        room = min(room, max(0, (message.valid_until - opens) // hours.SECOND))
    most = min(max(closed, SPREAD_SECONDS), room * 9 // 10)
    own = message.spread if message.over <= most else message.spread * most // message.over
    return opens + timedelta(seconds=own)


def waits_for_morning(class_: MessageClass | None, channel: str, *, urgent: bool = False) -> bool:
    """Tell whether a message of a class leaves on a channel by day only."""
    match class_:
        case MessageClass.MARKETING:
            return True
        case MessageClass.PROGRAM:
            return channel != CHANNEL_EMAIL
        case MessageClass.TRANSACTIONAL:
            return channel == CHANNEL_SMS and not urgent
        case _:
            return False


def _caps(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    if message.topic_class is not MessageClass.MARKETING:
        return Check("caps", "pass", "not counted"), None, None
    if member.sent is None:
        return Check("caps", "pass", "its turn is given when it is claimed"), None, None
    wished = member.wish.most_per if member.wish is not None else None
    every = message.caps if wished is None else (*message.caps, Cap(None, 1, wished))
    cap = caps.reached(every, message.channel, member.sent, now)
    if cap is None:
        return Check("caps", "pass"), None, None
    seen = f"{cap.channel or 'all'} {cap.most} {cap.days}"
    return Check("caps", "deny", seen), Reason.FREQUENCY, None


def _time(message: Outgoing, member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    """Find a moment that is yet to come: the message's own, or the next morning where a domain's day is full."""
    if message.full_until is not None:
        window = message.rules.window(message.channel)
        opens = hours.opening(message.full_until, member.zones, window) if window else None
        until = message.full_until + timedelta(seconds=message.spread)
        if window and opens:
            until = _leaves(message, member, opens, window)
        return Check("time", "defer", f"{until.isoformat()} {Reason.WARM_UP}"), Reason.WARM_UP, until
    if message.not_before <= now:
        return Check("time", "pass"), None, None
    return Check("time", "defer", message.not_before.isoformat()), Reason.NOT_YET, message.not_before


def _duplicate(_message: Outgoing, member: MemberFacts, _address: AddressFacts, _now: datetime) -> Finding:
    if member.already:
        return Check("duplicate", "deny", "the occasion has its message"), Reason.DUPLICATE, None
    return Check("duplicate", "pass"), None, None


CHECKS: tuple[Callable[[Outgoing, MemberFacts, AddressFacts, datetime], Finding], ...] = (
    _switch,
    _country,
    _address,
    _suppression,
    _class,
    _consent,
    _wish,
    _age,
    _time,
    _hours,
    _caps,
    _duplicate,
)
