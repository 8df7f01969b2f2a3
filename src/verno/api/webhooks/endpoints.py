"""Doors to endpoints: add, read, change, delete, rotate the secret, send a test event."""

from datetime import datetime
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions.answers import for_all_places
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.web.problems import Refused as Told
from verno.webhooks import queries, service
from verno.webhooks.types import Endpoint, EndpointChange, Made, NewEndpoint, Refusal, Refused
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Scope

router = Router(tags=["webhooks"])
"""Addresses with a verb (``{id}:test``) stand before the plain one, which would take them for ids."""

T = TypeVar("T")

TITLES = {
    Refusal.BAD_URL: "The address is not acceptable",
    Refusal.PLAIN_HTTP: "The address must begin with https://",
    Refusal.UNKNOWN_TYPE: "There is no such event",
    Refusal.TOO_MANY: "There are too many webhooks",
    Refusal.UNKNOWN_EVENT: "This is no event of ours",
}


class WebhookList(msgspec.Struct, frozen=True):
    """The endpoints of a program, the oldest first."""

    webhooks: list[Endpoint]


class WebhookSecret(msgspec.Struct, frozen=True):
    """An endpoint with its secret, which is shown this once. Until ``old_secret_until`` the one before signs too."""

    webhook: Endpoint
    secret: str


class WebhookDeleted(msgspec.Struct, frozen=True):
    """The endpoint that is no more."""

    deleted: str


class WebhookTested(msgspec.Struct, frozen=True):
    """The endpoint that is told a test event, and since when."""

    webhook: str
    at: datetime


@router.get(
    "/webhooks",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="The endpoints that are told",
    openapi_extra=shapes.describe(gives={200: WebhookList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read the endpoints of the program, without their secrets."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        return answer(WebhookList(queries.endpoints(conn, key.program_id)))


@router.post(
    "/webhooks",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Add an endpoint",
    openapi_extra=shapes.describe(takes=NewEndpoint, gives={201: WebhookSecret}),
)
def add(request: HttpRequest) -> HttpResponse:
    """Add an endpoint that is told what happens from now on: `types` of events, or all. The secret is shown once."""
    key, wanted = whole(request), wire.convert(receive(request), NewEndpoint)

    def work(conn: Connection) -> Made:
        return told(service.add(conn, key.program_id, wanted, now=clock.now(), by=by(key)))

    return answer(_secret(writing(key.program_id, work)), status=201)


@router.post(
    "/webhooks/{id}:rotate-secret",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Give an endpoint a new secret",
    openapi_extra=shapes.describe(gives={200: WebhookSecret}),
)
def rotate(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Make a new secret, shown once. For 24 hours both sign, so that the receiver can change over."""
    key = whole(request)

    def work(conn: Connection) -> Made:
        return told(service.rotate(conn, key.program_id, id, now=clock.now(), by=by(key)))

    return answer(_secret(writing(key.program_id, work)))


@router.post(
    "/webhooks/{id}:test",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Send a test event",
    openapi_extra=shapes.describe(gives={200: WebhookTested}),
)
def test(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Have this endpoint alone told `webhook.test.v1`."""
    key, now = whole(request), clock.now()

    def work(conn: Connection) -> bool:
        return told(service.send_test(conn, key.program_id, id, now=now, by=by(key)) or None)

    writing(key.program_id, work)
    return answer(WebhookTested(id, now))


@router.get(
    "/webhooks/{id}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Read an endpoint",
    openapi_extra=shapes.describe(gives={200: Endpoint}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read one endpoint; `reason` says why we disabled it, `failing_since` since when nothing reaches it."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        return answer(told(queries.endpoint(conn, key.program_id, id)))


@router.patch(
    "/webhooks/{id}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Change an endpoint",
    openapi_extra=shapes.describe(takes=EndpointChange, gives={200: Endpoint}),
)
def change(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Change address, types, description; pause it, or let it go on with all that has waited."""
    key, wanted = whole(request), wire.convert(receive(request), EndpointChange)

    def work(conn: Connection) -> Endpoint:
        return told(service.change(conn, key.program_id, id, wanted, now=clock.now(), by=by(key)))

    return answer(writing(key.program_id, work))


@router.delete(
    "/webhooks/{id}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Delete an endpoint",
    openapi_extra=shapes.describe(gives={200: WebhookDeleted}),
)
def delete(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Delete an endpoint and its log."""
    key = whole(request)

    def work(conn: Connection) -> bool:
        return told(service.delete(conn, key.program_id, id, now=clock.now(), by=by(key)) or None)

    writing(key.program_id, work)
    return answer(WebhookDeleted(id))


def whole(request: HttpRequest) -> Key:
    """Return the caller's key; raises ``Refused`` (403) for one bound to stores: webhooks are the whole program's."""
    key = caller(request)
    for_all_places(key)
    return key


def by(key: Key) -> Actor:
    """Return a key as the audit knows it."""
    return Actor(ActorKind.KEY, key.id)


def told(result: T | Refused | None) -> T:
    """Return what was done; raises ``Refused``: 404 when there is no such endpoint, else why not."""
    if result is None:
        raise Told(problems.not_found())
    if isinstance(result, Refused):
        status = 409 if result.reason is Refusal.TOO_MANY else 422
        detail = f"{result.field}: {result.detail}" if result.field else result.detail
        errors = ((result.field, result.detail),)
        raise Told(Problem(result.reason, status, TITLES[result.reason], detail, errors=errors))
    return result


def _secret(made: Made) -> WebhookSecret:
    return WebhookSecret(made.endpoint, made.secret)
