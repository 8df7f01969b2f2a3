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


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. ``month`` is its first day; ``horizon`` the last day looked ahead to."""

    month: date
    horizon: date
    units: list[UnitFigures]


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:
    """Return the template's words, all of them text or lists of text."""
    figures = msgspec.convert(context, Context)
    words = STATEMENT[wording.language(locale)]
    main = figures.units[0]
    month = wording.month_name(figures.month, locale)
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
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
        "preferences": words["preferences"],
    }


def _unit(unit: UnitFigures, figures: Context, last: date, words: Mapping[str, str], locale: str) -> dict[str, object]:
    several = len(figures.units) > 1
    first = wording.day_and_month(figures.month, locale)
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
