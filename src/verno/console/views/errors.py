"""Pages for what went wrong, in the console's look. The root's handlers may point here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader


def not_found(request: HttpRequest, exception: Exception | None = None, rest: str = "") -> HttpResponse:
    """Answer an address that leads nowhere, or to something the person may not see."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what the person may not do."""
    return render(request, "403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours; without the request's context, since its session may be what failed."""
    return HttpResponse(loader.render_to_string("500.html"), status=500)
