"""Where members stand on progress tracks, as quotes and the API tell it."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from verno.intake.context import Context
from verno.intake.reading import keeping
from verno.kit.db import Connection
from verno.progress import engine, queries, words
from verno.progress.engine import Ready
from verno.progress.types import Standing, Stored


class ProgressPart(msgspec.Struct, frozen=True, gc=False):
    """Where a member stands on a track: figures in what the track counts, dates inclusive, a sentence in words.

    ``distance`` is what ``next`` still wants, until ``until``; ``holds_until`` the last day a tier is promised;
    ``share`` a turnover scale's, in hundredths of a per cent.
    """

    track: str
    kind: str
    value: int
    step: str | None
    next: str | None
    distance: int | None
    until: date | None
    holds_until: date | None
    projected: str | None
    share: int | None
    text: str


def of(conn: Connection, context: Context, holder_id: str, *, now: datetime) -> list[ProgressPart]:
    """Return where a member stands on each track that is for them; no round trip for a program without tracks."""
    board = context.board(now)
    if not board:
        return []
    found = queries.standings(conn, context.program.id, [holder_id], on=board, at=now)
    return parts(context, found.get(holder_id, ()), now=now)


def parts(context: Context, standings: Sequence[Standing], *, now: datetime) -> list[ProgressPart]:
    """Return standings in the program's language."""
    board = context.board(now)
    today = engine.today_of(board, now)
    tracks = {one.id: one.track for one in board.holding(today)}
    program = context.program
    out = []
    for one in standings:
        track = tracks[one.track_id]
        scale = context.by_code[track.unit].scale if track.unit in context.by_code else 0
        told = words.tell(one, track, currency=program.currency, today=today, locale=program.locale, scale=scale)
        out.append(
            ProgressPart(
                *(one.track, one.kind, one.value, one.step, one.next, one.distance, one.until, one.holds_until),
                *(one.projected, one.share, "; ".join(told)),
            )
        )
    return out


class Cause(msgspec.Struct, frozen=True, gc=False):
    """A receipt that counts on a track, as far as it is kept."""

    receipt_id: str
    at: datetime
    day: date
    amount: int


def causes(conn: Connection, context: Context, holder_ids: Sequence[str], *, now: datetime) -> dict[str, list[Cause]]:
    """Return what a member's receipts count on each track, by its id, newest first; ``holder_ids`` are all they are.

    Read from the receipts themselves, as a recount does.
    """
    board = context.board(now)
    counting = [(one, ready) for one in board.holding(engine.today_of(board, now)) if (ready := _ready(context, one))]
    out: dict[str, list[Cause]] = {}
    for kept in keeping.of(conn, context, holder_ids, now=now) if counting else ():
        for one, ready in counting:
            since = one.counts_from
            amount = engine.contribution(ready, kept.facts, kept.gave) if since is None or kept.day >= since else 0
            if amount:
                out.setdefault(one.id, []).append(Cause(kept.receipt_id, kept.facts.at, kept.day, amount))
    return {track: sorted(found, key=lambda cause: cause.at, reverse=True) for track, found in out.items()}


def _ready(context: Context, one: Stored) -> Ready | None:
    made = engine.ready(one.track, context.known)
    return made if isinstance(made, Ready) else None
