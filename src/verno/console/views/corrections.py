"""Corrections: a member's, with the forms for new ones, and the queue that waits for a second person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.correction_forms import AdjustForm, FindForm, OwnForm, asked_for
from verno.console.face import actor, face_of, sees_personal, signed_in
from verno.console.member_page import MemberPage, open_page
from verno.corrections import queries, service
from verno.corrections.naming import fingerprint
from verno.corrections.queries import CorrectionView, MergeView
from verno.corrections.types import (
    UNDO_DAYS,
    Adjustment,
    Asked,
    By,
    ByKind,
    Decision,
    Done,
    Kind,
    Refused,
    Reinstatement,
    Status,
)
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.members import masking
from verno.members import queries as members
from verno.members.types import Member
from verno.workspace import audit, registry, settings
from verno.workspace import staff as people
from verno.workspace.models import Staff
from verno.workspace.roles import Permission, may

FOUND = 5

Body = TypeVar("Body", Adjustment, Reinstatement)


@dataclass
class _Desk:
    """What one request does on a member's page of corrections."""

    request: HttpRequest
    page: MemberPage
    adjust: AdjustForm
    find: FindForm
    own: OwnForm | None
    said: str = ""
    went_well: bool = True
    found: list[tuple[Member, Sequence[object]]] = field(default_factory=list)

    @property
    def by(self) -> By:
        """Who asks."""
        return by_of(self.request)

    def tell(self, text: str, *, well: bool) -> None:
        """Have a sentence shown."""
        self.said, self.went_well = text, well


@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show a member's corrections and merges; give, take, give again, find whom to merge, each by its own right."""
    staff = signed_in(request)
    done = ""
    if request.method == "POST":
        done = request.POST.get("do", "")
        if done not in DOES:
            raise Http404
        if not may(staff, DOES[done][0]):
            return render(request, "403.html", {"way_on": True}, status=403)
    return db.retrying(lambda: _answer(request, member_id, staff, done))


@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """Show what waits for a second person, and take their word."""
    said, well = "", True
    if request.method == "POST":
        decision = Decision(request.POST.get("id", ""), request.POST.get("do") == "approve", by_of(request))
        if request.POST.get("do") not in {"approve", "refuse"}:
            raise Http404

        def work() -> object:
            with db.transaction() as conn:
                program = face_of(request, conn, clock.now()).program
                return service.decide(conn, program, [decision], now=clock.now())[0]

        outcome = db.retrying(work)
        if isinstance(outcome, Refused):
            said, well = words.say("correction_refusal", outcome.reason), False
        elif isinstance(outcome, Done):
            said = words.say("decided", outcome.status)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        waiting = queries.waiting(conn, face.program.id)
        names = _names(request, conn, face.program.id, [row.holder_id for row in waiting])
        authors = queries.staff_names(conn, face.program.id, _staff_ids(waiting))
    rows = [(row, names.get(row.holder_id, ""), authors.get(row.author_id, "")) for row in waiting]
    context = {"face": face, "rows": rows, "said": said, "went_well": well, "me": str(signed_in(request).pk)}
    return render(request, "console/approvals.html", context, status=200 if well else 409)


def by_of(request: HttpRequest) -> By:
    """Return who asks, as corrections know them."""
    who = actor(request)
    return By(ByKind(who.kind), who.id, who.address)


def _answer(request: HttpRequest, member_id: object, staff: Staff, done: str) -> HttpResponse:
    with open_page(request, member_id) as page:
        desk = _open(request, page, staff, done)
        if done:
            DOES[done][1](desk)
        if done and desk.went_well and done != "find":
            request.session["said"] = desk.said
            return redirect("console:corrections", page.member.id)
        if done:
            page.note(request, *(member for member, _ in desk.found))
        context = _context(desk, staff)
    desk.said = desk.said or request.session.pop("said", "")
    context |= {"said": desk.said, "went_well": desk.went_well}
    status = 200 if desk.went_well else 409
    return render(request, "console/corrections.html", context, status=422 if _wrong(desk) else status)


def _open(request: HttpRequest, page: MemberPage, staff: Staff, done: str) -> _Desk:
    program_id = page.face.program.id
    reasons = settings.value(page.conn, program_id, registry.ADJUST_REASONS)
    people_ = (
        [(one.id, one.name) for one in people.listed(page.conn, program_id)]
        if may(staff, Permission.STAFF_WRITE)
        else []
    )
    return _Desk(
        request,
        page,
        AdjustForm(
            request.POST if done == "adjust" else None,
            face=page.face,
            reasons=reasons,
            initial={"token": uuid4(), **asked_for(request.GET)},
        ),
        FindForm(request.POST if done == "find" else None),
        OwnForm(request.POST if done == "own" else None, people=people_) if people_ else None,
    )


def _wrong(desk: _Desk) -> bool:
    forms: list[Form] = [desk.adjust, desk.find, *([desk.own] if desk.own else [])]
    return any(form.is_bound and form.errors for form in forms)


