"""A person's household: who is in it, who may join, and the pool of points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import actor, sees_personal, signed_in
from verno.console.member_page import MemberPage, open_page
from verno.console.views.corrections import by_of
from verno.corrections import pooling
from verno.corrections.naming import fingerprint
from verno.corrections.pooling import Moving
from verno.corrections.types import Kind, Pooling
from verno.corrections.types import Refused as NotMoved
from verno.intake.types import MemberRef
from verno.kit import db
from verno.ledger.types import MAX_POINTS
from verno.members import masking
from verno.members import queries as members
from verno.members.households import service
from verno.members.households.types import Household, Invited, Refused, Role
from verno.members.types import MemberKind
from verno.workspace import audit, registry, settings
from verno.workspace.roles import Permission, may

Said = tuple[str, bool]
"""A sentence, and whether it went well."""


@dataclass
class _Desk:
    """What one request does on the page."""

    request: HttpRequest
    page: MemberPage
    household: Household | None

    def note(self, action: str, who: str, household_id: str) -> None:
        """Have the audit know."""
        page = self.page
        by, about = actor(self.request), ("member", who)
        audit.record(page.conn, page.face.program.id, by, action, about, now=page.face.now, detail=household_id)

    def open(self) -> Household:
        """Return the household there is."""
        if self.household is None:
            raise Http404
        return self.household


@require_http_methods(["GET", "HEAD", "POST"])
def household(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show a member's household; each form does one thing, by its own right."""
    done = request.POST.get("do", "")
    if request.method == "POST":
        if done not in DOES:
            raise Http404
        if not may(signed_in(request), DOES[done][0]):
            return render(request, "403.html", {"way_on": True}, status=403)
    return db.retrying(lambda: _answer(request, member_id, done))


def _answer(request: HttpRequest, member_id: object, done: str) -> HttpResponse:
    staff = signed_in(request)
    said, well = request.session.pop("said", "") if not done else "", True
    with open_page(request, member_id) as page:
        if page.member.kind is not MemberKind.PERSON:
            raise Http404
        desk = _Desk(request, page, _household(page))
        if done:
            said, well = DOES[done][1](desk)
            if well and done != "invite":
                request.session["said"] = said
                return redirect("console:household", page.member.id)
        context = _context(desk)
    context |= {
        "said": said,
        "went_well": well,
        "writes": may(staff, Permission.MEMBERS_WRITE) and page.merged_into is None,
        "moves": may(staff, Permission.POINTS_ADJUST) and page.merged_into is None,
    }
    return render(request, "console/people/household.html", context, status=200 if well else 409)


def _household(page: MemberPage) -> Household | None:
    return service.of(page.conn, page.face.program.id, [page.member.id]).get(page.member.id)


def _context(desk: _Desk) -> dict[str, object]:
    page, there = desk.page, _household(desk.page)
    program_id = page.face.program.id
    out: dict[str, object] = {
        "household": there,
        "roles": [one.value for one in (Role.ADULT, Role.CHILD)],
        "pools": settings.value(page.conn, program_id, registry.HOUSEHOLD_POOLS),
        "again": uuid4(),
    }
    if there is not None:
        people = members.members(page.conn, program_id, [one.holder_id for one in there.mates])
        page.note(desk.request, *people.values())
        shown = {id_: one if sees_personal(desk.request) else masking.masked(one) for id_, one in people.items()}
        mates = [(one, shown[one.holder_id]) for one in there.mates if one.holder_id in shown]
        mine = there.mate(page.member.id)
        out |= {
            "mates": mates,
            "pool": [one for one in pooling.balances(page.conn, there.id, now=page.face.now) if one.available],
            "draws": mine is not None and mine.role is not Role.CHILD,
            "closes": service.last_adult(there, page.member.id),
        }
    return page.context("household") | out


def _open(desk: _Desk) -> Said:
    page = desk.page
    done = service.open_household(page.conn, page.face.program.id, page.member.id, now=page.face.now)
    if isinstance(done, Refused):
        return words.say("household_refusal", done.reason), False
    desk.note("household.open", page.member.id, done.household_id)
    return words.say("household_said", "opened"), True


