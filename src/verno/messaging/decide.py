"""The one door for messages: may this message leave now? Pure; the same at planning and at hand-over.

The order of the checks is told in docs/explanation/messages.md; what is to come (matrix, quiet hours, caps) takes its
place in ``CHECKS``. All checks are run and told, so that a person who asks "why" sees the whole picture; the first
denial wins, else the latest deferral, else the message may leave.
"""

from collections.abc import Callable
from datetime import datetime

from verno.messaging.types import (
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

NEEDS_GRANT = frozenset({MessageClass.PROGRAM, MessageClass.MARKETING})


def decide(message: Outgoing, member: MemberFacts, address: AddressFacts, now: datetime) -> Decision:
    """Judge one message.

    Denials: ``no-address``, ``suppressed``, ``unknown-topic``, ``no-consent``, ``withdrawn``, ``duplicate``.
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
    return Allow(trace) if wait is None else Defer(*wait, trace)


def record(decision: Decision, *, stage: str, now: datetime) -> Record:
    """Return the decision in the shape that is stored; ``stage`` is ``planning`` or ``hand-over``."""
    verdict = type(decision).__name__.lower()
    reason = None if isinstance(decision, Allow) else decision.reason
    return Record(now, stage, verdict, reason, decision.trace)


def _address(_message: Outgoing, _member: MemberFacts, address: AddressFacts, _now: datetime) -> Finding:
    if address.known:
        return Check("address", "pass"), None, None
    return Check("address", "deny", "the member has none for this channel"), Reason.NO_ADDRESS, None


def _suppression(_message: Outgoing, _member: MemberFacts, address: AddressFacts, _now: datetime) -> Finding:
    if address.suppressed is None:
        return Check("suppression", "pass"), None, None
    return Check("suppression", "deny", address.suppressed), Reason.SUPPRESSED, None


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
    if newest is None and message.topic_class in NEEDS_GRANT:
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


def _time(message: Outgoing, _member: MemberFacts, _address: AddressFacts, now: datetime) -> Finding:
    if message.not_before <= now:
        return Check("time", "pass"), None, None
    return Check("time", "defer", message.not_before.isoformat()), Reason.NOT_YET, message.not_before


def _duplicate(_message: Outgoing, member: MemberFacts, _address: AddressFacts, _now: datetime) -> Finding:
    if member.already:
        return Check("duplicate", "deny", "the occasion has its message"), Reason.DUPLICATE, None
    return Check("duplicate", "pass"), None, None


CHECKS: tuple[Callable[[Outgoing, MemberFacts, AddressFacts, datetime], Finding], ...] = (
    _address,
    _suppression,
    _class,
    _consent,
    _time,
    _duplicate,
)
