"""Reads of members. Contacts are opened here and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec
from psycopg.rows import args_row

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.kit.sql import Statements
from verno.members import sealing
from verno.members.consent import levels
from verno.members.identity import TAIL, Kind, fold_hash, lookup_hash, normalise
from verno.members.types import (
    AttributeKind,
    Consent,
    Departure,
    GivenBadge,
    Identity,
    Member,
    MemberKind,
    Merged,
    Record,
    Standing,
    State,
    Topic,
    Wishes,
)
from verno.predicate.types import Kind as FieldKind
from verno.rules.facts import Member as Facts
from verno.workspace import queries as workspace

SQL = Statements("verno.members")

Key = tuple[str, str]
"""(kind, value): an ``id`` or ``external_id`` in clear; a ``phone``, ``email`` or ``card`` by its hash."""

Spoken = tuple[str, str, str, bool, datetime, str, str | None, str, str]
"""A holder, and the fields of a ``Consent``."""

LATEST = datetime.max.replace(tzinfo=UTC)
SEARCH_LIMIT = 20
LONGEST_SEARCH = 254
SHORTEST_BEGINNING = 3
"""Signs of an external id that are enough to look by."""
FIELD_KINDS = {
    AttributeKind.TEXT: FieldKind.TEXT,
    AttributeKind.INTEGER: FieldKind.NUMBER,
    AttributeKind.BOOLEAN: FieldKind.FLAG,
    AttributeKind.DATE: FieldKind.DATE,
    AttributeKind.CHOICE: FieldKind.CHOICE,
    AttributeKind.LIST: FieldKind.CODES,
}
"""What conditions take attributes for."""


class _Row(msgspec.Struct, frozen=True):
    id: str
    external_id: str
    name: str | None
    birth_date: date | None
    locale: str | None
    attributes: dict[str, object]
    created_at: datetime
    changed_at: datetime
    kind: str
    buying_group: str | None
    home_place: str | None


def find_holders(conn: Connection, program_id: str, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the members that the keys name, those that exist; one statement whatever the number of keys."""
    wanted = set(keys)
    if not wanted:
        return {}
    parameters = {
        "program": program_id,
        "hashed": batches.rows(
            [{"kind": kind, "value": value} for kind, value in wanted if kind not in ("id", "external_id")]
        ),
        "external_ids": batches.rows([value for kind, value in wanted if kind == "external_id"]),
        "ids": batches.rows([value for kind, value in wanted if kind == "id" and is_id(value)]),
    }
    found = conn.execute(SQL["find_holders"], parameters).fetchall()
    return {(kind, value): holder for kind, value, holder in found}


def members(conn: Connection, program_id: str, ids: Sequence[str], *, sensitive: bool = False) -> dict[str, Member]:
    """Return members by id with contacts opened and newest consents, those that exist; one round trip.

    Attributes of special categories are left out unless they are asked for, by whoever shows them to those who may see.
    """
    wanted = batches.rows([id_ for id_ in ids if is_id(id_)])
    parameters = {
        "program": program_id,
        "ids": wanted,
        "kind": None,
        "now": None,
        "sensitive": sensitive,
        "topics": None,
        "channel": None,
    }
    with conn.pipeline():
        rows = conn.cursor(row_factory=args_row(_Row)).execute(SQL["members"], parameters)
        sealed = conn.execute(SQL["sealed_contacts"], parameters)
        words = conn.execute(SQL["consents"], parameters)
        areas = conn.execute(SQL["districts_of"], parameters)
    districts: dict[str, dict[str, list[str]]] = {}
    for holder, kind, codes in areas.fetchall():
        districts.setdefault(holder, {})[kind] = codes
    opened = _opened(sealed.fetchall())
    spoken = _spoken(words.fetchall())
    return {
        row.id: Member(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            phone=opened.get((row.id, Kind.PHONE)),
            email=opened.get((row.id, Kind.EMAIL)),
            card=opened.get((row.id, Kind.CARD)),
            birth_date=row.birth_date,
            locale=row.locale,
            attributes=row.attributes,
            consents=spoken.get(row.id, []),
            created_at=row.created_at,
            changed_at=row.changed_at,
            kind=MemberKind(row.kind),
            buying_group=row.buying_group,
            home_place=row.home_place,
            districts=districts.get(row.id, {}),
        )
        for row in rows.fetchall()
    }


