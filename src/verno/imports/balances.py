"""Rows of balances to lots: who, of which unit, how many points, and the lot's own dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from verno.corrections import service as corrections
from verno.corrections.types import Opening, OpeningOutcome, Points
from verno.imports.types import Item, RowError
from verno.intake import naming
from verno.intake.naming import Key
from verno.intake.types import Code, MemberRef
from verno.kit import localtime, secrets
from verno.kit.db import Connection
from verno.ledger import lifetime
from verno.members import queries as members
from verno.workspace import queries as workspace
from verno.workspace.types import Program, Unit

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LENGTH_OF_A_DATE = 10

Day: TypeAlias = Annotated[str, Meta(max_length=40)]
"""A date or a time, as ``columns.day`` has found it good."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class NewBalance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lot to bring along. A date without a time is the program's: ``expires_at`` is then the last usable day.

    Without ``expires_at`` the points end as the unit's points do, counted from ``earned_at``; without ``active_from``
    they were usable from there on.
    """

    points: Points
    member: MemberRef = MemberRef()
    unit: Code | None = None
    earned_at: Day | None = None
    active_from: Day | None = None
    expires_at: Day | None = None
    reference: Code | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of a file share."""

    program: Program
    units: Mapping[str, Unit]
    zone: ZoneInfo
    run_id: str
    now: datetime


Taken: TypeAlias = OpeningOutcome | RowError


def take(conn: Connection, program: Program, run_id: str, items: Sequence[Item], *, now: datetime) -> list[Taken]:
    """Bring a batch of rows along in the caller's transaction: one outcome per row, in order."""
    units = {unit.code: unit for unit in workspace.units(conn, program.id)}
    frame = Frame(program, units, localtime.zone(program.timezone), run_id, now)
    keys = [_key(frame, item) for item in items]
    holders = members.find_holders(conn, program.id, [key for key in keys if not isinstance(key, RowError)])
    read = [
        key if isinstance(key, RowError) else _opening(frame, item, key, holders.get(key))
        for item, key in zip(items, keys, strict=True)
    ]
    good = [one for one in read if isinstance(one, Opening)]
    brought = iter(corrections.open_balances(conn, program.id, good, now=now))
    return [one if isinstance(one, RowError) else next(brought) for one in read]


def _value(item: Item) -> NewBalance:
    return msgspec.convert(item.value, NewBalance)


def _key(frame: Frame, item: Item) -> Key | RowError:
    program = frame.program
    named = naming.member_key(_value(item).member, program_id=program.id, country=program.country)
    return RowError(item.rows[0], "", f"member-named-badly: {named}") if isinstance(named, str) else named


def _opening(frame: Frame, item: Item, key: Key, holder: str | None) -> Opening | RowError:
    row, value = item.rows[0], _value(item)
    if holder is None:
        return RowError(row, key[0], f"unknown-member: no member has this {key[0]}")
    unit = _unit(frame, value.unit)
    if unit is None:
        return RowError(row, "unit", f"unknown-unit: there are: {', '.join(frame.units)}")
    earned_at = _moment(frame, value.earned_at) or frame.now
    if not EARLIEST <= earned_at <= frame.now:
        return RowError(row, "earned_at", "time-out-of-range: must lie between 1990 and now")
    span = _span(frame, unit, value, earned_at)
    ends = [end for end in (span.expires_at, span.lapses_at) if end is not None]
    if ends and min(ends) <= max(frame.now, span.active_from or frame.now):
        return RowError(row, "expires_at", f"time-out-of-range: is over already, since {min(ends).isoformat()}")
    named = [*key, unit.code, value.earned_at, value.active_from, value.expires_at]
    return Opening(
        holder_id=holder,
        unit_id=unit.id,
        points=value.points,
        key=f"opening/reference/{value.reference}" if value.reference else f"opening/lot/{_digest(named)}",
        fingerprint=_digest([*named, value.points, value.reference]),
        run_id=frame.run_id,
        row=row,
        active_from=span.active_from,
        expires_at=span.expires_at,
        lapses_at=span.lapses_at,
    )


def _unit(frame: Frame, code: str | None) -> Unit | None:
    if code is None:
        return next(iter(frame.units.values())) if len(frame.units) == 1 else None
    return frame.units.get(code)


def _span(frame: Frame, unit: Unit, value: NewBalance, earned_at: datetime) -> lifetime.Span:
    """Return the lot's life: what the row says, else what the unit says of points earned on that day."""
    zone = frame.zone
    own = lifetime.born(unit.lifetime, localtime.business_date(earned_at, zone), zone)
    begins = _moment(frame, value.active_from) or earned_at
    if value.expires_at is None:
        ends = own.expires_at
    elif len(value.expires_at) == LENGTH_OF_A_DATE:
        ends = localtime.start_of_day(date.fromisoformat(value.expires_at) + timedelta(days=1), zone)
    else:
        ends = _moment(frame, value.expires_at)
    return lifetime.Span(begins, ends, None, own.lapses_at)


def _moment(frame: Frame, said: str | None) -> datetime | None:
    """Return the moment of a date's beginning, or of a time; one without an offset is the program's clock."""
    if said is None:
        return None
    if len(said) == LENGTH_OF_A_DATE:
        return localtime.start_of_day(date.fromisoformat(said), frame.zone)
    at = datetime.fromisoformat(said)
    return localtime.localize(at, frame.zone) if at.tzinfo is None else at.astimezone(UTC)


def _digest(parts: Sequence[object]) -> str:
    return secrets.mac("fingerprint", _encode(parts)).hex()
