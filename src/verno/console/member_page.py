"""What all tabs of a member's page share: who it is, what they agreed to, what they have."""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest

from verno.console import words
from verno.console.consents.grouping import standing
from verno.console.face import Face, face_of, note_reading, sees_personal
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.types import Balance
from verno.members import masking
from verno.members import queries as members
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute
from verno.members.consent import levels
from verno.members.consent import topics as naming
from verno.members.consent.state import WHOLE
from verno.members.districts import locating
from verno.members.districts import registry as registry_of_districts
from verno.members.types import AttributeKind, Consent, Member, Merged, Topic
from verno.web import pages
from verno.web.pages import Place
from verno.web.problems import Refused
from verno.workspace import queries as workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

SYNTHETIC = "synthetic"
"""The attribute that marks an invented member (the demo's)."""


@dataclass(frozen=True)
class MemberPage:
    """A member of the signed-in person's own program, on one connection at one moment."""

    conn: Connection
    face: Face
    member: Member
    balances: list[Balance]
    personal: bool
    """Whether the person who looks may see personal data; the member is masked otherwise."""
    merged_into: str | None = None
    """Whom the member is now; their own page stays, with all that happened before."""
    merged_from: tuple[Merged, ...] = ()
    topics: tuple[Topic, ...] = ()
    declared: Mapping[str, Attribute] = field(default_factory=dict)
    """What is declared of the program's attributes."""
    districts: Mapping[str, list[str]] = field(default_factory=dict)
    """Names of the districts the member is in, by what they are to them."""
    home_place: str | None = None

    @property
    def language(self) -> str:
        """Return the two letters of the language the page is read in."""
        return self.face.locale[:2]

    @property
    def topic_names(self) -> dict[str, str]:
        """Return what topics are called, by code; whole classes, too, which whoever left all of one left."""
        whole = {topic: str(words.say("whole_class", class_name)) for class_name, topic in WHOLE.items()}
        return whole | {one.code: naming.name(one, self.language) for one in self.topics}

    def note(self, request: HttpRequest, *others: Member) -> None:
        """Have the audit know that the member is shown in full, and others beside them, if they are."""
        note_reading(request, self.conn, self.face.program.id, (self.member, *others))

    def context(self, tab: str) -> dict[str, object]:
        """Return what the frame around each tab shows."""
        return {
            "face": self.face,
            "member": self.member,
            "title": self.member.name or self.member.external_id,
            "synthetic": bool(self.member.attributes.get(SYNTHETIC)),
            "attributes": attributes(self.face, self.member.attributes, self.declared),
            "consents": [
                (self.topic_names.get(topic, topic), standing(rows)) for topic, rows in by_topic(self.member.consents)
            ],
            "level": levels.level(self.member.consents).value,
            "by_messenger": levels.by_messenger(self.member.consents),
            "birth_date": birth_date(self.face, self.member.birth_date),
            "districts": [(kind, ", ".join(names)) for kind, names in self.districts.items() if names],
            "home_place": self.home_place,
            "balances": self.balances or [Balance(unit.id) for unit in self.face.units],
            "tab": tab,
            "personal": self.personal,
            "merged_into": self.merged_into,
            "merged_from": self.merged_from,
        }


@contextmanager
def open_page(request: HttpRequest, member_id: object) -> "Iterator[MemberPage]":
    """Give a member's page; members of other programs do not exist here (404).

    To look is a reading that the audit knows of. What a form sends is none until it is answered with the page itself
    (``MemberPage.note``): mostly it leads on to the page anew.
    """
    now = clock.now()
    with db.transaction() as conn:
        face = face_of(request, conn, now)
        personal = sees_personal(request)
        found = members.members(conn, face.program.id, [str(member_id)], sensitive=personal)
        member = found.get(str(member_id))
        if member is None:
            raise Http404
        if not personal:
            member = masking.masked(member)
        balances = ledger.balances(conn, [member.id], now=now).get(member.id, [])
        into, merged = members.merges_around(conn, face.program.id, member.id)
        about = tuple(members.topics(conn, face.program.id))
        declared = registry.attributes(conn, face.program.id)
        page = MemberPage(
            conn,
            face,
            member,
            balances,
            personal,
            into,
            merged,
            about,
            declared,
            *_whereabouts(conn, face, member),
        )
        if request.method != "POST":
            page.note(request)
        yield page


def _whereabouts(conn: Connection, face: Face, member: Member) -> tuple[dict[str, list[str]], str | None]:
    """Return the names of a member's districts and of their home place."""
    names = {}
    if member.districts:
        names = {
            one.code: registry_of_districts.name(one, face.locale[:2])
            for one in locating.districts(conn, face.program.id)
        }
    areas = {kind: [names.get(code, code) for code in codes] for kind, codes in member.districts.items()}
    if member.home_place is None:
        return areas, None
    stores = workspace.stores(conn, face.program.id, [member.home_place])
    return areas, stores[0].name if stores else member.home_place


def read_place(request: HttpRequest) -> tuple[datetime, str] | None:
    """Return where a page of a list starts; a cursor that we did not make leads nowhere (404)."""
    try:
        place = pages.read_cursor(request.GET.get("before"))
    except Refused as error:
        raise Http404 from error
    return (place.at, place.id) if place else None


def older(at: datetime, id_: str) -> str:
    """Return the cursor of the page after a row."""
    return Place(at, id_).encode()


def attributes(face: Face, stored: Mapping[str, object], declared: Mapping[str, Attribute]) -> list[tuple[str, str]]:
    """Return the attributes to show, as they are called; the mark of invented members has a badge of its own."""
    language = face.locale[:2]
    shown = [
        (registry.label(declared, name, language), _value(face, declared, name, value))
        for name, value in stored.items()
        if name != SYNTHETIC and value is not None
    ]
    return sorted(shown, key=lambda pair: pair[0].casefold())


def by_topic(consents: list[Consent]) -> list[tuple[str, list[Consent]]]:
    """Group consents by topic, channels in a steady order."""
    topics: dict[str, list[Consent]] = {}
    for consent in sorted(consents, key=lambda c: (c.topic, c.channel)):
        topics.setdefault(consent.topic, []).append(consent)
    return list(topics.items())


def birth_date(face: Face, stored: date | str | None) -> str:
    """Write a birth date; a masked one is a text already."""
    return face.day(stored) if isinstance(stored, date) else stored or ""


def _value(face: Face, declared: Mapping[str, Attribute], name: str, value: object) -> str:
    if isinstance(value, bool):
        return words.say("boolean", str(value))
    if isinstance(value, int):
        return face.number(value)
    if isinstance(value, list):
        return ", ".join(registry.said(declared, name, str(one), face.locale[:2]) for one in value)
    about = declared.get(name)
    if about is not None and about.kind is AttributeKind.DATE:
        return face.day(date.fromisoformat(str(value)))
    return registry.said(declared, name, str(value), face.locale[:2])
