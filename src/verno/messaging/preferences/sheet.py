"""What the preference page shows, and what its buttons do; all of it in the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import structs

from verno.kit.db import Connection
from verno.members import masking, queries, service, stopping
from verno.members.consent import texts, wishes
from verno.members.consent.state import MARKETING, WHOLE
from verno.members.devices import service as devices
from verno.members.devices.types import Device, DeviceKind
from verno.members.stopping import LEAVABLE, Scope
from verno.members.types import (
    Action,
    Channel,
    ConsentFact,
    Member,
    NewMember,
    Proof,
    Purpose,
    Record,
    Standing,
    State,
    Topic,
    Wishes,
)
from verno.messaging.leaving import farewell
from verno.messaging.letters.wording import Language
from verno.messaging.preferences.words import PAGE
from verno.workspace.types import Program

METHOD = "preference-page"
TEXT_ID, TEXT_VERSION = "preference-page", "1"
"""The text above the page's switches; its words are ours, so that its version goes with this code."""
HISTORY = 200
"""Records that are shown: leaving everything is one on each topic by each channel."""

TRANSACTIONAL = "transactional"
ORDER = (MARKETING, "program", TRANSACTIONAL)
ACCOUNT = Topic("account", TRANSACTIONAL, {"ru": "Ваш счёт и настройки", "en": "Your account"})
"""What letters about the member's own settings belong to; nothing that one would switch off."""

Pair = tuple[str, str]
"""(topic, channel)."""

YES = frozenset({State.GRANTED, State.UNCONFIRMED})
EVERY_CLASS = frozenset((topic, channel.value) for topic in WHOLE.values() for channel in Channel)


class Sheet(msgspec.Struct, frozen=True):
    """A member's preferences as they stand."""

    program: Program
    member: Member
    topics: tuple[Topic, ...]
    channels: tuple[str, ...]
    standings: Mapping[Pair, Standing]
    wish: Wishes
    history: Sequence[Record]
    devices: Mapping[str, Sequence[Device]] = {}
    unproven_phone: bool = False
    has_left: bool = False
    """Whether nothing is left to leave: whole classes are left on every channel, and no yes came later."""

    def is_on(self, pair: Pair) -> bool:
        """Tell whether a switch is on: the member said yes, whatever else is needed.

        What was bought is told unless somebody said no.
        """
        standing = self.standings.get(pair)
        if any(topic.code == pair[0] and topic.class_name == TRANSACTIONAL for topic in self.topics):
            return standing is None or standing.state is not State.WITHDRAWN
        return standing is not None and (standing.granted or standing.state in YES)

    @property
    def leavable(self) -> tuple[Topic, ...]:
        """Return the topics that end with "everything"."""
        return tuple([topic for topic in self.topics if topic.class_name in LEAVABLE])

    def address(self, channel: str) -> str:
        """Return the masked address of a channel, or nothing."""
        shown = masking.masked(self.member)
        return {Channel.EMAIL: shown.email, Channel.SMS: shown.phone}.get(Channel(channel)) or ""


def read(conn: Connection, program: Program, holder_id: str, *, now: datetime) -> Sheet | None:
    """Return the preferences of a member, or None when there is no such member (any more)."""
    member = queries.members(conn, program.id, [holder_id]).get(holder_id)
    if member is None:
        return None
    standings = queries.standings(conn, [holder_id], now=now).get(holder_id, [])
    said = {(one.topic, one.channel): one for one in standings if one.purpose is Purpose.ADVERTISING}
    spoken = {pair for pair, one in said.items() if one.granted or one.state in YES}
    offered = [
        one
        for one in queries.topics(conn, program.id)
        if (one.class_name in LEAVABLE or (one.class_name == TRANSACTIONAL and one.code != ACCOUNT.code))
        and (one.archived_at is None or any(topic == one.code for topic, _ in spoken))
    ]
    offered.sort(key=lambda one: (ORDER.index(one.class_name), one.code))
    seen: dict[str, list[Device]] = {}
    for one in devices.devices(conn, [holder_id]).get(holder_id, []):
        seen.setdefault(one.kind, []).append(one)
    has: dict[Channel, object] = {
        Channel.EMAIL: member.email,
        Channel.SMS: member.phone,
        Channel.PUSH: seen.get(DeviceKind.PUSH),
        Channel.TELEGRAM: seen.get(DeviceKind.TELEGRAM),
    }
    used = {channel for _, channel in spoken}
    channels = [channel.value for channel in Channel if has.get(channel) or channel in used]
    return Sheet(
        program,
        member,
        tuple(offered),
        tuple(channels),
        said,
        queries.wishes(conn, [holder_id]).get(holder_id, Wishes()),
        queries.consent_history(conn, program.id, holder_id, limit=HISTORY),
        seen,
        _is_unproven(conn, holder_id),
        queries.left_whole(conn, program.id, holder_id).keys() >= EVERY_CLASS and not _agrees(standings, offered),
    )


