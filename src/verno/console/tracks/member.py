"""A member's progress: where they stand on each track, what moved it, and a step that staff gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, signed_in
from verno.console.member_page import MemberPage, older, open_page
from verno.console.tracks import saying
from verno.corrections.service.people import own_accounts
from verno.intake import context
from verno.intake import queries as intake
from verno.intake.context import Context
from verno.intake.queries import ReceiptName
from verno.intake.reading import progress as reading
from verno.intake.reading.progress import Cause
from verno.members import queries as members
from verno.progress import engine, queries, service
from verno.progress import words as telling
from verno.progress.types import (
    Between,
    FloorKey,
    Lift,
    NotAgreed,
    SetStep,
    Source,
    StampCard,
    Standing,
    Stored,
    Tiers,
    Track,
)
from verno.workspace import audit, registry, settings
from verno.workspace.roles import Permission, may

CAUSES = 8
MOMENT = timedelta(microseconds=1)
STAMPS = 40
"""Stamps drawn one by one; a longer card is a bar."""


class LiftForm(forms.Form):
    """A step of tiers, through a day, for a reason."""

    step = forms.ChoiceField(label=_("Tier"), widget=forms.Select({"class": "form-select"}))
    last = forms.DateField(label=_("Last day"), widget=forms.DateInput({"class": "form-control", "type": "date"}))
    reason = forms.ChoiceField(label=_("Reason"), widget=forms.Select({"class": "form-select"}))

    def __init__(self, data: Any, *, tracks: Sequence[Track], reasons: Sequence[str], face: Face) -> None:  # noqa: ANN401 Django's
        """Take the tiers and reasons there are."""
        super().__init__(data)
        steps = [
            (f"{track.code}/{step.code}", f"{telling.name(track, face.locale)}: {telling.step_name(step, face.locale)}")
            for track in tracks
            if isinstance(track.settings, Tiers)
            for step in track.steps
        ]
        self.fields["step"].choices = steps  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["reason"].choices = [(one, words.say("reason", one)) for one in reasons]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Shown:
    """A track as the member's page draws it."""

    standing: Standing
    track: Track
    name: str
    kind: str
    step: str
    told: list[str]
    value: str
    part: int
    """How much of the way to the next step is done, in per cent."""
    stamps: Sequence[bool]
    causes: Sequence[tuple[Cause, str, ReceiptName | None, str]]
    """What its receipts count: in words, its name, and where it stands in the list of receipts."""
    more: int
    deadline: date | None


