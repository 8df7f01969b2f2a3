"""Doors to progress tracks: read them, look at a draft, publish it, remove one."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions.answers import for_all_places
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.progress import engine, queries, service
from verno.progress.engine import Board
from verno.progress.types import NotPublished, Preview, Recount, Rule, Stored, Track
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Scope

router = Router(tags=["progress"])

YES = "true"


class TrackState(StrEnum):
    """What of a version of a track."""

    HOLDS = "holds"
    SCHEDULED = "scheduled"
    RECOUNTING = "recounting"
    """Stored receipts are being counted for it; until that is done the version before holds."""


class TrackAnswer(msgspec.Struct, frozen=True):
    """A version of a track: from when it holds, and by which rule everybody was or will be converted to it."""

    code: str
    version: int
    state: TrackState
    effective_from: date
    counts_from: date | None
    published_at: datetime
    rule: Rule
    track: Track


class TrackList(msgspec.Struct, frozen=True):
    """Of each track the version that holds and those to come, by code, the newest first."""

    tracks: list[TrackAnswer]


class TrackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A track, and the rule by which everybody is converted to it."""

    track: Track
    rule: Rule = Recount()


class RemovedAnswer(msgspec.Struct, frozen=True):
    """The track is no longer there; what was counted stays."""

    removed: str


@router.get(
    "/tracks",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="Progress tracks",
    openapi_extra=shapes.describe(gives={200: TrackList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read all tracks as they hold, and what is to hold."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        board = queries.judging(conn, workspace.program(conn, program_id), now=now)
    return answer(TrackList([_part(one, board, now) for one in sorted(board.stored, key=_order)]))


@router.post(
    "/tracks",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Publish a progress track, or see who would move",
    openapi_extra=shapes.describe(takes=TrackBody, gives={200: Preview, 201: TrackAnswer}),
)
def publish(request: HttpRequest, dry_run: str = "") -> HttpResponse:
    """Store the next version of the track's code; with `?dry_run=true` nothing is stored: the answer says who moves.

    A version that counts otherwise holds when stored receipts are recounted for it: `state` is `recounting` until then.
    """
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), TrackBody)
    for_all_places(key)
    if dry_run == YES:
        with db.transaction(key.program_id) as conn:
            return answer(_preview(conn, key.program_id, body, now))
    if dry_run:
        raise Refused(problems.invalid([("dry_run", f"is {YES}, or not there")]))

    def work(conn: Connection) -> TrackAnswer:
        about = context.of(conn, key.program_id)
        by = Actor(ActorKind.KEY, key.id)
        done = service.publish(conn, about.program, body.track, body.rule, known=about.known, now=now, by=by)
        if isinstance(done, NotPublished):
            raise Refused(_not_valid(done.reasons))
        return _part(done.stored, queries.judging(conn, about.program, now=now), now)

    return answer(writing(key.program_id, work), status=201)


@router.delete(
    "/tracks/{code}",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Remove a progress track",
    openapi_extra=shapes.describe(gives={200: RemovedAnswer}),
)
def remove(request: HttpRequest, code: str) -> HttpResponse:
    """Remove a track in all its versions; published again under its code it counts on."""
    key, now = caller(request), clock.now()
    for_all_places(key)

    def work(conn: Connection) -> None:
        if not service.remove(conn, key.program_id, code, now=now, by=Actor(ActorKind.KEY, key.id)):
            raise Refused(problems.not_found())

    writing(key.program_id, work)
    return answer(RemovedAnswer(code))


def _preview(conn: Connection, program_id: str, body: TrackBody, now: datetime) -> Preview:
    about = context.of(conn, program_id)
    wrong = service.problems(conn, about.program, body.track, body.rule, known=about.known, now=now)
    if wrong:
        raise Refused(_not_valid(wrong))
    return recounting.preview(conn, about, body.track, body.rule, now=now)


def _part(one: Stored, board: Board, now: datetime) -> TrackAnswer:
    today = engine.today_of(board, now)
    state = TrackState.RECOUNTING
    if one.filled:
        state = TrackState.HOLDS if one.effective_from <= today else TrackState.SCHEDULED
    return TrackAnswer(
        *(one.track.code, one.version, state, one.effective_from, one.counts_from, one.published_at, one.rule),
        one.track,
    )


def _order(one: Stored) -> tuple[str, int]:
    return one.track.code, -one.version


def _not_valid(reasons: Sequence[str]) -> Problem:
    """Return what is wrong with a track as a problem that names the fields."""
    errors = [
        (name, words) if words else ("track", name) for name, _, words in (one.partition(": ") for one in reasons)
    ]
    return Problem("not-valid", 422, "Something is wrong with the track", "; ".join(reasons), errors=errors)
