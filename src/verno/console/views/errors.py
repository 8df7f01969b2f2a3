"""Pages for what went wrong, in the console's look. Django's own handlers use the same templates."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001 the address's converter
    """Answer an address of the console that leads nowhere."""
    return render(request, "404.html", status=404)
