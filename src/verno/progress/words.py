"""Where somebody stands, in words; rendered for a reader, never stored."""

from collections.abc import Iterator
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from django.utils.translation import gettext, ngettext, override

from verno.kit.money import format_money, format_scaled
from verno.progress.types import MONEY, Beat, Metric, Names, Standing, Step, Streak, Track

HUNDRED = 100
TENTH = 10


def tell(standing: Standing, track: Track, *, currency: str, today: date, locale: str, scale: int = 0) -> list[str]:
    """Return where somebody stands, a sentence each, the most important first.

    ``track`` is the version that the standing was made by, ``scale`` the decimals of the points that it counts. Dates
    of another year than ``today``'s have theirs.
    """
    with override(locale):
        return list(_Teller(standing, track, currency, scale, today, locale).sentences())


def name(track: Track, locale: str) -> str:
    """Return a track's name in a language, else in English, else its code."""
    return _named(track.names, locale) or track.code


def step_name(step: Step, locale: str) -> str:
    """Return a step's name in a language, else in English; of a scale without names its share; else its code."""
    return _named(step.names, locale) or (step.code if step.share is None else percent(step.share, locale))


def percent(share: int, locale: str) -> str:
    """Write hundredths of a per cent: 750 is ``7.5 %``."""
    if share % HUNDRED == 0:
        return f"{format_scaled(share // HUNDRED, 0, locale)} %"
    return f"{format_scaled(share // TENTH, 1, locale) if share % TENTH == 0 else format_scaled(share, 2, locale)} %"


class _Teller:
    """One standing, told to one reader."""

    def __init__(self, standing: Standing, track: Track, currency: str, scale: int, today: date, locale: str) -> None:
        self.standing, self.track, self.currency, self.scale = standing, track, currency, scale
        self.today, self.locale = today, locale
        self.steps = {step.code: step for step in track.steps}

    def sentences(self) -> Iterator[str]:
        standing = self.standing
        if isinstance(self.track.settings, Streak):
            yield from self.streak(self.track.settings)
        elif standing.step is not None:
            yield from self.held(standing.step)
        if standing.times:
            cards = ngettext("%(count)s full card", "%(count)s full cards", standing.times)
            yield cards % {"count": self.number(standing.times)}
        if standing.next is not None and standing.distance is not None:
            yield self.ahead(standing.next, standing.distance)
        if standing.projected not in (None, standing.step):
            yield gettext("at this pace: %(step)s") % {"step": self.step(str(standing.projected))}

    def held(self, code: str) -> Iterator[str]:
        standing = self.standing
        words: dict[str, str] = {"step": self.step(code)}
        ends = standing.grace_until or standing.holds_until
        if standing.by_contract and standing.share is not None:
            yield gettext("%(share)s by contract") % {"share": percent(standing.share, self.locale)}
        elif ends is None:
            yield words["step"]
        else:
            words["date"] = self.date(ends)
            yield gettext("%(step)s until %(date)s") % words
        if standing.keep_distance and ends is not None:
            words["distance"] = self.amount(standing.keep_distance)
            yield gettext("%(distance)s more by %(date)s keeps %(step)s") % words

    def ahead(self, code: str, distance: int) -> str:
        words = {"step": self.step(code), "distance": self.amount(distance)}
        if isinstance(self.track.settings, Streak) or self.standing.until is None:
            return gettext("%(distance)s short of %(step)s") % words
        words["date"] = self.date(self.standing.until)
        return gettext("%(distance)s short of %(step)s, until %(date)s") % words

    def streak(self, streak: Streak) -> Iterator[str]:
        length = self.standing.value
        words = {"count": self.number(length)}
        if streak.of is Beat.DAY:
            yield ngettext("%(count)s day in a row", "%(count)s days in a row", length) % words
        elif streak.of is Beat.WEEK:
            yield ngettext("%(count)s week in a row", "%(count)s weeks in a row", length) % words
        else:
            yield ngettext("%(count)s month in a row", "%(count)s months in a row", length) % words
        if length and self.standing.until is not None:
            yield gettext("goes on if the next comes by %(date)s") % {"date": self.date(self.standing.until)}

    def step(self, code: str) -> str:
        return step_name(self.steps[code], self.locale)

    def amount(self, value: int) -> str:
        if isinstance(self.track.settings, Streak):
            return self.number(value)
        if self.track.metric in MONEY:
            return format_money(value, self.currency, self.locale)
        return format_scaled(value, self.scale if self.track.metric is Metric.POINTS else 0, self.locale)

    def number(self, value: int) -> str:
        return format_scaled(value, 0, self.locale)

    def date(self, day: date) -> str:
        """Write ``31 December``, with the year if it is another one."""
        try:
            locale = Locale.parse(self.locale.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            locale = Locale("en")
        return format_date(day, "d MMMM" if day.year == self.today.year else "d MMMM y", locale)


def _named(names: Names, locale: str) -> str | None:
    return names.get(locale) or names.get(locale.replace("_", "-").partition("-")[0]) or names.get("en")
