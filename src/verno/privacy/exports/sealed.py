"""What the house has of a member under seal, opened with their own keys: for their export and nothing else."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
from psycopg.rows import dict_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.members import queries as members
from verno.members.companies import contacts
from verno.members.companies.types import CompanyContact
from verno.members.devices import service as devices
from verno.members.districts import locating
from verno.members.words import heard, notes
from verno.members.words.notes import Box
from verno.messaging.disputes.queries import ANSWER, MEMBERS_WORDS

SQL = Statements("verno.privacy")
MOST = 100_000
"""Rows of one file; beyond it somebody is no person, and the oldest are left out."""

Row: TypeAlias = dict[str, object]


def identities(conn: Connection, program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return contacts opened, with whether they were confirmed."""
    opened = members.members(conn, program_id, holders)
    proofs = members.identities(conn, holders)
    return [
        {
            "holder_id": holder,
            "kind": kind,
            "value": getattr(opened[holder], kind),
            "verified_at": one.verified_at,
            "verified_by": one.verified_by,
        }
        for holder, kinds in proofs.items()
        for kind, one in kinds.items()
        if holder in opened
    ]


def locations(conn: Connection, _program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return where the member is, and the districts that follow from it."""
    areas = locating.districts_of(conn, holders)
    return [
        {
            "holder_id": holder,
            "kind": kind.value,
            "lat": one.lat,
            "lon": one.lon,
            "postcode": one.postcode,
            "street": one.street,
            "districts": areas.get(holder, {}).get(kind, []),
        }
        for holder, kinds in locating.locations(conn, holders).items()
        for kind, one in kinds.items()
    ]


def devices_of(conn: Connection, _program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return chats and browsers; those of whom was merged into the first holder come with theirs."""
    return [
        {"kind": one.kind.value, "address": one.text, "added_at": one.added_at}
        for some in devices.devices(conn, holders[:1]).values()
        for one in some
    ]


def words(conn: Connection, program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return all that the member wrote to us."""
    found = _read(conn, "words_of", program_id, holders)
    return _opened(conn, found, {"sealed": heard.KIND}, {"sealed": "text"})


def disputes(conn: Connection, program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return what the member said was not them, in their words, and what we answered."""
    kinds = {"words": MEMBERS_WORDS, "answer": ANSWER}
    return _opened(conn, _read(conn, "disputes_of", program_id, holders), kinds, {})


def contacts_of(conn: Connection, program_id: str, holders: Sequence[str]) -> list[Row]:
    """Return who speaks for the company, and the companies that the member speaks for."""
    spoken_for = [str(one["holder_id"]) for one in _read(conn, "spoken_for", program_id, holders)]
    found: dict[str, CompanyContact] = {}
    for company, some in contacts.of(conn, program_id, [holders[0], *spoken_for]).items():
        found |= {one.id: one for one in some if company == holders[0] or one.member_id in holders}
    return [msgspec.to_builtins(one) for one in found.values()]


def _read(conn: Connection, name: str, program_id: str, holders: Sequence[str]) -> list[Row]:
    asked = {"holders": list(holders), "program": program_id, "most": MOST}
    return conn.cursor(row_factory=dict_row).execute(SQL[name], asked).fetchall()


def _opened(conn: Connection, rows: list[Row], kinds: dict[str, str], names: dict[str, str]) -> list[Row]:
    """Open the boxes of rows in their columns, and call them by their ``names``."""
    boxes = [(row, column, box) for row in rows for column in kinds if isinstance(box := row.pop(column), bytes)]
    texts = notes.unseal(conn, [Box(str(row["holder_id"]), kinds[column], box) for row, column, box in boxes])
    for (row, column, _), text in zip(boxes, texts, strict=True):
        row[names.get(column, column)] = text
    return rows
