"""What processors answer to an erasure: webhooks by themselves, others by a letter that somebody writes down."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from verno.kit import ids
from verno.kit.db import Connection
from verno.privacy.queries import SQL
from verno.privacy.service import EVENT
from verno.privacy.types import Refusal, Refused
from verno.webhooks import queries as webhooks
from verno.webhooks.types import Told
from verno.workspace import audit
from verno.workspace.audit import Actor

LONGEST_NAME, LONGEST_WORDS = 100, 500
NOTED = "member.erasure-answer"


class Answer(msgspec.Struct, frozen=True):
    """What somebody wrote down: who answered, what, when it was noted and by whom."""

    processor: str
    words: str
    at: datetime
    by: str


def note(
    conn: Connection, program_id: str, erasure_id: str, processor: str, words: str, *, by: Actor, now: datetime
) -> Refused | None:
    """Write an answer down, for good; it names the processor, and no member.

    Refusals: ``no-words``; ``unknown-request``: an erasure that is not done was told to nobody.
    """
    processor, words = processor.strip(), words.strip()
    if not 0 < len(processor) <= LONGEST_NAME or not 0 < len(words) <= LONGEST_WORDS:
        return Refused(
            Refusal.NO_WORDS, f"a name of up to {LONGEST_NAME} and words of up to {LONGEST_WORDS} characters"
        )
    row = {
        "id": ids.new_id(now=now),
        "program": program_id,
        "erasure": erasure_id,
        "now": now,
        "by": f"{by.kind}:{by.id}",
        "processor": processor,
        "words": words,
    }
    written = conn.execute(SQL["add_answer"], row).fetchone()
    if written is None:
        return Refused(Refusal.UNKNOWN_REQUEST, "there is no such erasure, or it is not done")
    audit.record(conn, program_id, by, NOTED, ("member", written[0]), now=now)
    return None


def noted(conn: Connection, program_id: str, erasure_id: str) -> list[Answer]:
    """Return what was written down, the oldest first."""
    cursor = conn.cursor(row_factory=class_row(Answer))
    return cursor.execute(SQL["answers"], {"program": program_id, "erasure": erasure_id}).fetchall()


def told(conn: Connection, program_id: str, erasure_id: str) -> Sequence[Told]:
    """Return what each webhook answered, as long as its log has it; nothing of an erasure that is not done."""
    row = conn.execute(SQL["told_of"], {"program": program_id, "erasure": erasure_id}).fetchone()
    return webhooks.told(conn, program_id, EVENT, row[0], since=row[1]) if row else ()