def facts(conn: Connection, program_id: str, ids: Sequence[str], *, now: datetime) -> dict[str, Facts]:
    """Return what rules may ask of members, by id, as it is ``now``; two round trips."""
    rows = batches.rows(ids)
    with conn.pipeline():
        people = conn.execute(SQL["member_facts"], {"program": program_id, "ids": rows})
        said = consents(conn, ids, now=now)
        given = badges(conn, program_id, ids, at=now)
    return {
        id_: Facts(
            id=id_,
            kind=kind or MemberKind.PERSON.value,
            birth_date=birth_date,
            joined=joined,
            badges=frozenset([one.code for one in given.get(id_, ())]),
            consents=frozenset([f"{one.topic}/{one.channel}" for one in said.get(id_, ()) if one.granted]),
            consent_level=levels.level(said.get(id_, ())).value,
            attributes=attributes,
        )
        for id_, birth_date, joined, attributes, kind in people.fetchall()
    }


def attribute_kinds(conn: Connection, program_id: str) -> dict[str, FieldKind]:
    """Return a program's attributes by name, as conditions know them: those of special categories are not."""
    found = conn.execute(SQL["attributes"], {"program": program_id}).fetchall()
    return {name: FIELD_KINDS[AttributeKind(kind)] for name, kind, *_, sensitive, _ in found if not sensitive}


def attribute_types(conn: Connection, program_id: str) -> dict[str, AttributeKind]:
    """Return the types of a program's attributes by name."""
    found = conn.execute(SQL["attribute_types"], {"program": program_id}).fetchall()
    return {name: AttributeKind(kind) for name, kind, *_ in found}


def survivors(conn: Connection, program_id: str, holder_ids: Sequence[str]) -> dict[str, str]:
    """Return whom merged members lead to; members of their own are absent."""
    parameters = {"program": program_id, "ids": batches.rows(list(holder_ids))}
    return dict(conn.execute(SQL["redirects_of"], parameters).fetchall())


def merged_from(conn: Connection, program_id: str, holder_ids: Sequence[str]) -> dict[str, list[Merged]]:
    """Return who was merged into each member, the oldest merge first; those nobody was merged into are absent."""
    out: dict[str, list[Merged]] = {}
    parameters = {"program": program_id, "ids": batches.rows(list(holder_ids))}
    for survivor, *rest in conn.execute(SQL["merged_from"], parameters).fetchall():
        out.setdefault(survivor, []).append(Merged(*rest))
    return out


def merges_around(conn: Connection, program_id: str, holder_id: str) -> tuple[str | None, tuple[Merged, ...]]:
    """Return whom a member leads to (None: nobody), and who was merged into them, the oldest merge first."""
    found = conn.execute(SQL["merges_around"], {"program": program_id, "id": holder_id}).fetchall()
    into = next((survivor for survivor, holder, *_ in found if holder == holder_id), None)
    return into, tuple([Merged(*rest) for survivor, *rest in found if survivor == holder_id])


def badges(
    conn: Connection, program_id: str, holder_ids: Sequence[str], *, at: datetime | None = None
) -> dict[str, list[GivenBadge]]:
    """Return what members, and whoever was merged into them, were given, by code; ``at``: what they had then.

    Members who have none are absent.
    """
    parameters = {"program": program_id, "ids": batches.rows(list(holder_ids))}
    out: dict[str, list[GivenBadge]] = {}
    for holder, *rest in conn.execute(SQL["badges"], parameters).fetchall():
        badge = GivenBadge(*rest)
        if at is None or badge.given_at <= at < (badge.until or LATEST):
            out.setdefault(holder, []).append(badge)
    return out


def contacts(conn: Connection, holder_ids: Sequence[str], kind: str) -> dict[str, str]:
    """Return the opened contacts of a kind by holder, of those who have one; one round trip."""
    parameters = {"ids": batches.rows(list(holder_ids)), "kind": kind}
    opened = _opened(conn.execute(SQL["sealed_contacts"], parameters).fetchall())
    return {holder: value for (holder, _), value in opened.items()}


