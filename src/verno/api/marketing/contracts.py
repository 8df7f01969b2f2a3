"""Doors to contracts of a turnover scale: a member's, or a buying group's."""

from datetime import date

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.members import holder
from verno.api.promotions.answers import for_all_places
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.progress import queries, service
from verno.progress.types import AgreedShare, Agreement, NotAgreed, Refusal, Share
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Scope

router = Router(tags=["progress"])

TITLES = {
    Refusal.NOT_A_SCALE: "The track is no turnover scale",
    Refusal.BAD_DATES: "The contract ends before it begins",
}


class ContractBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agreed share in hundredths of a per cent, through ``last`` (absent: until it is changed)."""

    share: Share
    last: date | None = None


class ContractList(msgspec.Struct, frozen=True):
    """All that is agreed, by track and first day; where two hold on a day, the one that began last counts."""

    contracts: list[AgreedShare]


@router.get(
    "/members/{id}/contracts",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="What is agreed with a member",
    openapi_extra=shapes.describe(gives={200: ContractList}),
)
def of_member(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read a member's own contracts; those of their buying group are read under its name."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        return answer(_all(conn, key, holder(conn, key, id)))


@router.put(
    "/members/{id}/contracts/{track}/{first}",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Agree on a share with a member",
    openapi_extra=shapes.describe(takes=ContractBody, gives={200: ContractList}),
)
def put_member(request: HttpRequest, id: str, track: str, first: str) -> HttpResponse:  # noqa: A002 the same
    """Let a share hold from a day on, whatever the scale or the group's contract says; again it changes nothing."""
    return _agreed(request, track, first, member=id, body=wire.convert(receive(request), ContractBody))


@router.delete(
    "/members/{id}/contracts/{track}/{first}",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Take back what was agreed with a member",
    openapi_extra=shapes.describe(gives={200: ContractList}),
)
def delete_member(request: HttpRequest, id: str, track: str, first: str) -> HttpResponse:  # noqa: A002 the same
    """Take back the contract that begins on a day, for that day too; what is not there stays so."""
    return _agreed(request, track, first, member=id)


@router.get(
    "/buying-groups/{path:group}/contracts",
    auth=Bearer(Scope.PROMOTIONS_READ),
    summary="What is agreed with a buying group",
    openapi_extra=shapes.describe(gives={200: ContractList}),
)
def of_group(request: HttpRequest, group: str) -> HttpResponse:
    """Read the contracts of a buying group; one that nobody is in has none."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        return answer(_all(conn, key, queries.group_owner(key.program_id, group)))


@router.put(
    "/buying-groups/{path:group}/contracts/{track}/{first}",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Agree on a share with a buying group",
    openapi_extra=shapes.describe(takes=ContractBody, gives={200: ContractList}),
)
def put_group(request: HttpRequest, group: str, track: str, first: str) -> HttpResponse:
    """Let a share hold for all companies of the group that have no contract of their own."""
    return _agreed(request, track, first, group=group, body=wire.convert(receive(request), ContractBody))


@router.delete(
    "/buying-groups/{path:group}/contracts/{track}/{first}",
    auth=Bearer(Scope.PROMOTIONS_WRITE),
    summary="Take back what was agreed with a buying group",
    openapi_extra=shapes.describe(gives={200: ContractList}),
)
def delete_group(request: HttpRequest, group: str, track: str, first: str) -> HttpResponse:
    """Take back the contract that begins on a day, for that day too; what is not there stays so."""
    return _agreed(request, track, first, group=group)


def _agreed(
    request: HttpRequest,
    track: str,
    first: str,
    *,
    member: str | None = None,
    group: str = "",
    body: ContractBody | None = None,
) -> HttpResponse:
    """Let a share hold, or without a body no longer, and answer with all that is agreed now."""
    key, now = caller(request), clock.now()
    for_all_places(key)
    try:
        begins = date.fromisoformat(first)
    except ValueError:
        raise Refused(problems.invalid([("first", "is a date such as 2027-01-01")])) from None
    share, last = (body.share, body.last) if body else (None, None)

    def work(conn: Connection) -> ContractList:
        owner = holder(conn, key, member) if member is not None else queries.group_owner(key.program_id, group)
        wanted = Agreement(owner_id=owner, track=track, first=begins, last=last, share=share)
        on = queries.judging(conn, workspace.program(conn, key.program_id), now=now)
        by = Actor(ActorKind.KEY, key.id)
        (done,) = service.agree(conn, key.program_id, [wanted], on=on, by=by, now=now)
        if isinstance(done, NotAgreed):
            raise Refused(_problem(done))
        return _all(conn, key, owner)

    return answer(writing(key.program_id, work))


def _all(conn: Connection, key: Key, owner_id: str) -> ContractList:
    return ContractList(queries.contracts(conn, key.program_id, owner_id))


def _problem(refused: NotAgreed) -> Problem:
    if refused.reason is Refusal.UNKNOWN_TRACK:
        return problems.not_found()
    return Problem(refused.reason, 422, TITLES[refused.reason])
