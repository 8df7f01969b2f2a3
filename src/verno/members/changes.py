"""What a batch of members changes, decided in memory, item after item: no database, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from verno.kit import batches, localtime
from verno.members.companies import numbers
from verno.members.identity import Kind, lookup_hash, normalise
from verno.members.likeness import matching
from verno.members.types import (
    MAX_ATTRIBUTE_TYPES,
    MAX_ATTRIBUTES,
    AttributeKind,
    AttributeRule,
    Belonging,
    ConsentFact,
    Created,
    Location,
    MemberKind,
    NewConsent,
    NewMember,
    Refusal,
    Refused,
    Result,
    Updated,
)

EARLIEST_BIRTH = date(1880, 1, 1)
EARLIEST_CONSENT = datetime(1990, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the caller's clock may be ahead of ours; what it says of that time counts as said now."""
LARGEST_INTEGER = 2**53
DEFAULT_METHOD = "api"
EXTERNAL_ID = "external_id"
TIMEZONE = "timezone"
"""The attribute whose clock messages go by."""

Claim = tuple[str, str]
"""(kind, lookup hash)."""

_BAD = {Kind.PHONE: Refusal.BAD_PHONE, Kind.EMAIL: Refusal.BAD_EMAIL, Kind.CARD: Refusal.BAD_CARD}
_HINTS = {
    Kind.PHONE: "not a phone number; write it with its country code",
    Kind.EMAIL: "not an e-mail address",
    Kind.CARD: "4 to 40 Latin letters and digits; spaces and hyphens are skipped",
}


class Stored(msgspec.Struct, frozen=True):
    """A member's row without its contacts."""

    id: str
    external_id: str
    name: str | None = None
    birth_date: date | None = None
    locale: str | None = None
    kind: MemberKind = MemberKind.PERSON
    buying_group: str | None = None
    attributes: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Frame:
    """What all items of a batch share."""

    program_id: str
    country: str
    zone: ZoneInfo
    now: datetime
    places: frozenset[str] = frozenset()
    """Codes of stores, where an item names one."""
    policy: tuple[str, ...] = ()
    """By what a member is found who is named in several ways; read where an item asks for another's contact."""


@dataclass(slots=True)
class Book:
    """The members and claims that a batch touches, as they were loaded; ``change`` moves it forward."""

    members: dict[str, Stored]
    owners: dict[Claim, str]
    kinds: dict[str, AttributeRule]
    topics: frozenset[str]
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    survivors: dict[str, str] = field(default_factory=dict)
    """Whom the merged ones among these members and owners are now."""
    clear: dict[Claim, str] = field(default_factory=dict)
    """The text behind each claim that this batch made, to be sealed."""
    consents: dict[tuple[str, str, str, datetime], ConsentFact] = field(default_factory=dict)
    verified: set[Claim] = field(default_factory=set)
    """Claims that their owners have confirmed."""
    together: list[tuple[str, str]] = field(default_factory=list)
    """Members whom one item named: they may be one."""

    def now(self, holder: str) -> str:
        """Return whom a member was merged into, or the member."""
        return self.survivors.get(holder, holder)


class Asked(msgspec.Struct, frozen=True):
    """An item with its contacts in normal form: kind -> (text, hash), or None to clear."""

    item: NewMember
    contacts: dict[Kind, tuple[str, str] | None]


def read(item: NewMember, frame: Frame) -> Asked | Refused:
    """Normalise and hash an item's contacts, and check what can be checked without the database."""
    contacts: dict[Kind, tuple[str, str] | None] = {}
    for name, value in msgspec.to_builtins(item).items():
        if batches.unclean(value):
            return Refused(Refusal.BAD_TEXT, name, "holds NUL or half a surrogate pair")
    for kind in Kind:
        text = getattr(item, kind)
        if text is UNSET:
            continue
        normal = None if text is None else normalise(kind, text, country=frame.country)
        if normal is None and text is not None:
            return Refused(_BAD[kind], kind.value, _HINTS[kind])
        contacts[kind] = None if normal is None else (normal, lookup_hash(frame.program_id, kind, normal))
    return _wrong_item(item, frame) or Asked(item, contacts)


