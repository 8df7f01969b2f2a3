"""Whether a track is acceptable. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from verno.predicate.types import Refused
from verno.progress import engine
from verno.progress.types import (
    MAX_DAYS,
    Anniversary,
    Badge,
    Between,
    Calendar,
    Challenge,
    Downgrade,
    Lifetime,
    Metric,
    Period,
    Rolling,
    Scale,
    StampCard,
    Streak,
    Tiers,
    Track,
    Whose,
    Window,
)
from verno.rules.fields import Known

SHORTEST = {Period.MONTH: 28, Period.QUARTER: 90, Period.HALF: 181, Period.YEAR: 365}
A_YEAR = 365


def problems(track: Track, known: Known, units: Sequence[str]) -> list[str]:
    """Return what is wrong with a track, in words; nothing when it may be stored."""
    made = engine.ready(track, known)
    wrong = [f"{one.path}: {one.detail}" for one in made.problems] if isinstance(made, Refused) else []
    return [*wrong, *_of_metric(track, units), *_of_steps(track), *_of_window(track.window), *_of_settings(track)]


def _of_metric(track: Track, units: Sequence[str]) -> Iterator[str]:
    if (track.metric is Metric.POINTS) != (track.unit is not None):
        yield "unit: points are those of a unit, and nothing else has one"
    elif track.unit is not None and track.unit not in units:
        yield f"unit: name one of the units: {', '.join(units)}"
    if (track.metric is Metric.EVENTS) != (track.event is not None):
        yield "event: events have a name, and nothing else has one"
    if track.metric is Metric.EVENTS and (track.where or track.lines):
        yield "where: events are no receipts, so that a condition finds nothing to ask"


def _of_steps(track: Track) -> Iterator[str]:
    codes = [step.code for step in track.steps]
    if len(set(codes)) < len(codes):
        yield "steps: codes are unique"
    thresholds = [step.threshold for step in track.steps]
    if any(lower >= higher for lower, higher in pairwise(thresholds)):
        yield "steps: each threshold is above the one before"
    keeps = [step.threshold if step.keep is None else step.keep for step in track.steps]
    if any(lower > higher for lower, higher in pairwise(keeps)):
        yield "steps: a higher step is not kept with less"
    if any(step.keep is not None and step.keep > step.threshold for step in track.steps):
        yield "steps: what reaches a step keeps it"
    if any(step.keep is not None for step in track.steps) and not isinstance(track.settings, Tiers):
        yield "steps: only tiers are kept"
    if any(step.share is not None for step in track.steps) and not isinstance(track.settings, Scale):
        yield "steps: only a scale has shares"
    if any(step.badge_days is not None and step.badge is None for step in track.steps):
        yield "steps: days are those of a badge"


def _of_window(window: Window) -> Iterator[str]:
    if isinstance(window, Between) and not 0 <= (window.last - window.first).days < MAX_DAYS:
        yield f"window: its last day is not before the first, nor {MAX_DAYS} days after it"


def _of_settings(track: Track) -> Iterator[str]:
    settings = track.settings
    match settings:
        case Tiers():
            yield from _of_tiers(settings)
        case Scale():
            yield from _of_scale(track, settings)
        case StampCard():
            yield from _of_card(track)
        case Challenge() if not isinstance(track.window, Between):
            yield "window: a challenge lies between two dates"
        case Badge() if any(step.badge is None for step in track.steps):
            yield "steps: each step gives a badge"
        case Streak() if track.metric is Metric.BEST_MONTH or not isinstance(track.window, Lifetime | Between):
            yield "window: a streak is counted for ever, or between two dates"
        case _:
            pass


def _of_scale(track: Track, scale: Scale) -> Iterator[str]:
    if any(step.share is None for step in track.steps):
        yield "steps: each step of a scale has a share"
    if scale.whose is Whose.GROUP and isinstance(track.window, Anniversary):
        yield "window: a buying group has no day of joining"


def _of_card(track: Track) -> Iterator[str]:
    if track.metric in {Metric.MARGIN, Metric.BEST_MONTH}:
        yield "metric: stamps are counted, and never less than none"
    if track.steps[-1].threshold == 0:
        yield "steps: a full card has stamps"


def _of_tiers(tiers: Tiers) -> Iterator[str]:
    if isinstance(tiers.maintain, Between):
        yield "settings.maintain: a term that ends once cannot be kept again"
    shortest = _shortest(tiers.maintain)
    if tiers.maintain is None and tiers.downgrade is Downgrade.ONE_STEP:
        yield "settings.downgrade: one step at a time needs a window to maintain, whose end is that time"
    if shortest is not None and tiers.grace_days >= shortest:
        yield f"settings.grace_days: less than the term itself, which may have {shortest} days"
    if not isinstance(tiers.maintain, Calendar | Anniversary) and tiers.later != 1:
        yield "settings.later: goes with calendar periods and years of membership"


def _shortest(window: Window | None) -> int | None:
    match window:
        case Rolling(days):
            return days
        case Calendar(period):
            return SHORTEST[period]
        case Anniversary():
            return A_YEAR
        case _:
            return None
