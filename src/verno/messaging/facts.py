"""What ``decide`` needs to know, loaded for a whole batch: round trips do not depend on its size."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from verno.intake import queries as intake
from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.ledger import queries as ledger
from verno.members import identity
from verno.members import queries as members
from verno.members.consent import complaints
from verno.members.consent.state import ADDRESS_OF
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.members.districts import locating
from verno.members.types import Consent, Wishes
from verno.messaging.decide import OWED, SPREAD_SECONDS, waits_for_morning
from verno.messaging.law import hours, packs
from verno.messaging.law.caps import CAPS, Cap
from verno.messaging.law.packs import Rules, Window
from verno.messaging.letters.providers import provider
from verno.messaging.pacing.warming import Day
from verno.messaging.templates.types import Prepared
from verno.messaging.types import (
    CHANNEL_EMAIL,
    CHANNEL_PUSH,
    CHANNEL_SMS,
    CHANNEL_TELEGRAM,
    AddressFacts,
    ConsentFact,
    MemberFacts,
    MessageClass,
    Outgoing,
    Silence,
)
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.registry import Marking
from verno.workspace.settings import Book

SQL = Statements("verno.messaging")

ADDRESS_KIND: Mapping[str, str] = {
    CHANNEL_EMAIL: ADDRESS_OF[CHANNEL_EMAIL],
    CHANNEL_SMS: ADDRESS_OF[CHANNEL_SMS],
    CHANNEL_TELEGRAM: DeviceKind.TELEGRAM,
    CHANNEL_PUSH: DeviceKind.PUSH,
}
"""Which identity of a member, or which of their devices, is the address of a channel that Verno can send on."""
AFTER_ERASURE = "/erased"
"""Behind a channel's name: a suppression for advertising alone, which a new word of the member's ends.

Of who was erased, and of whom a list from another system says that they left.
"""
DEVICES = frozenset(DeviceKind)
IDENTITIES = frozenset(ADDRESS_OF.values())
"""Addresses that are identities: known by hash without being opened."""

NOTHING_STOPPED: frozenset[str] = frozenset()
DOMAIN = "domain:"
"""Before a mail provider's name: the switch that holds back what is in bulk for it."""


class House(msgspec.Struct, frozen=True):
    """What holds for all messages of a program: its topics' classes, its country's rules, its zones, its switches.

    ``own_hours``: those it has chosen for advertising, as it said them; ``ad_rules``: the country's with them.
    ``warms_up``: today, where its mail domain is new. ``marks``: channels on which its advertising carries its token.
    """

    classes: Mapping[str, MessageClass]
    rules: Rules
    zones: tuple[ZoneInfo, ...]
    stops: frozenset[str] = NOTHING_STOPPED
    ages: Mapping[str, int] = {}
    """From what age on topics are sent, those that ask."""
    caps: tuple[Cap, ...] = CAPS
    own_hours: Mapping[str, Window] = {}
    ad_rules: Rules | None = None
    warms_up: Day | None = None
    marks: frozenset[str] = frozenset()

    def outgoing(
        self,
        topic: str,
        channel: str,
        not_before: datetime,
        *,
        id_: str,
        valid_until: datetime | None = None,
        urgent: bool = False,
        occasion: str = "",
        spread: int = 0,
    ) -> Outgoing:
        """Return what ``decide`` may know of a message."""
        class_ = self.classes.get(topic)
        stopped = self._stopped(class_, channel, occasion) if self.stops else None
        over = max(spread, SPREAD_SECONDS)
        own = int(id_[-8:], 16) % over
        age = self.ages.get(topic)
        rules = self.ad_rules if self.ad_rules and class_ is MessageClass.MARKETING else self.rules
        wish = valid_until, urgent, own, age, self.caps
        return Outgoing(topic, class_, channel, not_before, rules, stopped, *wish, over=over)

    def asks_age(self, topics: Iterable[str]) -> bool:
        """Tell whether it matters how old readers are."""
        return bool(self.ages) and any(topic in self.ages for topic in topics)

    def asks_where(self, topic: str, channel: str) -> bool:
        """Tell whether it matters where a reader lives: the message waits for a morning, and there are several."""
        return len(self.zones) > 1 and waits_for_morning(self.classes.get(topic), channel)

    def addressed(self, message: Outgoing, address: str) -> Outgoing:
        """Return what is known once the address is: what is in bulk may be held back from a mail provider alone."""
        if not self.stops or message.stopped or message.channel != CHANNEL_EMAIL or message.topic_class in OWED:
            return message
        what = DOMAIN + (provider(address) or "")
        return msgspec.structs.replace(message, stopped=what) if what in self.stops else message

    def written(self, message: Outgoing, prepared: Prepared | None) -> Outgoing:
        """Return what is known once it is written: what had a mark at its launch may need one by now."""
        if prepared is None or message.channel not in self.marks or message.topic_class is not MessageClass.MARKETING:
            return message
        return message if prepared.view.get("advert") else msgspec.structs.replace(message, unmarked=True)

    def _stopped(self, class_: MessageClass | None, channel: str, occasion: str) -> str | None:
        if class_ is MessageClass.SECURITY:
            return None
        return next((what for what in ("all", class_, f"channel:{channel}", occasion) if what in self.stops), None)


