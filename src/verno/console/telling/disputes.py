"""Disputes: what members say was not them, who stood at the till, and what we answer."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.correction_forms import GIVE, TAKE
from verno.console.face import Face, actor, face_of, note_reading, sees_personal, signed_in
from verno.intake import queries as intake
from verno.kit import batches, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.money import format_scaled
from verno.ledger import queries as ledger
from verno.members import masking
from verno.members import queries as members
from verno.members.types import Member
from verno.messaging.disputes import queries, service
from verno.messaging.disputes.types import UNDECIDED, Dispute, Filter, Outcome, Refusal, State
from verno.messaging.letters.notice import Move
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace import staff as people
from verno.workspace.roles import Permission, may

PAGE = 50
RECEIPTS = 5
MOST_PAGES = 1000


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show disputes, what waits first, and how many name each cashier."""
    asked = {name: request.GET.get(name, "")[:100] for name in ("state", "place", "cashier")}
    number = _page_number(request)
    if asked["state"] not in {"", *queries.STATES} or batches.unclean(asked):
        raise Http404
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        program_id = face.program.id
        mine = _places(request)
        wanted = Filter(asked["state"] or None, asked["place"] or None, asked["cashier"] or None, mine)
        rows = queries.page(conn, program_id, wanted, limit=PAGE + 1, offset=PAGE * (number - 1))
        counted = queries.by_cashier(conn, program_id, now=face.now, places=mine)
        stores = [store for store in workspace.stores(conn, program_id) if mine is None or store.code in mine]
        names = _names(request, conn, program_id, [row.holder_id for row in rows])
    places = {store.code: store.name or store.code for store in stores}
    following = {name: value for name, value in asked.items() if value}
    context = {
        "face": face,
        "rows": [
            (row, names.get(row.holder_id, ""), places.get(row.place or "", row.place or ""), row.deadline < face.now)
            for row in rows[:PAGE]
        ],
        "counted": [(row, places.get(row.place or "", row.place or "")) for row in counted if row.cashier],
        "stores": places.items(),
        "asked": asked,
        "filtered": any(asked.values()),
        "states": queries.STATES,
        "undecided": UNDECIDED,
        "older": urlencode({**following, "page": number + 1}) if len(rows) > PAGE else "",
        "newer": urlencode({**following, "page": number - 1}) if number > 1 else "",
    }
    return render(request, "console/disputes/disputes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, dispute_id: object) -> HttpResponse:
    """Show one dispute beside its receipt; who may, looks into it and answers."""
    answers = may(signed_in(request), Permission.DISPUTES_ANSWER)
    if request.method == "POST" and not answers:
        return render(request, "403.html", {"way_on": True}, status=403)
    return db.retrying(lambda: _answer(request, str(dispute_id), answers=answers))


def _answer(request: HttpRequest, dispute_id: str, *, answers: bool) -> HttpResponse:
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = queries.dispute(conn, face.program.id, dispute_id, Filter(places=_places(request)))
        if found is None:
            raise Http404
        refused = None
        if request.method == "POST":
            outcome = _do(request, conn, face, found)
            if not isinstance(outcome, Refusal):
                return redirect("console:dispute", found.id)
            refused = outcome
        context = _context(request, conn, face, found)
    context |= {"answers": answers, "refused": words.say("dispute_refusal", refused) if refused else ""}
    context["written"] = request.POST.get("words", "") if refused else ""
    return render(request, "console/disputes/dispute.html", context, status=409 if refused else 200)


def _do(request: HttpRequest, conn: Connection, face: Face, found: Dispute) -> Outcome:
    asked, by = request.POST, actor(request)
    match asked.get("do"):
        case "look":
            return service.look(conn, face.program.id, found, by=by, now=face.now)
        case ("upheld" | "rejected") as state:
            said = asked.get("words", "")
            return service.decide(conn, face.program, found, State(state), said, by=by, now=face.now)
        case _:
            raise Http404


def _context(request: HttpRequest, conn: Connection, face: Face, found: Dispute) -> dict[str, object]:
    program_id = face.program.id
    now_id = members.survivors(conn, program_id, [found.holder_id]).get(found.holder_id, found.holder_id)
    member = members.members(conn, program_id, [now_id]).get(now_id)
    personal = sees_personal(request)
    if member is not None:
        note_reading(request, conn, program_id, [member])
    said, answered = queries.said(conn, found) if personal else ("", "")
    receipts = intake.receipts(conn, found.holder_id, limit=RECEIPTS)
    goods = intake.lines(conn, found.holder_id, [found.receipt_id]) if found.receipt_id else {}
    stores = {store.code: store.name or store.code for store in workspace.stores(conn, program_id)}
    staff = {one.id: one.name for one in people.listed(conn, program_id)} if found.decided_by else {}
    others = queries.page(conn, program_id, Filter(cashier=found.cashier)) if found.cashier else []
    return {
        "face": face,
        "one": found,
        "member": member,
        "name": _name(member, personal=personal),
        "place": stores.get(found.place or "", found.place or ""),
        "moves": [face.points(move.points, move.unit, signed=True) for move in found.moves],
        "late": found.state in UNDECIDED and found.deadline < face.now,
        "undecided": found.state in UNDECIDED,
        "said": said,
        "answered": answered,
        "decided_by": staff.get((found.decided_by or "").partition(":")[2], ""),
        "balances": ledger.balances(conn, [now_id], now=face.now).get(now_id, []),
        "receipts": receipts,
        "goods": goods.get(found.receipt_id or "", []),
        "of_cashier": len([one for one in others if one.place == found.place and one.id != found.id]),
        "corrections": _corrections(conn, face, found, now_id) if found.state is State.UPHELD else [],
    }


def _corrections(conn: Connection, face: Face, found: Dispute, holder_id: str) -> list[tuple[str, str]]:
    """Return, for each movement, the correction that takes it back: its figure, and the form filled in."""
    reasons = settings.value(conn, face.program.id, registry.ADJUST_REASONS)
    reason = "complaint" if "complaint" in reasons else reasons[0]
    where = reverse("console:corrections", args=[holder_id])
    out = []
    for move in found.moves:
        filled = {
            "way": TAKE if move.points > 0 else GIVE,
            "points": _plain(face, move),
            "unit": move.unit,
            "reason": reason,
        }
        out.append((face.points(-move.points, move.unit, signed=True), f"{where}?{urlencode(filled)}"))
    return out


def _plain(face: Face, move: Move) -> str:
    """Write points as the form reads them: no separators of thousands."""
    return format_scaled(abs(move.points), face.unit(move.unit).scale, "en").replace(",", "")


def _places(request: HttpRequest) -> tuple[str, ...] | None:
    """Return the places that somebody is bound to, None for nobody's."""
    return tuple(signed_in(request).places) or None


def _names(request: HttpRequest, conn: Connection, program_id: str, ids: list[str]) -> dict[str, str]:
    found = members.members(conn, program_id, sorted(set(ids)))
    return {id_: _name(member, personal=sees_personal(request)) for id_, member in found.items()}


def _name(member: Member | None, *, personal: bool) -> str:
    if member is None:
        return ""
    shown = member if personal else masking.masked(member)
    return shown.name or shown.external_id


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= MOST_PAGES):
        raise Http404
    return int(text[:6])
