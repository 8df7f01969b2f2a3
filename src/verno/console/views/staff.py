"""The staff: who works here, as what, where; new people, and what changes about the others."""

from collections.abc import Callable, Mapping

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.forms import PinForm, RoleForm, StaffForm
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace import queries as workspace
from verno.workspace import staff as people
from verno.workspace.roles import WITH_PIN, Role, StaffRecord, may_manage
from verno.workspace.staff import Added, Changed, NewStaff, StaffRefusal

FIELDS = {
    StaffRefusal.BAD_EMAIL: "email",
    StaffRefusal.EMAIL_TAKEN: "email",
    StaffRefusal.BAD_NAME: "name",
    StaffRefusal.BAD_NUMBER: "external_id",
    StaffRefusal.NUMBER_TAKEN: "external_id",
    StaffRefusal.UNKNOWN_PLACE: "places",
    StaffRefusal.LAST_OWNER: "role",
    StaffRefusal.BAD_PIN: "pin",
}


@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: HttpRequest) -> HttpResponse:
    """List everybody and add somebody; the link to a password is shown once, right after."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        form = StaffForm(
            request.POST or None,
            roles=_roles(request),
            places=_stores(conn, face),
            initial={"role": Role.CASHIER, "locale": get_language()},
        )
        added = _add(request, conn, face, form) if request.method == "POST" and form.is_valid() else None
        found = people.listed(conn, face.program.id)
    context = {
        "face": face,
        "people": found,
        "form": form,
        "added": added.staff if added else None,
        "link": _link(added) if added else "",
        "me": str(signed_in(request).pk),
    }
    return render(request, "console/staff.html", context, status=422 if form.is_bound and not added else 200)


@sensitive_post_parameters("pin", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, staff_id: object) -> HttpResponse:
    """Show one person and change one thing about them. Nobody changes their own role, nor lets themselves go."""
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        who = people.find(conn, face.program.id, str(staff_id))
        if who is None or who.id != str(staff_id):
            raise Http404
        forms = _forms(request, conn, face, who)
        context = forms | {
            "face": face,
            "who": who,
            "mine": _is_mine(request, who),
            "manages": may_manage(signed_in(request), who.role),
            "approves": who.role in WITH_PIN,
        }
        if request.method != "POST":
            return render(request, "console/person.html", context)
        if not _is_allowed(request, who):
            return render(request, "403.html", {"way_on": True}, status=403)
        done = _change(request, conn, who, forms)
    if isinstance(done, StaffRecord):
        return redirect("console:person", who.id)
    context |= {"link": _link(done)} if isinstance(done, Added) else {"refused": words.say("staff", done or "")}
    return render(request, "console/person.html", context, status=200 if isinstance(done, Added) else 422)


def _add(request: HttpRequest, conn: Connection, face: Face, form: Form) -> Added | None:
    data = form.cleaned_data
    wanted = NewStaff(
        data["email"],
        data["name"],
        Role(data["role"]),
        tuple(data["places"]),
        data["external_id"] or None,
        data["locale"],
    )
    done = people.add(conn, face.program.id, wanted, by=actor(request), now=face.now)
    if isinstance(done, StaffRefusal):
        form.add_error(FIELDS[done], words.say("staff", done))
        return None
    return done


def _is_mine(request: HttpRequest, who: StaffRecord) -> bool:
    return who.id == str(signed_in(request).pk)


def _is_allowed(request: HttpRequest, who: StaffRecord) -> bool:
    """Tell whether the person may change this one: their own PIN, and of others everything."""
    mine = _is_mine(request, who)
    return may_manage(signed_in(request), who.role) and (not mine or request.POST.get("do") == "pin")


def _change(
    request: HttpRequest, conn: Connection, who: StaffRecord, forms: Mapping[str, Form]
) -> Changed | Added | None:
    """Do what one of the page's forms asks for; None when its fields are wrong."""
    now, by, program = clock.now(), actor(request), who.program_id

    def role() -> Changed | None:
        form = forms["role_form"]
        if not form.is_valid():
            return None
        wanted = Role(form.cleaned_data["role"])
        return people.set_role(conn, program, who.id, wanted, form.cleaned_data["places"], by=by, now=now)

    def pin() -> Changed | None:
        form = forms["pin_form"]
        if not form.is_valid():
            return None
        return people.set_pin(conn, program, who.id, form.cleaned_data["pin"], by=by, now=now)

    acts: Mapping[str, Callable[[], Changed | Added | None]] = {
        "role": role,
        "pin": pin,
        "invite": lambda: people.invite(conn, program, who.id, by=by, now=now),
        "deactivate": lambda: people.set_active(conn, program, who.id, active=False, by=by, now=now),
        "activate": lambda: people.set_active(conn, program, who.id, active=True, by=by, now=now),
    }
    act = acts.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return act()


def _forms(request: HttpRequest, conn: Connection, face: Face, who: StaffRecord) -> dict[str, Form]:
    """Return the page's forms; the one that was sent is bound."""
    sent = request.POST.get("do")
    role = RoleForm(
        request.POST if sent == "role" else None,
        roles=_roles(request),
        places=_stores(conn, face),
        initial={"role": who.role, "places": who.places},
    )
    return {"role_form": role, "pin_form": PinForm(request.POST if sent == "pin" else None)}


def _roles(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the roles that the person may give."""
    return [(str(role), words.say("role", role)) for role in Role if may_manage(signed_in(request), role)]


def _stores(conn: Connection, face: Face) -> list[tuple[str, str]]:
    return [(store.code, store.name) for store in workspace.stores(conn, face.program.id)]


def _link(added: Added) -> str:
    return f"{config.public_url()}/console/welcome/{added.token}"
