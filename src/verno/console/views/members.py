"""Find a member, and read everything about one."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from verno.console.face import Face, face_of, note_reading, sees_personal, signed_in
from verno.console.member_page import SYNTHETIC, older, open_page, read_place
from verno.console.rooms import opens
from verno.intake import context as intake_context
from verno.intake import queries as intake
from verno.intake.reading import explaining
from verno.intake.words import explain
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.queries import LotView
from verno.members import masking
from verno.members import queries as members
from verno.members.consent.levels import level
from verno.members.likeness import service as likeness

SOON = timedelta(days=30)
LOTS = 50
HOLDS = 20
PAGE = 20
TRANSFERS = 30


ROOMS = (
    ("disputes", _("Disputes")),
    ("member-imports", _("Import members")),
    ("duplicates", _("Possible duplicates")),
    ("erasures", _("Requests to be forgotten")),
    ("attributes", _("Member attributes")),
    ("topics", _("Topics and consents")),
)
"""What else there is to do about members, by the address's name."""


class Door(NamedTuple):
    """A way on from the list of members; how much waits behind it."""

    address: str
    title: Promise
    waiting: int


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Look for members. The words travel in the body: phones and e-mails must not end in addresses and logs."""
    now = clock.now()
    text = request.POST.get("q", "").strip()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        personal = sees_personal(request)
        found = members.search(conn, face.program.id, text, names=personal) if text else []
        note_reading(request, conn, face.program.id, found)
        total = 0 if text else members.count(conn, face.program.id)
        part = request.headers.get("HX-Request") is not None
        doors = [] if part else _doors(request, conn, face)
        balances = ledger.balances(conn, [member.id for member in found], now=now)
    shown = found if personal else [masking.masked(member) for member in found]
    context = {
        "face": face,
        "text": text,
        "found": [
            (member, bool(member.attributes.get(SYNTHETIC)), balances.get(member.id, []), level(member.consents).value)
            for member in shown
        ],
        "personal": personal,
        "full": len(found) == members.SEARCH_LIMIT,
        "total": total,
        "doors": doors,
    }
    return render(request, "console/_found.html" if part else "console/members.html", context)


def _doors(request: HttpRequest, conn: Connection, face: Face) -> list[Door]:
    open_ones = [(name, title) for name, title in ROOMS if opens(signed_in(request), name)]
    counts = {"duplicates": likeness.count} if any(name == "duplicates" for name, _title in open_ones) else {}
    waiting = {name: count(conn, face.program.id) for name, count in counts.items()}
    return [Door(reverse(f"console:{name}"), title, waiting.get(name, 0)) for name, title in open_ones]


@require_safe
def points(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show what the member has: by unit, what ends soon, lot by lot."""
    with open_page(request, member_id) as page:
        now = page.face.now
        ending = ledger.expiring(page.conn, page.member.id, now=now)
        lots = ledger.lots(page.conn, page.member.id, now=now, limit=LOTS + 1)
        holds = ledger.holds(page.conn, page.member.id, now=now, limit=HOLDS)
        sources = [lot.operation_id for lot in lots if lot.operation_id] + [hold.operation_id for hold in holds]
        names = intake.names(page.conn, sources)
    named = [(lot, names.get(lot.operation_id or "")) for lot in lots[:LOTS]]
    context = {
        "soon": [row for row in ending if row.expires_at <= now + SOON],
        "later": next((row for row in ending if row.expires_at > now + SOON), None),
        "holds": [(hold, names.get(hold.operation_id)) for hold in holds],
        "open_lots": [pair for pair in named if _is_open(pair[0], now)],
        "closed_lots": [pair for pair in named if not _is_open(pair[0], now)],
        "more_lots": len(lots) > LOTS,
        "now": now,
    }
    return render(request, "console/points.html", page.context("points") | context)


@require_safe
def transfers(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show every change of the member's points with its reason."""
    before = read_place(request)
    with open_page(request, member_id) as page:
        rows = ledger.transfers(page.conn, page.member.id, before=before, limit=TRANSFERS + 1)
        names = intake.names(page.conn, [row.operation_id for row in rows if row.operation_id])
    context = {
        "rows": [(row, names.get(row.operation_id or "")) for row in rows[:TRANSFERS]],
        "first": before is None,
        "older": older(rows[TRANSFERS - 1].at, rows[TRANSFERS - 1].id) if len(rows) > TRANSFERS else None,
    }
    return render(request, "console/transfers.html", page.context("transfers") | context)


@require_safe
def receipts(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show receipts with their lines, and why each brought what it brought."""
    before = read_place(request)
    with open_page(request, member_id) as page:
        rows = intake.receipts(page.conn, page.member.id, before=before, limit=PAGE + 1)
        lines: dict[str, list[intake.LineView]] = {}
        for keeper in {
            row.lines_holder_id for row in rows[:PAGE]
        }:  # one claimed late keeps its lines where it was made
            lines |= intake.lines(page.conn, keeper, [row.id for row in rows[:PAGE] if row.lines_holder_id == keeper])
        returned = intake.returns(page.conn, [row.id for row in rows[:PAGE]])
    face = page.face

    def why(row: intake.ReceiptView) -> list[str]:
        return [
            explain(
                fired,
                currency=face.program.currency,
                scale=face.unit(fired.unit).scale if fired.unit else 0,
                locale=face.locale,
            )
            for fired in row.fired
        ]

    def amounts(points: dict[str, int]) -> list[tuple[str, int]]:
        return [(face.unit(code).id, amount) for code, amount in points.items() if amount]

    def backs(row: intake.ReceiptView) -> list[tuple[intake.ReturnView, list[tuple[str, int]], list[tuple[str, int]]]]:
        return [(one, amounts(one.taken), amounts(one.put)) for one in returned.get(row.id, ())]

    context = {
        "rows": [(row, lines[row.id], why(row), backs(row)) for row in rows[:PAGE]],
        "first": before is None,
        "older": older(rows[PAGE - 1].at, rows[PAGE - 1].id) if len(rows) > PAGE else None,
        "unit": face.units[0] if face.units else None,
        "may_try": opens(signed_in(request), "try-receipt"),
    }
    return render(request, "console/receipts.html", page.context("receipts") | context)


def _is_open(lot: LotView, now: datetime) -> bool:
    return lot.remaining > 0 and (lot.expires_at is None or lot.expires_at > now)


@require_safe
def explanation(request: HttpRequest, member_id: object, transfer_id: object) -> HttpResponse:
    """Show why a movement is what it is: rules, lines and numbers, the lots it ate, where its own lot went."""
    with open_page(request, member_id) as page:
        about = intake_context.of(page.conn, page.face.program.id)
        found = explaining.transfer(page.conn, about, str(transfer_id), locale=page.face.locale)
    if found is None or found.member != page.member.id:
        raise Http404
    unit = next(one.id for one in page.face.units if one.code == found.unit)
    return render(request, "console/explanation.html", page.context("transfers") | {"one": found, "unit": unit})
