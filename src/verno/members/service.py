"""Verbs of members."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec import UnsetType
from psycopg import Cursor
from psycopg.rows import TupleRow, args_row

from verno.kit import batches, ids, localtime, outbox
from verno.kit.db import Connection
from verno.members import changes, sealing
from verno.members.changes import Asked, Book, Claim, Frame, Stored
from verno.members.districts import locating
from verno.members.districts.locating import Located
from verno.members.identity import fold_hash
from verno.members.likeness import service as likeness
from verno.members.likeness.types import Reason
from verno.members.queries import SQL
from verno.members.returning import service as returning
from verno.members.types import (
    Action,
    AttributeKind,
    AttributeRule,
    ConsentFact,
    NewBadge,
    NewMember,
    Refusal,
    Refused,
    Result,
    Topic,
)
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.types import Program

BADGE_GIVEN = "badge.given.v1"
BADGE_TAKEN = "badge.taken.v1"
POINTS_STATEMENT = "points-statement"
DEFAULT_TOPICS = (Topic(POINTS_STATEMENT, "program"),)
"""What a fresh program writes about."""
Given: TypeAlias = tuple[str, str, str]
"""(holder, badge, source)."""


def upsert(conn: Connection, program: Program, members: Sequence[NewMember], *, now: datetime) -> list[Result]:
    """Store members by external id: one result per item, in order, as if they came one by one.

    Absent fields keep what is stored, null clears. Refused items leave no trace: ``identity-taken`` (another
    member has the phone, e-mail or card), ``bad-...`` (the field says which), ``too-many-attributes``,
    ``bad-location``, ``unknown-place``, ``unknown-topic``, ``time-out-of-range``. Whose contacts are another's means
    whom the setting ``members.matching`` says; the members whom one item names are offered as a possible duplicate.
    Two round trips whatever the batch's size, some more where somebody says where they are or asks for what is
    another's. Two transactions that claim the same identity or external id end in a unique violation for one of them:
    the door tries again.
    """
    places = {item.home_place for item in members if isinstance(item.home_place, str)}
    stores = frozenset([store.code for store in workspace.stores(conn, program.id, sorted(places))] if places else ())
    frame = Frame(program.id, program.country, localtime.zone(program.timezone), now, stores)
    asked = [changes.read(item, frame) for item in members]
    readable = [item for item in asked if isinstance(item, Asked)]
    if not readable:
        return [item for item in asked if isinstance(item, Refused)]
    book, wrapped = load(conn, program.id, readable)
    frame = believing(conn, book, readable, frame)
    before = (dict(book.members), dict(book.owners), set(book.kinds))
    results: list[Result] = []
    for item, fresh in zip(asked, ids.new_ids(len(asked), now=now), strict=True):
        results.append(item if isinstance(item, Refused) else changes.change(book, item, fresh, frame))
    _write(conn, program.id, book, before, wrapped, now=now)
    _locate(conn, program.id, members, results, now=now)
    likeness.offer(conn, program.id, book.together, Reason.NAMED_TOGETHER, now=now)
    return results


def believing(conn: Connection, book: Book, asked: Sequence[Asked], frame: Frame) -> Frame:
    """Return the frame with the program's policy of names, where some item asks for what is another's."""
    if not _clash(book, asked):
        return frame
    policy = settings.value(conn, frame.program_id, registry.MATCHING)
    return replace(frame, policy=policy)


def _clash(book: Book, asked: Sequence[Asked]) -> bool:
    """Tell whether an item asks for what is another member's, or another item's."""
    wanted: dict[Claim, str] = {}
    for one in asked:
        stored = book.members.get(one.item.external_id)
        name = book.now(stored.id) if stored else one.item.external_id
        for kind, contact in one.contacts.items():
            claim = contact and (kind.value, contact[1])
            if claim and wanted.setdefault(claim, book.now(book.owners.get(claim, name))) != name:
                return True
    return False


def _locate(
    conn: Connection, program_id: str, members: Sequence[NewMember], results: Sequence[Result], *, now: datetime
) -> None:
    """Keep where members are, if anybody says so."""
    stored = [
        (item, result.member_id)
        for item, result in zip(members, results, strict=True)
        if not isinstance(result, Refused)
    ]
    located = [Located(id_, item.location) for item, id_ in stored if not isinstance(item.location, UnsetType)]
    locating.write(conn, program_id, located, now=now)
    locating.set_home_places(
        conn, {id_: item.home_place for item, id_ in stored if not isinstance(item.home_place, UnsetType)}
    )


def record_consents(conn: Connection, program_id: str, facts: Sequence[ConsentFact], *, now: datetime) -> None:
    """Add to the members' history of consents; the same word of the same moment is kept once.

    The caller vouches for members and topics. One round trip.
    """
    if facts:
        conn.execute(SQL["add_consents"], {"program": program_id, "now": now, "rows": _consent_rows(facts, now)})


def ensure_topics(conn: Connection, program_id: str, topics: Sequence[Topic] = DEFAULT_TOPICS) -> None:
    """Add topics that are not there; those that are keep their class."""
    conn.execute(SQL["add_topics"], {"program": program_id, "rows": batches.rows(topics)})


def give_badges(conn: Connection, program_id: str, badges: Sequence[NewBadge], *, now: datetime) -> list[NewBadge]:
    """Give badges and tell of those that members did not have; returns these. What a source gave is never shortened.

    Two round trips whatever their number, none for none. The caller vouches for members.
    """
    rows: dict[Given, NewBadge] = {}
    for one in badges:
        key = (one.holder_id, one.code, one.source)
        rows[key] = longest(rows.get(key, one), one)
    if not rows:
        return []
    parameters = {"program": program_id, "now": now, "rows": batches.rows([rows[key] for key in sorted(rows)])}
    found = conn.execute(SQL["give_badges"], parameters).fetchall()
    fresh = _each_once(NewBadge(*row) for row in found)
    outbox.append(conn, [_badge_event(program_id, one, BADGE_GIVEN, now) for one in fresh])
    return fresh


def take_badges(conn: Connection, program_id: str, badges: Sequence[NewBadge], *, now: datetime) -> int:
    """Let badges hold until a moment at most, as far as their source gave them, and tell of those that are gone.

    Returns how many members lost one: no other source gives it. Whoever works out the moment has locked them before.
    """
    if not badges:
        return 0
    parameters = {"program": program_id, "now": now, "rows": batches.rows(badges)}
    found = conn.execute(SQL["take_badges"], parameters).fetchall()
    gone = _each_once(NewBadge(holder, code, now, source) for holder, code, source in found)
    outbox.append(conn, [_badge_event(program_id, one, BADGE_TAKEN, now) for one in gone])
    return len(gone)


def lock_badges(conn: Connection, program_id: str, given: Iterable[Given]) -> None:
    """Lock badges that sources gave, in their order, until the transaction is over."""
    rows = [{"holder_id": holder, "code": code, "source": source} for holder, code, source in sorted(set(given))]
    conn.execute(SQL["lock_badges"], {"program": program_id, "rows": batches.rows(rows)})


def longest(one: NewBadge, other: NewBadge) -> NewBadge:
    """Return the badge that lasts longer."""
    return one if one.until is None or (other.until is not None and one.until >= other.until) else other


def _each_once(badges: Iterable[NewBadge]) -> list[NewBadge]:
    """Return of each member's badge the first."""
    found: dict[tuple[str, str], NewBadge] = {}
    for one in badges:
        found.setdefault((one.holder_id, one.code), one)
    return list(found.values())


