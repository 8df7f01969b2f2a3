"""Figures and dates in templates: ``{% points 120 lot.unit_id %}``, written by the page's ``face``."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from django import template
from django.template import Context

from verno.console import words
from verno.console.face import Face
from verno.console.rooms import Door, doors
from verno.replay.types import Burn
from verno.rules.types import Counts

register = template.Library()


def _face(context: Context) -> Face:
    face: Face = context["face"]
    return face


@register.simple_tag(takes_context=True)
def points(context: Context, value: int, unit: str) -> str:
    """Write points."""
    return _face(context).points(value, unit)


@register.simple_tag(takes_context=True)
def change(context: Context, value: int, unit: str) -> str:
    """Write points with their sign."""
    return _face(context).points(value, unit, signed=True)


@register.simple_tag(takes_context=True)
def taken(context: Context, value: int, unit: str) -> str:
    """Write points that are taken off."""
    return _face(context).points(-value, unit, signed=True)


@register.simple_tag(takes_context=True)
def money(context: Context, amount: int) -> str:
    """Write an amount of money."""
    return _face(context).money(amount)


@register.simple_tag(takes_context=True)
def money_change(context: Context, amount: int) -> str:
    """Write an amount of money with its sign."""
    return ("+" if amount > 0 else "") + _face(context).money(amount)


@register.simple_tag(takes_context=True)
def budget(context: Context, burn: Burn, value: int) -> str:
    """Write what a budget counts: money, or a number of receipts or points."""
    face = _face(context)
    return face.money(value) if burn.budget.counts is Counts.MONEY else face.number(value)


@register.simple_tag(takes_context=True)
def number(context: Context, value: int | Decimal) -> str:
    """Write a count."""
    return _face(context).number(value)


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime) -> str:
    """Write date and time."""
    return _face(context).moment(at)


@register.simple_tag(takes_context=True)
def day(context: Context, at: datetime | date) -> str:
    """Write a date."""
    return _face(context).day(at)


@register.simple_tag(takes_context=True)
def month(context: Context, day: date) -> str:
    """Write a month."""
    return _face(context).month(day)


@register.simple_tag(takes_context=True)
def last_day(context: Context, expires_at: datetime) -> str:
    """Write the last day that points can be used on: the moment they end is no longer part of it."""
    return _face(context).day(expires_at - timedelta(microseconds=1))


@register.simple_tag(takes_context=True)
def quantity(context: Context, value: str) -> str:
    """Write a quantity that comes as a decimal string."""
    return _face(context).number(Decimal(value))


@register.simple_tag(takes_context=True)
def discount(context: Context, amount: int) -> str:
    """Write a discount as what it takes off."""
    return _face(context).money(-amount)


@register.simple_tag(takes_context=True)
def unit_name(context: Context, unit: str) -> str:
    """Say the name of a kind of points."""
    return words.say("unit", _face(context).unit(unit).code).capitalize()


@register.filter
def as_json(value: object) -> str:
    """Write a condition as JSON, for those who read it so."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def topic_name(code: str, names: Mapping[str, str]) -> str:
    """Say a topic's name; the code of one that is no more."""
    return names.get(code) or words.say("topic", code)


@register.simple_tag(takes_context=True)
def rooms(context: Context) -> list[Door]:
    """Return the menu of the person that looks."""
    return doors(context["request"])


@register.filter
def in_words(code: object, kind: str) -> str:
    """Say a stored code in words: ``{{ message.state|in_words:"state" }}``."""
    return words.say(kind, str(code))
