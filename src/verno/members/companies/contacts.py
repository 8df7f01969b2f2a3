"""Contacts of companies: kept, read and taken away. They are sealed with the company's own key."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.members import merging, queries, sealing
from verno.members.companies.types import (
    MAX_CONTACTS,
    CompanyContact,
    ContactRole,
    Kept,
    NewContact,
    NotKept,
    Refused,
    Wanted,
)
from verno.members.identity import Kind, lookup_hash, normalise
from verno.members.queries import SQL
from verno.members.types import Member, MemberKind
from verno.workspace.types import Program


class _Box(msgspec.Struct, omit_defaults=True):
    """What is sealed."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class _Desk(msgspec.Struct):
    """What a batch needs to know: who is a company, who speaks for it already, whom the contacts are."""

    program: Program
    companies: Mapping[str, Member]
    there: dict[str, set[str]]
    people: Mapping[str, str]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Box).decode


def of(conn: Connection, program_id: str, holder_ids: Sequence[str]) -> dict[str, list[CompanyContact]]:
    """Return the opened contacts of companies by holder, the oldest first; who has none is absent.

    Those of whom was merged into a company are its own too. What a contact leaves out is read from the member they
    are. Four round trips, two where there are none.
    """
    rows = conn.execute(
        SQL["company_contacts"], {"program": program_id, "ids": batches.rows(list(holder_ids))}
    ).fetchall()
    if not rows:
        return {}
    people = queries.members(conn, program_id, sorted({member for *_, member, _, _, _, _ in rows if member}))
    said = queries.consents(conn, sorted({member or id_ for _, _, id_, _, member, *_ in rows}))
    keys: dict[str, bytes] = {}
    out: dict[str, list[CompanyContact]] = {}
    for company, holder, id_, role, member, sealed, wrapped, created, changed in rows:
        if holder not in keys:
            keys[holder] = sealing.unwrap(bytes(wrapped), holder)
        box = _decode(sealing.unseal(keys[holder], f"contact/{id_}", holder, bytes(sealed)).encode())
        own = people.get(member)
        out.setdefault(company, []).append(
            CompanyContact(
                *(id_, holder, ContactRole(role)),
                name=box.name or (own.name if own else None),
                email=box.email or (own.email if own else None),
                phone=box.phone or (own.phone if own else None),
                member_id=member,
                created_at=created,
                changed_at=changed,
                consents=said.get(member or id_, []),
            )
        )
    return out


def keep(conn: Connection, program: Program, wanted: Sequence[Wanted], *, now: datetime) -> list[Kept | Refused]:
    """Keep contacts of companies, new ones or in place of earlier ones: one result an item, in order.

    Refusals: ``not-a-company``, ``unknown-contact``, ``unknown-member``, ``too-many-contacts`` and ``bad-...``, where
    the field says which. The round trips do not grow with the batch.
    """
    merging.lock(conn, program.id, [one.holder_id for one in wanted if is_id(one.holder_id)])
    desk = _open(conn, program, wanted)
    out: list[Kept | Refused] = []
    rows: dict[str, tuple[Wanted, _Box, str | None]] = {}
    for one, fresh in zip(wanted, ids.new_ids(len(wanted), now=now), strict=True):
        read = _read(desk, one)
        if isinstance(read, Refused):
            out.append(read)
            continue
        id_ = one.id or fresh
        rows[id_] = (one, *read)
        desk.there.setdefault(one.holder_id, set()).add(id_)
        out.append(Kept(id_, created=one.id is None))
    if rows:
        _write(conn, program.id, rows, now=now)
    return out


def holder_of(conn: Connection, program_id: str, company_id: str, contact_id: str) -> str:
    """Return under whom a contact of a company is kept: itself, or who was merged into it. One round trip."""
    wanted = {"program": program_id, "ids": batches.rows([company_id])}
    found = conn.execute(SQL["company_contacts"], wanted).fetchall()
    return next((holder for _, holder, id_, *_ in found if id_ == contact_id), company_id)


def remove(conn: Connection, program_id: str, holder_id: str, ids_: Sequence[str]) -> int:
    """Take contacts of a company away; returns how many there were.

    What they agreed to stays in its history, the evidence of it does not: no erasure would find it any more.
    """
    wanted = batches.rows([id_ for id_ in ids_ if is_id(id_)])
    parameters = {"program": program_id, "holder": holder_id, "ids": wanted}
    row = conn.execute(SQL["remove_company_contacts"], parameters).fetchone()
    return int(row[0]) if row else 0


