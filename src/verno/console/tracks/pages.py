"""The list of tracks, one track, its form, and what is done with them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.face import Face, actor, face_of, sees_personal, signed_in
from verno.console.promotions.forms import describing
from verno.console.promotions.opening import naming_of
from verno.console.tracks import refusing, saying
from verno.console.tracks.forms import TrackForm
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import masking
from verno.members import queries as members
from verno.progress import engine, queries, service
from verno.progress import words as telling
from verno.progress.engine import Board
from verno.progress.types import NotPublished, OnStep, Preview, Rule, Stored, Track
from verno.workspace.roles import Permission, may

KINDS = ("tiers", "scale", "stamp_card", "achievement", "challenge", "streak", "badge")
SHOWN = 10
"""Members that a preview names on the page."""


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show all tracks, and how many stand on each step."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        board = queries.judging(conn, face.program, now=face.now)
        on_steps = queries.on_steps(conn, face.program.id)
        total = members.count(conn, face.program.id)
    shown = [_card(one, board, face, on_steps, total) for one in _newest(board, face.now)]
    context_ = {"face": face, "tracks": shown, "changes": _changes(request), "kinds": _kinds()}
    return render(request, "console/tracks/tracks.html", context_)


@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest, code: str) -> HttpResponse:
    """Show one track; who may change promotions removes it here."""
    if request.method == "POST":
        return _remove(request, code)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        board = queries.judging(conn, face.program, now=face.now)
        versions = _versions(board, code)
        on_steps = queries.on_steps(conn, face.program.id)
        total = members.count(conn, face.program.id)
    holding = next(one for one in _newest(board, face.now) if one.id == versions[0].id)
    context_ = {
        "face": face,
        "card": _card(holding, board, face, on_steps, total),
        "versions": [_version(one, board, face, total) for one in versions],
        "recounting": any(not one.filled for one in versions),
        "changes": _changes(request),
        "said": request.session.pop("said", ""),
    }
    part = request.headers.get("HX-Request") is not None
    return render(request, "console/tracks/_versions.html" if part else "console/tracks/track.html", context_)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Write a track of a kind, look at who would stand where, publish it."""
    if kind not in KINDS:
        raise Http404
    return _edit(request, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a track, look at who would move, publish it by a rule."""
    return _edit(request, None, code)


def _edit(request: HttpRequest, kind: str | None, code: str | None) -> HttpResponse:
    if not _changes(request):
        return render(request, "403.html", {"way_on": True}, status=403)
    preview: Preview | None = None
    draft: Track | None = None
    errors: Sequence[str] = ()
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        before = None
        if code is not None:
            before = _versions(queries.judging(conn, face.program, now=face.now), code)[0].track
        form = TrackForm(
            request.POST if request.method == "POST" else None,
            kind=kind or saying.kind(before),  # type: ignore[arg-type]  # one of the two is there
            face=face,
            before=before,
        )
        done = request.POST.get("do", "")
        if request.method == "POST" and done == "rows":
            form.add_rows()
        elif request.method == "POST":
            draft, rule, errors = _read(form)
            if draft is not None and rule is not None and done == "publish":
                published = _publish(request, conn, face, draft, rule)
                if isinstance(published, str):
                    return redirect("console:track", published)
                errors = published.reasons
            elif draft is not None and rule is not None:
                preview, errors = _preview(conn, face, draft, rule)
        context_ = {
            "face": face,
            "form": form,
            "kind": form.kind,
            "before": before,
            "errors": [refusing.in_words(one) for one in errors],
            "asking": _asking(conn, face),
            "problems": json.dumps(refusing.placed(errors), ensure_ascii=False),
            "preview": _moves(request, conn, face, preview, draft, before) if preview and draft else None,
        }
    wrong = bool(errors) or (form.is_bound and done != "rows" and not form.is_valid())
    return render(request, "console/tracks/edit.html", context_, status=422 if wrong else 200)


def _asking(conn: Connection, face: Face) -> str:
    """Return what the builder of conditions needs: a track may ask what a rule may."""
    naming = naming_of(conn, face, context.of(conn, face.program.id).known)
    return msgspec.json.encode(describing.condition_form(naming, always=_("All receipts."))).decode()


def _read(form: TrackForm) -> tuple[Track | None, Rule | None, Sequence[str]]:
    if not form.is_valid():
        return None, None, ()
    found, rule = form.track(), form.conversion()
    return (None, rule, found) if isinstance(found, list) else (found, rule, ())


def _publish(request: HttpRequest, conn: Connection, face: Face, draft: Track, rule: Rule) -> str | NotPublished:
    """Publish, and return the track's code."""
    known = context.of(conn, face.program.id).known
    done = service.publish(conn, face.program, draft, rule, known=known, now=face.now, by=actor(request))
    if isinstance(done, NotPublished):
        return done
    request.session["said"] = (
        _("Published. Stored receipts are being recounted for it; until that is done the version before holds.")
        if done.waits
        else _("Published.")
    )
    return draft.code


def _preview(conn: Connection, face: Face, draft: Track, rule: Rule) -> tuple[Preview | None, Sequence[str]]:
    about = context.of(conn, face.program.id)
    wrong = service.problems(conn, face.program, draft, rule, known=about.known, now=face.now)
    return (None, wrong) if wrong else (recounting.preview(conn, about, draft, rule, now=face.now), ())


def _remove(request: HttpRequest, code: str) -> HttpResponse:
    if not _changes(request):
        return render(request, "403.html", {"way_on": True}, status=403)
    if request.POST.get("do") != "remove":
        raise Http404
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        if not service.remove(conn, face.program.id, code, now=face.now, by=actor(request)):
            raise Http404
    return redirect("console:tracks")


def _moves(
    request: HttpRequest, conn: Connection, face: Face, preview: Preview, draft: Track, before: Track | None
) -> dict[str, object]:
    """Return what a page shows of a preview: from which step to which, and some of those who move."""
    names = _names(request, conn, face, [one.holder_id for one in preview.examples[:SHOWN]])
    old = before or draft
    return {
        "members": preview.members,
        "whole": preview.whole,
        "moves": [
            (
                saying.step(old, one.before, face),
                saying.step(draft, one.after, face),
                one.members,
                one.before != one.after,
            )
            for one in preview.moves
        ],
        "moving": sum(one.members for one in preview.moves if one.before != one.after),
        "examples": [
            (
                one,
                names.get(one.holder_id, ""),
                saying.step(old, one.before, face),
                saying.step(draft, one.after, face),
                saying.amount(face, draft, one.value_after),
            )
            for one in preview.examples[:SHOWN]
        ],
    }


def _names(request: HttpRequest, conn: Connection, face: Face, ids: Sequence[str]) -> Mapping[str, str]:
    found = members.members(conn, face.program.id, list(ids)) if ids else {}
    personal = sees_personal(request)
    shown = {id_: one if personal else masking.masked(one) for id_, one in found.items()}
    return {id_: one.name or one.external_id for id_, one in shown.items()}


def _newest(board: Board, now: datetime) -> list[Stored]:
    """Return of each track the version that holds, else the next one, by code."""
    holding = {one.id: one for one in board.holding(engine.today_of(board, now))}
    oldest = {one.id: one for one in board.stored}  # the newest come first
    return sorted((oldest | holding).values(), key=lambda one: one.track.code)


def _versions(board: Board, code: str) -> list[Stored]:
    """Return the versions of a track that hold or will, the newest first."""
    found = sorted((one for one in board.stored if one.track.code == code), key=lambda one: -one.version)
    if not found:
        raise Http404
    return found


def _card(one: Stored, board: Board, face: Face, on_steps: Sequence[OnStep], total: int) -> dict[str, object]:
    track_ = one.track
    mine = {row.step: row.owners for row in on_steps if row.track_id == one.id}
    steps: list[dict[str, object]] = [
        {
            "name": saying.step(track_, step.code, face),
            "code": step.code,
            "threshold": saying.amount(face, track_, step.threshold),
            "keep": None if step.keep is None else saying.amount(face, track_, step.keep),
            "gives": saying.gives(step, face),
            "owners": mine.get(step.code, 0),
        }
        for step in track_.steps
    ]
    most = max([int(mine.get(step.code, 0)) for step in track_.steps] + [mine.get(None, 0), 1])
    return {
        "code": track_.code,
        "name": telling.name(track_, face.locale),
        "kind": saying.kind(track_),
        "counts": saying.counts(track_),
        "window": saying.window(track_.window, face),
        "rules": saying.rules(track_, face),
        "where": track_.where,
        "lines": track_.lines,
        "steps": steps,
        "none": mine.get(None, 0),
        "most": most,
        "version": _version(one, board, face, total),
    }


def _version(one: Stored, board: Board, face: Face, total: int) -> dict[str, object]:
    holding = {each.id: each.version for each in board.holding(engine.today_of(board, face.now))}
    state = "recounting" if not one.filled else "scheduled"
    if one.filled and holding.get(one.id) == one.version:
        state = "holds"
    return {
        "version": one.version,
        "state": state,
        "from": one.effective_from,
        "published_at": one.published_at,
        "rule": saying.rule(one.rule, face),
        "recounted": min(one.recounted, total),
        "total": max(total, 1),
    }


def _changes(request: HttpRequest) -> bool:
    return may(signed_in(request), Permission.PROMOTIONS_WRITE)


def _kinds() -> list[tuple[str, str, str]]:
    return [(one, words.say("track_kind", one), words.say("track_kind_about", one)) for one in KINDS]
