"""The words and figures of a points statement, from the context that was stored with its message."""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from verno.messaging.letters import wording
from verno.messaging.letters.wording import STATEMENT


class Ending(msgspec.Struct, frozen=True):
    """Points of the closing balance whose last usable day, in the program's zone, is ``last_day``."""

    last_day: date
    points: int


class UnitFigures(msgspec.Struct, frozen=True):
    """One unit's figures, in its smallest step; closing = opening + earlier + earned - spent - expired."""

    code: str
    scale: int
    opening: int
    earlier: int
    earned: int
    spent: int
    expired: int
    closing: int
    expiring: list[Ending]
    spend_value: int | None = None
    """Minor units that one whole point pays; None: they cannot be spent."""


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. ``month`` is its first day; ``horizon`` the last day looked ahead to.

    ``since`` is the first day of several months that end with this one.
    """

    month: date
    horizon: date
    units: list[UnitFigures]
    since: date | None = None
    currency: str = ""

    @property
    def first(self) -> date:
        """Return the first day that is told of."""
        return self.since or self.month


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:
    """Return the template's words, all of them text or lists of text."""
    figures = msgspec.convert(context, Context)
    words = dict(STATEMENT[wording.language(locale)])
    main = figures.units[0]
    month = wording.month_name(figures.month, locale)
    if figures.first != figures.month:
        month = _several(figures.first, figures.month, words, locale)
        words |= {name: words[f"{name}_several"] for name in ("subject", "greeting", "greeting_nameless")}
    last = (figures.month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    balance = wording.points(main.closing, main.scale, locale)
    moved = {part: wording.number(getattr(main, part), main.scale, locale) for part in ("earned", "spent", "expired")}
    greeting = words["greeting"] if name else words["greeting_nameless"]
    horizon = wording.day_and_month(figures.horizon, locale)
    ending = [row for unit in figures.units for row in _ending(unit, words, locale)]
    return {
        "subject": words["subject"].format(balance=balance, month=month),
        "preview": words["preview"].format(**moved),
        "greeting": greeting.format(name=name, month=month),
        "balance": balance,
        "as_of": words["as_of"].format(date=wording.day(last, locale)),
        "units": [_unit(unit, figures, last, words, locale) for unit in figures.units],
        "ending": ending,
        "ending_title": words["ending_title"].format(
            date=horizon,
            points=wording.points(sum(e.points for e in main.expiring), main.scale, locale),
        ),
        "ending_none": words["ending_none"].format(date=horizon),
        "spending": [
            _spending(unit, figures.currency, words, locale)
            for unit in figures.units
            if unit.spend_value and figures.currency
        ],
        "spending_how": words["spending_how"],
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
        "preferences": words["preferences"],
    }


def _several(first: date, last: date, words: Mapping[str, str], locale: str) -> str:
    """Name several months: as a quarter where they are one, else by the first and the last."""
    if (last.month - first.month, last.month % 3) == (2, 0):
        return words["quarter"].format(quarter=wording.quarter_name(last, locale), year=last.year)
    return words["months"].format(first=wording.month_name(first, locale), last=wording.month_name(last, locale))


def _spending(unit: UnitFigures, currency: str, words: Mapping[str, str], locale: str) -> str:
    """Say what a point pays, and all of them."""
    whole, value = 10**unit.scale, unit.spend_value or 0
    return words["spending"].format(
        point=wording.points(whole, unit.scale, locale),
        worth=wording.money(value, currency, locale),
        points=wording.points(max(unit.closing, 0), unit.scale, locale),
        all=wording.money(max(unit.closing, 0) * value // whole, currency, locale),
    )


def _unit(unit: UnitFigures, figures: Context, last: date, words: Mapping[str, str], locale: str) -> dict[str, object]:
    several = len(figures.units) > 1
    first = wording.day_and_month(figures.first, locale)
    movements = [("earned", unit.earned), ("spent", -unit.spent), ("expired", -unit.expired)]
    if unit.earlier:
        movements.insert(0, ("earlier", unit.earlier))

    def row(label: str, value: str, mood: str = "") -> dict[str, str]:
        return {"label": f"{unit.code}: {label}" if several else label, "value": value, "mood": mood}

    opening = row(words["opening"].format(date=first), wording.number(unit.opening, unit.scale, locale))
    return {
        "rows": [
            opening,
            *[
                row(words[part], wording.signed(value, unit.scale, locale), "plus" if value > 0 else "")
                for part, value in movements
            ],
        ],
        "closing": row(
            words["closing"].format(date=wording.day_and_month(last, locale)),
            wording.number(unit.closing, unit.scale, locale),
        ),
    }


def _ending(unit: UnitFigures, words: Mapping[str, str], locale: str) -> list[dict[str, str]]:
    return [
        {
            "when": words["ending_row"].format(date=wording.day_and_month(ending.last_day, locale)),
            "points": wording.points(ending.points, unit.scale, locale),
        }
        for ending in unit.expiring
    ]