def house(conn: Connection, program_id: str, *, now: datetime) -> House:
    """Read what holds for all messages of a program; the classes of topics never change, all else may."""
    program = workspace.program(conn, program_id)
    said = settings.load(conn, program_id)
    found = packs.pack(said.value(registry.MESSAGES_COUNTRY))
    names = found.zones or sorted({program.timezone, *(store.timezone for store in workspace.stores(conn, program_id))})
    zones = tuple([localtime.zone(name) for name in names])
    day = localtime.business_date(now, localtime.zone(program.timezone))
    topics = members.topics(conn, program_id)
    classes = {topic.code: MessageClass(topic.class_name) for topic in topics}
    ages = {topic.code: topic.min_age for topic in topics if topic.min_age is not None}
    rules, own = found.on(day), _own_hours(said)
    ends = localtime.start_of_day(day + timedelta(days=1), localtime.zone(program.timezone))
    return House(
        classes,
        rules,
        zones,
        stops(conn, program_id, now=now)(),
        ages,
        _caps(said),
        own,
        hours.within(rules, own) if own else None,
        Day(day, ends) if said.value(registry.WARM_UP) else None,
        _marks(said, rules),
    )


def _marks(said: Book, rules: Rules) -> frozenset[str]:
    match said.value(registry.MARKING) if said.value(registry.MARKING_NOTE) else Marking.STRICT:
        case Marking.OFF:
            return frozenset()
        case Marking.OWN_MAIL_EXEMPT:
            return rules.marking - {CHANNEL_EMAIL}
        case _:
            return rules.marking


def _own_hours(said: Book) -> dict[str, Window]:
    """Return the hours that a program has chosen for its advertising, by channel."""
    found = {channel: said.value(setting) for setting, channel in registry.AD_HOURS.items()}
    return {channel: hours.chosen(words) for channel, words in found.items() if words is not None}


def _caps(said: Book) -> tuple[Cap, ...]:
    return tuple([Cap(channel, said.value(setting), days) for setting, (channel, days) in registry.ADS.items()])


def stops(conn: Connection, program_id: str, *, now: datetime) -> Callable[[], frozenset[str]]:
    """Ask what is stopped in a program: ``all``, a class, ``channel:sms``, ``domain:gmail.com``, ``broadcast/<id>``.

    The answer is read when it is called for, so whoever pipelines may ask more before that.
    """
    asked = conn.execute(SQL["stops"], {"program": program_id, "now": now})
    return lambda: frozenset([what for (what,) in asked.fetchall()])