def _agrees(standings: Sequence[Standing], offered: Sequence[Topic]) -> bool:
    """Tell whether "everything" would end a yes: to a topic that ends with it, or to profiling."""
    ending = {one.code for one in offered if one.class_name in LEAVABLE}
    return any(
        (one.granted or one.state in YES)
        and (one.purpose is Purpose.PROFILING or (one.purpose is Purpose.ADVERTISING and one.topic in ending))
        for one in standings
    )


def _is_unproven(conn: Connection, holder_id: str) -> bool:
    phone = queries.identities(conn, [holder_id]).get(holder_id, {}).get("phone")
    return phone is not None and phone.verified_at is None


def save(
    conn: Connection, sheet: Sheet, shown: Collection[Pair], on: Collection[Pair], proof: Proof, *, now: datetime
) -> tuple[list[Pair], list[Pair]]:
    """Let the switches that were shown stand as they were sent; returns what was switched on, and what off."""
    possible = {(topic.code, channel) for topic in sheet.topics for channel in sheet.channels}
    wanted = sorted(possible & set(shown))
    added = [pair for pair in wanted if pair in on and not sheet.is_on(pair)]
    ended = [pair for pair in wanted if pair not in on and sheet.is_on(pair)]
    facts = [_grant(sheet, pair, proof, now=now) for pair in added]
    for pair in ended:
        fact = ConsentFact(sheet.member.id, *pair, False, _after(sheet, pair, now), METHOD)
        facts.append(structs.replace(fact, action=Action.WITHDRAW, proof=proof))
    service.record_consents(conn, sheet.program.id, facts, now=now)
    return added, ended


def leave(conn: Connection, sheet: Sheet, scope: Scope, proof: Proof, *, now: datetime) -> list[Pair]:
    """Leave a topic, a channel or everything; returns what was on before."""
    done = stopping.stop(conn, sheet.program.id, sheet.member.id, scope, method=METHOD, proof=proof, now=now)
    pairs = [(one.topic, one.channel) for one in done]
    return [pair for pair in pairs if sheet.is_on(pair)]


def explain(
    conn: Connection, sheet: Sheet, pairs: Collection[Pair], reason: str, proof: Proof, *, now: datetime
) -> None:
    """Keep why the member left; as a further withdrawal, since history is only ever added to. Once a day."""
    ended = {pair for pair, said in sheet.standings.items() if said.state is State.WITHDRAWN}
    left = sorted((ended & set(pairs)) - farewell.explained(conn, sheet.program.id, sheet.member.id, now=now))
    facts = [
        ConsentFact(sheet.member.id, *pair, False, _after(sheet, pair, now), METHOD, None, reason, proof=proof)
        for pair in left[: farewell.MOST_EXPLAINED]
    ]
    service.record_consents(conn, sheet.program.id, facts, now=now)


def wish(conn: Connection, sheet: Sheet, wanted: Wishes, *, now: datetime) -> bool:
    """Keep how often the member wishes to hear; False for what nobody may wish."""
    if wishes.problem(wanted, now=now) is not None:
        return False
    wishes.wish(conn, sheet.program.id, {sheet.member.id: wanted}, now=now)
    return True


def speak(conn: Connection, sheet: Sheet, language: Language, *, now: datetime) -> None:
    """Write to the member in another language from now on."""
    service.upsert(conn, sheet.program, [NewMember(sheet.member.external_id, locale=language)], now=now)


def proof_of(language: Language, ip: str | None, agent: str | None, *, surface: str) -> Proof:
    """Return what shows that somebody did it here."""
    return Proof(locale=language, surface=surface, actor="member", ip=ip, agent=agent)


def _grant(sheet: Sheet, pair: Pair, proof: Proof, *, now: datetime) -> ConsentFact:
    language: Language = "ru" if proof.locale == "ru" else "en"
    shown = PAGE[language]["agree"].format(program=sheet.program.name)
    whole = structs.replace(proof, text_id=TEXT_ID, text_sha256=texts.sha256(shown))
    return ConsentFact(sheet.member.id, *pair, True, moment(sheet, pair, now), METHOD, TEXT_VERSION, proof=whole)


def moment(sheet: Sheet, pair: Pair, now: datetime) -> datetime:
    """Return when a yes is said: after the newest word, or a withdrawal of that moment would win."""
    at = _after(sheet, pair, now)
    return at if at == now else at + timedelta(microseconds=1)


def _after(sheet: Sheet, pair: Pair, now: datetime) -> datetime:
    """Return now, or when the newest word was said, if a clock ran ahead: a withdrawal must not be older than it."""
    before = sheet.standings.get(pair)
    return now if before is None else max(now, before.since)
