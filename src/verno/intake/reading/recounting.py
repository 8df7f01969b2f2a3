"""Fills new versions of progress tracks from stored receipts, some members in a transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from verno.intake import context
from verno.intake.context import Context
from verno.intake.reading import keeping
from verno.kit import db
from verno.kit.db import Connection
from verno.members import queries as members
from verno.progress import engine
from verno.progress import service as progress
from verno.progress.service import publishing
from verno.progress.types import Preview, Rule, Stored, Track

MEMBERS = 50
"""Members whose receipts one transaction recounts."""
SAMPLE = 200
"""Members whose receipts a preview recounts."""
SETTLED = timedelta(seconds=context.FRESH_SECONDS + 1)
"""Until every process counts for a new version: only then may its recount begin."""
Step = Callable[[int], None]


def fill(program_id: str, *, now: datetime, stopping: Callable[[], bool], step: Step = lambda _: None) -> int:
    """Recount for each version that waits, and let it hold; returns how many receipts were counted.

    What a stopped recount has counted is counted again by the next: the days are emptied first. ``step`` hears of the
    members done.
    """
    with db.transaction(program_id) as conn:
        tracks = context.of(conn, program_id).tracks
    waiting = [one for one in tracks if not one.filled and one.published_at + SETTLED <= now]
    total = 0
    for stored in waiting:
        after: str | None = None
        done = 0
        while not stopping():
            page, counted = db.retrying(partial(_some, program_id, stored, after, done, now=now))
            done, total = done + len(page), total + counted
            step(len(page))
            if not page:
                with db.transaction(program_id) as conn:
                    about = context.of(conn, program_id)
                    publishing.finish(conn, program_id, stored, on=about.board(now), now=now)
                break
            after = page[-1]
    return total


def preview(conn: Connection, about: Context, draft: Track, rule: Rule, *, now: datetime) -> Preview:
    """Tell who would move if a draft held now: from the days that are counted, or from the receipts of some members.

    Of a program with more members than that it is a sample, drawn across all of them.
    """
    on = about.board(now)
    current = publishing.current_of(on, draft.code, now)
    if current is not None and engine.same_counts(current.track, draft):
        return progress.preview(conn, about.program.id, draft, rule, on=on, known=about.known, now=now)
    sample = members.sample(conn, about.program.id, most=SAMPLE)
    whole = len(sample) >= members.count(conn, about.program.id)
    merged = [one.id for some in members.merged_from(conn, about.program.id, sample).values() for one in some]
    receipts = keeping.of(conn, about, [*sample, *merged], now=now)
    found = progress.preview(conn, about.program.id, draft, rule, on=on, known=about.known, now=now, receipts=receipts)
    return replace(found, whole=whole)


def _some(program_id: str, stored: Stored, after: str | None, done: int, *, now: datetime) -> tuple[Sequence[str], int]:
    with db.transaction(program_id) as conn:
        page = [id_ for id_, _ in members.page(conn, program_id, after=after, limit=MEMBERS)]
        publishing.tell_recounted(conn, program_id, stored, done + len(page))
        return page, _refilled(conn, program_id, stored, page, now) if page else 0


def _refilled(conn: Connection, program_id: str, stored: Stored, page: Sequence[str], now: datetime) -> int:
    about = context.of(conn, program_id)
    merged = [one.id for some in members.merged_from(conn, program_id, page).values() for one in some]
    read = lambda conn, holders: keeping.of(conn, about, holders, now=now)  # noqa: E731 the verb asks for one
    return progress.refill(
        conn, program_id, stored, [*page, *merged], read, known=about.known, on=about.board(now), now=now
    )