def _badge_event(program_id: str, badge: NewBadge, type_: str, now: datetime) -> outbox.NewEvent:
    body = {"badge": badge.code, "until": badge.until, "source": badge.source}
    return outbox.NewEvent(program_id, badge.holder_id, type_, body, now)


def declare_attributes(conn: Connection, program_id: str, kinds: Mapping[str, AttributeKind]) -> dict[str, Refused]:
    """Say the types of attributes beforehand; returns those refused because their type is another already."""
    found = conn.execute(SQL["attribute_types"], {"program": program_id}).fetchall()
    known: dict[str, str] = {name: kind for name, kind, _ in found}
    rows = [_type_row(name, kind) for name, kind in sorted(kinds.items()) if name not in known]
    conn.execute(SQL["add_attribute_types"], {"program": program_id, "rows": batches.rows(rows)})
    return {
        name: Refused(Refusal.BAD_ATTRIBUTE, f"attributes.{name}", f"this attribute's type is {known[name]}")
        for name, kind in kinds.items()
        if known.get(name, kind) != kind
    }


def _type_row(name: str, kind: AttributeKind) -> dict[str, object]:
    """Return a type as it is kept: a list of texts is a text of which there are many."""
    many = kind is AttributeKind.LIST
    return {"name": name, "type": AttributeKind.TEXT if many else kind, "many": many}


