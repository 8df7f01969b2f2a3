"""The API at ``/v1``: its routers, its description, and the promise that every answer >= 400 is a problem."""

import functools
import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import URLPattern, URLResolver, re_path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from verno import __version__
from verno.api import approvals, corrections, limits, members, points, settings, shapes, till
from verno.api.access import metered
from verno.api.consents import codes, reaching, records, suppressions, topics
from verno.api.doors import refuse
from verno.api.marketing import contracts, goods, places, tracks
from verno.api.messages import broadcasts
from verno.api.people import contacts, households
from verno.api.promotions import books, drafts
from verno.api.templates import doors as templates
from verno.api.webhooks import deliveries, endpoints, events, sources
from verno.kit.db import RETRYABLE
from verno.kit.errors import Unavailable
from verno.web import problems
from verno.web.problems import Problem, Refused

log = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]

DESCRIPTION = """Members, receipts and points. All amounts are integers: money in the currency's minor units,
points in their unit's smallest step. Every answer from 400 on is `application/problem+json` with a stable
`type`."""


class Docs(Swagger):
    """Swagger UI from ninja's packaged files: nothing is fetched from elsewhere."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:  # noqa: ANN401, ARG002
        """Return the page; rendered without the request, since it needs neither session nor language."""
        settings = json.dumps({**self.settings, "url": self.get_openapi_url(api, kwargs)})
        return HttpResponse(render_to_string(self.template, {"swagger_settings": settings, "api": api}))


class Api(NinjaAPI):
    """Ninja's API, with our records in its description and our problems in place of its plain texts."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:  # noqa: ANN401 ninja's own signature
        """Return the description with the schemas of our records."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"].update(shapes.components())
        return schema

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        found = super()._get_urls()
        for pattern in found:
            if isinstance(pattern, URLPattern):
                pattern.callback = mannered(pattern.callback)
        return [*found, re_path("", nothing_here)]


def mannered(view: View) -> View:
    """Wrap a view so that the router's own refusals (404, 405) and faults outside a door are problems too.

    The answer tells a key with a rate what is left of its allowance.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 as Django calls it
        with metered() as headers:
            response = _answered(view, request, *args, **kwargs)
        for name, value in headers:
            response[name] = value
        return response

    return wrapper


def _answered(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
    try:
        response = view(request, *args, **kwargs)
    except Http404:
        return nothing_here(request)
    except Exception as error:  # noqa: BLE001 the last door: whatever comes here is a fault of ours
        return on_fault(request, error)
    if isinstance(response, HttpResponseNotAllowed):
        allowed = response["Allow"]
        refused = refuse(Problem("method-not-allowed", 405, "This address takes other methods", allowed))
        refused["Allow"] = allowed
        return refused
    return response


def nothing_here(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 Django's signature of a view
    """Answer an address that does not exist."""
    return refuse(problems.not_found())


nothing_here.csrf_exempt = True  # type: ignore[attr-defined]  # a POST to nowhere is a 404, not a 403 page

api = Api(title="Verno", version=__version__, description=DESCRIPTION, urls_namespace="api", docs=Docs())
api.add_router("", members.router)
api.add_router("", corrections.router)
api.add_router("", approvals.router)
api.add_router("", points.router)
api.add_router("", till.router)
api.add_router("", settings.router)
api.add_router("", limits.router)
api.add_router("", books.router)
api.add_router("", drafts.router)
api.add_router("", tracks.router)
api.add_router("", contracts.router)
api.add_router("", goods.router)
api.add_router("", places.router)
api.add_router("", broadcasts.router)
for _door in (records, topics, codes, reaching, suppressions, contacts, households):
    api.add_router("", _door.router)
api.add_router("", templates.router)
api.add_router("", deliveries.router)
api.add_router("", endpoints.router)
api.add_router("", events.router)
api.add_router("", sources.router)


@api.exception_handler(Refused)
def on_refused(request: HttpRequest, error: Refused) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer what a door refused."""
    return refuse(error.problem)


@api.exception_handler(Unavailable)
def on_unavailable(request: HttpRequest, error: Unavailable) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer while a dependency is down."""
    return refuse(problems.unavailable(str(error)))


def on_busy(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer when two seconds of tries were not enough."""
    return refuse(problems.unavailable("others are changing the same things; try again"))


for busy in RETRYABLE:
    api.exception_handler(busy)(on_busy)


@api.exception_handler(Http404)
def on_nothing(request: HttpRequest, error: Http404) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer what is not there."""
    return refuse(problems.not_found())


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer parameters of the address that ninja could not read."""
    return refuse(problems.invalid([(str(one["loc"][-1]), str(one["msg"])) for one in error.errors]))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001 ninja's signature
    """Answer what ninja itself refuses."""
    return refuse(Problem("refused", error.status_code, "The request is not acceptable"))


@api.exception_handler(Exception)
def on_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a fault of ours. The log gets place and kind, not the words: they may quote personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    route = request.resolver_match.route if request.resolver_match else ""
    log.error("%s %s: %s\n%s", request.method, route, type(error).__qualname__, frames)
    return refuse(problems.internal())
