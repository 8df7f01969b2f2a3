"""What speaks against a launch, before it: what blocks it, and what its launcher should know."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from psycopg.types.json import Jsonb

from verno.kit import config
from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.broadcasts import audience, checking, costs, health, simulating, variants
from verno.messaging.broadcasts.drawing import samples
from verno.messaging.broadcasts.types import WHOLE, Channel, Measure, NewBroadcast, Problem, Refused, Warned
from verno.messaging.channels.connected import is_connected
from verno.messaging.channels.email import domain
from verno.messaging.decide import OWED
from verno.messaging.facts import SQL, House
from verno.messaging.law import hours
from verno.messaging.law.packs import ANY, SmsNames
from verno.messaging.pacing import warming
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_SMS, MessageClass
from verno.workspace import registry, settings

LEFT_WITHIN = timedelta(days=7)
"""How long after a broadcast whoever leaves its topic counts as leaving for it."""
EXPECTED = 300
"""What share clicks when nobody knows better, in hundredths of a per cent: 3 %."""


def look(conn: Connection, program_id: str, wanted: NewBroadcast, *, now: datetime) -> list[Problem]:
    """Return what is found, blocking problems first."""
    house = facts.house(conn, program_id, now=now)
    found = [
        *_topic(house, wanted),
        *variants.problems(conn, program_id, house.classes.get(wanted.topic), wanted, now),
        *_country(house, wanted),
        *_hours(house, wanted),
        *_sender(conn, program_id, house, wanted),
        *_sms_name(conn, program_id, house, wanted),
        *_away(wanted),
        *_unpriced(conn, program_id, wanted),
        *_mail_domain(wanted),
        *_answers(conn, program_id, wanted),
        *_switches(house, wanted, now),
        *_people(conn, program_id, house, wanted, now),
        *_leavers(conn, program_id, wanted),
    ]
    if wanted.winner is not None and wanted.winner.by is Measure.OPENS:
        found.append(Problem(Warned.UNRELIABLE))
    return sorted(found, key=lambda one: not one.is_blocking)


def _topic(house: House, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find that the topic is gone, or for single members only: a draft may be older than this rule."""
    if house.classes.get(wanted.topic) not in checking.FOR_MANY:
        yield Problem(Warned.TOPIC, wanted.topic, is_blocking=True)


