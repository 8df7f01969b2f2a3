"""From an event to a notice: what it tells, of which points, and on which occasion."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from verno.kit import localtime
from verno.kit.outbox import StoredEvent
from verno.messaging.letters.notice import Context, Move, Told
from verno.workspace import registry

FRESH = timedelta(days=1)
"""Nobody wants to be told of a purchase later; and a first load of a year's receipts tells nobody anything."""
POINTS_MOVES = "points-moves"
POINTS_ENDING = "points-ending"
TIERS = "tiers"


class Names(msgspec.Struct, frozen=True):
    """What a program calls its things: scales of units by code, codes by id, names of stores by code."""

    zone: ZoneInfo
    scales: Mapping[str, int]
    units: Mapping[str, str]
    stores: Mapping[str, str]
    kinds: frozenset[str] = frozenset(registry.NOTICE_KINDS)
    later: frozenset[str] = frozenset()
    """Units whose points are not usable at once."""


class Notice(msgspec.Struct, frozen=True):
    """A notice to one member. ``occasion`` names it for ever; past ``until`` it is of no use."""

    holder_id: str
    topic: str
    context: Context
    occasion: str
    until: datetime


class _Receipt(msgspec.Struct, frozen=True):
    receipt: str
    number: str
    place: str
    at: datetime
    points: dict[str, int] = {}
    spent: dict[str, int] = {}


class _Return(msgspec.Struct, frozen=True):
    number: str
    place: str
    at: datetime
    taken_back: dict[str, int] = {}
    put_back: dict[str, int] = {}
    return_: str = msgspec.field(name="return", default="")


class _Correction(msgspec.Struct, frozen=True):
    correction: str
    unit: str
    points: int
    to: str | None = None


class _Day(msgspec.Struct, frozen=True):
    day: date
    unit_id: str
    points: int
    at: datetime
    days: int = 0


def notices(events: Sequence[StoredEvent], names: Names, *, now: datetime) -> list[Notice]:
    """Return what there is to tell of one program's events; what is old news is told to nobody.

    Points of a unit that end on one day are told as one, as far as their events came together.
    """
    told: list[Notice] = []
    ending: dict[tuple[str, str, str, int], list[_Day]] = {}
    for event in events:
        if event.holder_id is None:
            continue
        if event.type in DAYS:
            about = msgspec.convert(event.body, _Day)
            key = (event.type, event.holder_id, about.unit_id, about.days)
            ending.setdefault(key, []).append(about)
        elif event.type in SINGLE and event.at > now - FRESH:
            told += SINGLE[event.type](event, names)
    for (type_, holder, unit, days), parts in ending.items():
        notice = _of_day(type_, holder, unit, days, parts, names)
        if notice is not None and notice.until > now:
            told.append(notice)
    return told


def _settled(event: StoredEvent, names: Names) -> Iterator[Notice]:
    about = msgspec.convert(event.body, _Receipt)
    moved = [*about.points.items(), *((unit, -points) for unit, points in about.spent.items())]
    # What was settled and what was claimed later are two moments of one receipt: each has its own occasion.
    yield from _moves(event, Told.RECEIPT, moved, f"{event.type}/{about.receipt}", names, about.place, about.number)


def _returned(event: StoredEvent, names: Names) -> Iterator[Notice]:
    about = msgspec.convert(event.body, _Return)
    moved = [*about.put_back.items(), *((unit, -points) for unit, points in about.taken_back.items())]
    yield from _moves(event, Told.RETURN, moved, f"{event.type}/{about.return_}", names, about.place, about.number)


def _corrected(event: StoredEvent, names: Names) -> Iterator[Notice]:
    about = msgspec.convert(event.body, _Correction)
    kinds = {"points.transferred.v1": Told.SENT, "points.reinstated.v1": Told.REINSTATED}
    kind, occasion = kinds.get(event.type, Told.ADJUSTED), f"{event.type}/{about.correction}"
    yield from _moves(event, kind, [(about.unit, about.points)], occasion, names)
    if about.to:
        received = event._replace(holder_id=about.to)
        yield from _moves(received, Told.RECEIVED, [(about.unit, -about.points)], occasion, names)


def _moves(
    event: StoredEvent,
    told: Told,
    moved: Sequence[tuple[str, int]],
    occasion: str,
    names: Names,
    place: str | None = None,
    number: str | None = None,
) -> Iterator[Notice]:
    moves = [Move(unit, names.scales.get(unit, 0), points) for unit, points in moved if points]
    later = told is Told.RECEIPT and any(move.points > 0 and move.unit in names.later for move in moves)
    kinds = {_kind(told, move.points, later=later) for move in moves}
    if moves and kinds & names.kinds and event.holder_id is not None:
        day = localtime.business_date(event.at, names.zone)
        store = names.stores.get(place, place) if place else None
        context = Context(told, moves, day, store, number, later)
        yield Notice(event.holder_id, POINTS_MOVES, context, occasion, event.at + FRESH)


def _kind(told: Told, points: int, *, later: bool) -> str:
    """Return by which name a program switches a notice on and off."""
    if told is Told.RECEIPT:
        return ("pending" if later else "earned") if points > 0 else "spent"
    return {Told.RETURN: "returned", Told.SENT: "sent", Told.RECEIVED: "sent"}.get(told, "corrected")


def _of_day(type_: str, holder: str, unit_id: str, days: int, parts: Sequence[_Day], names: Names) -> Notice | None:
    unit = names.units.get(unit_id)
    points = sum([part.points for part in parts])
    told = DAYS[type_]
    kind = f"{told}-{days}" if told is Told.EXPIRING else told.value
    if unit is None or not points or kind not in names.kinds:
        return None
    at, day = min([part.at for part in parts]), parts[0].day
    last = localtime.business_date(at - timedelta(microseconds=1), names.zone)
    move = Move(unit, names.scales.get(unit, 0), points if told is Told.ACTIVATED else -points)
    until = at if told is Told.EXPIRING else localtime.start_of_day(day, names.zone) + FRESH
    context = Context(told, [move], day if told is Told.ACTIVATED else last)
    # The first moment is in the name: what comes in another batch is a notice of its own, and no point goes untold.
    return Notice(holder, POINTS_ENDING, context, f"{type_}/{unit}/{days}/{at.isoformat()}", until)


DAYS: Mapping[str, Told] = {
    "points.activated.v1": Told.ACTIVATED,
    "points.expiring.v1": Told.EXPIRING,
    "points.expired.v1": Told.EXPIRED,
}
SINGLE: Mapping[str, Callable[[StoredEvent, Names], Iterator[Notice]]] = {
    "receipt.settled.v1": _settled,
    "receipt.claimed.v1": _settled,
    "return.settled.v1": _returned,
    "points.adjusted.v1": _corrected,
    "points.transferred.v1": _corrected,
    "points.reinstated.v1": _corrected,
}