def search(
    conn: Connection, program_id: str, text: str, *, limit: int = SEARCH_LIMIT, names: bool = True
) -> list[Member]:
    """Return the members that ``text`` names, the likeliest first; never more than ``limit``.

    A whole phone, e-mail, card, external id or id names one, of a company's contact the company. Four digits are the
    end of a phone, with words beside them of whoever is called so; the beginning of an external id is enough. Else,
    with ``names``, it is words of a name, in any order and either alphabet, slips of the pen forgiven. Searching by
    name is for those who may read personal data: parts of names would else be guessed from what is found.
    """
    text = text.replace("\x00", "").strip()[:LONGEST_SEARCH]
    if not text:
        return []
    country = workspace.program(conn, program_id).country
    keys: list[Key] = [("id", text.lower()), ("external_id", text)]
    for kind in Kind:
        normal = normalise(kind, text, country=country)
        if normal is not None:
            keys.append((kind, lookup_hash(program_id, kind, normal)))
    holders = list(dict.fromkeys(find_holders(conn, program_id, keys).values()))
    for look in (_by_contact, _by_tail, _by_beginning) if names else (_by_contact,):
        if not holders:
            holders = look(conn, program_id, text, keys, limit)
    if not holders and names:
        parameters = {"program": program_id, "words": text, "limit": limit}
        holders = [row[0] for row in conn.execute(SQL["search_names"], parameters).fetchall()]
    found = members(conn, program_id, holders[:limit])
    return [found[holder] for holder in holders[:limit] if holder in found]


def _by_contact(conn: Connection, program_id: str, text: str, keys: Sequence[Key], limit: int) -> list[str]:  # noqa: ARG001
    """Find companies by who speaks for them."""
    rows = batches.rows([{"kind": kind, "value": value} for kind, value in keys if kind in {Kind.EMAIL, Kind.PHONE}])
    found = conn.execute(SQL["companies_of_contacts"], {"program": program_id, "rows": rows}).fetchall()
    return [holder for (holder,) in found]


def _by_tail(conn: Connection, program_id: str, text: str, keys: Sequence[Key], limit: int) -> list[str]:  # noqa: ARG001
    """Find members by the end of their phone, and by their name beside it where one is written."""
    *words, tail = text.split()
    if not (len(tail) == TAIL and tail.isascii() and tail.isdigit()):
        return []
    parameters = {
        "program": program_id,
        "fold": fold_hash(program_id, Kind.PHONE, tail),
        "words": " ".join(words),
        "limit": limit,
    }
    return [holder for holder, *_ in conn.execute(SQL["search_tail"], parameters).fetchall()]


def _by_beginning(conn: Connection, program_id: str, text: str, keys: Sequence[Key], limit: int) -> list[str]:  # noqa: ARG001
    """Find members by the beginning of their external id."""
    if len(text) < SHORTEST_BEGINNING or " " in text:
        return []
    parameters = {"program": program_id, "from": text, "to": f"{text}\U0010ffff", "limit": limit}
    return [holder for (holder,) in conn.execute(SQL["search_external_ids"], parameters).fetchall()]


def timezones(conn: Connection, holder_ids: Sequence[str]) -> dict[str, str]:
    """Return the zones that members say they live in (the attribute ``timezone``); whoever says nothing is absent."""
    return dict(conn.execute(SQL["timezones"], {"ids": batches.rows(list(holder_ids))}).fetchall())


def topics(conn: Connection, program_id: str) -> list[Topic]:
    """Return the program's topics by code."""
    return conn.cursor(row_factory=args_row(Topic)).execute(SQL["topics"], {"program": program_id}).fetchall()


