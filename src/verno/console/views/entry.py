"""The way in and out: set-up link, invitation, sign-in, sign-out, language."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.hashers import make_password
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from verno.console.forms import PasswordForm, SetupForm, SignInForm
from verno.console.middleware import start_session
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import accounts
from verno.workspace.accounts import Redeemed, SetupRefusal
from verno.workspace.models import Staff
from verno.workspace.throttle import Throttle

SIGN_IN = Throttle("console/sign-in", first=timedelta(seconds=5), most=timedelta(seconds=60))
"""Five free tries, then a wait of at most a minute."""


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form of a set-up link, or use the link. Looking at it (GET) uses nothing up."""
    now = clock.now()
    with db.transaction() as conn:
        if not accounts.setup_token_is_valid(conn, token, now=now):
            return _link_not_valid(request)
    form = SetupForm(request.POST or None, initial={"locale": get_language()})
    if request.method == "POST" and form.is_valid():
        answer = _redeem(token, form)
        if isinstance(answer, Redeemed):
            return _enter(request, Staff.objects.get(pk=answer.staff_id), resolve_url("console:dashboard"))
        if answer is SetupRefusal.LINK_NOT_VALID:
            return _link_not_valid(request)
        form.add_error("email", _("Somebody works here under this e-mail already."))
    return render(request, "console/setup.html", {"form": form}, status=_status(form))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; a wrong pair gets one answer, whatever was wrong with it."""
    if request.user.is_authenticated:
        return redirect("console:dashboard")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _check(request, form)
        if isinstance(found, Staff):
            return _enter(request, found, _wanted(request))
        form.add_error(None, found)
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "console/sign_in.html", context, status=_status(form))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Let somebody who was added choose a password. Looking at the link (GET) uses nothing up."""
    with db.transaction() as conn:
        found = accounts.invited(conn, token, now=clock.now())
    if found is None:
        return _link_not_valid(request)
    person = Staff.objects.get(pk=found[0])
    form = PasswordForm(request.POST or None, person=person, initial={"locale": person.locale})
    if request.method == "POST" and form.is_valid():
        hashed = make_password(form.cleaned_data["password"])
        with db.transaction() as conn:
            answer = accounts.accept_invitation(conn, token, hashed, form.cleaned_data["locale"], now=clock.now())
        if not isinstance(answer, Redeemed):
            return _link_not_valid(request)
        person.refresh_from_db()
        return _enter(request, person, resolve_url("console:dashboard"))
    return render(request, "console/welcome.html", {"form": form, "person": person}, status=_status(form))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, on the server too."""
    logout(request)
    return redirect("console:sign-in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the page's language: for this browser, and for the person when signed in."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, Staff) and chosen in dict(settings.LANGUAGES):
        request.user.locale = chosen
        request.user.save(update_fields=["locale"])
    return set_language(request)


def _redeem(token: str, form: Form) -> Redeemed | SetupRefusal:
    data = form.cleaned_data
    hashed = make_password(data["password"])
    with db.transaction() as conn:
        return accounts.redeem_setup_token(
            conn, token, data["email"], data["name"], hashed, data["locale"], now=clock.now()
        )


def _check(request: HttpRequest, form: Form) -> Staff | str:
    """Return who signed in, or the sentence to show. The attempt is counted before the password is looked at."""
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    with db.transaction() as conn:
        wait = SIGN_IN.try_now(conn, email, now=clock.now())
    if wait is not None:
        return _patience(wait)
    found = authenticate(request, username=email, password=password)
    if not isinstance(found, Staff):
        return _("The e-mail and the password do not belong together.")
    with db.transaction() as conn:
        SIGN_IN.forget(conn, email)
    return found


def _patience(wait: timedelta) -> str:
    seconds = int(wait.total_seconds()) + 1
    text = ngettext(
        "Too many tries. Please wait %(seconds)d second and try again.",
        "Too many tries. Please wait %(seconds)d seconds and try again.",
        seconds,
    )
    return text % {"seconds": seconds}


def _enter(request: HttpRequest, staff: Staff, address: str) -> HttpResponse:
    """Start a session with a new id and the person's own language."""
    login(request, staff)
    start_session(request, clock.now())
    response = redirect(address)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        staff.locale,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


def _wanted(request: HttpRequest) -> str:
    """Return where the person wanted to go, if that is a page of ours."""
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith(("/console/", "/backroom/")):
        return address
    return resolve_url("console:dashboard")


def _link_not_valid(request: HttpRequest) -> HttpResponse:
    """Answer unknown, expired and used links alike."""
    return render(request, "console/setup_over.html", status=404)


def _status(form: Form) -> int:
    return 422 if form.is_bound else 200
