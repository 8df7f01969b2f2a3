"""Whether a list of limits is acceptable. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from verno.limits.types import MAX_LIMITS, Limit, Measure, NewLimit, Refusal, Refused

Problem: TypeAlias = tuple[Refusal, str, str]
"""A reason, the field to mend, and words."""


def checked(
    wanted: Sequence[NewLimit], there: Mapping[str, Limit], *, units: Sequence[str], places: Collection[str]
) -> list[Limit] | Refused:
    """Return the limits with their units named, new ones with an empty id, or why the list is not acceptable."""
    if len(wanted) > MAX_LIMITS:
        return Refused(Refusal.TOO_MANY_LIMITS, MAX_LIMITS, "", f"a program has at most {MAX_LIMITS} limits")
    made: list[Limit] = []
    seen: set[str] = set()
    for position, one in enumerate(wanted):
        limit = _limit(one, units)
        problem = _about_unit(limit, units) or _about_place(limit, there, places) or _about_id(limit, there, seen)
        if problem is not None:
            reason, field, detail = problem
            return Refused(reason, position, field, detail)
        made.append(limit)
        seen.add(limit.id)
    return made


def as_stated(limit: Limit) -> NewLimit:
    """Return a limit as an owner would state it to keep it."""
    return NewLimit(
        id=limit.id,
        subject=limit.subject,
        measure=limit.measure,
        unit=limit.unit,
        window=limit.window,
        most=limit.most,
        hard=limit.hard,
        place=limit.place,
    )


def _limit(one: NewLimit, units: Sequence[str]) -> Limit:
    """Name the unit that is meant: the program's only one when points are counted and none is said."""
    unit = one.unit
    if unit is None and one.measure is not Measure.RECEIPTS and len(units) == 1:
        unit = units[0]
    return Limit(one.id or "", one.subject, one.measure, unit, one.window, one.most, one.hard, one.place)


def _about_unit(limit: Limit, units: Sequence[str]) -> Problem | None:
    if limit.measure is Measure.RECEIPTS:
        words = "receipts are counted without a unit"
        return None if limit.unit is None else (Refusal.UNKNOWN_UNIT, "unit", words)
    words = f"name one of the units: {', '.join(units)}"
    return None if limit.unit in units else (Refusal.UNKNOWN_UNIT, "unit", words)


def _about_place(limit: Limit, there: Mapping[str, Limit], places: Collection[str]) -> Problem | None:
    # A limit that is there keeps its place, whatever has become of the store.
    if limit.place is None or limit.place in places or limit.id in there:
        return None
    return Refusal.UNKNOWN_PLACE, "place", f"no store has the code {limit.place}"


def _about_id(limit: Limit, there: Mapping[str, Limit], seen: Collection[str]) -> Problem | None:
    if not limit.id:
        return None
    known = there.get(limit.id)
    if known is None or limit.id in seen:
        return Refusal.UNKNOWN_LIMIT, "id", "no other limit of the program has this id; leave it out for a new one"
    if _meaning(known) != _meaning(limit):
        return Refusal.OTHER_LIMIT, "id", "of a limit only most and hard can change; another kind is a new limit"
    return None


def _meaning(limit: Limit) -> tuple[object, ...]:
    return limit.subject, limit.measure, limit.unit, limit.window, limit.place
