"""Reads of templates."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging.facts import SQL
from verno.messaging.law import packs
from verno.messaging.layouts import brand
from verno.messaging.templates.types import SEPARATOR, Compiled, Known, Stored, Template, Version
from verno.messaging.tracking import links as tracking
from verno.progress import queries as progress
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.registry import Marking

VERSIONS_LIMIT = 50
LARGEST_VERSION = 2**31 - 1


def templates(conn: Connection, program_id: str) -> list[Stored]:
    """Return the newest version of each code, its draft before all, by code."""
    return [_stored(row) for row in conn.execute(SQL["templates"], {"program": program_id}).fetchall()]


def template(conn: Connection, program_id: str, code: str, version: int | None = None) -> Stored | None:
    """Return a published version, the newest one when none is named."""
    asked = {"program": program_id, "code": code, "version": version}
    row = conn.execute(SQL["template"], asked).fetchone()
    return None if row is None else _stored(row)


def draft(conn: Connection, program_id: str, code: str) -> Stored | None:
    """Return a code's draft, if it has one."""
    row = conn.execute(SQL["template_draft"], {"program": program_id, "code": code}).fetchone()
    return None if row is None else _stored(row)


def versions(conn: Connection, program_id: str, code: str, *, limit: int = VERSIONS_LIMIT) -> list[Version]:
    """Return when and by whom a code's versions were published, the newest first."""
    asked = {"program": program_id, "code": code, "limit": limit}
    return [Version(*row) for row in conn.execute(SQL["versions"], asked).fetchall()]


def compiled(conn: Connection, program_id: str, references: Sequence[str]) -> Mapping[str, Compiled]:
    """Return versions as they are sent from, by reference; a draft under its coming number. Unknown ones are absent."""
    rows = [_parted(one) for one in sorted(set(references))]
    if not rows:
        return {}
    asked = {"program": program_id, "rows": batches.rows([row for row in rows if row is not None])}
    found = conn.execute(SQL["compiled_templates"], asked).fetchall()
    return {f"{code}{SEPARATOR}{version}": msgspec.convert(body, Compiled) for code, version, body in found}


def known(conn: Connection, program_id: str, *, now: datetime) -> Known:
    """Return what sources may name in a program, and what is asked of them ``now``."""
    program = workspace.program(conn, program_id)
    book = settings.load(conn, program_id)
    day = localtime.business_date(now, localtime.zone(program.timezone))
    rules = packs.pack(book.value(registry.MESSAGES_COUNTRY)).on(day)
    return Known(
        units={unit.code: unit.scale for unit in workspace.units(conn, program_id)},
        attributes=frozenset(members.attribute_kinds(conn, program_id)),
        tracks=frozenset(one.track.code for one in progress.tracks(conn, program_id)),
        topics={topic.code: topic.class_name for topic in members.topics(conn, program_id)},
        brand=frozenset(brand.PLAIN),
        marking=rules.marking,
        policy=book.value(registry.MARKING) if book.value(registry.MARKING_NOTE) else Marking.STRICT,
        segment_price=book.value(registry.SMS_SEGMENT_PRICE),
        short_link=tracking.sample_url(),
    )


def _stored(row: Sequence[object]) -> Stored:
    body, *rest = row
    version, published_at, created_at, created_by, retired_at = rest
    return msgspec.convert(
        {
            "template": msgspec.convert(body, Template),
            "version": version,
            "published_at": published_at,
            "created_at": created_at,
            "created_by": created_by,
            "retired_at": retired_at,
        },
        Stored,
    )


def _parted(reference: str) -> dict[str, object] | None:
    code, _, number = reference.partition(SEPARATOR)
    if not (number.isascii() and number.isdecimal()) or not 0 < int(number[:11]) <= LARGEST_VERSION:
        return None
    return {"code": code, "version": int(number[:11])}