def _country(house: House, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find channels that the country bars for the topic's class; when it bars all of them, nothing would leave."""
    class_ = house.classes.get(wanted.topic)
    if class_ is None:
        return
    barred = [one.channel for one in wanted.channels if _barred(house, class_, one)]
    for channel in barred:
        yield Problem(Warned.BARRED, channel, is_blocking=len(barred) == len(wanted.channels))


def _barred(house: House, class_: MessageClass, step: Channel) -> bool:
    named = house.rules.barred.get(class_, {})
    return step.channel in named or ANY in named


def _hours(house: House, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find hours that the program has chosen and the country does not leave it: they are cut."""
    if house.classes.get(wanted.topic) is not MessageClass.MARKETING:
        return
    for one in wanted.channels:
        law = hours.beyond(house.rules, house.own_hours, one.channel)
        if law is not None:
            yield Problem(Warned.HOURS_CUT, f"{one.channel} {law.opens:%H:%M}-{law.closes:%H:%M}")


def _sender(conn: Connection, program_id: str, house: House, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find what the country wants letters to say of their sender, and nobody has set (``brand.legal_name``, …)."""
    if all(one.channel != CHANNEL_EMAIL for one in wanted.channels):
        return
    known = settings.load(conn, program_id)
    for name in sorted(house.rules.sender):
        definition = registry.REGISTRY.get(f"brand.{name}")
        if definition is not None and not known.value(definition):
            yield Problem(Warned.SENDER_UNNAMED, name, is_blocking=True)


def _sms_name(conn: Connection, program_id: str, house: House, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find that texts come from a name that nobody says is registered with the operators; a number needs no name."""
    name, rule = config.sms_from(), house.rules.sms_names
    if rule is SmsNames.FREE or all(one.channel != CHANNEL_SMS for one in wanted.channels):
        return
    note = settings.value(conn, program_id, registry.SMS_SENDER_NOTE) or ""
    if any(sign.isalpha() for sign in name) and name.casefold() not in note.casefold():
        yield Problem(Warned.SMS_NAME, name, is_blocking=rule is SmsNames.BARRED)


def _away(wanted: NewBroadcast) -> Iterator[Problem]:
    """Find channels without a provider: whoever waits for one would never get the next one either."""
    for one in wanted.channels:
        if not is_connected(one.channel):
            yield Problem(Warned.CHANNEL_AWAY, one.channel, is_blocking=True)


def _unpriced(conn: Connection, program_id: str, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find a cost limit that would limit nothing, since nobody has said what a message costs."""
    if wanted.cost_limit is None:
        return
    for key in costs.unpriced(conn, program_id, [one.channel for one in wanted.channels]):
        yield Problem(Warned.NO_PRICE, key, is_blocking=True)


def _mail_domain(wanted: NewBroadcast) -> Iterator[Problem]:
    """Find what large providers miss of who sends letters in bulk, where letters would leave at all."""
    if all(one.channel != CHANNEL_EMAIL for one in wanted.channels) or not is_connected(CHANNEL_EMAIL):
        return
    for found in domain.flaws():
        yield Problem(Warned.MAIL_DOMAIN, f"{found.flaw}: {found.name}", is_blocking=found.is_grave)


def _answers(conn: Connection, program_id: str, wanted: NewBroadcast) -> Iterator[Problem]:
    """Find that nobody reads what readers answer: letters come from a no-reply address, and name no other."""
    if all(one.channel != CHANNEL_EMAIL for one in wanted.channels):
        return
    sender = config.mail_from()
    if domain.takes_no_answers(sender) and not settings.value(conn, program_id, registry.BRAND_REPLY_TO):
        yield Problem(Warned.NO_ANSWERS, sender)


def _switches(house: House, wanted: NewBroadcast, now: datetime) -> Iterator[Problem]:
    for one in wanted.channels:
        message = house.outgoing(wanted.topic, one.channel, now, id_="0" * 8)
        if message.stopped is not None:
            yield Problem(Warned.STOPPED, message.stopped)
    if house.classes.get(wanted.topic) not in OWED and any(one.channel == CHANNEL_EMAIL for one in wanted.channels):
        for what in sorted(one for one in house.stops if one.startswith(facts.DOMAIN)):
            yield Problem(Warned.PROVIDER_RESTS, what.removeprefix(facts.DOMAIN))


def _people(conn: Connection, program_id: str, house: House, wanted: NewBroadcast, now: datetime) -> Iterator[Problem]:
    chosen = audience.selection(conn, program_id, wanted.audience, now=now)
    if isinstance(chosen, Refused):
        yield Problem(Warned.NOBODY, chosen.detail, is_blocking=True)
        return
    count = audience.count(conn, chosen)
    if count == 0:
        yield Problem(Warned.NOBODY, is_blocking=True)
    if chosen.unknown:
        yield Problem(Warned.UNKNOWN_LISTED, str(chosen.unknown))
    yield from _warm_up(conn, house, wanted, count)
    if wanted.winner is not None and count:
        written = simulating.would_get(conn, program_id, wanted, chosen, count, now=now)
        yield from _sample(wanted, wanted.winner.sample, written)


def _warm_up(conn: Connection, house: House, wanted: NewBroadcast, count: int) -> Iterator[Problem]:
    """Say on how many days letters leave that a new domain may not send in one, and how many today."""
    is_letter = any(one.channel == CHANNEL_EMAIL for one in wanted.channels)
    if house.warms_up is None or not is_letter or house.classes.get(wanted.topic) is not MessageClass.MARKETING:
        return
    days, today = warming.days(conn, house.warms_up.on, count * (WHOLE - wanted.holdout) // WHOLE)
    if days > 1:
        yield Problem(Warned.WARM_UP, f"{days}/{today}")


def _sample(wanted: NewBroadcast, share: int, written: int) -> Iterator[Problem]:
    """Say how many of the ``written`` try the smallest arm, where it could show no difference that matters."""
    rivals = max(1, len(wanted.variants) - 1)
    arm = samples.smallest_arm(written, share, [one.weight for one in wanted.variants])
    effect = samples.smallest_effect(EXPECTED, arm, rivals)
    if effect is None or effect > EXPECTED:
        yield Problem(Warned.SMALL_SAMPLE, f"{arm}/{samples.needed(EXPECTED, EXPECTED // 3, rivals)}")


def _leavers(conn: Connection, program_id: str, wanted: NewBroadcast) -> Iterator[Problem]:
    """Say how many left after the last broadcast on this topic, or else after the last one to the same audience."""
    chosen = Jsonb(msgspec.to_builtins(wanted.audience))
    asked = {"program": program_id, "topic": wanted.topic, "audience": chosen, "within": LEFT_WITHIN}
    rows = conn.execute(SQL["last_leavers"], asked).fetchall()
    found = [problem for reached, left in rows if (problem := health.leavers(reached, left)) is not None]
    yield from found[:1]
