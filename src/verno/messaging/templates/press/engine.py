"""Rendering: minijinja on a ration of fuel, over plain copies; what prints figures makes them of integers.

Undefined names may be asked (``{% if member.name %}``) and given a fallback, but never printed.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import cast

from babel.core import UnknownLocaleError
from babel.numbers import get_currency_symbol
from minijinja import Environment, TemplateError, pass_state
from minijinja._lowlevel import State

from verno.kit.money import format_money
from verno.messaging.letters import wording
from verno.messaging.templates.press.protocol import Broken, Rendered

FUEL = 100_000
"""Template instructions of one part; a statement of 60 rows takes under 5,000."""
LONGEST = 512 * 1024
"""Characters of one part of a letter."""
PARTS = ("subject", "html", "text")
NAMES = ("subject.txt", "letter.html", "letter.txt")

NBSP = "\u00a0"


def environment(subject: str, html: str, text: str) -> Environment:
    """Return the environment of one block; raises ``TemplateError`` for a source that cannot be read."""
    made: Environment = Environment(
        filters=FILTERS,
        fuel=FUEL,
        trim_blocks=True,
        auto_escape_callback=lambda name: name.endswith(".html"),
        finalizer=_printed,
        debug=False,
    )
    setattr(made, "undefined_behavior", "semi_strict")  # noqa: B010 newer than the package's own stubs
    for name, source in zip(NAMES, (subject, html, text), strict=True):
        made.add_template(name, source)
    return made


def render(made: Environment, view: Mapping[str, object]) -> Rendered | Broken:
    """Return a block as its reader sees it, or the part that cannot be rendered, and why."""
    out: list[str] = []
    for part, name in zip(PARTS, NAMES, strict=True):
        try:
            found = made.render_template(name, **view)
        except TemplateError as error:
            return Broken(part, said(error))
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:  # out of a filter
            return Broken(part, f"{type(error).__name__}: {error}"[:300])
        if len(found) > LONGEST:
            return Broken(part, f"longer than {LONGEST} characters")
        out.append(found)
    subject, html, text = out
    # A subject of several lines would write headers.
    return Rendered(" ".join(subject.split()), html, text)


def said(error: TemplateError) -> str:
    """Return what the engine says of a fault, in one line, without the source around it."""
    detail = error.detail or error.message
    line = f" (line {error.line})" if error.line else ""
    return f"{error.kind}: {detail}{line}".splitlines()[0][:300]


def _printed(value: object) -> object:
    if value is None:
        message = "there is nothing to print; give it a fallback: | default('...')"
        raise ValueError(message)
    return value


@pass_state
def points(state: State, value: object, unit: str | None = None) -> str:
    """Write ``1,250 points`` of the unit's smallest steps; without a unit, of the program's first one."""
    return wording.points(_whole(value), _scale(state, unit), _locale(state))


@pass_state
def number(state: State, value: object, unit: str | None = None) -> str:
    """Write ``1,250`` of the unit's smallest steps."""
    return wording.number(_whole(value), _scale(state, unit), _locale(state))


@pass_state
def money(state: State, value: object) -> str:
    """Write minor units of the program's currency: ``450.00 ₽``."""
    currency, locale = str(state.lookup("_currency")), wording.formats(_locale(state))
    amount = format_money(_whole(value), currency, str(locale)).replace("-", wording.MINUS)
    try:
        symbol = get_currency_symbol(currency, locale)
    except UnknownLocaleError:
        symbol = currency
    return f"{amount}{NBSP}{symbol}"


@pass_state
def day(state: State, value: object) -> str:
    """Write a day (``2026-10-31``) as people do: October 31, 2026."""
    return wording.day(date.fromisoformat(str(value)[:10]), _locale(state))


def default(value: object, fallback: object = "", _: object = None) -> object:
    """Return the fallback for what is missing, null or empty."""
    return fallback if value is None or value == "" else value


FILTERS: Mapping[str, Callable[..., object]] = {
    "points": points,
    "number": number,
    "money": money,
    "day": day,
    "default": default,
    "d": default,
}
"""Beside minijinja's own."""


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = "a figure is a whole number of smallest steps"
        raise ValueError(message)  # noqa: TRY004 told to the template's author
    return value


def _scale(state: State, unit: str | None) -> int:
    units = cast("dict[str, int]", state.lookup("_units"))
    if unit is None:
        return next(iter(units.values()), 0)
    if unit not in units:
        message = f"there is no unit {unit}"
        raise ValueError(message)
    return units[unit]


def _locale(state: State) -> str:
    return str(state.lookup("_locale"))
