"""What a merge would do, before and after, to be confirmed; and what its undoing would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, face_of, note_reading, sees_personal
from verno.console.member_page import birth_date
from verno.console.tracks import saying
from verno.console.views.corrections import by_of
from verno.corrections import service
from verno.corrections.previewing import Merging, Side, Undoing, preview_merge, preview_undo
from verno.corrections.types import NewMerge, Refusal, Refused
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.ledger.types import Balance
from verno.members import masking
from verno.members import queries as members
from verno.members.consent import topics as naming
from verno.members.types import Member, Purpose, State
from verno.progress import queries as progress
from verno.progress import words as telling
from verno.progress.types import Track

LOTS = 8


@dataclass(frozen=True)
class Column:
    """One member in a comparison, as the page shows them."""

    member: Member
    birth_date: str
    balances: Sequence[Balance]
    lots: Sequence[tuple[str, str | None, int]]
    """(unit, the day they end, points): lots that end on one day are one line."""
    more_lots: int
    tiers: Sequence[tuple[str, str]]
    words: Sequence[tuple[str, str, State]]
    """(topic or purpose, channel, where it stands)."""
    badges: Sequence[str]
    housemates: int | None


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, member_id: object, other_id: object) -> HttpResponse:
    """Show what would become of two members; confirmed, it does."""
    wanted = NewMerge(str(other_id), str(member_id), by_of(request))
    return db.retrying(lambda: _merge(request, wanted))


@require_http_methods(["GET", "HEAD", "POST"])
def unmerge(request: HttpRequest, member_id: object, merge_id: object) -> HttpResponse:
    """Show what would come back and what was spent meanwhile; confirmed, the merge is undone."""
    return db.retrying(lambda: _unmerge(request, str(member_id), str(merge_id)))


def _merge(request: HttpRequest, wanted: NewMerge) -> HttpResponse:
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        known = members.members(conn, face.program.id, [wanted.holder_id, wanted.into_id])
        if {wanted.holder_id, wanted.into_id} - set(known):
            raise Http404
        refused: Refused | None = None
        if request.method == "POST":
            (done,) = service.merge(conn, face.program, [wanted], now=now)
            if not isinstance(done, Refused):
                request.session["said"] = words.say("said", "merged")
                return redirect("console:corrections", wanted.into_id)
            refused = done
        told = preview_merge(conn, face.program, wanted, now=now)
        note_reading(request, conn, face.program.id, known.values())
        about = _about(request, conn, face)
    context: dict[str, object] = {"face": face, "holder_id": wanted.holder_id, "into_id": wanted.into_id}
    if isinstance(told, Merging):
        columns = about.column(told.holder), about.column(told.into), about.column(told.after)
        context |= {"columns": columns, "identities": told.identities, "until": told.until}
    else:
        refused = told
    context["refused"] = refused and words.say("correction_refusal", refused.reason)
    return render(request, "console/people/merge.html", context, status=_status(request, refused))


def _unmerge(request: HttpRequest, member_id: str, merge_id: str) -> HttpResponse:
    now, by = clock.now(), by_of(request)
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        refused: Refused | None = None
        if request.method == "POST":
            done = service.undo(conn, face.program, merge_id, by, now=now)
            if not isinstance(done, Refused):
                request.session["said"] = words.say("said", "undone")
                return redirect("console:corrections", member_id)
            refused = done
        told = preview_undo(conn, face.program, merge_id, by, now=now)
        about = _about(request, conn, face)
        if isinstance(told, Undoing):
            note_reading(request, conn, face.program.id, [told.holder.member, told.into.member])
    context: dict[str, object] = {"face": face, "member_id": member_id}
    if isinstance(told, Undoing):
        columns = about.column(told.before), about.column(told.into), about.column(told.holder)
        context |= {"columns": columns, "told": told}
        context |= {
            "back": [(points, face.unit(code).id) for code, points in told.back.items()],
            "gone": [(points, face.unit(code).id) for code, points in told.gone.items()],
        }
    else:
        refused = told
        if told.reason is Refusal.UNKNOWN:
            raise Http404
    context["refused"] = refused and words.say("correction_refusal", refused.reason)
    return render(request, "console/people/unmerge.html", context, status=_status(request, refused))


def _status(request: HttpRequest, refused: Refused | None) -> int:
    return 409 if refused and request.method == "POST" else 200


@dataclass(frozen=True)
class _About:
    """What columns are written with."""

    face: Face
    topics: Mapping[str, str]
    tracks: Mapping[str, Track]
    personal: bool

    def column(self, side: Side) -> Column:
        """Write one member down."""
        member = side.member if self.personal else masking.masked(side.member)
        said = [
            (self.topics.get(one.topic, one.topic), one.channel, one.state)
            if one.purpose is Purpose.ADVERTISING
            else (words.say("purpose", one.purpose), "", one.state)
            for one in side.standings
        ]
        lots: dict[tuple[str, str | None], int] = {}
        for lot in side.lots:
            end = (lot.unit_id, self.face.day(lot.expires_at) if lot.expires_at else None)
            lots[end] = lots.get(end, 0) + lot.remaining
        lines = [(unit, day, points) for (unit, day), points in lots.items()]
        tiers = [(self.tracks[code], step) for code, step in sorted(side.steps.items()) if code in self.tracks]
        return Column(
            member,
            birth_date(self.face, member.birth_date),
            side.balances or [Balance(unit.id) for unit in self.face.units],
            lines[:LOTS],
            max(0, len(lines) - LOTS),
            [(telling.name(track, self.face.locale), saying.step(track, step, self.face)) for track, step in tiers],
            said,
            sorted({one.code for one in side.badges}),
            len(side.household.mates) if side.household else None,
        )


def _about(request: HttpRequest, conn: Connection, face: Face) -> _About:
    program_id = face.program.id
    topics = {one.code: naming.name(one, face.locale[:2]) for one in members.topics(conn, program_id)}
    tracks = {one.track.code: one.track for one in reversed(progress.tracks(conn, program_id))}  # the newest last
    return _About(face, topics, tracks, sees_personal(request))