def _open(conn: Connection, program: Program, wanted: Sequence[Wanted]) -> _Desk:
    holders = sorted({one.holder_id for one in wanted})
    companies = queries.members(conn, program.id, holders)
    there: dict[str, set[str]] = {}
    parameters = {"program": program.id, "ids": batches.rows([id_ for id_ in holders if is_id(id_)])}
    for company, holder, id_, *_ in conn.execute(SQL["company_contacts"], parameters).fetchall():
        if company == holder:
            there.setdefault(holder, set()).add(id_)
    named = {one.contact.member for one in wanted if one.contact.member}
    keys = [(kind, text) for text in named for kind in ("id", "external_id")]
    people = {text: holder for (_, text), holder in queries.find_holders(conn, program.id, keys).items()}
    return _Desk(program, companies, there, people)


def _read(desk: _Desk, one: Wanted) -> tuple[_Box, str | None] | Refused:
    """Return what is sealed of a contact, and the member they are."""
    company, contact = desk.companies.get(one.holder_id), one.contact
    if company is None or company.kind is not MemberKind.COMPANY:
        return Refused(NotKept.NOT_A_COMPANY, "", "contacts are a company's")
    has = desk.there.get(one.holder_id, set())
    if one.id is not None and one.id not in has:
        return Refused(NotKept.UNKNOWN_CONTACT, "id", "the company has no such contact")
    if one.id is None and len(has) >= MAX_CONTACTS:
        return Refused(NotKept.TOO_MANY_CONTACTS, "", f"a company has at most {MAX_CONTACTS} contacts")
    member = None
    if contact.member is not None:
        member = desk.people.get(contact.member)
        if member is None or member == one.holder_id:
            return Refused(NotKept.UNKNOWN_MEMBER, "member", "there is no such member beside the company")
    box = _box(contact, desk.program.country)
    if isinstance(box, _Box) and box.name is None and member is None:
        return Refused(NotKept.BAD_NAME, "name", "is needed of who is no member")
    return box if isinstance(box, Refused) else (box, member)


def _box(contact: NewContact, country: str) -> _Box | Refused:
    box = _Box(name=contact.name and (contact.name.strip() or None))
    for field, kind, reason in (
        ("email", Kind.EMAIL, NotKept.BAD_EMAIL),
        ("phone", Kind.PHONE, NotKept.BAD_PHONE),
    ):
        text = getattr(contact, field)
        if text is not None:
            normal = None if batches.unclean(text) else normalise(kind, text, country=country)
            if normal is None:
                return Refused(reason, field, "cannot be read")
            setattr(box, field, normal)
    if box.name is not None and batches.unclean(box.name):
        return Refused(NotKept.BAD_TEXT, "name", "holds NUL or half a surrogate pair")
    return box


def _write(
    conn: Connection, program_id: str, rows: Mapping[str, tuple[Wanted, _Box, str | None]], *, now: datetime
) -> None:
    holders = sorted({one.holder_id for one, _, _ in rows.values()})
    stored = conn.execute(SQL["keys_of"], {"ids": batches.rows(holders)}).fetchall()
    keys = {holder: sealing.unwrap(bytes(wrapped), holder) for holder, wrapped in stored}
    made = []
    for holder in holders:
        if holder not in keys:
            keys[holder] = sealing.new_key()
            made.append({"holder_id": holder, "wrapped": sealing.wrap(keys[holder], holder).hex()})
    written = [
        {
            "holder_id": one.holder_id,
            "id": id_,
            "role": one.contact.role,
            "member_id": member,
            "email_hash": box.email and lookup_hash(program_id, Kind.EMAIL, box.email),
            "phone_hash": box.phone and lookup_hash(program_id, Kind.PHONE, box.phone),
            "sealed": sealing.seal(keys[one.holder_id], f"contact/{id_}", one.holder_id, _encode(box).decode()).hex(),
        }
        for id_, (one, box, member) in rows.items()
    ]
    with conn.pipeline():
        if made:
            conn.execute(SQL["add_keys"], {"rows": batches.rows(made)})
        conn.execute(SQL["keep_company_contacts"], {"program": program_id, "now": now, "rows": batches.rows(written)})
