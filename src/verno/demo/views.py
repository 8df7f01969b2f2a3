"""The mail reader: what the catcher kept, in the browser. Everything in a mail is a stranger's, so it is boxed in."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.backends.django import DjangoTemplates
from django.template.exceptions import TemplateDoesNotExist
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from verno.demo import mailbox

PAGE = 50
CONSOLE = "console/base.html"
PLAIN = "demo/base.html"
LONGEST_SEARCH = 254

BOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""What a mail's HTML may do: show itself, and open a link in a new tab. No scripts, no forms, no requests."""

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Show the list, the newest first."""
    search = request.GET.get("q", "")[:LONGEST_SEARCH]
    found = mailbox.names(mailbox.folder(), search=search)
    pages = max(1, -(-len(found) // PAGE))
    number = min(_number(request.GET.get("page", "")), pages)
    shown = [mailbox.entry(mailbox.folder(), name) for name in found[(number - 1) * PAGE : number * PAGE]]
    context = {"mails": shown, "q": search, "total": len(found), "page": number, "pages": pages}
    return HttpResponse(_render("demo/mails.html", context, request))


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail."""
    try:
        found = mailbox.mail(mailbox.folder(), name)
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(_render("demo/mail.html", {"mail": found}, request))


@require_safe
@xframe_options_sameorigin
def html(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 Django's signature
    """Give the HTML part alone, for the frame; its links open in a new tab."""
    try:
        body = mailbox.mail(mailbox.folder(), name).html
    except FileNotFoundError:
        raise Http404 from None
    head = _HEAD.search(body)
    end = head.end() if head else 0
    answer = HttpResponse(body[:end] + '<base target="_blank">' + body[end:])
    answer["Content-Security-Policy"] = BOX
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@require_safe
def source(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 Django's signature
    """Give the mail as it came."""
    try:
        raw = mailbox.source(mailbox.folder(), name)
    except FileNotFoundError:
        raise Http404 from None
    disposition = {"Content-Disposition": f'attachment; filename="{name[:27]}.eml"'}
    return HttpResponse(raw, content_type="message/rfc822", headers=disposition)


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1  # noqa: PLR2004 pages


def _render(template: str, context: dict[str, Any], request: HttpRequest) -> str:
    return str(_engine().get_template(template).render({**context, "layout": _layout()}, request))


@lru_cache(maxsize=1)
def _engine() -> DjangoTemplates:
    """Return templates of ours beside those of the installed apps: the demo is no app, it has no tables."""
    options = cast("dict[str, Any]", settings.TEMPLATES[0]["OPTIONS"])
    folder = Path(__file__).parent / "templates"
    return DjangoTemplates({"NAME": "demo", "DIRS": [folder], "APP_DIRS": True, "OPTIONS": dict(options)})


@lru_cache(maxsize=1)
def _layout() -> str:
    """Return the console's page around ours, or a plain one while there is no console."""
    try:
        _engine().get_template(CONSOLE)
    except TemplateDoesNotExist:
        return PLAIN
    return CONSOLE
