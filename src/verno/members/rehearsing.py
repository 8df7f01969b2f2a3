"""What storing members would do, without doing it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit import ids, localtime
from verno.kit.db import Connection
from verno.members import changes, masking, queries, service
from verno.members.attributes import registry
from verno.members.changes import Asked, Book, Frame, Stored
from verno.members.identity import Kind
from verno.members.types import Created, Member, NewMember, Refused, Result
from verno.workspace import queries as workspace
from verno.workspace.types import Program

FIELDS = ("name", "birth_date", "locale", "kind", "buying_group")


class Change(msgspec.Struct, frozen=True, gc=False):
    """A field before and after, as those see it who may not read personal data.

    A birth date and an attribute of a special category are only named.
    """

    field: str
    before: str | None
    after: str | None


class Rehearsed(msgspec.Struct, frozen=True):
    """What would become of an item: new, refused, changed, or the same (no ``changes``).

    ``claims`` are the identities that it asks for: (kind, hash).
    """

    result: Result
    changes: tuple[Change, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()


def rehearse(conn: Connection, program: Program, items: Sequence[NewMember], *, now: datetime) -> list[Rehearsed]:
    """Return what ``service.upsert`` would do with a batch; writes nothing. Six round trips at most."""
    places = {item.home_place for item in items if isinstance(item.home_place, str)}
    stores = frozenset([store.code for store in workspace.stores(conn, program.id, sorted(places))] if places else ())
    frame = Frame(program.id, program.country, localtime.zone(program.timezone), now, stores)
    asked = [changes.read(item, frame) for item in items]
    readable = [item for item in asked if isinstance(item, Asked)]
    if not readable:
        return [Rehearsed(item) for item in asked if isinstance(item, Refused)]
    book, _ = service.load(conn, program.id, readable)
    frame = service.believing(conn, book, readable, frame)
    told = _contacts(conn, program.id, book, readable)
    special = frozenset(one.name for one in registry.attributes(conn, program.id).values() if one.sensitive)
    out = []
    for item, fresh in zip(asked, ids.new_ids(len(asked), now=now), strict=True):
        out.append(
            Rehearsed(item) if isinstance(item, Refused) else _one(book, item, fresh, frame, _Told(told, special))
        )
    return out


class _Told(msgspec.Struct, frozen=True):
    """Members whose contacts would change, masked, and the attributes that are only named."""

    members: dict[str, Member]
    special: frozenset[str]


def _one(book: Book, asked: Asked, fresh: str, frame: Frame, told: _Told) -> Rehearsed:
    code = asked.item.external_id
    before = book.members.get(code)
    held = {kind: book.held.get((before.id, kind)) for kind in Kind} if before else {}
    result = changes.change(book, asked, fresh, frame)
    claims = tuple((kind.value, found[1]) for kind, found in asked.contacts.items() if found)
    if isinstance(result, Created | Refused) or before is None:
        return Rehearsed(result, (), claims)
    after = book.members[code]
    moved = [kind for kind in asked.contacts if book.held.get((after.id, kind)) != held[kind]]
    said = (*_moved(asked, moved, told.members.get(after.id)), *_fields(before, after, told.special))
    return Rehearsed(result, said, claims)


def _contacts(conn: Connection, program_id: str, book: Book, asked: Sequence[Asked]) -> dict[str, Member]:
    """Return the members whose contacts would change, masked, to say from what."""
    wanted = []
    for item in asked:
        stored = book.members.get(item.item.external_id)
        if stored and any(
            book.held.get((stored.id, kind)) != (found and found[1]) for kind, found in item.contacts.items()
        ):
            wanted.append(stored.id)
    found = queries.members(conn, program_id, wanted) if wanted else {}
    return {id_: masking.masked(one) for id_, one in found.items()}


def _moved(asked: Asked, kinds: Sequence[Kind], told: Member | None) -> list[Change]:
    out = []
    for kind in kinds:
        found = asked.contacts[kind]
        before = getattr(told, kind.value) if told else None
        out.append(Change(kind.value, before, masking.mask(kind.value, found[0]) if found else None))
    return out


def _fields(before: Stored, after: Stored, special: frozenset[str]) -> list[Change]:
    out = [
        Change(field, _shown(field, getattr(before, field)), _shown(field, getattr(after, field)))
        for field in FIELDS
        if getattr(before, field) != getattr(after, field)
    ]
    names = sorted({*before.attributes, *after.attributes})
    was, is_ = before.attributes, after.attributes
    out += [
        Change(f"attributes.{name}", *(_plain(one.get(name), hidden=name in special) for one in (was, is_)))
        for name in names
        if was.get(name) != is_.get(name) or type(was.get(name)) is not type(is_.get(name))
    ]
    return out


def _shown(field: str, value: object) -> str | None:
    if value is None:
        return None
    if field == "birth_date":
        return masking.DOTS
    return masking.mask(field, str(value)) if field in masking.PERSONAL else str(value)


def _plain(value: object, *, hidden: bool) -> str | None:
    if value is None:
        return None
    return masking.DOTS if hidden else str(value)