def _context(desk: _Desk, staff: Staff) -> dict[str, object]:
    page = desk.page
    conn, program_id, member = page.conn, page.face.program.id, page.member
    rows = queries.of_member(conn, program_id, member.id)
    merges = queries.merges_of(conn, program_id, member.id)
    others = _names(desk.request, conn, program_id, [_other(row, member.id) for row in merges])
    owners = queries.owners(conn, program_id, member.id)
    names = queries.staff_names(conn, program_id, {*_staff_ids(rows), *owners})
    last = page.face.now - timedelta(days=UNDO_DAYS)
    return page.context("corrections") | {
        "rows": [(row, names.get(row.author_id, ""), names.get(row.decided_by or "", "")) for row in rows],
        "merges": [
            (
                row,
                _other(row, member.id),
                others.get(_other(row, member.id), ""),
                row.undone_at is None and row.merged_at > last,
            )
            for row in merges
        ],
        "adjusts": may(staff, Permission.POINTS_ADJUST) and page.merged_into is None,
        "merging": may(staff, Permission.MEMBERS_MERGE) and page.merged_into is None,
        "may_undo": may(staff, Permission.MEMBERS_MERGE),
        "adjust": desk.adjust,
        "find": desk.find,
        "own": desk.own,
        "owners": sorted(names.get(one, one) for one in owners),
        "found": desk.found,
        "windows": [unit for unit in page.face.units if unit.lifetime.reinstate_days],
        "again": uuid4(),
        "undo_days": UNDO_DAYS,
    }


def _other(row: MergeView, member_id: str) -> str:
    return row.holder_id if row.into_id == member_id else row.into_id


def _adjust(desk: _Desk) -> None:
    form, page = desk.adjust, desk.page
    if not form.is_valid():
        desk.went_well = False
        return
    asked = _asked(desk, Kind.ADJUSTMENT, form.adjustment(), str(form.cleaned_data["token"]))
    outcome = service.adjust(page.conn, page.face.program, [asked], now=page.face.now)[0]
    if isinstance(outcome, Refused):
        desk.tell(words.say("correction_refusal", outcome.reason), well=False)
    else:
        waits = isinstance(outcome, Done) and outcome.status is Status.WAITING
        desk.tell(words.say("said", "waiting" if waits else "adjusted"), well=True)


def _reinstate(desk: _Desk) -> None:
    page, body = desk.page, Reinstatement(desk.request.POST.get("unit", ""))
    asked = _asked(desk, Kind.REINSTATEMENT, body, desk.request.POST.get("token", "")[:100])
    outcome = service.reinstate(page.conn, page.face.program, [asked], now=page.face.now)[0]
    if isinstance(outcome, Refused):
        desk.tell(words.say("correction_refusal", outcome.reason), well=False)
    else:
        desk.tell(words.say("said", "reinstated"), well=True)


def _find(desk: _Desk) -> None:
    form, page = desk.find, desk.page
    if not form.is_valid():
        desk.went_well = False
        return
    text, personal = form.cleaned_data["q"], sees_personal(desk.request)
    found = members.search(page.conn, page.face.program.id, text, limit=FOUND, names=personal)
    others = [one for one in found if one.id != page.member.id]
    balances = ledger.balances(page.conn, [one.id for one in others], now=page.face.now)
    desk.found = [(one if personal else masking.masked(one), balances.get(one.id, [])) for one in others]
    if not others:
        desk.tell(words.say("said", "nobody"), well=False)


def _own(desk: _Desk) -> None:
    page, form = desk.page, desk.own
    if form is None or not form.is_valid():
        desk.went_well = False
        return
    staff_id = form.cleaned_data["staff"]
    service.declare_own(page.conn, page.face.program.id, staff_id, page.member.id, now=page.face.now)
    about = ("member", page.member.id)
    audit.record(
        page.conn, page.face.program.id, actor(desk.request), "member.own-account", about,
        now=page.face.now, detail=staff_id,
    )  # fmt: skip
    desk.tell(words.say("said", "declared"), well=True)


DOES: Mapping[str, tuple[Permission, Callable[[_Desk], None]]] = {
    "adjust": (Permission.POINTS_ADJUST, _adjust),
    "reinstate": (Permission.POINTS_ADJUST, _reinstate),
    "find": (Permission.MEMBERS_MERGE, _find),
    "own": (Permission.STAFF_WRITE, _own),
}
"""What the page's forms do, and what a person must be allowed to do for it."""


def _asked(desk: _Desk, kind: Kind, body: Body, token: str) -> Asked[Body]:
    holder = desk.page.member.id
    return Asked(holder, body, f"staff/{desk.by.id}/{token}", fingerprint(kind, holder, body), desk.by)


def _staff_ids(rows: Sequence[CorrectionView]) -> set[str]:
    ids = {row.author_id for row in rows if row.author_kind == ByKind.STAFF}
    return ids | {row.decided_by for row in rows if row.decided_by is not None}


def _names(request: HttpRequest, conn: Connection, program_id: str, ids: Sequence[str]) -> dict[str, str]:
    """Return what members are called, masked for those who may not see it."""
    found = members.members(conn, program_id, sorted(set(ids))) if ids else {}
    personal = sees_personal(request)
    shown = {id_: one if personal else masking.masked(one) for id_, one in found.items()}
    return {id_: one.name or one.external_id for id_, one in shown.items()}