class Reach(msgspec.Struct, frozen=True):
    """How members can be reached on one channel. Addresses are in clear: never stored, never logged."""

    addresses: dict[str, str]
    suppressed: dict[str, str]
    erased: dict[str, tuple[datetime, str]]
    consents: dict[str, tuple[ConsentFact, ...]]
    wishes: dict[str, Wishes]
    timezones: dict[str, str]
    born: Mapping[str, date] = {}

    def member_facts(self, holder_id: str, in_doubt: tuple[ZoneInfo, ...], *, already: bool = False) -> MemberFacts:
        """Return what ``decide`` may know of the member; ``in_doubt`` are the zones of whoever has not said theirs."""
        zones = in_doubt
        if (name := self.timezones.get(holder_id)) is not None:
            try:
                zones = (localtime.zone(name),)
            except (ZoneInfoNotFoundError, ValueError):
                zones = in_doubt
        born = self.born.get(holder_id)
        return MemberFacts(self.consents_of(holder_id), already, zones, self.wishes.get(holder_id), birth_date=born)

    def address_facts(self, holder_id: str) -> AddressFacts:
        """Return what ``decide`` may know of the address."""
        since, silence = self.erased.get(holder_id, (None, ""))
        return AddressFacts(holder_id in self.addresses, self.suppressed.get(holder_id), since, silence)

    def consents_of(self, holder_id: str) -> tuple[ConsentFact, ...]:
        """Return the member's newest words by topic."""
        return self.consents.get(holder_id, ())


def load(
    conn: Connection,
    program_id: str,
    channel: str,
    holders: Sequence[str],
    *,
    addresses: dict[str, str] | None = None,
    topics: Sequence[str] | None = None,
    where: bool = False,
    born: bool = False,
) -> Reach:
    """Return how ``holders`` can be reached. ``addresses`` spares opening them again at hand-over.

    ``topics``: those that are asked about; what was said on others is not read. ``where``: it matters where they live;
    ``born``: how old they are.
    Who has not said their zone lives in that of their home, of their number's region where it has a single one, of
    their home store, else of the store they bought at last.
    """
    if addresses is None:
        addresses = {holder: some[0] for holder, some in addresses_of(conn, channel, holders).items()}
    hashes = {holder: address_hash(program_id, channel, address) for holder, address in addresses.items()}
    known = addresses, hashes
    return _reach(conn, (program_id, channel), holders, known, topics=topics, where=where, born=born)