def load(conn: Connection, program_id: str, asked: Sequence[Asked]) -> tuple[Book, dict[str, bytes]]:
    """Lock and read all that the batch names in one round trip.

    The lock comes first, so that what follows is read as it is after the wait.
    """
    claims = sorted({(kind, found[1]) for item in asked for kind, found in item.contacts.items() if found})
    parameters = {
        "program": program_id,
        "external_ids": batches.rows(sorted({item.item.external_id for item in asked})),
        "hashed": batches.rows([{"kind": kind, "value": digest} for kind, digest in claims]),
    }
    with conn.pipeline():
        stored = conn.cursor(row_factory=args_row(Stored)).execute(SQL["lock_members"], parameters)
        held, taken, merged, keys, kinds, topics = (
            conn.execute(SQL[name], parameters)
            for name in (
                *("held_identities", "taken_identities", "merged_members"),
                *("wrapped_keys", "attribute_types", "topics"),
            )
        )
    mine, asked_for = held.fetchall(), taken.fetchall()
    book = Book(
        members={row.external_id: row for row in stored.fetchall()},
        owners={(kind, digest): holder for holder, kind, digest, *_ in [*mine, *asked_for]},
        kinds={name: _rule(kind, codes) for name, kind, codes in kinds.fetchall()},
        topics=frozenset(code for code, *_ in topics.fetchall()),
        held={(holder, kind): digest for holder, kind, digest in mine},
        survivors=dict(merged.fetchall()),
        verified={(kind, digest) for _, kind, digest, at in asked_for if at is not None},
    )
    return book, _keys(keys)


def _rule(kind: str, codes: list[str] | None) -> AttributeRule:
    return AttributeRule(AttributeKind(kind), None if codes is None else tuple(codes))


def _keys(cursor: Cursor[TupleRow]) -> dict[str, bytes]:
    return {holder: bytes(wrapped) for holder, wrapped in cursor.fetchall()}


def _write(
    conn: Connection,
    program_id: str,
    book: Book,
    before: tuple[dict[str, Stored], dict[Claim, str], set[str]],
    wrapped: dict[str, bytes],
    *,
    now: datetime,
) -> None:
    """Write the difference between the book and what was loaded, in one round trip."""
    members, owners, kinds = before
    lost = sorted(claim for claim, holder in owners.items() if book.owners.get(claim) != holder)
    won = sorted(claim for claim, holder in book.owners.items() if owners.get(claim) != holder)
    claims, keys = _sealed(program_id, book, won, wrapped)
    moved = {owners[claim] for claim in lost} | {book.owners[claim] for claim in won}
    facts = list(book.consents.values())
    parts: tuple[tuple[str, Sequence[object]], ...] = (
        ("add_attribute_types", [_type_row(n, k.kind) for n, k in sorted(book.kinds.items()) if n not in kinds]),
        ("add_members", [m for code, m in sorted(book.members.items()) if code not in members]),
        (
            "change_members",
            [m for code, m in book.members.items() if code in members and (m != members[code] or m.id in moved)],
        ),
        ("free_identities", [{"kind": kind, "value": digest} for kind, digest in lost]),
        ("add_keys", keys),
        ("claim_identities", claims),
        ("mark_returned", [{"holder_id": one["holder_id"], "hash": _mark(program_id, one)} for one in claims]),
    )
    with conn.pipeline():
        for name, rows in parts:
            if rows:
                conn.execute(SQL[name], {"program": program_id, "now": now, "rows": batches.rows(rows)})
        record_consents(conn, program_id, facts, now=now)


def _mark(program_id: str, claim: Mapping[str, str | None]) -> str:
    return returning.mark(program_id, claim["value"] or "")


def _sealed(
    program_id: str, book: Book, won: Sequence[Claim], wrapped: Mapping[str, bytes]
) -> tuple[list[dict[str, str | None]], list[dict[str, str]]]:
    """Seal the texts behind new claims; returns the claims' rows and the rows of keys made for it."""
    keys: dict[str, bytes] = {}
    made: list[dict[str, str]] = []
    rows: list[dict[str, str | None]] = []
    for kind, digest in won:
        holder = book.owners[(kind, digest)]
        if holder not in keys:
            if holder in wrapped:
                keys[holder] = sealing.unwrap(wrapped[holder], holder)
            else:
                keys[holder] = sealing.new_key()
                made.append({"holder_id": holder, "wrapped": sealing.wrap(keys[holder], holder).hex()})
        sealed = sealing.seal(keys[holder], kind, holder, book.clear[(kind, digest)])
        fold = fold_hash(program_id, kind, book.clear[(kind, digest)])
        rows.append({"kind": kind, "value": digest, "holder_id": holder, "sealed": sealed.hex(), "fold": fold})
    return rows, made


def _consent_rows(facts: Sequence[ConsentFact], now: datetime) -> str:
    return batches.rows(
        [
            {
                "id": id_,
                "holder_id": fact.holder_id,
                "purpose": fact.purpose,
                "topic": fact.topic,
                "channel": fact.channel,
                "action": fact.action or (Action.GRANT if fact.granted else Action.WITHDRAW),
                "method": fact.method,
                "text_version": fact.text_version,
                "reason": fact.reason,
                "occurred_at": fact.at,
                **msgspec.structs.asdict(fact.proof),
            }
            for id_, fact in zip(ids.new_ids(len(facts), now=now), facts, strict=True)
        ]
    )
