"""What all doors of the API share: who calls, what was sent, how it is answered."""

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar, cast

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from verno.api.access import authorise
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace.types import Key, Scope

T = TypeVar("T")

JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class Bearer:
    """Lets a request in whose API key has the scope; the key goes along as ``request.auth``."""

    openapi_security_schema: ClassVar[Mapping[str, str]] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, as `verno key create` prints it.",
    }

    def __init__(self, scope: Scope) -> None:
        """Need ``scope``."""
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Key:
        """Return the key; raises ``Refused`` (401 ``unauthorized``, 403 ``missing-scope``)."""
        return authorise(request.headers.get("Authorization"), self.scope, now=clock.now())


def caller(request: HttpRequest) -> Key:
    """Return the key that ``Bearer`` let in."""
    return cast("Key", request.auth)  # type: ignore[attr-defined]  # ninja sets it


def sees_personal(request: HttpRequest) -> bool:
    """Tell whether the caller may read personal data unmasked."""
    return Scope.PERSONAL_READ in caller(request).scopes


def receive(request: HttpRequest, *, limit: int = wire.MAX_OBJECT) -> object:
    """Return the JSON value of the body, read strictly (see ``web.wire``).

    Raises ``Refused``: 415 for another content type, 413 over ``limit`` bytes, 400 for what is not our JSON.
    """
    if request.content_type != JSON:
        detail = f"send Content-Type: {JSON}"
        raise Refused(Problem("unsupported-media-type", 415, "The body's type is not read here", detail))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > limit:
        raise Refused(problems.too_large(limit))
    try:
        body = request.body
    except RequestDataTooBig:
        raise Refused(problems.too_large(limit)) from None
    except UnreadablePostError:
        raise Refused(problems.bad_json("the body did not arrive whole")) from None
    return wire.decode(body, limit=limit)


def writing(program_id: str, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in one transaction of a program, again as a whole when the database asks for it."""

    def once() -> T:
        with db.transaction(program_id) as conn:
            return work(conn)

    return db.retrying(once)


def answer(value: object, *, status: int = 200) -> HttpResponse:
    """Return ``value`` (records, dictionaries, lists) as JSON."""
    return HttpResponse(_encode(value), status=status, content_type=JSON)


def refuse(problem: Problem) -> HttpResponse:
    """Return a problem as the answer."""
    response = HttpResponse(problem.encoded(), status=problem.status, content_type=problems.CONTENT_TYPE)
    if problem.status == 401:  # noqa: PLR2004 RFC 9110: a 401 says how to authenticate
        response["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:  # noqa: PLR2004 what passes by itself says when to come again
        response["Retry-After"] = "1"
    return response