def consents(
    conn: Connection,
    holder_ids: Sequence[str],
    *,
    now: datetime | None = None,
    topics: Sequence[str] | None = None,
    channel: str | None = None,
) -> dict[str, list[Consent]]:
    """Return each member's yes or no on every topic and channel; members who said neither are left out.

    ``topics`` and ``channel`` ask for less, which is cheaper.

    So is a yes that does not count: unproven or unconfirmed where it is marketing, or no longer valid. Without ``now``
    what was said ahead of the clock is among them, and what ends does so by the database's clock.
    """
    asked = _asked(holder_ids, now) | {"topics": None if topics is None else list(topics), "channel": channel}
    return _decided(conn.execute(SQL["consents"], asked).fetchall())


def standing(
    conn: Connection, holder_ids: Sequence[str], *, topics: Sequence[str] | None, channel: str
) -> tuple[dict[str, list[Consent]], dict[str, Wishes], dict[str, str]]:
    """Return what ``consents``, ``wishes`` and ``timezones`` do; one round trip for all three in a pipeline."""
    ids = {"ids": batches.rows(list(holder_ids))}
    asked = _asked(holder_ids, None) | {"topics": None if topics is None else list(topics), "channel": channel}
    said, wished, lived = (
        conn.execute(SQL["consents"], asked),
        conn.execute(SQL["wishes"], ids),
        conn.execute(SQL["timezones"], ids),
    )
    return _decided(said.fetchall()), _wished(wished.fetchall()), dict(lived.fetchall())


def born(conn: Connection, holder_ids: Sequence[str]) -> dict[str, date]:
    """Return when members were born; those who have not said are absent."""
    return dict(conn.execute(SQL["born"], {"ids": batches.rows(list(holder_ids))}).fetchall())


def identities(conn: Connection, holder_ids: Sequence[str]) -> dict[str, dict[str, Identity]]:
    """Return by member and kind which contacts there are, by keyed hash, and whether they are confirmed."""
    out: dict[str, dict[str, Identity]] = {}
    for holder, kind, *rest in conn.execute(SQL["verified"], {"ids": batches.rows(list(holder_ids))}).fetchall():
        out.setdefault(holder, {})[kind] = Identity(*rest)
    return out


def hashes_before(conn: Connection, before: Mapping[str, datetime], kind: str) -> dict[str, str]:
    """Return as ``hashes`` those that each holder has had since before a moment of theirs."""
    rows = [{"id": holder, "before": moment} for holder, moment in before.items()]
    return dict(conn.execute(SQL["hashes_before"], {"rows": batches.rows(rows), "kind": kind}).fetchall())


def hashes(conn: Connection, holder_ids: Sequence[str], kind: str) -> dict[str, str]:
    """Return the keyed hashes of contacts of a kind by holder, of those who have one: nothing is opened."""
    return dict(conn.execute(SQL["hashes"], {"ids": batches.rows(list(holder_ids)), "kind": kind}).fetchall())


def standings(conn: Connection, holder_ids: Sequence[str], *, now: datetime | None) -> dict[str, list[Standing]]:
    """Return where members stand on every purpose, topic and channel they were asked about; ``now`` as above."""
    out: dict[str, list[Standing]] = {}
    for holder, *row in conn.execute(SQL["standings"], _asked(holder_ids, now)).fetchall():
        out.setdefault(holder, []).append(
            msgspec.convert(dict(zip(Standing.__struct_fields__, row, strict=True)), Standing)
        )
    return out


def consent_history(
    conn: Connection, program_id: str, holder_id: str, *, before: tuple[datetime, str] | None = None, limit: int
) -> list[Record]:
    """Return a page of what a member said, the newest first, before the row (at, id) when given."""
    at, id_ = before or (None, None)
    parameters = {"program": program_id, "holder": holder_id, "before_at": at, "before_id": id_, "limit": limit}
    found = conn.execute(SQL["consent_history"], parameters).fetchall()
    return [msgspec.convert(dict(zip(Record.__struct_fields__, row, strict=True)), Record) for row in found]


