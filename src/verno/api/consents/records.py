"""Doors to a member's consents and wishes."""

from datetime import UTC, datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import structs
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, sees_personal, writing
from verno.api.members import holder
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries
from verno.members.consent import wishes
from verno.members.consent.levels import level
from verno.members.consent.saying import NewRecord, say
from verno.members.types import Action, Channel, ConsentFact, Level, Purpose, Record, Standing, State, Wishes
from verno.members.types import Refused as NotKept
from verno.messaging.answers.complaints import unheard
from verno.messaging.preferences import inviting
from verno.web import problems, wire
from verno.web.pages import Place, read_cursor, read_limit
from verno.web.problems import Problem, Refused
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Scope

router = Router(tags=["consents"])


class ConsentsAnswer(msgspec.Struct, frozen=True):
    """Where a member stands now, and a page of what they said, newest first; ``next`` goes into ``cursor``.

    Networks and browsers are null unless the key may read personal data.
    """

    level: Level
    standings: list[Standing]
    history: list[Record]
    next: str | None


class StandingsAnswer(msgspec.Struct, frozen=True):
    """Where a member stands now.

    ``note`` says so where a yes is kept and does not count: the member called messages there spam, and only an act of
    their own brings them back.
    """

    level: Level
    standings: list[Standing]
    note: str | None = None


UNHEARD = "kept, but it does not count: the member called messages there spam, and only they themselves can come back"


@router.get(
    "/members/{id}/consents",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="What a member agreed to, with its history",
    openapi_extra=shapes.describe(gives={200: ConsentsAnswer}),
)
def read(
    request: HttpRequest,
    id: str,  # noqa: A002 the address's own word
    cursor: str | None = None,
    limit: str | None = None,
) -> HttpResponse:
    """Read where a member stands and every record behind it; ``limit`` is 1 to 200, 50 unless told."""
    size, place, key, now = read_limit(limit), read_cursor(cursor), caller(request), clock.now()
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        before = (place.at, place.id) if place else None
        rows = queries.consent_history(conn, key.program_id, who, before=before, limit=size + 1)
        standing = _standing(conn, who, now)
    shown = (
        rows[:size] if sees_personal(request) else [structs.replace(row, ip=None, agent=None) for row in rows[:size]]
    )
    following = Place(shown[-1].at, shown[-1].id).encode() if len(rows) > size else None
    return answer(ConsentsAnswer(standing.level, standing.standings, shown, following))


@router.post(
    "/members/{id}/consents",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Write down what a member said",
    openapi_extra=shapes.describe(takes=NewRecord, gives={201: StandingsAnswer}),
)
def add(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Add one record to a member's history; the same word of the same moment, sent again, is one.

    Who agrees to advertising by e-mail and has not confirmed the address is sent a letter that asks, once a day.
    """
    key, now = caller(request), clock.now()
    record = wire.convert(receive(request), NewRecord)

    def work(conn: Connection) -> StandingsAnswer:
        who = holder(conn, key, id)
        program = workspace.program(conn, key.program_id)
        (said,) = say(conn, program, who, [record], actor=f"key:{key.id}", now=now)
        if isinstance(said, NotKept):
            raise Refused(_problem(said))
        found = _standing(conn, who, now)
        if record.action is Action.GRANT and any(_waits(one, record) for one in found.standings):
            inviting.ask(conn, program, [who], now=now)
        return structs.replace(found, note=note(conn, program.id, said))

    return answer(writing(key.program_id, work), status=201)


@router.get(
    "/members/{id}/wishes",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="How often a member wishes to hear",
    openapi_extra=shapes.describe(gives={200: Wishes}),
)
def read_wish(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read how often a member wishes to hear from the program, and until when not at all."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        return answer(queries.wishes(conn, [who]).get(who, Wishes()))


@router.put(
    "/members/{id}/wishes",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Keep how often a member wishes to hear",
    openapi_extra=shapes.describe(takes=Wishes, gives={200: Wishes}),
)
def put_wish(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Keep a member's wish in place of an earlier one; null stands for no wish."""
    key, now = caller(request), clock.now()
    wanted = _utc(wire.convert(receive(request), Wishes))
    wrong = wishes.problem(wanted, now=now)
    if wrong is not None:
        raise Refused(problems.invalid([wrong]))

    def work(conn: Connection) -> Wishes:
        who = holder(conn, key, id)
        wishes.wish(conn, key.program_id, {who: wanted}, now=now)
        by = Actor(ActorKind.KEY, key.id)
        audit.record(conn, key.program_id, by, "member.wish", ("member", who), now=now)
        return wanted

    return answer(writing(key.program_id, work))


def note(conn: Connection, program_id: str, said: ConsentFact) -> str | None:
    """Return that a record is kept and does not count, where a complaint stands against it."""
    is_yes = said.purpose is Purpose.ADVERTISING and said.action in {Action.GRANT, Action.IMPORT}
    return UNHEARD if is_yes and unheard(conn, program_id, [(said.holder_id, said.topic, said.channel)]) else None


def _waits(standing: Standing, record: NewRecord) -> bool:
    """Tell whether what was just agreed to waits for the e-mail address to be confirmed."""
    same = (standing.topic, standing.channel) == (record.topic, record.channel)
    return same and standing.channel == Channel.EMAIL and standing.state is State.UNCONFIRMED


def _standing(conn: Connection, who: str, now: datetime) -> StandingsAnswer:
    said = queries.consents(conn, [who], now=now).get(who, [])
    return StandingsAnswer(level(said), queries.standings(conn, [who], now=now).get(who, []))


def _utc(wish: Wishes) -> Wishes:
    if wish.paused_until is None:
        return wish
    if wish.paused_until.tzinfo is None:
        raise Refused(problems.invalid([("paused_until", "needs an offset, such as Z")]))
    try:
        return structs.replace(wish, paused_until=wish.paused_until.astimezone(UTC))
    except OverflowError:
        raise Refused(problems.invalid([("paused_until", "is no moment of ours")])) from None


def _problem(refused: NotKept) -> Problem:
    detail = f"{refused.field}: {refused.detail}"
    return Problem(refused.reason, 422, "The consent cannot be kept", detail, errors=((refused.field, refused.detail),))
