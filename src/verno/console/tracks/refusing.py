"""Why a track is refused, in the reader's words: the engine speaks English, to whoever stands at the API."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext

from verno.console.promotions.saying import problems
from verno.predicate.words import gettext_noop

SENTENCES = {
    "points are those of a unit, and nothing else has one": gettext_noop("Say which points are counted."),
    "name one of the units: {units}": gettext_noop("Choose one of the program's kinds of points."),
    "events have a name, and nothing else has one": gettext_noop("Say which event is counted."),
    "events are no receipts, so that a condition finds nothing to ask": gettext_noop(
        "Events are no receipts: leave the conditions empty."
    ),
    "codes are unique": gettext_noop("Two steps have the same code."),
    "each threshold is above the one before": gettext_noop("Each step must be reached with more than the one before."),
    "a higher step is not kept with less": gettext_noop("A higher step cannot be kept with less than a lower one."),
    "what reaches a step keeps it": gettext_noop("A step cannot be harder to keep than to reach."),
    "only tiers are kept": gettext_noop("Only tiers are kept with a sum of their own."),
    "only a scale has shares": gettext_noop("Only steps of a turnover scale have a discount."),
    "days are those of a badge": gettext_noop("Days belong to a badge: name the badge too."),
    "its last day is not before the first, nor {most} days after it": gettext_noop(
        "The last day must come after the first, within {most} days."
    ),
    "a challenge lies between two dates": gettext_noop("A challenge lies between two dates."),
    "each step gives a badge": gettext_noop("Each step must give a badge."),
    "a streak is counted for ever, or between two dates": gettext_noop(
        "A streak is counted for ever, or between two dates."
    ),
    "each step of a scale has a share": gettext_noop("Each step of the scale must have a discount."),
    "a buying group has no day of joining": gettext_noop("A buying group has no day of joining: choose another time."),
    "stamps are counted, and never less than none": gettext_noop("A margin or a best month cannot be stamps."),
    "a full card has stamps": gettext_noop("A full card must have at least one stamp."),
    "a term that ends once cannot be kept again": gettext_noop(
        "A time between two dates cannot be kept again: choose a repeating one."
    ),
    "one step at a time needs a window to maintain, whose end is that time": gettext_noop(
        "To go down one step at a time, say in which time a tier has to be kept."
    ),
    "less than the term itself, which may have {days} days": gettext_noop(
        "The days of grace must be fewer than the term, which may have {days}."
    ),
    "goes with calendar periods and years of membership": gettext_noop(
        "A later period goes with calendar periods and years of membership only."
    ),
    "a program has at most {most} tracks": gettext_noop("A program has at most {most} tracks."),
    "the version before is still being recounted": gettext_noop(
        "The version before is still being recounted: wait until that is done."
    ),
    "another kind is a new track": gettext_noop("A track keeps its kind: make a new track."),
    "{date} has begun somewhere; part of that day would be missing": gettext_noop(
        "Choose a later day: {date} has begun already."
    ),
    "there are no steps to keep yet": gettext_noop("There are no steps to keep yet."),
}
"""The engine's sentence without the field that it names -> what is told."""

FIELDS = {
    "code": gettext_noop("Code"),
    "threshold": gettext_noop("Reached at"),
    "keep": gettext_noop("Kept with"),
    "badge": gettext_noop("Gives the badge"),
}
"""Fields of a track, as the form calls them."""

_AT = re.compile(r"(.*) - at `\$(?:.*\.)?(\w+)`", re.DOTALL)
_PATH = re.compile(r"[a-z][\w.\[\]]*: ")
_TREE = re.compile(r"((?:where|lines)[\w.]*): ")
_say = problems.translator(SENTENCES)


def in_words(reason: str) -> str:
    """Say a reason; as it is when it is not known."""
    shape = _AT.fullmatch(reason)
    if shape:  # the shape's own refusal: it names its field at the end
        label = FIELDS.get(shape[2])
        told = problems.in_words(shape[1])
        return f"{gettext(label) if label else shape[2]}: {told}"
    sentence = _PATH.sub("", reason, count=1)
    told = _say(sentence)
    if told == sentence:
        told = problems.in_words(sentence)
    return reason if told == sentence else told


def placed(reasons: Iterable[str]) -> list[dict[str, str]]:
    """Return what is wrong with conditions, in words and by the path, for their builder."""
    found = [(match[1], reason) for reason in reasons if (match := _TREE.match(reason))]
    return [{"path": path, "text": in_words(reason)} for path, reason in found]