def consent_states(
    conn: Connection,
    program_id: str,
    topic: str,
    channel: str,
    holder_ids: Sequence[str] | None = None,
    *,
    now: datetime | None = None,
) -> dict[str, bool]:
    """Return whether each member stands at a yes on a topic and channel; None asks for everybody.

    Members who said nothing are left out: silence is no consent.
    """
    parameters = {"program": program_id, "topic": topic, "channel": channel, "now": now}
    if holder_ids is None:
        return dict(conn.execute(SQL["all_consent_states"], parameters).fetchall())
    wanted = parameters | {"ids": batches.rows(list(holder_ids))}
    return dict(conn.execute(SQL["consent_states"], wanted).fetchall())


def left_whole(conn: Connection, program_id: str, holder_id: str) -> dict[tuple[str, str], datetime]:
    """Return which whole classes (``*marketing``) a member has left, on which channels, and when last."""
    found = conn.execute(SQL["left_whole"], {"program": program_id, "holder": holder_id}).fetchall()
    return {(topic, channel): at for topic, channel, at in found}


def departures(conn: Connection, program_id: str, since: datetime, until: datetime, *, most: int) -> list[Departure]:
    """Return who left what in a time, the newest first: once a member, topic and channel."""
    parameters = {"program": program_id, "since": since, "until": until, "most": most}
    return conn.cursor(row_factory=args_row(Departure)).execute(SQL["departures"], parameters).fetchall()


def wishes(conn: Connection, holder_ids: Sequence[str]) -> dict[str, Wishes]:
    """Return what members wish; those who wish nothing are absent. A pause that is over may be among them."""
    return _wished(conn.execute(SQL["wishes"], {"ids": batches.rows(list(holder_ids))}).fetchall())


def page(conn: Connection, program_id: str, *, after: str | None, limit: int) -> list[tuple[str, str | None]]:
    """Return (id, locale) of the next members in the order of their ids, from the one after ``after`` on."""
    parameters = {"program": program_id, "after": after, "limit": limit}
    return [(holder, locale) for holder, locale in conn.execute(SQL["page"], parameters).fetchall()]


def page_back(conn: Connection, program_id: str, *, before: str | None, limit: int) -> list[tuple[str, str | None]]:
    """Return (id, locale) of the members before one, the newest first."""
    parameters = {"program": program_id, "before": before, "limit": limit}
    return [(holder, locale) for holder, locale in conn.execute(SQL["page_back"], parameters).fetchall()]


def sample(conn: Connection, program_id: str, *, most: int) -> list[str]:
    """Return up to ``most`` members drawn across all, the same ones each time."""
    return [id_ for (id_,) in conn.execute(SQL["sample"], {"program": program_id, "most": most}).fetchall()]


def count(conn: Connection, program_id: str) -> int:
    """Return how many members the program has."""
    row = conn.execute(SQL["count_members"], {"program": program_id}).fetchone()
    return row[0] if row else 0


def _opened(rows: Iterable[tuple[str, str, bytes, bytes]]) -> dict[tuple[str, str], str]:
    """Open sealed contacts: (holder, kind) -> text."""
    keys: dict[str, bytes] = {}
    out: dict[tuple[str, str], str] = {}
    for holder, kind, sealed, wrapped in rows:
        if holder not in keys:
            keys[holder] = sealing.unwrap(bytes(wrapped), holder)
        out[(holder, kind)] = sealing.unseal(keys[holder], kind, holder, bytes(sealed))
    return out


def _asked(holder_ids: Sequence[str], now: datetime | None) -> dict[str, object]:
    return {"ids": batches.rows(list(holder_ids)), "now": now}


def _decided(rows: Iterable[Spoken]) -> dict[str, list[Consent]]:
    return {
        holder: words
        for holder, said in _spoken(rows).items()
        if (words := [one for one in said if one.granted or one.state is State.WITHDRAWN])
    }


def _wished(rows: Iterable[tuple[str, int | None, datetime | None]]) -> dict[str, Wishes]:
    return {holder: Wishes(most_per, paused_until) for holder, most_per, paused_until in rows}


def _spoken(rows: Iterable[Spoken]) -> dict[str, list[Consent]]:
    out: dict[str, list[Consent]] = {}
    for holder, topic, channel, granted, at, method, text_version, state, class_name in rows:
        word = Consent(topic, channel, granted, at, method, text_version, State(state), class_name)
        out.setdefault(holder, []).append(word)
    return out
