"""How pages without a login are answered: locked down, in the reader's language, kept by nobody."""

import base64
import secrets
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from verno.messaging.letters.wording import LANGUAGES, Language, language


def answer(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    spoken: Language,
    *,
    status: int = 200,
    scripts: bool = False,
) -> HttpResponse:
    """Render a page for somebody who came by a signed link; ``scripts``: it may run ours."""
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    frame = {
        "lang": spoken,
        "other": next(name for name in LANGUAGES if name != spoken),
        "nonce": nonce,
        "path": request.path,
    }
    response = HttpResponse(render_to_string(template, {**frame, **context}), status=status)
    ours = "script-src 'self'; worker-src 'self'; " if scripts else ""
    response["Content-Security-Policy"] = (
        f"default-src 'none'; {ours}style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    # The address is the capability: it must not leave in a Referer, a cache or an index.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Language"] = spoken
    return response


def asked(request: HttpRequest) -> Language | None:
    """Return the language that the address asks for."""
    wanted = request.GET.get("lang")
    return next((name for name in LANGUAGES if name == wanted), None)


def browsers(request: HttpRequest) -> Language:
    """Return the language of a reader of whom we know nothing."""
    return language(request.headers.get("Accept-Language", "")[:2])
