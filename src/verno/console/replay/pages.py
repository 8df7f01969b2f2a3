"""Replays: those there are, a new one, and one with its progress and what came out."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.face import Face, actor, face_of, note_reading, sees_personal, signed_in
from verno.console.promotions.saying.problems import retold
from verno.console.replay import figures
from verno.console.replay.forms import ReplayForm
from verno.intake import context as intake
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.money import currency_digits
from verno.members import masking
from verno.members import queries as members
from verno.members.types import Member
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.service import Desk
from verno.promotions.drafts.types import DraftRow, State
from verno.replay.runs import queries, service
from verno.replay.runs.types import NewRun, Refusal, Refused, Run
from verno.replay.types import Loss
from verno.web.sheets import safe
from verno.workspace.roles import Permission, may

DRAFTS = 100
"""Drafts to choose from."""
OVER = frozenset({State.PUBLISHED, State.WITHDRAWN})
FIELDS = {Refusal.UNKNOWN_DRAFT: "draft", Refusal.EMPTY_PERIOD: "until", Refusal.TOO_LONG: "file"}
COLUMNS = ("member", "external_id", "card", "spent", "current", "draft", "loss")


@require_http_methods(["GET", "HEAD", "POST"])
def lab(request: HttpRequest) -> HttpResponse:
    """Show the newest replays; who may write promotions starts one here."""
    changes = _changes(request)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        rows = drafts_to_try(conn, face)
        sent = request.POST if request.method == "POST" else None
        initial = {"period": "year", "draft": request.GET.get("draft")}
        form = ReplayForm(sent, request.FILES if sent is not None else None, drafts=rows, initial=initial)
        problems: Sequence[str] = ()
        if sent is not None and form.is_valid():
            desk, wanted = desk_of(conn, face), form.wanted(face)
            done = service.start(desk, wanted, by=actor(request), now=face.now)
            if isinstance(done, Run):
                return redirect("console:replay-run", done.id)
            form.add_error(FIELDS.get(done.reason), words.say("replay", done.reason))
            problems = retold(done.problems, _body(desk, wanted), face)
        found = queries.runs(conn, face.program.id, now=face.now)
    context = {"face": face, "runs": found, "form": form, "problems": problems, "changes": changes}
    return render(request, "console/replay/lab.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, run_id: object) -> HttpResponse:
    """Show a replay; who may write promotions cancels it here, or starts it again."""
    changes = _changes(request)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = _run(conn, face, run_id)
        if request.method == "POST":
            done = _change(request, conn, face, found)
            if isinstance(done, Run):
                return redirect("console:replay-run", done.id)
            wrong = retold(done.problems, queries.body(conn, face.program.id, found.id), face)
            context = _shown(request, conn, face, found) | {"refused": done, "wrong": wrong, "changes": changes}
            return render(request, "console/replay/run.html", context, status=422)
        context = _shown(request, conn, face, found) | {"changes": changes}
    return render(request, "console/replay/run.html", context)


@require_safe
def progress(request: HttpRequest, run_id: object) -> HttpResponse:
    """Say how far a replay is; once it is over, have the page come anew."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = _run(conn, face, run_id)
    answer = render(request, "console/replay/_progress.html", {"face": face, "run": found})
    if not found.is_open:
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
def losers(request: HttpRequest, run_id: object) -> HttpResponse:
    """Give all whom a replay's draft would cost something as a CSV file; names only to who may see them."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = _run(conn, face, run_id)
        parts = list(_csv(request, conn, face, found))
    answer = HttpResponse(b"".join(parts), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="losers-{found.id}.csv"'
    return answer


def desk_of(conn: Connection, face: Face) -> Desk:
    """Return the desk of the program's drafts."""
    return drafting.open_desk(conn, face.program.id, intake.known_to_rules(conn, face.program.id))


def drafts_to_try(conn: Connection, face: Face) -> list[DraftRow]:
    """Return the drafts that are still to be published, the newest first."""
    return [row for row in drafts.drafts(conn, face.program.id, limit=DRAFTS) if row.state not in OVER]


def _changes(request: HttpRequest) -> bool:
    return may(signed_in(request), Permission.PROMOTIONS_WRITE)


def _run(conn: Connection, face: Face, run_id: object) -> Run:
    found = queries.run(conn, face.program.id, str(run_id), now=face.now)
    if found is None:
        raise Http404
    return found


def _change(request: HttpRequest, conn: Connection, face: Face, found: Run) -> Run | Refused:
    verbs = {"cancel": service.cancel, "again": service.again}
    verb = verbs.get(request.POST.get("do", ""))
    if verb is None:
        raise Http404
    return verb(desk_of(conn, face), found.id, by=actor(request), now=face.now)


def _shown(request: HttpRequest, conn: Connection, face: Face, found: Run) -> dict[str, object]:
    report = queries.report(conn, face.program.id, found.id)
    body = queries.body(conn, face.program.id, found.id)
    shown: dict[str, object] = {"face": face, "run": found, "report": report}
    if report is None:
        return shown | {"problems": retold(found.problems, body, face)}
    people = [one.member for one in report.losses]
    known = members.members(conn, face.program.id, people)
    note_reading(request, conn, face.program.id, known.values())
    if not sees_personal(request):
        known = {id_: masking.masked(one) for id_, one in known.items()}
    row = drafts.row(conn, face.program.id, found.draft) if found.draft is not None else None
    names = figures.names_of(body)
    tracks = {one.track.code: one.track for one in reversed(intake.of(conn, face.program.id).tracks)}
    return shown | figures.shown(face, report, names, tracks, asked=request.GET) | {
        "losses": [(one, known.get(one.member)) for one in report.losses],
        "draft_row": row,
        "stale": row is not None and row.revision != found.revision,
    }  # fmt: skip


def _body(desk: Desk, wanted: NewRun) -> object:
    """Return the rulebook that is to be replayed, whatever is wrong with it."""
    if wanted.draft is None:
        return wanted.body
    found = drafts.draft(desk.conn, desk.program_id, wanted.draft, known=desk.known, units=desk.units)
    return None if found is None else found.body


def _csv(request: HttpRequest, conn: Connection, face: Face, found: Run) -> Iterator[bytes]:
    """Yield the file's parts; money in the currency's whole units."""
    personal = sees_personal(request)
    yield _line([*COLUMNS, "name"] if personal else COLUMNS)
    for page in queries.losses(conn, face.program.id, found.id):
        known = members.members(conn, face.program.id, [one.member for one in page])
        note_reading(request, conn, face.program.id, known.values())
        for one in page:
            member = known.get(one.member)
            yield _line(
                _cells(face, one, member if member is None or personal else masking.masked(member), personal=personal)
            )


def _cells(face: Face, one: Loss, member: Member | None, *, personal: bool) -> list[str]:
    digits = currency_digits(face.program.currency)
    who = ["", "", ""] if member is None else [member.external_id, member.card or "", member.name or ""]
    money = [str(Decimal(value).scaleb(-digits)) for value in (one.spent, one.current, one.draft, one.loss)]
    return [one.member, *who[:2], *money, *(who[2:] if personal else [])]


def _line(cells: Sequence[str]) -> bytes:
    """Return a line; what a spreadsheet would take for a formula is text."""
    out = io.StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue().encode()
