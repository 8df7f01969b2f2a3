"""Doors of tracked letters: a link leads on to where its template said, a pixel is a pixel. No cookie, no login.

GET changes nothing but counters, since mail programs and scanners fetch what nobody has clicked.
"""

import base64
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.messaging.leaving.words import PAGE
from verno.messaging.preferences.answering import answer, asked, browsers
from verno.messaging.tracking import links, service
from verno.messaging.tracking.links import Followed

PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent picture of one pixel."""

_PREVIEWS = re.compile(
    r"TelegramBot|WhatsApp|Viber|vkShare|facebookexternalhit|Twitterbot|SkypeUriPreview|Slackbot|Discordbot",
    re.IGNORECASE,
)
"""How those programs call themselves that show what a link leads to."""


@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to a published destination, and count that somebody came by; HEAD is not counted."""
    followed = links.read("link", token)
    return _page(request, "unknown", 404) if followed is None else _lead(request, lambda: followed)


@require_safe
def follow_text(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on from a text's short link, as ``follow`` does."""
    short = links.read_short(token)
    return _page(request, "unknown", 404) if short is None else _lead(request, lambda: service.named(short))


def _lead(request: HttpRequest, find: Callable[[], Followed | None]) -> HttpResponse:
    """Lead on to where a link does. Messengers that fetch what they show a preview of have clicked nothing."""
    counts = request.method == "GET" and _PREVIEWS.search(request.headers.get("User-Agent", "")) is None

    def work() -> str | None:
        followed = find()
        if followed is None:
            return None
        with db.transaction(followed.program_id) as conn:
            url = service.destination(conn, followed)
            if url is not None and counts:
                service.click(conn, followed, url, now=clock.now())
            return url

    try:
        url = db.retrying(work)
    except Unavailable:
        page = _page(request, "busy", 503)
        page["Retry-After"] = "30"
        return page
    if url is None:
        return _page(request, "unknown", 404)
    response = HttpResponse(status=302)
    response["Location"] = url
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Return the pixel, and count that it was fetched; whatever else happens, a letter shows no broken picture."""
    followed = links.read("pixel", token)
    if followed is None:
        return _page(request, "unknown", 404)

    def work() -> None:
        with db.transaction(followed.program_id) as conn:
            service.opening(conn, followed, now=clock.now())

    if request.method == "GET":
        with suppress(Unavailable):
            db.retrying(work)
    response = HttpResponse(PIXEL, content_type="image/gif")
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _page(request: HttpRequest, state: str, status: int) -> HttpResponse:
    spoken = asked(request) or browsers(request)
    words = PAGE[spoken]
    context = {
        "other_name": words["other_language"],
        "title": words[f"{state}_title"],
        "text": WORDS[spoken] if state == "busy" else words["unknown_text"],
        "button": "",
    }
    return answer(request, "messaging/plain.html", context, spoken, status=status)


WORDS = {
    "ru": "Попробуйте, пожалуйста, через минуту.",
    "en": "Please try again in a minute.",
}
