"""The companies' letter: planned beside the members' statements, of the scales that the program has."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from verno.kit import localtime
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
from verno.progress.types import MONEY, Between, Standing, Stored, Track
from verno.progress.types import Scale as ScaleSettings
from verno.workspace.types import Program

CHUNK = 1000
"""Members who are looked at by one set of statements."""
LANGUAGES = ("ru", "en")


class _Scales(NamedTuple):
    """The scales that hold at a moment, by code, and the day that it is."""

    board: Board
    at: datetime
    day: date
    stored: dict[str, Stored]


def plan_letters(conn: Connection, program: Program, year: int, month: int, *, now: datetime) -> int:
    """Plan a letter to every company on a scale of turnover, in the caller's transaction; returns how many were queued.

    A scale whose period ended with the month is told as it ended, any other one as it is now. Safe to repeat: a company
    has one letter a month. Nothing is read where the program has no scale.
    """
    today = _scales(conn, program, now)
    if not today.stored:
        return 0
    _, end = localtime.month_bounds(year, month, today.board.zone)
    eve = _scales(conn, program, end - timedelta(microseconds=1))
    queued, after = 0, None
    while found := members.page(conn, program.id, after=after, limit=CHUNK):
        after = found[-1][0]
        locales = {holder: locale or program.locale for holder, locale in found}
        companies = [
            holder
            for holder, person in queries.people(conn, program.id, locales, today.board.zone).items()
            if person.kind == MemberKind.COMPANY
        ]
        drafts = _drafts(conn, program, companies, today, eve, f"turnover/{year:04d}-{month:02d}", locales)
        queued += sum(isinstance(one, Planned) for one in service.plan(conn, program.id, drafts, now=now))
    return queued


def _scales(conn: Connection, program: Program, at: datetime) -> _Scales:
    board = queries.judging(conn, program, now=at)
    day = engine.today_of(board, at)
    stored = {one.track.code: one for one in board.holding(day) if isinstance(one.track.settings, ScaleSettings)}
    return _Scales(board, at, day, stored)


def _drafts(
    conn: Connection,
    program: Program,
    companies: Sequence[str],
    today: _Scales,
    eve: _Scales,
    occasion: str,
    locales: dict[str, str],
) -> list[Draft]:
    standings, before = (_standings(conn, program, companies, scales) for scales in (today, eve))
    out = []
    for holder, found in standings.items():
        told = []
        for code, one in found.items():
            was, version = before.get(holder, {}).get(code), today.stored[code]
            if was is not None and was.until == eve.day and _begins_anew(eve.stored[code], version, eve.day):
                told.append(_scale(was, eve.stored[code].track, program, share_now=one.share or 0))
            else:
                told.append(_scale(one, version.track, program))
        if told:
            context = msgspec.to_builtins(Context(told))
            out.append(Draft(holder, POINTS_STATEMENT, turnover.TEMPLATE, locales[holder], context, occasion))
    return out


def _standings(
    conn: Connection, program: Program, companies: Sequence[str], scales: _Scales
) -> dict[str, dict[str, Standing]]:
    """Return where companies stand on the scales of a moment, by holder and code."""
    found = queries.standings(conn, program.id, companies, on=scales.board, at=scales.at)
    return {
        holder: {one.track: one for one in stands if one.track in scales.stored} for holder, stands in found.items()
    }


def _begins_anew(was: Stored, now: Stored, day: date) -> bool:
    """Tell whether turnover is counted anew after the last day of a window; that of fixed dates is not."""
    if now.counts_from is not None and now.counts_from > day:
        return True
    return now.track.window == was.track.window and not isinstance(now.track.window, Between)


def _scale(one: Standing, track: Track, program: Program, *, share_now: int | None = None) -> Scale:
    return Scale(
        names={language: naming.name(track, language) for language in LANGUAGES},
        turnover=one.value,
        currency=program.currency if track.metric in MONEY else "",
        share=one.share or 0,
        next_share=one.next_share if one.distance and not one.by_contract else None,
        distance=one.distance or 0,
        until=one.until,
        period=str(getattr(track.window, "period", "")),
        by_contract=one.by_contract,
        group=one.group is not None,
        share_now=share_now,
    )
