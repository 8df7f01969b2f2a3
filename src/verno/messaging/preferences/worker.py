"""The service worker's script, at the root: it serves pages at or below its own address alone."""

from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

NAME = "push-worker.js"


@require_safe
def script(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 a view's signature
    """Answer the script; 404 where the browser parts are not built."""
    body = _body()
    if body is None:
        return HttpResponse(status=404)
    return HttpResponse(body, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _body() -> bytes | None:
    found = finders.find(NAME)
    return Path(found).read_bytes() if isinstance(found, str) else None
