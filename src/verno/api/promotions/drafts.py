"""Doors to drafts. A key is never the second person: it brings somebody's word, with their PIN."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.approvals import NEEDED
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions import answers
from verno.api.promotions.answers import DifferenceAnswer, DraftAnswer, DraftPage
from verno.api.tills import vouching
from verno.intake import context
from verno.intake.types import Approval
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.promotions import queries
from verno.promotions.differing import difference
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service
from verno.promotions.drafts.service import MAX_BODY, Desk
from verno.promotions.drafts.types import Draft, NewDraft, Review
from verno.promotions.types import Refusal, Refused
from verno.web import problems, wire
from verno.web.pages import read_limit
from verno.workspace import audit, roles, staff
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import Permission
from verno.workspace.types import Key, Scope

router = Router(tags=["promotions"])

Verb: TypeAlias = Callable[[Desk], Draft | Refused]


class ReviewBody(Review, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second person's word: whom the tills call ``staff``, or their e-mail, and their PIN."""

    approval: Approval | None = None


class PublishBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when it holds, with an offset; now unless told.

    `above_budget` agrees to a replay that went above a budget, where no second person does (`promotions.review`).
    """

    at: datetime | None = None
    above_budget: bool = False


@router.get(
    "/promotions/drafts",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="Drafts",
    openapi_extra=shapes.describe(gives={200: DraftPage}),
)
def listed(request: HttpRequest, cursor: str | None = None, limit: str | None = None) -> HttpResponse:
    """Read drafts without their rules, newest first; ``limit`` is 1 to 200, 50 unless told."""
    size, program_id = read_limit(limit), caller(request).program_id
    before = answers.number(cursor) if cursor else None
    with db.transaction(program_id) as conn:
        rows = drafts.drafts(conn, program_id, before=before, limit=size + 1)
    following = str(rows[size - 1].number) if len(rows) > size else None
    return answer(DraftPage(rows[:size], following))


@router.post(
    "/promotions/drafts",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Save a draft",
    openapi_extra=shapes.describe(takes=NewDraft, gives={200: DraftAnswer, 201: DraftAnswer}),
)
def save(request: HttpRequest) -> HttpResponse:
    """Store a new draft, or another body of the one whose `number` is given; `problems` says what it still lacks."""
    key = caller(request)
    wanted = wire.convert(receive(request, limit=MAX_BODY), NewDraft)
    status = 201 if wanted.number is None else 200
    return _done(key, lambda desk: service.save(desk, wanted, by=_by(key), now=clock.now()), status=status)


@router.get(
    "/promotions/drafts/{number}/diff",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="What a draft changes",
    openapi_extra=shapes.describe(gives={200: DifferenceAnswer}),
)
def differs(request: HttpRequest, number: str, since: str = "current") -> HttpResponse:
    """Say what differs between a version, the one that holds now unless told, and the draft; a finished one."""
    program_id, now = caller(request).program_id, clock.now()
    with db.transaction(program_id) as conn:
        found = _draft(_desk(conn, program_id), number)
        before = answers.version(conn, program_id, since, now)
    after = drafts.read(found.body)
    if isinstance(after, str):
        refused = Refused(Refusal.NOT_VALID, "the draft is not finished", found.problems)
        raise problems.Refused(answers.problem(refused))
    return answer(difference(before.rulebook, after))


@router.post(
    "/promotions/drafts/{number}:submit",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Ask for a review",
    openapi_extra=shapes.describe(gives={200: DraftAnswer}),
)
def submit(request: HttpRequest, number: str) -> HttpResponse:
    """Ask another person to read the draft; one with problems is refused."""
    key = caller(request)
    return _done(key, lambda desk: service.submit(desk, answers.number(number), by=_by(key), now=clock.now()))


@router.post(
    "/promotions/drafts/{number}:review",
    auth=Bearer(Scope.PROMOTIONS_APPROVE),
    summary="Approve or reject a draft",
    openapi_extra=shapes.describe(takes=ReviewBody, gives={200: DraftAnswer}),
)
def review(request: HttpRequest, number: str) -> HttpResponse:
    """Bring the word of somebody of the staff who had no hand in the draft. The same word again changes nothing."""
    key = caller(request)
    body = wire.convert(receive(request), ReviewBody)
    answers.for_all_places(key)
    who = vouching.who(key.program_id, body.approval, Permission.PROMOTIONS_APPROVE) if body.approval else None
    if who is None:
        raise problems.Refused(NEEDED)
    now = clock.now()

    def work(desk: Desk) -> Draft | Refused:
        # The PIN was looked at in a transaction before this one.
        person = staff.find(desk.conn, key.program_id, who)
        if person is None or not roles.may(person, Permission.PROMOTIONS_APPROVE):
            raise problems.Refused(NEEDED)
        done = service.review(desk, answers.number(number), body, by=Actor(ActorKind.STAFF, person.id), now=now)
        if isinstance(done, Draft):
            about = ("draft", str(done.row.number))
            detail = f"staff:{person.id}"
            audit.record(desk.conn, key.program_id, _by(key), "draft.by-pin", about, now=now, detail=detail)
        return done

    return _done(key, work)


@router.post(
    "/promotions/drafts/{number}:publish",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Publish a draft",
    openapi_extra=shapes.describe(takes=PublishBody, gives={200: DraftAnswer}),
)
def publish(request: HttpRequest, number: str) -> HttpResponse:
    """Let an approved draft hold from now on, or from `at`. Published at the same moment again it is answered again."""
    key, now = caller(request), clock.now()
    said = wire.convert(receive(request), PublishBody)
    if said.at is not None and said.at.tzinfo is None:
        raise problems.Refused(problems.invalid([("at", "needs an offset")]))
    answers.for_all_places(key)

    def work(conn: Connection) -> DraftAnswer:
        desk = _desk(conn, key.program_id)
        done = service.publish(
            desk, answers.number(number), at=said.at, above_budget=said.above_budget, by=_by(key), now=now
        )
        if isinstance(done, Refused):
            raise problems.Refused(answers.problem(done))
        books = queries.rulebooks(conn, key.program_id)
        made = queries.version(books, done.version) or done
        return answers.draft(desk.read(answers.number(number)), answers.part(made, books, now))

    return answer(writing(key.program_id, work))


@router.get(  # after its verbs, whose addresses it would take else
    "/promotions/drafts/{number}",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="A draft with its rules",
    openapi_extra=shapes.describe(gives={200: DraftAnswer}),
)
def read(request: HttpRequest, number: str) -> HttpResponse:
    """Read a draft, what is wrong with it now, and what a replay has made of it."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(answers.draft(_draft(_desk(conn, program_id), number)))


def _done(key: Key, verb: Verb, *, status: int = 200) -> HttpResponse:
    """Do something to a draft, and answer with it."""
    answers.for_all_places(key)

    def work(conn: Connection) -> DraftAnswer:
        done = verb(_desk(conn, key.program_id))
        if isinstance(done, Refused):
            raise problems.Refused(answers.problem(done))
        return answers.draft(done)

    return answer(writing(key.program_id, work), status=status)


def _desk(conn: Connection, program_id: str) -> Desk:
    return service.open_desk(conn, program_id, context.known_to_rules(conn, program_id))


def _draft(desk: Desk, number: str) -> Draft:
    found = drafts.draft(desk.conn, desk.program_id, answers.number(number), known=desk.known, units=desk.units)
    if found is None:
        raise problems.Refused(answers.problem(Refused(Refusal.UNKNOWN_DRAFT)))
    return found


def _by(key: Key) -> Actor:
    return Actor(ActorKind.KEY, key.id)