@require_http_methods(["GET", "HEAD", "POST"])
def progress(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show a member's progress; who may correct points gives a tier, or takes back what staff gave."""
    changes = may(signed_in(request), Permission.POINTS_ADJUST)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with open_page(request, member_id) as page:
        about = context.of(page.conn, page.face.program.id)
        tracks = [one.track for one in about.board(page.face.now).holding(_today(about, page))]
        reasons = settings.value(page.conn, page.face.program.id, registry.ADJUST_REASONS)
        form = LiftForm(request.POST or None, tracks=tracks, reasons=reasons, face=page.face)
        if request.method == "POST":
            if _change(request, page, about, form):
                return redirect("console:progress", page.member.id)
            page.note(request)
        shown = _shown(page, about)
        context_ = {
            "tracks": shown,
            "badges": members.badges(page.conn, page.face.program.id, [page.member.id], at=page.face.now).get(
                page.member.id, []
            ),
            "given": [
                (one, _step_of(tracks, one, page.face))
                for one in queries.set_steps(page.conn, page.face.program.id, page.member.id)
                if one.last is None or one.last >= _today(about, page)
            ],
            "contracts": [(one, telling.percent(one.share, page.face.locale)) for one in _contracts(page)],
            "form": form if changes and form.fields["step"].choices and not page.merged_into else None,  # type: ignore[attr-defined]
            "changes": changes,
            "said": request.session.pop("said", ""),
        }
    status = 422 if form.is_bound else 200
    return render(request, "console/tracks/progress.html", page.context("progress") | context_, status=status)


def _change(request: HttpRequest, page: MemberPage, about: Context, form: LiftForm) -> bool:
    """Give a tier, or take back what staff gave; tell whether it is done."""
    conn, program_id, now, by = page.conn, page.face.program.id, page.face.now, actor(request)
    if page.member.id in own_accounts(conn, program_id, [by.id]).get(by.id, set()):
        form.add_error(None, words.say("correction_refusal", "own-account"))
        return False
    on = about.board(now)
    if request.POST.get("do") == "take":
        given = queries.set_steps(conn, program_id, page.member.id)
        one = next((one for one in given if one.key == request.POST.get("key") and one.source is Source.HAND), None)
        if one is None:
            raise Http404
        track_id = next(stored.id for stored in on.stored if stored.track.code == one.track)
        holders = _holders(page)
        floors = [FloorKey(holder, track_id, one.key) for holder in holders]
        service.revoke_floors(conn, program_id, floors, on=on, now=now)
        detail = f"{one.track}:{one.step}"
        audit.record(conn, program_id, by, "tier.take", ("member", page.member.id), now=now, detail=detail)
        return True
    if request.POST.get("do") != "lift":
        raise Http404
    if not form.is_valid():
        return False
    data = form.cleaned_data
    track, _slash, step = data["step"].partition("/")
    wanted = Lift(holder_id=page.member.id, track=track, step=step, last=data["last"], reason=data["reason"])
    done = service.lift(conn, program_id, wanted, on=on, by=by, now=now)
    if isinstance(done, NotAgreed):
        form.add_error("last" if done.reason == "bad-dates" else "step", words.say("lift_refusal", done.reason))
        return False
    return True


def _shown(page: MemberPage, about: Context) -> list[_Shown]:
    face, now = page.face, page.face.now
    board = about.board(now)
    today = _today(about, page)
    holding = {one.id: one for one in board.holding(today)}
    found = queries.standings(page.conn, face.program.id, [page.member.id], on=board, at=now)
    causes = reading.causes(page.conn, about, _holders(page), now=now)
    shown = {id_: some[:CAUSES] for id_, some in causes.items()}
    counts = {id_: len(some) for id_, some in causes.items()}
    names = intake.names(page.conn, sorted({cause.receipt_id for some in shown.values() for cause in some}))
    return [
        _one(page, about, one, holding[one.track_id], (shown.get(one.track_id, []), counts.get(one.track_id, 0)), names)
        for one in found.get(page.member.id, [])
    ]


def _one(
    page: MemberPage,
    about: Context,
    standing: Standing,
    stored: Stored,
    moved: tuple[Sequence[Cause], int],
    names: Mapping[str, ReceiptName],
) -> _Shown:
    face, track, (causes, count) = page.face, stored.track, moved
    scale = about.by_code[track.unit].scale if track.unit in about.by_code else 0
    told = telling.tell(
        standing, track, currency=face.program.currency, today=_today(about, page), locale=face.locale, scale=scale
    )
    full = track.steps[-1].threshold
    card = isinstance(track.settings, StampCard) and 0 < full <= STAMPS
    return _Shown(
        standing=standing,
        track=track,
        name=telling.name(track, face.locale),
        kind=saying.kind(track),
        step=saying.step(track, standing.step, face),
        told=told,
        value=saying.amount(face, track, standing.value),
        part=_part(track, standing),
        stamps=[place < standing.value for place in range(full)] if card else (),
        causes=[
            (
                cause,
                saying.amount(face, track, cause.amount),
                names.get(cause.receipt_id),
                older(cause.at + MOMENT, cause.receipt_id),
            )
            for cause in causes
        ],
        more=count - len(causes),
        deadline=track.window.last if isinstance(track.window, Between) else None,
    )


def _part(track: Track, standing: Standing) -> int:
    """Return how far it is from the step that is held to the next one, in per cent."""
    if standing.next is None:
        return 100
    ahead = next(step.threshold for step in track.steps if step.code == standing.next)
    below = next((step.threshold for step in track.steps if step.code == standing.step), 0)
    if standing.value < below:  # a step that was set, or is promised still
        below = 0
    return min(max((standing.value - below) * 100 // max(ahead - below, 1), 0), 100)


def _step_of(tracks: Sequence[Track], one: SetStep, face: Face) -> str:
    track = next((track for track in tracks if track.code == one.track), None)
    return f"{telling.name(track, face.locale)}: {saying.step(track, one.step, face)}" if track else one.step


def _contracts(page: MemberPage) -> list[Any]:
    program_id = page.face.program.id
    own = queries.contracts(page.conn, program_id, page.member.id)
    group = page.member.buying_group
    return own + (queries.contracts(page.conn, program_id, queries.group_owner(program_id, group)) if group else [])


def _holders(page: MemberPage) -> list[str]:
    return [page.member.id, *(one.id for one in page.merged_from)]


def _today(about: Context, page: MemberPage) -> date:
    return engine.today_of(about.board(page.face.now), page.face.now)
