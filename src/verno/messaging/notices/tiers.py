"""Notices of tiers: reached, lost and at risk as the tracks tell of them; near as somebody stands after a purchase."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from verno.kit import localtime
from verno.kit.db import Connection
from verno.kit.outbox import StoredEvent
from verno.messaging.letters.tier import Context, Told
from verno.progress import engine, queries
from verno.progress import words as naming
from verno.progress.types import MONEY, Standing, Stored, Tiers, Track
from verno.workspace.types import Program

FRESH = timedelta(days=2)
"""A sweep that comes late still tells; what is older is no news."""
REACHED, LOST, WARNING = "tier.reached.v1", "tier.lost.v1", "tier.warning.v1"
TYPES = frozenset({REACHED, LOST, WARNING})
SETTLED = frozenset({"receipt.settled.v1", "receipt.claimed.v1"})
KINDS: Mapping[str, tuple[Told, str]] = {
    REACHED: (Told.REACHED, "tier-reached"),
    LOST: (Told.LOST, "tier-lost"),
    WARNING: (Told.AT_RISK, "tier-at-risk"),
}
LANGUAGES = ("ru", "en")


class Notice(msgspec.Struct, frozen=True):
    """A notice to one member. ``occasion`` names it for ever; past ``until`` it is of no use."""

    holder_id: str
    context: Context
    occasion: str
    until: datetime


class _Body(msgspec.Struct, frozen=True):
    track: str
    step: str | None = None
    before: str | None = None
    since: date | None = None
    holds_until: date | None = None
    distance: int = 0


def notices(
    conn: Connection,
    program: Program,
    events: Sequence[StoredEvent],
    kinds: frozenset[str],
    near: int,
    *,
    now: datetime,
) -> list[Notice]:
    """Return what there is to tell of tiers. Two round trips whatever the number of events, none without tracks."""
    fresh = [one for one in events if one.holder_id is not None and one.at > now - FRESH]
    moved = [one for one in fresh if one.type in TYPES and KINDS[one.type][1] in kinds]
    bought = (
        sorted({str(one.holder_id) for one in fresh if one.type in SETTLED}) if near and "tier-near" in kinds else []
    )
    if not moved and not bought:
        return []
    board = queries.judging(conn, program, now=now)
    tracks = {one.track.code: one for one in board.stored if isinstance(one.track.settings, Tiers)}
    if not tracks:
        return []
    out = [told for event in moved for told in _of_event(program, event, tracks)]
    if bought:
        standings = queries.standings(conn, program.id, bought, on=board, at=now)
        today = engine.today_of(board, now)
        out += [
            told
            for found in standings.values()
            for one in found
            for told in _near(program, one, tracks, near, today, now)
        ]
    return out


def _of_event(program: Program, event: StoredEvent, tracks: Mapping[str, Stored]) -> Iterator[Notice]:
    body = msgspec.convert(event.body, _Body)
    stored = tracks.get(body.track)
    told, _ = KINDS[event.type]
    if stored is None or event.holder_id is None:
        return
    code = body.before if told is Told.LOST else body.step
    context = Context(
        told,
        _names(stored.track, code),
        _names(stored.track, body.step) if told is Told.LOST else {},
        _amount(program, stored.track, body.distance) if told is Told.AT_RISK else None,
        body.holds_until,
    )
    day = localtime.business_date(event.at, localtime.zone(program.timezone))
    yield Notice(event.holder_id, context, f"{event.type}/{body.track}/{code}/{day}", event.at + FRESH)


def _near(
    program: Program, one: Standing, tracks: Mapping[str, Stored], near: int, today: date, now: datetime
) -> Iterator[Notice]:
    stored = tracks.get(one.track)
    step = next((step for step in stored.track.steps if step.code == one.next), None) if stored else None
    if stored is None or step is None or not one.distance:
        return
    if one.distance * 100 <= step.threshold * near:
        names = _names(stored.track, step.code)
        context = Context(Told.NEAR, names, {}, _amount(program, stored.track, one.distance), one.until)
        # Once a year for each tier: who hovers below it is not told with each purchase.
        yield Notice(one.holder_id, context, f"tier.near/{one.track}/{step.code}/{today.year}", now + FRESH)


def _names(track: Track, code: str | None) -> dict[str, str]:
    """Return a step's name by language, nothing for none."""
    step = next((one for one in track.steps if one.code == code), None)
    return {} if step is None else {language: naming.step_name(step, language) for language in LANGUAGES}


def _amount(program: Program, track: Track, value: int) -> tuple[int, str]:
    """Return what is missing, and of what: a currency, or nothing where it is counted in pieces."""
    return value, program.currency if track.metric in MONEY else ""
