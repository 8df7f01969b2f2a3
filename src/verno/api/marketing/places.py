"""Doors to places: stores, the regions they are in, who owns them."""

from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions.answers import for_all_places
from verno.kit import db
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.places import queries, service
from verno.workspace.places.types import DETAILS, FIELDS, Place, PlaceChange, Refusal
from verno.workspace.places.types import Refused as NotDone
from verno.workspace.types import Scope

router = Router(tags=["settings"])


class PlacesAnswer(msgspec.Struct, frozen=True):
    """The stores by code."""

    places: list[Place]


class PlaceChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 changes, each of a store named by ``code``; what is absent stays, null takes it back."""

    places: Annotated[list[PlaceChange], Meta(max_length=MAX_BATCH)]


@router.get(
    "/places",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Stores, their regions and legal entities",
    openapi_extra=shapes.describe(gives={200: PlacesAnswer}),
)
def read(request: HttpRequest) -> HttpResponse:
    """Read the program's stores; zone and legal entity as they hold there, wherever they are set."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(PlacesAnswer(queries.places(conn, program_id)))


@router.patch(
    "/places",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Change up to 1,000 stores",
    openapi_extra=shapes.describe(takes=PlaceChanges, gives={200: shapes.BatchAnswer}),
)
def change(request: HttpRequest) -> HttpResponse:
    """Answer one result per store, in order; one that is refused does not touch the others."""
    key, now = caller(request), clock.now()
    for_all_places(key)
    wanted = wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), PlaceChanges).places
    by = Actor(ActorKind.KEY, key.id)

    def work(conn: Connection) -> list[Place | NotDone]:
        return service.change(conn, key.program_id, wanted, now=now, by=by)

    results = [_result(one) for one in writing(key.program_id, work)]
    return answer({"results": results})


def _result(done: Place | NotDone) -> dict[str, object]:
    if isinstance(done, Place):
        return {"code": 200, "body": done}
    problem = _problem(done.reason)
    return {"code": problem.status, "body": problem.body()}


def _problem(reason: Refusal) -> Problem:
    if reason is Refusal.UNKNOWN_PLACE:
        return problems.not_found()
    return problems.invalid([(FIELDS[reason], DETAILS[reason])])
