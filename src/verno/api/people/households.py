"""Doors to households and their pools."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import shapes
from verno.api.corrections import by_key, key_of, keyed, named_by, reply_to, told
from verno.api.doors import Bearer, answer, caller, receive, refuse, writing
from verno.api.members import holder
from verno.corrections import pooling
from verno.corrections.answer import BalancePart, CorrectionAnswer, balance
from verno.corrections.naming import fingerprint
from verno.corrections.pooling import Moving
from verno.corrections.types import Kind, Outcome, Pooling
from verno.corrections.types import Refused as NotMoved
from verno.intake.types import MemberRef
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members.households import service
from verno.members.households.types import Household, Invited, Joined, Mate, NotJoined, Refused, Role
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.web.problems import Refused as Denied
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Program, Scope

router = Router(tags=["households"])

Verb = Callable[..., Outcome]

TITLES = {
    NotJoined.UNKNOWN_HOUSEHOLD: (404, "There is no such household"),
    NotJoined.UNKNOWN_MEMBER: (404, "There is no such member"),
    NotJoined.NOT_IN_IT: (404, "The member is not in this household"),
    NotJoined.NOT_A_PERSON: (409, "A company is in no household"),
    NotJoined.IN_A_HOUSEHOLD: (409, "The member is in a household already"),
    NotJoined.COOLING: (409, "The member has left a household lately"),
    NotJoined.FULL: (409, "The household is full"),
    NotJoined.BAD_CODE: (409, "The code lets nobody in"),
    NotJoined.TOO_MANY_INVITATIONS: (409, "There are too many open codes"),
    NotJoined.NOT_THE_HEAD: (422, "A household has one head"),
}


class HouseholdAnswer(msgspec.Struct, frozen=True):
    """A household, its head first, and what is in its pool."""

    id: str
    members: list[Mate]
    pool: list[BalancePart]


class LeftAnswer(msgspec.Struct, frozen=True):
    """Who leaves. ``head`` is the head now; null: the household is closed, and its pool went with the last adult."""

    id: str
    head: str | None


class NewHousehold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose household it is."""

    head: MemberRef


class NewMate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to let in, as an adult or a child."""

    member: MemberRef
    role: Role = Role.ADULT


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As what a code lets somebody in."""

    role: Role = Role.ADULT


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code and who uses it."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    member: MemberRef


@router.post(
    "/households",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Open a household",
    openapi_extra=shapes.describe(takes=NewHousehold, gives={201: HouseholdAnswer}),
)
def open_household(request: HttpRequest) -> HttpResponse:
    """Open a household with its head; nobody is in two."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), NewHousehold)

    def work(conn: Connection) -> HouseholdAnswer:
        program = workspace.program(conn, key.program_id)
        who = named_by(conn, program, body.head, "head")
        done = _joined(service.open_household(conn, program.id, who, now=now))
        _note(conn, key, "household.open", who, done.household_id)
        return _shown(conn, program, done.household_id)

    return answer(writing(key.program_id, work), status=201)


@router.get(
    "/households/{id}",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Read a household",
    openapi_extra=shapes.describe(gives={200: HouseholdAnswer}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read who is in a household and what is in its pool."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        return answer(_shown(conn, workspace.program(conn, key.program_id), id))


@router.get(
    "/members/{id}/household",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="The household that a member is in",
    openapi_extra=shapes.describe(gives={200: HouseholdAnswer}),
)
def of_member(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read a member's household; 404 for who is in none."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        found = service.of(conn, key.program_id, [who]).get(who)
        if found is None:
            raise Denied(problems.not_found())
        return answer(_shown(conn, workspace.program(conn, key.program_id), found.id))


@router.post(
    "/households/{id}/members",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Let a member into a household",
    openapi_extra=shapes.describe(takes=NewMate, gives={201: HouseholdAnswer}),
)
def add(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Let a member in without a code, for whoever has asked both sides."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), NewMate)

    def work(conn: Connection) -> HouseholdAnswer:
        program = workspace.program(conn, key.program_id)
        _found(conn, program, id)
        who = named_by(conn, program, body.member, "member")
        rules = pooling.rules(conn, program.id)
        _joined(service.add(conn, program.id, id, who, body.role, rules, now=now))
        _note(conn, key, "household.join", who, id)
        return _shown(conn, program, id)

    return answer(writing(key.program_id, work), status=201)


@router.delete(
    "/households/{id}/members/{member_id}",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Let a member leave a household",
    openapi_extra=shapes.describe(gives={200: LeftAnswer}),
)
def leave(request: HttpRequest, id: str, member_id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Let a member go. After the head comes the next adult; the last adult closes the household and takes the pool."""
    key, now = caller(request), clock.now()

    def work(conn: Connection) -> HttpResponse:
        program = workspace.program(conn, key.program_id)
        _found(conn, program, id)
        who = holder(conn, key, member_id)
        done = pooling.leave(conn, program, id, who, by_key(key), now=now)
        if isinstance(done, Refused):
            return refuse(_problem(done))
        if isinstance(done, NotMoved):
            return told(done)
        _note(conn, key, "household.leave", who, id)
        return answer(LeftAnswer(id, done.head_id))

    return writing(key.program_id, work)


