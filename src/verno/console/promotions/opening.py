"""What every page of promotions begins with: the face, the desk of drafts, people by name, a word from before."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from verno.catalogue import queries as catalogue
from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.memo import Memo
from verno.console.promotions import editing
from verno.console.promotions.forms.describing import Naming
from verno.console.promotions.saying.problems import retold
from verno.console.promotions.saying.telling import Teller
from verno.intake import context
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.money import currency_digits
from verno.progress import queries as progress
from verno.progress import words as words_of_tracks
from verno.promotions import queries
from verno.promotions.drafts import service
from verno.promotions.drafts.service import Desk
from verno.promotions.starter import BEGINNING
from verno.promotions.types import Refused, StoredRulebook
from verno.rules.fields import Known, Track
from verno.rules.making.compiling import PATH
from verno.rules.types import Rulebook
from verno.workspace import keys, staff
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import Permission, may

SAID = "said-promotions"
MOST_CATEGORIES = 1000

_paths: Memo[list[str]] = Memo()
"""Categories that goods are in, by program: a page need not look through the catalogue each time."""


@dataclass
class Opened:
    """One request on a page of promotions."""

    request: HttpRequest
    conn: Connection
    face: Face
    desk: Desk

    @property
    def program_id(self) -> str:
        """Whose promotions."""
        return self.face.program.id

    @property
    def by(self) -> Actor:
        """Who asks."""
        return actor(self.request)

    @property
    def rights(self) -> dict[str, bool]:
        """What the person may do here, for templates."""
        who = signed_in(self.request)
        return {
            "writes": may(who, Permission.PROMOTIONS_WRITE),
            "approves": may(who, Permission.PROMOTIONS_APPROVE),
        }

    @cached_property
    def books(self) -> list[StoredRulebook]:
        """All versions, the one that holds latest first."""
        return queries.rulebooks(self.conn, self.program_id, known=context.remembered(self.program_id))

    @property
    def present(self) -> StoredRulebook | None:
        """The version that holds now."""
        return queries.at(self.books, self.face.now)

    def naming_of(self, body: Mapping[str, object]) -> Naming:
        """Return what words about a draft's body may name: places by their names too, and regions."""
        categories = body.get("categories")
        codes = [str(one["code"]) for one in categories if isinstance(one, dict) and one.get("code")] if isinstance(
            categories, list
        ) else []  # fmt: skip
        return naming_of(self.conn, self.face, self.desk.known, editing.rules_of(body), codes)

    def teller_of(self, book: Rulebook) -> Teller:
        """Return who says things of a published rulebook."""
        rules = [{"id": rule.id, "name": rule.name} for rule in book.rules]
        return Teller(self.naming_of({"rules": rules}))

    @cached_property
    def _hands(self) -> dict[str, str]:
        people = {f"{ActorKind.STAFF}:{one.id}": one.name for one in staff.listed(self.conn, self.program_id)}
        return people | {f"{ActorKind.KEY}:{one.id}": one.name for one in keys.listed(self.conn, self.program_id)}

    def name_of(self, hand: str | None) -> str:
        """Return what a hand, ``kind:id``, is called."""
        if not hand:
            return ""
        return self._hands.get(hand) or words.say("actor", hand.partition(":")[0])

    def since(self, book: StoredRulebook) -> str:
        """Say from when a version holds; the first holds for whatever a till may still know of."""
        if book.effective_from <= BEGINNING:
            return _("from the very beginning")
        return _("from %(when)s") % {"when": self.face.moment(book.effective_from)}

    def reasons(self, refused: Refused, body: object) -> list[str]:
        """Say why nothing was done, and what is wrong with the body that was meant."""
        return [refusal(refused), *retold(refused.problems, body, self.face)]

    def say(self, *texts: str) -> None:
        """Have the next page begin with a sentence, and what more there is to say of it."""
        self.request.session[SAID] = texts

    def context(self, room: str) -> dict[str, object]:
        """Return what every template needs."""
        return {"face": self.face, "room": room, "said": self.request.session.pop(SAID, ()), **self.rights}


def naming_of(
    conn: Connection,
    face: Face,
    known: Known,
    rules: Sequence[Mapping[str, object]] = (),
    categories: Sequence[str] = (),
) -> Naming:
    """Return what words and forms may name: places, regions, tracks, goods' categories; ``rules`` and their own."""
    stores = workspace.stores(conn, face.program.id)
    known = replace(
        known,
        digits=currency_digits(face.program.currency),
        places={store.code: store.name for store in stores},
        tracks=_tracks(conn, face, known),
        regions={region: region for region in sorted({store.region for store in stores if store.region})},
    )
    return Naming(face, known, rules, categories, _paths_of(conn, face.program.id))


def _tracks(conn: Connection, face: Face, known: Known) -> Mapping[str, Track]:
    """Return the tracks by the names that the reader's language has for them and their steps."""
    found = dict(known.tracks)
    for one in reversed(progress.tracks(conn, face.program.id)):  # the newest last
        there, track = found.get(one.track.code), one.track
        if there is not None:
            steps = {step.code: words_of_tracks.step_name(step, face.locale) for step in track.steps}
            named = replace(there, name=words_of_tracks.name(track, face.locale), steps={**there.steps, **steps})
            found[track.code] = named
    return found


def _paths_of(conn: Connection, program_id: str) -> list[str]:
    """Return the categories of goods as they are typed, those above others too."""
    found = _paths.get(
        program_id, lambda: [
            PATH.join(path[:depth])
            for path in catalogue.categories(conn, program_id, most=MOST_CATEGORIES)
            for depth in range(1, len(path) + 1)
        ],
    )  # fmt: skip
    return list(dict.fromkeys(found))


@contextmanager
def opened(request: HttpRequest) -> Iterator[Opened]:
    """Open the program's promotions in one transaction."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        known = context.known_to_rules(conn, face.program.id)
        yield Opened(request, conn, face, service.open_desk(conn, face.program.id, known))


def refusal(refused: Refused) -> str:
    """Say why nothing was done."""
    return words.say("promotion_refusal", refused.reason)
