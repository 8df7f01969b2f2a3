"""What is told, and which badges are given, when somebody stands elsewhere than at the last look. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

import msgspec

from verno.kit import outbox
from verno.members.types import NewBadge
from verno.progress import machine, windows
from verno.progress.engine import Judged
from verno.progress.machine import NONE
from verno.progress.types import (
    Achievement,
    Badge,
    Challenge,
    Metric,
    Rolling,
    Scale,
    Stored,
    Streak,
    Tiers,
    Track,
)

STAYING = (Achievement, Badge, Challenge)
"""Kinds whose steps time does not take away: one that is lost was not earned after all, and its badge goes along."""


class Last(msgspec.Struct, frozen=True):
    """Where an owner stood at the last look."""

    version: int
    step: str | None = None
    since: date | None = None
    value: int = 0
    times: int = 0
    holds_until: date | None = None
    grace_until: date | None = None
    warned_for: date | None = None
    is_set: bool = False
    due_on: date | None = None


def changed(stored: Stored, last: Last, found: Judged) -> Last:
    """Return where an owner stands now, as it is kept for the next look."""
    track = stored.track
    warned = found.holds_until if found.warning else last.warned_for
    if last.warned_for is not None and last.warned_for != found.holds_until:
        warned = found.holds_until if found.warning else None
    return Last(
        stored.version,
        code(track, found.step),
        found.since,
        found.value,
        found.times,
        found.holds_until,
        found.grace_until,
        warned,
        found.is_set,
        found.due_on,
    )


BY_VALUE = (Tiers, Scale, *STAYING)
"""Kinds whose steps are reached when the window's value reaches their threshold, and not otherwise."""

Told: TypeAlias = tuple[str, dict[str, object]]
"""An event's type and body."""


class Who(NamedTuple):
    """Of whom events tell."""

    program_id: str
    holder_id: str
    group: str | None


def unmoved(stored: Stored, last: Last, looked_on: date, moved: Sequence[tuple[date, int]], today: date) -> Last | None:
    """Return where an owner stands if nothing of it can have changed but the value; None: the days have to be read.

    What is added since the last look cannot do more than add to the value of then: days that left the window meanwhile
    have made it less. So as long as that sum is short of the next step, nothing is reached; and what time may change
    has its day. The value that is kept is therefore at least the true one, until the days are read again.
    """
    track = stored.track
    if (
        last.version != stored.version
        or last.is_set
        or last.grace_until is not None
        or (last.due_on is not None and last.due_on <= today)
        or not isinstance(track.settings, BY_VALUE)
        or track.metric in {Metric.MARGIN, Metric.BEST_MONTH}
        or any(amount < 0 or not looked_on <= day <= today for day, amount in moved)
    ):
        return None
    value = last.value + sum(amount for _, amount in moved)
    ahead = position(track, last.step) + 1
    if ahead < len(track.steps) and value >= track.steps[ahead].threshold:
        return None
    due = last.due_on
    if isinstance(track.window, Rolling):
        first = min((day for day, _ in moved), default=None)
        due = windows.earliest(due, None if first is None else first + timedelta(days=track.window.days))
    return msgspec.structs.replace(last, value=value, due_on=due)


def events(stored: Stored, last: Last, found: Judged, *, who: Who, now: datetime) -> list[outbox.NewEvent]:
    """Return what there is to tell."""
    track = stored.track
    common: dict[str, object] = {"track": track.code, "value": found.value}
    if who.group is not None:
        common["group"] = who.group
    told = _of_tiers if isinstance(track.settings, Tiers) else _of_others
    return [
        outbox.NewEvent(who.program_id, who.holder_id, type_, common | body, now)
        for type_, body in told(track, last, found)
    ]


def _of_tiers(track: Track, last: Last, found: Judged) -> Iterator[Told]:
    before, after = position(track, last.step), found.step
    names: dict[str, object] = {"step": code(track, after), "before": last.step, "since": found.since}
    if after > before:
        yield "tier.reached.v1", names | {"holds_until": found.holds_until, "set": found.is_set}
    elif after < before:
        yield "tier.lost.v1", names
    if found.warning and last.warned_for != found.holds_until:
        short = max(machine.keep(track.steps[after]) - (found.kept or 0), 0)
        body: dict[str, object] = {"step": code(track, after), "holds_until": found.holds_until, "distance": short}
        yield "tier.warning.v1", body


def _of_others(track: Track, last: Last, found: Judged) -> Iterator[Told]:
    if isinstance(track.settings, Streak) and found.value > last.value:
        yield "streak.grown.v1", {"length": found.value, "until": found.until}
    elif isinstance(track.settings, Streak) and found.value < last.value:
        yield "streak.broken.v1", {"length": last.value}
    before, after = position(track, last.step), found.step
    names: dict[str, object] = {"step": code(track, after), "before": last.step}
    if found.times != last.times:
        names = {"step": track.steps[-1].code, "before": last.step, "times": found.times}
        yield ("track.step_reached.v1" if found.times > last.times else "track.step_lost.v1"), names
    elif after > before:
        yield "track.step_reached.v1", names | {"until": found.until}
    elif after < before:
        yield "track.step_lost.v1", names


def badges(
    stored: Stored, last: Last, found: Judged, *, holder_id: str, now: datetime
) -> tuple[list[NewBadge], list[NewBadge]]:
    """Return the badges to give for the steps that were gained, and those to take for steps that were never earned."""
    track = stored.track
    before, after = position(track, last.step), found.step
    if found.times > last.times:
        before, after = NONE, len(track.steps) - 1  # a card that is full has passed all its steps
    source = f"track:{track.code}"
    given = [
        NewBadge(holder_id, step.badge, _until(step.badge_days, now), source)
        for step in track.steps[before + 1 : after + 1]
        if step.badge is not None
    ]
    gone = track.steps[after + 1 : before + 1] if isinstance(track.settings, STAYING) else ()
    keeps = {step.badge for step in track.steps[: after + 1]}
    taken = [
        NewBadge(holder_id, step.badge, now, source)
        for step in gone
        if step.badge is not None and step.badge not in keeps
    ]
    return given, taken


def position(track: Track, step: str | None) -> int:
    """Return a step's place on a track; one that the track no longer has is none."""
    return next((i for i, one in enumerate(track.steps) if one.code == step), NONE)


def code(track: Track, step: int) -> str | None:
    """Return a step's code."""
    return None if step == NONE else track.steps[step].code


def _until(days: int | None, now: datetime) -> datetime | None:
    return None if days is None else now + timedelta(days=days)
