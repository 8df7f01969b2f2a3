"""A track in words: what counts, in which time, what becomes of it."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from verno.console import words
from verno.console.face import Face
from verno.kit.money import format_scaled
from verno.progress import words as telling
from verno.progress.types import (
    MONEY,
    Anniversary,
    Between,
    Calendar,
    Downgrade,
    Lifetime,
    Metric,
    Rolling,
    Scale,
    StampCard,
    Step,
    Streak,
    Tiers,
    Track,
    Whose,
    Window,
)


def kind(track: Track) -> str:
    """Return the code of what a track's settings make of it."""
    return str(track.settings.__struct_config__.tag)


def amount(face: Face, track: Track, value: int) -> str:
    """Write what a track counts."""
    if isinstance(track.settings, Streak):
        return face.number(value)
    if track.metric in MONEY:
        return face.money(value)
    if track.metric is Metric.POINTS and any(unit.code == track.unit for unit in face.units):
        return face.points(value, str(track.unit))
    return face.number(value)


def counts(track: Track) -> str:
    """Say what a track counts."""
    told = words.say("metric", track.metric)
    if track.metric is Metric.POINTS:
        return f"{told}: {words.say('unit', str(track.unit))}"
    return f"{told}: {track.event}" if track.metric is Metric.EVENTS else told


def window(one: Window, face: Face) -> str:
    """Say in which time something counts."""
    match one:
        case Rolling(days):
            return ngettext("the last %(count)s day", "the last %(count)s days", days) % {"count": face.number(days)}
        case Calendar(period):
            return words.say("period", period)
        case Anniversary():
            return _("the year of membership")
        case Lifetime():
            return _("all time")
        case Between(first, last):
            return _("from %(first)s to %(last)s") % {"first": face.day(first), "last": face.day(last)}


def rules(track: Track, face: Face) -> list[str]:
    """Say a track's rule, a sentence each."""
    return list(_rules(track, face))


def step(track: Track, code: str | None, face: Face) -> str:
    """Name a step; none is none."""
    found = next((one for one in track.steps if one.code == code), None)
    if found is not None:
        return telling.step_name(found, face.locale)
    return _("no step") if code is None else code


def gives(one: Step, face: Face) -> list[str]:
    """Say what a step brings."""
    out = []
    if one.share is not None:
        out.append(_("%(share)s off") % {"share": telling.percent(one.share, face.locale)})
    if one.badge is not None:
        badge = _("badge “%(badge)s”") % {"badge": one.badge}
        days = one.badge_days
        if days is not None:
            badge += ", " + ngettext("%(count)s day", "%(count)s days", days) % {"count": face.number(days)}
        out.append(badge)
    return out + [str(value) for value in one.benefits.values()]


def _rules(track: Track, face: Face) -> Iterator[str]:
    yield _("Counts %(what)s within %(window)s.") % {"what": counts(track), "window": window(track.window, face)}
    if track.audience is not None:
        yield words.say("audience", track.audience)
    if track.most_a_day is not None:
        yield _("A day counts for %(most)s at most.") % {"most": amount(face, track, track.most_a_day)}
    match track.settings:
        case Tiers():
            yield from _tiers(track.settings, face)
        case Scale():
            if track.settings.whose is Whose.GROUP:
                yield _("Companies of one buying group count together.")
            yield _("A rule of the promotions takes its share off.")
        case StampCard():
            yield _("A full card begins the next one.") if track.settings.repeats else _("There is one card.")
        case Streak():
            yield _streak(track, track.settings, face)
        case _:
            yield _("What is reached stays; only a return takes it away.")


def _tiers(tiers: Tiers, face: Face) -> Iterator[str]:
    if tiers.maintain is None:
        yield _("A tier holds while that is enough.")
    elif isinstance(tiers.maintain, Rolling):
        yield _("A tier holds for as long as %(window)s, then what that time holds has to keep it.") % {
            "window": window(tiers.maintain, face)
        }
    else:
        ends = {
            0: _("A tier holds to the end of its period (%(window)s), which has to keep it."),
            1: _("A tier holds to the end of the next period (%(window)s), which has to keep it."),
        }.get(tiers.later, _("A tier holds to the end of period %(count)s after (%(window)s), which has to keep it."))
        yield ends % {"count": face.number(tiers.later), "window": window(tiers.maintain, face)}
    if tiers.grace_days:
        yield ngettext(
            "%(count)s day of grace to make it.", "%(count)s days of grace to make it.", tiers.grace_days
        ) % {"count": face.number(tiers.grace_days)}
    if tiers.downgrade is not Downgrade.NEVER or tiers.maintain is not None:
        yield words.say("downgrade", tiers.downgrade)
    if tiers.warn_days:
        yield ngettext(
            "A warning %(count)s day before the end.", "A warning %(count)s days before the end.", tiers.warn_days
        ) % {"count": face.number(tiers.warn_days)}


def _streak(track: Track, streak: Streak, face: Face) -> str:
    scale = face.unit(str(track.unit)).scale if track.metric is Metric.POINTS else 0
    each = face.money(streak.each) if track.metric in MONEY else format_scaled(streak.each, scale, face.locale)
    told = _("It counts %(beat)s with at least %(each)s in each.") % {
        "beat": words.say("beat", streak.of),
        "each": each,
    }
    if streak.grace_days:
        told += " " + ngettext(
            "A missed one is forgiven for %(count)s day.",
            "A missed one is forgiven for %(count)s days.",
            streak.grace_days,
        ) % {"count": face.number(streak.grace_days)}
    return told


def rule(one: object, face: Face) -> str:
    """Say by which rule everybody was converted to a version."""
    on: date | None = getattr(one, "date", None)
    if on is not None:
        return _("from nothing, from %(date)s on") % {"date": face.day(on)}
    return words.say("conversion", type(one).__struct_config__.tag)  # type: ignore[attr-defined]  # a rule's struct