def _wrong_item(item: NewMember, frame: Frame) -> Refused | None:
    if isinstance(item.location, Location) and (item.location.lat is None) is not (item.location.lon is None):
        return Refused(Refusal.BAD_LOCATION, "location", "lat and lon come together")
    if isinstance(item.home_place, str) and item.home_place not in frame.places:
        return Refused(Refusal.UNKNOWN_PLACE, "home_place", "there is no such store")
    if isinstance(item.name, str) and not item.name.strip():
        return Refused(Refusal.BAD_NAME, "name", "is blank")
    if isinstance(item.birth_date, date) and not EARLIEST_BIRTH <= item.birth_date <= _today(frame):
        return Refused(Refusal.BAD_BIRTH_DATE, "birth_date", f"from {EARLIEST_BIRTH} to today")
    return None


def change(book: Book, asked: Asked, fresh_id: str, frame: Frame) -> Result:
    """Apply one item, whole or not at all. ``fresh_id`` becomes the member's if it is new."""
    item = asked.item
    stored = book.members.get(item.external_id)
    member = stored or Stored(fresh_id, item.external_id)
    contacts = _own(book, member.id, asked, frame)
    if isinstance(contacts, Refused):
        return contacts
    attributes = _attributes(book, member, item)
    if isinstance(attributes, Refused):
        return attributes
    consents = _consents(book, book.now(member.id), item.consents, frame)
    if isinstance(consents, Refused):
        return consents
    merged, kinds = attributes
    book.kinds.update(kinds)
    changed = book.members[item.external_id] = _merged(member, item, merged)
    for kind, contact in contacts.items():
        _claim(book, member.id, kind, contact)
    for fact in consents:
        book.consents[(fact.holder_id, fact.topic, fact.channel, fact.at)] = fact
    if stored is None:
        return Created(member.id)
    was = Belonging(stored.kind, stored.buying_group)
    return Updated(stored.id, None if was == Belonging(changed.kind, changed.buying_group) else was)


def _merged(member: Stored, item: NewMember, attributes: Mapping[str, object]) -> Stored:
    return Stored(
        member.id,
        member.external_id,
        member.name if item.name is UNSET else item.name and item.name.strip(),
        member.birth_date if item.birth_date is UNSET else item.birth_date,
        member.locale if item.locale is UNSET else item.locale,
        _kind_of(member, item),
        member.buying_group if item.buying_group is UNSET else item.buying_group,
        attributes,
    )


def _kind_of(member: Stored, item: NewMember) -> MemberKind:
    return member.kind if item.kind is UNSET else item.kind or MemberKind.PERSON


def _own(book: Book, holder: str, asked: Asked, frame: Frame) -> dict[Kind, tuple[str, str] | None] | Refused:
    """Return the contacts to claim. What another record of the same person has is no other member's.

    A merged member's own record may still be sent, by a system that knows nothing of the merge: it must neither be
    refused for the phone that went to the survivor, nor fetch it back. The survivor may take it from a merged one.
    """
    out: dict[Kind, tuple[str, str] | None] = {}
    for kind, contact in asked.contacts.items():
        owner = book.owners.get((kind, contact[1]), holder) if contact else holder
        if book.now(owner) != book.now(holder):
            return _taken(book, asked, kind, frame)
        if owner == holder or holder not in book.survivors:
            out[kind] = contact
    return out


def _taken(book: Book, asked: Asked, kind: Kind, frame: Frame) -> Refused:
    """Refuse what is another's, and say whom the item means. A contact never moves by policy alone."""
    item = asked.item
    keys = [(EXTERNAL_ID, item.external_id)]
    keys += [(one.value, contact[1]) for one, contact in asked.contacts.items() if contact]
    holders = {key: book.now(book.owners[key]) for key in keys if key in book.owners}
    if item.external_id in book.members:
        holders[keys[0]] = book.now(book.members[item.external_id].id)
    _, named = matching.chosen(keys, holders, frame.policy, book.verified)
    book.together += [(named[0], other) for other in named[1:]]
    return Refused(Refusal.IDENTITY_TAKEN, kind.value, f"another member has this {kind}", named[0])


def _claim(book: Book, holder: str, kind: Kind, contact: tuple[str, str] | None) -> None:
    """Give the member its new identity of a kind; the old one is free from here on."""
    owner = book.owners.get((kind, contact[1]), holder) if contact else holder
    if owner != holder:
        book.held.pop((owner, kind), None)
    before = book.held.pop((holder, kind), None)
    if before is not None:
        del book.owners[(kind, before)]
    if owner != holder or (before is not None and (contact is None or contact[1] != before)):
        book.verified -= {(kind, before or ""), (kind, contact[1] if contact else "")}
    if contact is not None:
        text, digest = contact
        book.held[(holder, kind)] = digest
        book.owners[(kind, digest)] = holder
        book.clear[(kind, digest)] = text