@router.post(
    "/households/{id}/invitations",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Make a code that lets somebody into a household",
    openapi_extra=shapes.describe(takes=NewInvitation, gives={201: Invited}),
)
def invite(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Make a code, told once: it lets one member in, within seven days."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), NewInvitation)

    def work(conn: Connection) -> Invited:
        done = service.invite(conn, key.program_id, id, body.role, now=now)
        if isinstance(done, Refused):
            raise Denied(_problem(done))
        return done

    return answer(writing(key.program_id, work), status=201)


@router.post(
    "/households:accept",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Join a household by a code",
    openapi_extra=shapes.describe(takes=Acceptance, gives={200: HouseholdAnswer}),
)
def accept(request: HttpRequest) -> HttpResponse:
    """Let the member in whom a code was given to. Wrong, used and over sound alike."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), Acceptance)

    def work(conn: Connection) -> HouseholdAnswer:
        program = workspace.program(conn, key.program_id)
        who = named_by(conn, program, body.member, "member")
        rules = pooling.rules(conn, program.id)
        done = _joined(service.accept(conn, program.id, body.code, who, rules, now=now))
        _note(conn, key, "household.join", who, done.household_id)
        return _shown(conn, program, done.household_id)

    return answer(writing(key.program_id, work))


@router.post(
    "/households/{id}/contributions",
    auth=Bearer(Scope.POINTS_SPEND),
    summary="Put a member's points into the pool",
    openapi_extra=keyed(takes=Pooling, gives={201: CorrectionAnswer, 200: CorrectionAnswer}),
)
def contribute(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Put available points in; they keep their ends. Off unless the setting `households.pools` is on."""
    return _move(request, id, pooling.contribute)


@router.post(
    "/households/{id}/draws",
    auth=Bearer(Scope.POINTS_SPEND),
    summary="Take points out of the pool",
    openapi_extra=keyed(takes=Pooling, gives={201: CorrectionAnswer, 200: CorrectionAnswer}),
)
def draw(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Let the head or an adult take points out, to be spent as their own."""
    return _move(request, id, pooling.draw)


def _move(request: HttpRequest, id_: str, verb: Verb) -> HttpResponse:
    key, now, name = caller(request), clock.now(), key_of(request)
    body = wire.convert(receive(request), Pooling)

    def work(conn: Connection) -> HttpResponse:
        program = workspace.program(conn, key.program_id)
        _found(conn, program, id_)
        who = named_by(conn, program, body.member, "member")
        told_by = fingerprint(Kind.TRANSFER, f"{verb.__name__}/{id_}", body)
        wanted = Moving(id_, who, body, f"api-pool/{name}", told_by, by_key(key))
        return reply_to(verb(conn, program, wanted, now=now))

    return writing(key.program_id, work)


def _found(conn: Connection, program: Program, id_: str) -> Household:
    found = service.get(conn, program.id, [id_]).get(id_)
    if found is None:
        raise Denied(problems.not_found())
    return found


def _shown(conn: Connection, program: Program, id_: str) -> HouseholdAnswer:
    found = _found(conn, program, id_)
    pool = pooling.balances(conn, id_, now=clock.now())
    return HouseholdAnswer(id_, found.mates, balance(workspace.units(conn, program.id), pool))


def _joined(done: Joined | Refused) -> Joined:
    if isinstance(done, Refused):
        raise Denied(_problem(done))
    return done


def _note(conn: Connection, key: Key, action: str, who: str, household_id: str) -> None:
    by, about = Actor(ActorKind.KEY, key.id), ("member", who)
    audit.record(conn, key.program_id, by, action, about, now=clock.now(), detail=household_id)


def _problem(refused: Refused) -> Problem:
    status, title = TITLES[refused.reason]
    if refused.reason is NotJoined.UNKNOWN_HOUSEHOLD:
        return problems.not_found()
    errors = ((refused.field, refused.detail),) if refused.field else ()
    return Problem(refused.reason, status, title, refused.detail, errors=errors)
