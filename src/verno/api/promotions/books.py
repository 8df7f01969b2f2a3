"""Doors to rulebooks: read them, take one back, roll back, pause and resume, see how budgets stand."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions import answers
from verno.api.promotions.answers import (
    BudgetList,
    DifferenceAnswer,
    PauseList,
    RulebookAnswer,
    RulebookList,
    RulebookPart,
)
from verno.intake import context
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.promotions import queries, service
from verno.promotions.budgets import queries as budgets
from verno.promotions.differing import difference
from verno.promotions.types import Paused, Refused, StoredRulebook
from verno.rules.effects import Code
from verno.web import problems, wire
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Scope

router = Router(tags=["promotions"])

Verb: TypeAlias = Callable[[Connection], StoredRulebook | Refused]


class PauseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is meant: the ``rule`` of this id, or the ``promotion`` with all its rules."""

    kind: Paused
    code: Code


@router.get(
    "/promotions/rulebooks",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="All versions of the rules",
    openapi_extra=shapes.describe(gives={200: RulebookList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read what was published, the one that holds latest first, without the rules."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        books = queries.rulebooks(conn, program_id)
    return answer(RulebookList([answers.part(book, books, now) for book in books]))


@router.get(
    "/promotions/rulebooks/{version}/diff",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="What differs between two versions",
    openapi_extra=shapes.describe(gives={200: DifferenceAnswer}),
)
def differs(request: HttpRequest, version: str, since: str = "current") -> HttpResponse:
    """Say what one would do to the version `since` to get this one."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        before = answers.version(conn, program_id, since, now)
        after = answers.version(conn, program_id, version, now)
    return answer(difference(before.rulebook, after.rulebook))


@router.post(
    "/promotions/rulebooks/{version}:withdraw",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Take back what was to hold later",
    openapi_extra=shapes.describe(gives={200: RulebookPart}),
)
def withdraw(request: HttpRequest, version: str) -> HttpResponse:
    """Take a version back before it holds; again changes nothing."""
    key, now = caller(request), clock.now()
    answers.for_all_places(key)
    return _changed(
        key,
        now,
        lambda conn: service.withdraw(conn, key.program_id, answers.number(version), by=_by(key), now=now),
    )


@router.post(
    "/promotions/rulebooks/{version}:roll-back",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Publish an earlier version again",
    openapi_extra=shapes.describe(gives={201: RulebookPart}),
)
def roll_back(request: HttpRequest, version: str) -> HttpResponse:
    """Publish a version that has held as a new one, from now on. Nobody has to agree; what is scheduled stays so."""
    key, now = caller(request), clock.now()
    answers.for_all_places(key)

    def work(conn: Connection) -> StoredRulebook | Refused:
        return service.roll_back(
            *(conn, key.program_id, answers.number(version)),
            units=workspace.units(conn, key.program_id),
            known=context.known_to_rules(conn, key.program_id),
            by=_by(key),
            now=now,
        )

    return _changed(key, now, work, status=201)


@router.get(
    "/promotions/pauses",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="What is paused",
    openapi_extra=shapes.describe(gives={200: PauseList}),
)
def paused(request: HttpRequest) -> HttpResponse:
    """Read which rules and promotions do not act."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(PauseList(queries.pauses(conn, program_id)))


@router.post(
    "/promotions:pause",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Stop a rule or a promotion",
    openapi_extra=shapes.describe(takes=PauseBody, gives={200: PauseList}),
)
def pause(request: HttpRequest) -> HttpResponse:
    """Let it not act, in any version; in force everywhere within two seconds. Answers with all that is paused."""
    key = caller(request)
    wanted = wire.convert(receive(request), PauseBody)
    answers.for_all_places(key)

    def work(conn: Connection) -> PauseList:
        done = service.pause(conn, key.program_id, wanted.kind, wanted.code, by=_by(key), now=clock.now())
        if isinstance(done, Refused):
            raise problems.Refused(answers.problem(done))
        return PauseList(queries.pauses(conn, key.program_id))

    return answer(writing(key.program_id, work))


@router.post(
    "/promotions:resume",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Let a rule or a promotion act again",
    openapi_extra=shapes.describe(takes=PauseBody, gives={200: PauseList}),
)
def resume(request: HttpRequest) -> HttpResponse:
    """End a pause; what is not paused stays so. Answers with all that is paused."""
    key = caller(request)
    wanted = wire.convert(receive(request), PauseBody)
    answers.for_all_places(key)

    def work(conn: Connection) -> PauseList:
        service.resume(conn, key.program_id, wanted.kind, wanted.code, by=_by(key), now=clock.now())
        return PauseList(queries.pauses(conn, key.program_id))

    return answer(writing(key.program_id, work))


@router.get(
    "/promotions/budgets",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="How budgets stand",
    openapi_extra=shapes.describe(gives={200: BudgetList}),
)
def how_budgets_stand(request: HttpRequest) -> HttpResponse:
    """Read what the budgets of the rulebook that holds have given in their present periods."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        found = queries.at(queries.rulebooks(conn, program_id), now)
        if found is None:
            return answer(BudgetList(None, []))
        zone = workspace.program(conn, program_id).timezone
        states = budgets.states(conn, program_id, found.rulebook, zone=zone, now=now)
    return answer(BudgetList(found.version, list(states)))


@router.get(  # after its verbs, whose addresses it would take else
    "/promotions/rulebooks/{version}",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="A version with its rules",
    openapi_extra=shapes.describe(gives={200: RulebookAnswer}),
)
def read(request: HttpRequest, version: str) -> HttpResponse:
    """Read a version; `current` is the one that holds now."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        found = answers.version(conn, program_id, version, now)
        books = queries.rulebooks(conn, program_id, known={found.id: found})
    return answer(answers.whole(found, books, now))


def _changed(key: Key, now: datetime, verb: Verb, *, status: int = 200) -> HttpResponse:
    """Do something to the versions, and answer with the one it is about."""

    def work(conn: Connection) -> RulebookPart:
        done = verb(conn)
        if isinstance(done, Refused):
            raise problems.Refused(answers.problem(done))
        books = queries.rulebooks(conn, key.program_id)
        (found,) = [book for book in books if book.version == done.version]
        return answers.part(found, books, now)

    return answer(writing(key.program_id, work), status=status)


def _by(key: Key) -> Actor:
    return Actor(ActorKind.KEY, key.id)
