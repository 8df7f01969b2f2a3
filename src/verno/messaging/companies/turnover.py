"""The companies' letter: planned beside the members' statements, of the scales that the program has."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.service import POINTS_STATEMENT
from verno.members.types import MemberKind
from verno.messaging import service
from verno.messaging.letters import turnover
from verno.messaging.letters.turnover import Context, Scale
from verno.messaging.types import Draft, Planned
from verno.progress import engine, queries
from verno.progress import words as naming
from verno.progress.engine import Board
from verno.progress.types import MONEY, Standing, Stored, Track
from verno.progress.types import Scale as ScaleSettings
from verno.workspace.types import Program

CHUNK = 1000
"""Members who are looked at by one set of statements."""
LANGUAGES = ("ru", "en")


def plan_letters(conn: Connection, program: Program, year: int, month: int, *, now: datetime) -> int:
    """Plan a letter to every company on a scale of turnover, in the caller's transaction; returns how many were queued.

    Safe to repeat: a company has one letter a month. Nothing is read where the program has no scale.
    """
    board = queries.judging(conn, program, now=now)
    today = engine.today_of(board, now)
    scales = {one.track.code: one for one in board.holding(today) if _is_scale(one.track)}
    if not scales:
        return 0
    queued, after = 0, None
    while found := members.page(conn, program.id, after=after, limit=CHUNK):
        after = found[-1][0]
        locales = {holder: locale or program.locale for holder, locale in found}
        companies = [
            holder
            for holder, person in queries.people(conn, program.id, locales, board.zone).items()
            if person.kind == MemberKind.COMPANY
        ]
        drafts = _drafts(conn, program, companies, scales, board, f"turnover/{year:04d}-{month:02d}", locales, now)
        queued += sum(isinstance(one, Planned) for one in service.plan(conn, program.id, drafts, now=now))
    return queued


def _drafts(
    conn: Connection,
    program: Program,
    companies: Sequence[str],
    scales: dict[str, Stored],
    board: Board,
    occasion: str,
    locales: dict[str, str],
    now: datetime,
) -> list[Draft]:
    standings = queries.standings(conn, program.id, companies, on=board, at=now)
    out = []
    for holder, found in standings.items():
        told = [_scale(one, scales[one.track].track, program) for one in found if one.track in scales]
        if told:
            context = msgspec.to_builtins(Context(told))
            out.append(Draft(holder, POINTS_STATEMENT, turnover.TEMPLATE, locales[holder], context, occasion))
    return out


def _scale(one: Standing, track: Track, program: Program) -> Scale:
    return Scale(
        names={language: naming.name(track, language) for language in LANGUAGES},
        turnover=one.value,
        currency=program.currency if track.metric in MONEY else "",
        share=one.share or 0,
        next_share=one.next_share if one.distance else None,
        distance=one.distance or 0,
        until=one.until,
        period=str(getattr(track.window, "period", "")),
        by_contract=one.by_contract,
        group=one.group is not None,
    )


def _is_scale(track: Track) -> bool:
    return isinstance(track.settings, ScaleSettings)