def _attributes(
    book: Book, member: Stored, item: NewMember
) -> tuple[Mapping[str, object], dict[str, AttributeRule]] | Refused:
    """Return the merged attributes and the types that this item teaches."""
    if item.attributes is UNSET:
        return member.attributes, {}
    if item.attributes is None:
        return {}, {}
    merged: dict[str, object] = dict(member.attributes)
    kinds: dict[str, AttributeRule] = {}
    registered = _kind_of(member, item) is MemberKind.COMPANY
    for name, value in item.attributes.items():
        if value is None:
            merged.pop(name, None)
            continue
        rule = book.kinds.get(name)
        if rule is None:
            rule = kinds[name] = AttributeRule(_kind(value))
        wrong = _wrong(name, value, rule) or (numbers.problem(name, value) if registered else None)
        if wrong:
            return Refused(Refusal.BAD_ATTRIBUTE, f"attributes.{name}", wrong)
        merged[name] = value
    if len(merged) > MAX_ATTRIBUTES:
        return Refused(Refusal.TOO_MANY_ATTRIBUTES, "attributes", f"a member has at most {MAX_ATTRIBUTES}")
    if kinds and len(book.kinds) + len(kinds) > MAX_ATTRIBUTE_TYPES:
        most = f"a program knows at most {MAX_ATTRIBUTE_TYPES}"
        return Refused(Refusal.TOO_MANY_ATTRIBUTES, "attributes", most)
    return merged, kinds


def _wrong(name: str, value: object, rule: AttributeRule) -> str:
    """Return why an attribute cannot hold a value, or nothing."""
    if not _fits(value, rule.kind):
        return f"this attribute's type is {rule.kind}"
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return f"whole numbers reach to {LARGEST_INTEGER}"
    if rule.codes is not None and not _chosen(value, rule.codes):
        return f"this attribute's choices: {', '.join(rule.codes)}"
    return (
        "" if name != TIMEZONE or _is_zone(value) else "not a time zone; write it as the IANA list does: Europe/Moscow"
    )


def _is_zone(value: object) -> bool:
    try:
        return bool(localtime.zone(str(value)))
    except KeyError:
        return False


def _kind(value: object) -> AttributeKind:
    if isinstance(value, bool):
        return AttributeKind.BOOLEAN
    if isinstance(value, list):
        return AttributeKind.LIST
    return AttributeKind.INTEGER if isinstance(value, int) else AttributeKind.TEXT


def _fits(value: object, kind: AttributeKind) -> bool:
    if kind is AttributeKind.BOOLEAN:
        return isinstance(value, bool)
    if kind is AttributeKind.INTEGER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is AttributeKind.LIST:
        return isinstance(value, list)
    if not isinstance(value, str):
        return False
    return kind is not AttributeKind.DATE or _is_date(value)


def _chosen(value: object, codes: Sequence[str]) -> bool:
    return all(one in codes for one in value) if isinstance(value, list) else value in codes


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _consents(book: Book, holder: str, consents: Sequence[NewConsent], frame: Frame) -> list[ConsentFact] | Refused:
    """Return what the item says of consents: the word of whom its member is now, since nobody reads a merged one's."""
    facts = []
    for i, consent in enumerate(consents):
        if consent.topic not in book.topics:
            known = ", ".join(sorted(book.topics))
            return Refused(Refusal.UNKNOWN_TOPIC, f"consents[{i}].topic", f"known: {known}")
        at = frame.now if consent.at is None else moment(consent.at, frame.zone)
        if not EARLIEST_CONSENT <= at <= frame.now + CLOCKS_DIFFER:
            return Refused(Refusal.TIME_OUT_OF_RANGE, f"consents[{i}].at", "in the future, or before 1990")
        facts.append(
            ConsentFact(
                holder,
                consent.topic,
                consent.channel,
                consent.granted,
                min(at, frame.now),
                consent.method or DEFAULT_METHOD,
                consent.text_version,
            )
        )
    return facts


def moment(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment that was said; without an offset it is what the program's clock shows."""
    try:
        return localtime.localize(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # the first and last day of all calendars
        return at.replace(tzinfo=UTC)


def _today(frame: Frame) -> date:
    return localtime.business_date(frame.now, frame.zone)
