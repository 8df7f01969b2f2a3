"""The gallery: ready mechanics by what they are for, each put into a draft with one press."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, signed_in
from verno.console.promotions import drafts, editing
from verno.console.promotions.opening import Opened, opened, refusal
from verno.console.promotions.saying.examples import ToldExample, example
from verno.console.promotions.saying.telling import Teller, Told
from verno.console.tracks import refusing, saying
from verno.kit import db
from verno.progress import service as progress
from verno.progress import words as telling
from verno.progress.types import NotPublished, Recount, Track
from verno.promotions import gallery
from verno.promotions.drafts import queries
from verno.promotions.drafts.types import State
from verno.promotions.gallery.types import INDUSTRIES, Example, Mechanic
from verno.promotions.types import Refused
from verno.rules.fields import Known
from verno.workspace.roles import Permission, may

TARGETS = 30
"""Drafts that are offered."""


@dataclass(frozen=True)
class Card:
    """A mechanic as the page shows it."""

    code: str
    title: str
    text: str
    industries: list[str]
    rules: list[Told]
    whole: list[str]
    example: ToldExample
    parameters: list[str]
    needs: list["Needed"]


@dataclass(frozen=True)
class Needed:
    """A progress track that a mechanic asks and the program has not: what it is, what it counts, its steps."""

    name: str
    kind: str
    told: str
    steps: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
def mechanics(request: HttpRequest) -> HttpResponse:
    """Show the mechanics, all or those of an industry; put one into a draft, and open it in the builder."""
    if request.method == "POST":
        if not may(signed_in(request), Permission.PROMOTIONS_WRITE):
            return render(request, "403.html", {"way_on": True}, status=403)
        return db.retrying(lambda: _use(request))
    industry = request.GET.get("for", "")
    if industry and industry not in set(INDUSTRIES):
        raise Http404
    with opened(request) as page:
        teller = Teller(page.naming_of(editing.EMPTY))
        target = request.GET.get("draft", "")
        context = page.context("gallery") | {
            "groups": [
                (_(purpose), [_card(teller, one) for one in found if not industry or industry in one.industries])
                for purpose, found in gallery.PURPOSES.items()
            ],
            "industries": [(str(code), _(name)) for code, name in INDUSTRIES.items()],
            "industry": industry,
            "drafts": _targets(page),
            "target": int(target) if target.isdecimal() else None,
        }
    return render(request, "console/promotions/gallery.html", context)


def _use(request: HttpRequest) -> HttpResponse:
    mechanic = gallery.find(request.POST.get("mechanic", ""))
    if mechanic is None:
        raise Http404
    target = request.POST.get("draft", "")
    with opened(request) as page:
        if request.POST.get("tracks"):
            refused = _make_tracks(page, mechanic)
            if refused is not None:
                page.say(
                    _("Nothing was made: its progress tracks cannot be."), *map(refusing.in_words, refused.reasons)
                )
                return redirect("console:gallery")
        number = int(target) if target.isdecimal() else drafts.begin(page, _(mechanic.title))
        found = drafts.find(page, number)
        units = [unit.code for unit in page.face.units]
        body, position = editing.with_mechanic(found.body, mechanic, name=_(mechanic.title), units=units)
        done = drafts.save(page, found, body)
        if isinstance(done, Refused):
            page.say(refusal(done))
            return redirect("console:draft", number)
    return redirect("console:rule", number, position)


def _make_tracks(page: Opened, mechanic: Mechanic) -> NotPublished | None:
    """Publish the tracks that a mechanic asks and the program has not; who may write rules may write tracks."""
    wanted = _missing(mechanic, page.desk.known)
    program, known = page.face.program, page.desk.known
    done = progress.publish_all(page.conn, program, wanted, Recount(), known=known, now=page.face.now, by=page.by)
    if isinstance(done, NotPublished):
        return done
    if done:
        names = ", ".join([telling.name(track, page.face.locale) for track in wanted])
        page.say(
            ngettext(
                "The progress track %(names)s is made; stored receipts are being counted for it.",
                "The progress tracks %(names)s are made; stored receipts are being counted for them.",
                len(wanted),
            )
            % {"names": names}
        )
    return None


def _missing(mechanic: Mechanic, known: Known) -> list[Track]:
    return [track for track in mechanic.needs if track.code not in known.tracks]


def _needed(face: Face, track: Track) -> Needed:
    return Needed(
        telling.name(track, face.locale),
        words.say("track_kind", saying.kind(track)),
        next(iter(saying.rules(track, face))),
        [(saying.step(track, step.code, face), saying.amount(face, track, step.threshold)) for step in track.steps],
    )


def _targets(page: Opened) -> list[tuple[int, str]]:
    rows = queries.drafts(page.conn, page.program_id, limit=TARGETS)
    return [(row.number, row.title) for row in rows if row.state is not State.PUBLISHED]


def _best(mechanic: Mechanic) -> Example:
    """Return the first example of which something comes."""
    return next((one for one in mechanic.examples if one.off or one.points or one.told), mechanic.examples[0])


def _card(teller: Teller, mechanic: Mechanic) -> Card:
    face, known = teller.naming.face, teller.naming.known
    return Card(
        mechanic.code,
        _(mechanic.title),
        _(mechanic.text),
        [_(INDUSTRIES[one]) for one in mechanic.industries],
        [teller.rule(rule) for rule in mechanic.rulebook.rules],
        teller.whole(mechanic.rulebook),
        example(face, _best(mechanic)),
        [_(label) for label in dict.fromkeys(one.label for one in mechanic.parameters)],
        [_needed(face, track) for track in _missing(mechanic, known)],
    )
