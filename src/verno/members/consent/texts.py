"""Texts that members are shown when they are asked: published in versions, never changed."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.queries import SQL
from verno.members.types import Purpose
from verno.workspace import audit
from verno.workspace.audit import Actor

LONGEST = 20_000
MOST_VERSIONS = 1_000
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")


class Text(msgspec.Struct, frozen=True):
    """One version of a text in one language; ``sha256`` in hex is that of its UTF-8."""

    text_id: str
    version: int
    locale: str
    purpose: Purpose
    body: str
    sha256: str
    published_at: datetime
    published_by: str


class NotPublished(msgspec.Struct, frozen=True):
    """Nothing was published: ``field`` is to mend."""

    field: str
    detail: str


def texts(conn: Connection, program_id: str) -> list[Text]:
    """Return all that was published, by text, the newest version first."""
    found = conn.execute(SQL["consent_texts"], {"program": program_id}).fetchall()
    return [msgspec.convert(dict(zip(Text.__struct_fields__, row, strict=True)), Text) for row in found]


def newest(conn: Connection, program_id: str, text_id: str) -> int | None:
    """Return the newest version of a text, or None."""
    return next((one.version for one in texts(conn, program_id) if one.text_id == text_id), None)


def publish(
    conn: Connection,
    program_id: str,
    text_id: str,
    purpose: Purpose,
    bodies: Mapping[str, str],
    *,
    now: datetime,
    by: Actor,
) -> int | NotPublished:
    """Publish the next version of a text in the languages given; returns its number. Audited.

    Two that publish at once: one of them ends in a unique violation, and the door tries again.
    """
    wrong = _wrong(text_id, bodies)
    if wrong is not None:
        return wrong
    known = [one for one in texts(conn, program_id) if one.text_id == text_id]
    if known and known[0].purpose is not purpose:
        return NotPublished("purpose", f"this text asks for {known[0].purpose}")
    version = known[0].version + 1 if known else 1
    if version > MOST_VERSIONS:
        return NotPublished("text_id", f"a text has at most {MOST_VERSIONS} versions")
    rows = [
        {
            "text_id": text_id,
            "version": version,
            "locale": locale,
            "purpose": purpose,
            "body": _clean(body),
            "sha256": sha256(_clean(body)),
        }
        for locale, body in sorted(bodies.items())
    ]
    parameters = {"program": program_id, "now": now, "by": f"{by.kind}:{by.id}", "rows": batches.rows(rows)}
    conn.execute(SQL["add_consent_texts"], parameters)
    audit.record(conn, program_id, by, "consent-text.publish", ("consent-text", text_id), now=now, detail=str(version))
    return version


def sha256(body: str) -> str:
    """Return the hash of a text as it is kept with whoever agreed to it."""
    return hashlib.sha256(body.encode()).hexdigest()


def _clean(body: str) -> str:
    return body.replace("\r\n", "\n").strip()


def _wrong(text_id: str, bodies: Mapping[str, str]) -> NotPublished | None:
    if not CODE.fullmatch(text_id):
        return NotPublished("text_id", "small Latin letters, digits and hyphens, at most 60")
    if not bodies:
        return NotPublished("bodies", "at least one language is needed")
    for locale, body in bodies.items():
        wrong = (
            (not LANGUAGE.fullmatch(locale), "not a language code"),
            (not body.strip(), "the text is empty"),
            (len(body) > LONGEST, f"at most {LONGEST} characters"),
            (batches.unclean(body), "holds NUL or half a surrogate pair"),
        )
        for is_so, detail in wrong:
            if is_so:
                return NotPublished(f"bodies.{locale}", detail)
    return None