def addresses_of(conn: Connection, channel: str, holders: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return members' addresses on a channel in clear, at least one each; whoever has none is absent.

    One round trip. A member has one phone and one e-mail, and may have several browsers, the newest first.
    """
    kind = ADDRESS_KIND.get(channel)
    if kind is None:
        return {}
    if kind in DEVICES:
        found = devices.devices(conn, holders, kind)
        return {holder: tuple([one.text for one in some]) for holder, some in found.items()}
    return {holder: (address,) for holder, address in members.contacts(conn, holders, kind).items()}


def foresee(
    conn: Connection,
    program_id: str,
    channel: str,
    holders: Sequence[str],
    *,
    topics: Sequence[str],
    where: bool = False,
    born: bool = False,
) -> Reach:
    """Return how ``holders`` can be reached, for planning: as ``load``, but no address is opened.

    Its keyed hash says whether there is one and whether it is suppressed; ``addresses`` are empty.
    """
    kind = ADDRESS_KIND.get(channel)
    if kind not in IDENTITIES:
        return load(conn, program_id, channel, holders, topics=topics, where=where, born=born)
    hashes = members.hashes(conn, holders, kind)
    known = dict.fromkeys(hashes, ""), hashes
    return _reach(conn, (program_id, channel), holders, known, topics=topics, where=where, born=born)


def _reach(
    conn: Connection,
    on: tuple[str, str],
    holders: Sequence[str],
    known: tuple[dict[str, str], dict[str, str]],
    *,
    topics: Sequence[str] | None,
    where: bool,
    born: bool,
) -> Reach:
    """Read the rest, in a pipeline in one round trip; ``on``: (program, channel); ``known``: addresses and hashes."""
    addresses, hashes = known
    barred = _suppressed_hashes(conn, *on, hashes)
    said, wishes, zones = members.standing(conn, holders, topics=topics, channel=on[1])
    suppressed, erased = barred()
    said = _but_own(conn, on[1], said, erased)
    consents = {
        holder: tuple([ConsentFact(word.topic, word.channel, word.granted, word.at) for word in words])
        for holder, words in said.items()
    }
    if where:
        zones = locating.home_zones(conn, [one for one in holders if one not in zones]) | zones
        if ADDRESS_KIND.get(on[1]) == ADDRESS_OF[CHANNEL_SMS]:
            numbered = {one: identity.zone_of(address) for one, address in addresses.items() if one not in zones}
            zones |= {one: zone for one, zone in numbered.items() if zone is not None}
        zones = intake.last_zones(conn, [one for one in holders if one not in zones]) | zones
    ages = members.born(conn, holders) if born else {}
    return Reach(addresses, suppressed, erased, consents, wishes, zones, ages)


def _but_own(
    conn: Connection, channel: str, said: dict[str, list[Consent]], erased: Mapping[str, tuple[datetime, str]]
) -> dict[str, list[Consent]]:
    """Leave out a yes to advertising at an address whose owner had complained, unless the member gave it themselves."""
    since = {holder: at for holder, (at, why) in erased.items() if why == Silence.COMPLAINT and holder in said}
    if not since:
        return said
    own = complaints.came_back(conn, channel, since)
    kept = {
        holder: [
            one
            for one in said[holder]
            if not one.granted or one.class_name != MessageClass.MARKETING or (holder, one.topic) in own
        ]
        for holder in since
    }
    return said | kept


def address_hash(program_id: str, channel: str, address: str) -> str:
    """Return the keyed hash that suppression knows an address by, in hex; it says nothing without our key."""
    kind = ADDRESS_KIND[channel]
    if kind in DEVICES:
        return devices.hash_of(program_id, kind, address)
    return identity.lookup_hash(program_id, kind, address)


def topic_classes(conn: Connection, program_id: str) -> dict[str, MessageClass]:
    """Return the class of each topic of a program."""
    return {topic.code: MessageClass(topic.class_name) for topic in members.topics(conn, program_id)}


def balances(conn: Connection, program_id: str, holders: Sequence[str], now: datetime) -> dict[str, dict[str, int]]:
    """Return what holders can use now, by unit."""
    if not holders:
        return {}
    codes = {unit.id: unit.code for unit in workspace.units(conn, program_id)}
    found = ledger.balances(conn, sorted(set(holders)), now=now)
    return {holder: {codes[one.unit_id]: one.available for one in some} for holder, some in found.items()}


def suppressed(conn: Connection, program_id: str, channel: str, addresses: Mapping[str, str]) -> dict[str, str]:
    """Return why addresses must not be written to, by whose they are; those that may be are absent."""
    hashes = {holder: address_hash(program_id, channel, address) for holder, address in addresses.items()}
    return _suppressed_hashes(conn, program_id, channel, hashes)()[0]


def complained(conn: Connection, program_id: str, channel: str, holders: Sequence[str]) -> dict[str, datetime]:
    """Return since when the addresses of members are known to have complained at an earlier provider, by member."""
    hashes = members.hashes(conn, holders, ADDRESS_OF[channel])
    since = _suppressed_hashes(conn, program_id, channel, hashes)()[1]
    return {holder: at for holder, (at, why) in since.items() if why == Silence.COMPLAINT}


def _suppressed_hashes(
    conn: Connection, program_id: str, channel: str, hashes: dict[str, str]
) -> Callable[[], tuple[dict[str, str], dict[str, tuple[datetime, str]]]]:
    """Ask by holder why nothing may go to their address, and since when and why advertising alone may not."""
    parameters = {
        "hashes": batches.rows(list(hashes.values())),
        "channels": [channel, channel + AFTER_ERASURE],
        "program": program_id,
    }
    asked = conn.execute(SQL["suppressed"], parameters) if hashes else None

    def answer() -> tuple[dict[str, str], dict[str, tuple[datetime, str]]]:
        found = asked.fetchall() if asked else []
        reasons = {digest: reason for scope, digest, reason, _ in found if scope == channel}
        erased = {digest: (at, reason) for scope, digest, reason, at in found if scope != channel}
        return (
            {holder: reasons[digest] for holder, digest in hashes.items() if digest in reasons},
            {holder: erased[digest] for holder, digest in hashes.items() if digest in erased},
        )

    return answer