def _add(desk: _Desk) -> Said:
    page, home = desk.page, desk.open()
    text, role = desk.request.POST.get("q", "").strip(), desk.request.POST.get("role", "")
    program_id = page.face.program.id
    found = members.search(page.conn, program_id, text, limit=2, names=False)
    if len(found) != 1 or role not in {Role.ADULT, Role.CHILD}:
        return words.say("household_refusal", "unknown-member"), False
    rules = pooling.rules(page.conn, program_id)
    done = service.add(page.conn, program_id, home.id, found[0].id, Role(role), rules, now=page.face.now)
    if isinstance(done, Refused):
        return words.say("household_refusal", done.reason), False
    desk.note("household.join", found[0].id, home.id)
    return words.say("household_said", "joined"), True


def _invite(desk: _Desk) -> Said:
    page, home, role = desk.page, desk.open(), desk.request.POST.get("role", "")
    if role not in {Role.ADULT, Role.CHILD}:
        raise Http404
    done = service.invite(page.conn, page.face.program.id, home.id, Role(role), now=page.face.now)
    if not isinstance(done, Invited):
        return words.say("household_refusal", done.reason), False
    until = page.face.day(done.expires_at)
    return words.say("household_said", "invited") % {"code": f"{done.code[:5]}-{done.code[5:]}", "until": until}, True


def _leave(desk: _Desk) -> Said:
    page, home = desk.page, desk.open()
    who = desk.request.POST.get("mate", "")
    done = pooling.leave(page.conn, page.face.program, home.id, who, by_of(desk.request), now=page.face.now)
    if isinstance(done, Refused):
        return words.say("household_refusal", done.reason), False
    if isinstance(done, NotMoved):
        return words.say("correction_refusal", done.reason), False
    desk.note("household.leave", who, home.id)
    return words.say("household_said", "closed" if done.head_id is None else "left"), True


def _put(desk: _Desk) -> Said:
    return _move(desk, pooling.contribute, "put")


def _take(desk: _Desk) -> Said:
    return _move(desk, pooling.draw, "taken")


def _move(desk: _Desk, verb: Callable[..., object], word: str) -> Said:
    page, home, sent = desk.page, desk.open(), desk.request.POST
    unit = next((one for one in page.face.units if one.code == sent.get("unit")), None)
    points = _steps(sent.get("points", ""), unit.scale) if unit else None
    if unit is None or points is None:
        return words.say("household_said", "not-points"), False
    body = Pooling(MemberRef(id=page.member.id), unit.code, points)
    by = by_of(desk.request)
    key = f"staff-pool/{by.id}/{sent.get('token', '')[:100]}"
    wanted = Moving(home.id, page.member.id, body, key, fingerprint(Kind.TRANSFER, f"{word}/{home.id}", body), by)
    outcome = verb(page.conn, page.face.program, wanted, now=page.face.now)
    if isinstance(outcome, NotMoved):
        return words.say("correction_refusal", outcome.reason), False
    return words.say("household_said", word), True


def _steps(text: str, scale: int) -> int | None:
    try:
        steps = Decimal(text.strip().replace(",", ".")).scaleb(scale)
        whole = steps == steps.to_integral_value() and 0 < steps <= MAX_POINTS
    except (InvalidOperation, ValueError):
        return None
    return int(steps) if whole else None


DOES: Mapping[str, tuple[Permission, Callable[[_Desk], Said]]] = {
    "open": (Permission.MEMBERS_WRITE, _open),
    "add": (Permission.MEMBERS_WRITE, _add),
    "invite": (Permission.MEMBERS_WRITE, _invite),
    "leave": (Permission.MEMBERS_WRITE, _leave),
    "put": (Permission.POINTS_ADJUST, _put),
    "take": (Permission.POINTS_ADJUST, _take),
}
"""What the page's forms do, and what a person must be allowed to do for it."""
