"""Somebody made up, to render templates for before anybody is written to."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from verno.ledger.queries import Expiring
from verno.members.types import Member
from verno.messaging.letters.wording import Language
from verno.messaging.templates.checks.sources import EACH, Use, uses
from verno.messaging.templates.types import Sources
from verno.messaging.templates.views import Figures, Frame

NAMES: Mapping[Language, str] = {"ru": "Анна Соколова", "en": "Anna Brown"}
HOLDER = "00000000-0000-7000-8000-000000000000"
BALANCE, ENDING = 1_250, 300
"""Whole points."""
COUNT = 1_250
IN_DAYS = 14
_FIGURES = frozenset({"points", "number", "money"})
_DAYS = re.compile(r"(^|_)(day|date|until|birthday)(_|$)")
_NUMBERS = re.compile(r"(^|_)(count|points|amount|sum|total|price|number|quantity|days|balance)(_|$)")


def member(attributes: Mapping[str, object], language: Language, *, sparse: bool) -> Member:
    """Return somebody; ``sparse``: of whom hardly anything is known."""
    born = datetime(2026, 1, 1, tzinfo=UTC)
    return Member(
        id=HOLDER,
        external_id="sample",
        name=None if sparse else NAMES[language],
        phone=None,
        email=None,
        card=None,
        birth_date=None if sparse else date(1990, 5, 17),
        locale=language,
        attributes={} if sparse else dict(attributes),
        consents=[],
        created_at=born,
        changed_at=born,
    )


def figures(known: Frame, *, sparse: bool, now: datetime) -> Figures:
    """Return what somebody has."""
    balances = {unit.code: 0 if sparse else BALANCE * 10**unit.scale for unit in known.units}
    ends = now + timedelta(days=IN_DAYS)
    endings = [Expiring(unit.id, ends, ENDING * 10**unit.scale) for unit in known.units]
    steps = {track: list(some)[-1] for track, some in known.steps.items() if some}
    return Figures({HOLDER: balances}, {} if sparse else {HOLDER: endings}, {} if sparse else {HOLDER: steps})


def attributes(sources: Sequence[Sources]) -> dict[str, object]:
    """Return a value for each attribute that sources name."""
    found = [one for source in sources for one in _all(source) if one.name.startswith("member.attributes.")]
    return {one.name.split(".")[2]: _value(one) for one in found}


def context(sources: Sequence[Sources]) -> dict[str, object]:
    """Return a context that has what sources name, of a kind that they can be rendered with."""
    out: dict[str, object] = {}
    found = [one for source in sources for one in _all(source) if one.name.startswith("context.")]
    for one in sorted(found, key=lambda one: len(one.name)):
        _put(out, one.name.split(".")[1:], one)
    return out


def _all(source: Sources) -> list[Use]:
    return [one for part in (source.subject, source.html, source.text) for one in uses(part)]


def _put(where: dict[str, object], path: Sequence[str], use: Use) -> None:
    """Put a value into a table, with tables and lists on the way to it."""
    name, *rest = path
    is_list = name.endswith(EACH)
    key = name.removesuffix(EACH)
    if is_list:
        items = where.get(key)
        if not isinstance(items, list):
            items = where[key] = [{}]
        if rest and isinstance(items[0], dict):
            _put(items[0], rest, use)
        elif not rest and items == [{}]:
            where[key] = [_value(use)]
    elif rest:
        inner = where.get(key)
        if not isinstance(inner, dict):
            inner = where[key] = {}
        _put(inner, rest, use)
    elif use.repeated:
        where.setdefault(key, [{}])
    elif not isinstance(where.get(key), (dict, list)) and (key not in where or use.filters):
        where[key] = _value(use)


def _value(use: Use) -> object:
    name = use.name.rpartition(".")[2].removesuffix(EACH)
    if "day" in use.filters or _DAYS.search(name):
        return "2026-10-31"
    if _FIGURES & set(use.filters) or _NUMBERS.search(name):
        return COUNT
    return name
