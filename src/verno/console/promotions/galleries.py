"""The gallery: ready mechanics by what they are for, each put into a draft with one press."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from verno.console.face import signed_in
from verno.console.promotions import drafts, editing
from verno.console.promotions.opening import Opened, opened, refusal
from verno.console.promotions.saying.examples import ToldExample, example
from verno.console.promotions.saying.telling import Teller, Told
from verno.kit import db
from verno.promotions import gallery
from verno.promotions.drafts import queries
from verno.promotions.drafts.types import State
from verno.promotions.gallery.types import INDUSTRIES, Example, Mechanic
from verno.promotions.types import Refused
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
    needs: list[str]


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
        number = int(target) if target.isdecimal() else drafts.begin(page, _(mechanic.title))
        found = drafts.find(page, number)
        units = [unit.code for unit in page.face.units]
        body, position = editing.with_mechanic(found.body, mechanic, name=_(mechanic.title), units=units)
        done = drafts.save(page, found, body)
        if isinstance(done, Refused):
            page.say(refusal(done))
            return redirect("console:draft", number)
    return redirect("console:rule", number, position)


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
        [track.name or code for code, track in mechanic.tracks.items() if code not in known.tracks],
    )
