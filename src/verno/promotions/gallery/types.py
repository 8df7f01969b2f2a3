"""Words of the gallery: a mechanic, what a marketer changes of it, and receipts that show what it does."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import msgspec

from verno.kit import localtime
from verno.predicate.words import gettext_noop
from verno.progress.engine import as_known
from verno.progress.types import Track
from verno.rules import fields
from verno.rules.facts import NOBODY, Facts, Line, Member
from verno.rules.fields import Known
from verno.rules.types import Rule, Rulebook

ZONE = "Europe/Moscow"
DIGITS = 2
UNITS = ("points", "stamps")
"""Kinds of points that mechanics speak of."""
PLACES = {"store-1": "Store 1", "store-2": "Store 2"}


class Industry(StrEnum):
    """Whom a mechanic is for."""

    GROCERY = "grocery"
    COFFEE = "coffee"
    RESTAURANT = "restaurant"
    FASHION = "fashion"
    ELECTRONICS = "electronics"
    PHARMACY = "pharmacy"
    SERVICES = "services"
    ONLINE = "online"


INDUSTRIES: Mapping[Industry, str] = {
    Industry.GROCERY: gettext_noop("grocery"),
    Industry.COFFEE: gettext_noop("coffee shop"),
    Industry.RESTAURANT: gettext_noop("restaurant"),
    Industry.FASHION: gettext_noop("fashion"),
    Industry.ELECTRONICS: gettext_noop("electronics"),
    Industry.PHARMACY: gettext_noop("pharmacy"),
    Industry.SERVICES: gettext_noop("services"),
    Industry.ONLINE: gettext_noop("online shop"),
}


class Kind(StrEnum):
    """What a parameter is, for the field that asks it."""

    MONEY = "money"
    """Minor units."""
    POINTS = "points"
    PERCENT = "percent"
    """Hundredths of a per cent."""
    TIMES = "times"
    """Hundredths: 200 is twofold."""
    NUMBER = "number"
    DAYS = "days"
    HOURS = "hours"
    """Two times of day."""
    WEEKDAYS = "weekdays"
    DATES = "dates"
    """Two dates."""
    GOODS = "goods"
    """An SKU, or several."""
    CATEGORIES = "categories"
    CODES = "codes"
    """A code or several: of places, badges, payment methods."""
    TABLE = "table"
    """Rates by code."""
    TEXTS = "texts"
    """A text by language."""


class Parameter(msgspec.Struct, frozen=True):
    """What a marketer changes: a JSON pointer into the rulebook, a label (msgid), a kind."""

    pointer: str
    label: str
    kind: Kind


class Bought(msgspec.Struct, frozen=True):
    """A line of an example: ``price`` of all of it in minor units, ``pieces`` with decimals, ``cost`` of one."""

    sku: str
    price: int
    category: tuple[str, ...] = ()
    pieces: float = 1
    cost: int | None = None


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt, and exactly what comes of it: minor units ``off``, points by unit, what was ``told``.

    ``at`` is local. ``told`` is effect and text: ``print_text``, ``give_badge newcomer``, ``gift tote``.
    ``pays``: minor units that points pay of the receipt, of its first line.
    """

    lines: tuple[Bought, ...]
    at: str = "2026-11-26T12:00"
    member: Member = NOBODY
    place: str = "store-1"
    region: str | None = None
    legal_entity: str | None = None
    channel: str | None = None
    payments: tuple[str, ...] = ("cash",)
    pays: int = 0
    off: int = 0
    points: Mapping[str, int] = {}
    told: tuple[str, ...] = ()


class Mechanic(msgspec.Struct, frozen=True, kw_only=True):
    """A ready mechanic: ``rulebook`` is the fragment that goes into a draft.

    ``title`` and ``text`` are msgids. ``beside``: rules that it is meant to stand beside, there in its examples.
    ``needs``: progress tracks that it asks; a program without them makes them first.
    """

    code: str
    title: str
    text: str
    industries: tuple[Industry, ...]
    rulebook: Rulebook
    parameters: tuple[Parameter, ...]
    examples: tuple[Example, ...]
    beside: tuple[Rule, ...] = ()
    needs: tuple[Track, ...] = ()

    @property
    def tracks(self) -> Mapping[str, fields.Track]:
        """Return the tracks that it asks, by code, as conditions know them."""
        return {track.code: as_known(track, DIGITS) for track in self.needs}

    @property
    def whole(self) -> Rulebook:
        """Return the rulebook with what it stands beside."""
        book = self.rulebook
        return msgspec.structs.replace(book, rules=(*self.beside, *book.rules))

    @property
    def known(self) -> Known:
        """Return what a program must have for it."""
        return Known(places=PLACES, tracks=self.tracks)


def facts(example: Example) -> Facts:
    """Return an example's receipt as the engine wants it."""
    local = datetime.fromisoformat(example.at)
    day, minutes = local.date(), timedelta(hours=local.hour, minutes=local.minute)
    begin = datetime.combine(day, time(), localtime.zone(ZONE)).astimezone(UTC)
    return Facts(
        begin + minutes,
        ZONE,
        [
            Line(number, one.sku, round(one.pieces * 1000), one.price, category=one.category or None, cost=one.cost)
            for number, one in enumerate(example.lines, 1)
        ],
        place=example.place,
        region=example.region,
        legal_entity=example.legal_entity,
        channel=example.channel,
        payments=frozenset(example.payments),
        member=example.member,
        spends=example.pays > 0,
    )


def somebody(
    *,
    tier: str | None = None,
    badges: tuple[str, ...] = (),
    born: date | None = None,
    joined: date | None = None,
    progress: Mapping[str, int] | None = None,
) -> Member:
    """Return a member of an example."""
    tiers = {} if tier is None else {"main": tier}
    return Member("m", None, born, joined, frozenset(badges), tiers=tiers, progress=progress or {})
