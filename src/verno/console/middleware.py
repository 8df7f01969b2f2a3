"""What every answer carries, and who may see a page of the console: nobody, unless signed in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url

from verno.console import rooms
from verno.kit.clock import clock
from verno.workspace.models import Staff

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_STEP = timedelta(minutes=1)
"""A session's last use is written at most this often."""

SINCE = "verno-since"
SEEN = "verno-seen"

UNATTENDED = frozenset({"figures"})
"""Addresses a page asks by itself: a forgotten tab must not keep its session alive."""

CONSOLE = "/console/"
BACKROOM = "/backroom/"
GUARDED = frozenset({"console", "admin"})
"""Applications of addresses that belong to the staff. The back room asks for its own permission (``backroom.site``)."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What every page may do: run and show what comes from this very server, nothing written into the page."""
OWN_POLICY = f"{POLICY}; require-trusted-types-for 'script'; trusted-types verno default"
"""Pages whose scripts are all ours (assets/ts/trusted.ts) may not even write HTML from text."""

BACKROOM_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
"""What Unfold's pages need besides: Alpine turns attributes into functions, and colours are written into the page. All
of it comes from this server still, no script is written into a page, and personal data are not shown there."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]


class SecurityHeaders:
    """Give each answer the strict policy, unless its view set one of its own."""

    def __init__(self, get_response: GetResponse) -> None:
        """Take the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers to what comes back."""
        response = self.get_response(request)
        ours = request.path.startswith((CONSOLE, BACKROOM))
        response.headers.setdefault("Content-Security-Policy", _policy(request.path))
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if ours:
            # Pages show personal data: a shared computer's back button must not bring them back.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _policy(path: str) -> str:
    if path.startswith(BACKROOM):
        return BACKROOM_POLICY
    return OWN_POLICY if path.startswith(CONSOLE) else POLICY


class StaffDoor:
    """Let only signed-in staff into the console, each where their role may go; end sessions that are idle or old."""

    def __init__(self, get_response: GetResponse) -> None:
        """Take the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing to do before the address is resolved."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: View, _args: tuple[object, ...], _kwargs: dict[str, object]
    ) -> HttpResponseBase | None:
        """Turn away whoever may not see the page; None lets the request through."""
        match = request.resolver_match
        if match is None or GUARDED.isdisjoint(match.app_names):
            return None
        now = clock.now()
        if request.user.is_authenticated and _is_over(request, now):
            logout(request)
        console = "console" in match.app_names
        is_open = console and match.url_name in rooms.OPEN
        if not isinstance(request.user, Staff):
            return None if is_open else _to_sign_in(request)
        if match.url_name not in UNATTENDED:
            _saw(request, now)
        if is_open or not console or rooms.opens(request.user, match.url_name):
            return None
        return _refuse(request)


def start_session(request: HttpRequest, now: datetime) -> None:
    """Stamp a session that has just signed in (``login`` has already given it a new id)."""
    request.session[SINCE] = request.session[SEEN] = now.timestamp()


def _is_over(request: HttpRequest, now: datetime) -> bool:
    since = float(request.session.get(SINCE, 0))
    seen = float(request.session.get(SEEN, 0))
    moment = now.timestamp()
    return moment - since > LONGEST.total_seconds() or moment - seen > IDLE.total_seconds()


def _saw(request: HttpRequest, now: datetime) -> None:
    if now.timestamp() - request.session.get(SEEN, 0) > SEEN_STEP.total_seconds():
        request.session[SEEN] = now.timestamp()


def _refuse(request: HttpRequest) -> HttpResponseBase:
    """Say that a page is not for this person; the front page leads on to the first one that is."""
    menu = rooms.doors(request)
    if menu and request.path == resolve_url("console:dashboard"):
        return redirect(menu[0].address)
    return render(request, "403.html", {"way_on": bool(menu)}, status=403)


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Send a person to the sign-in page; a part that htmx asked for sends the whole page there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=200, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    wanted = request.get_full_path() if request.method == "GET" else ""
    return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))
