"""What sources can name, as plain copies: texts, whole numbers, yes and no, lists and tables of those."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.members.types import Member
from verno.messaging import facts
from verno.messaging.layouts import brand
from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language
from verno.progress import queries as progress
from verno.workspace import queries as workspace
from verno.workspace.types import Program, Unit

PATRONYMICS = ("вич", "ьич", "мич", "вна", "чна")
"""Endings by which a Russian full name tells that its second word is the first name."""
FULL_NAME = 3

LIVE = ("balance", "expiring", "tier")
"""Figures that sources may name; they are read when a message leaves, those that its template needs."""

Plain = dict[str, object]


class Frame(msgspec.Struct, frozen=True):
    """What is the same for all messages of a program. ``steps``: track -> step -> names by language."""

    program: Program
    units: Sequence[Unit]
    brand: Mapping[str, str]
    steps: Mapping[str, Mapping[str, Mapping[str, str]]] = {}


class Figures(msgspec.Struct, frozen=True):
    """What members have when their messages leave, by holder."""

    balances: Mapping[str, Mapping[str, int]] = {}
    endings: Mapping[str, Sequence[ledger.Expiring]] = {}
    steps: Mapping[str, Mapping[str, str]] = {}


def frame(
    conn: Connection, program: Program, needs: Collection[str] = LIVE, look: Mapping[str, str] | None = None
) -> Frame:
    """Return what holds for a program's messages; ``look`` is its brand, where that has been read."""
    tracks = sorted(progress.tracks(conn, program.id), key=lambda one: one.version) if "tier" in needs else []
    names = {one.track.code: {step.code: dict(step.names) for step in one.track.steps} for one in tracks}
    return Frame(program, workspace.units(conn, program.id), look or brand.brand(conn, program.id), names)


def figures(
    conn: Connection, program: Program, holder_ids: Sequence[str], needs: frozenset[str], *, now: datetime
) -> Figures:
    """Return what members have ``now``, as far as sources name it (``balance``, ``expiring``, ``tier``); set-based."""
    if not holder_ids:
        return Figures()
    return Figures(
        facts.balances(conn, program.id, holder_ids, now) if "balance" in needs else {},
        ledger.next_endings(conn, holder_ids, now=now) if "expiring" in needs else {},
        progress.steps(conn, program.id, holder_ids, on=progress.judging(conn, program, now=now))
        if "tier" in needs
        else {},
    )


def of_member(known: Frame, member: Member | None, found: Figures, language: Language, needs: Collection[str]) -> Plain:
    """Return what sources can name of a member; of what is not known, or not needed, nothing stands there."""
    holder = member.id if member else ""
    balances = found.balances.get(holder, {})
    steps = found.steps.get(holder, {})
    return {
        "member": _person(member),
        "balance": {unit.code: balances.get(unit.code, 0) for unit in known.units} if "balance" in needs else {},
        "expiring": _expiring(known, found.endings.get(holder, ())) if "expiring" in needs else {},
        "tier": {track: _step_name(known, track, step, language) for track, step in steps.items()},
    }


def of_program(known: Frame, language: Language, locale: str | None) -> Plain:
    """Return what sources can name in any message, and what filters need."""
    return {
        "program": {"name": known.program.name},
        "brand": dict(known.brand),
        "lang": language,
        "_units": {unit.code: unit.scale for unit in known.units},
        "_currency": known.program.currency,
        "_locale": locale if locale and wording.language(locale) == language else language,
    }


def first_name(name: str) -> str:
    """Return what somebody is called by: the first word, or the second one of a surname, name and patronymic."""
    words = name.split()
    return words[1] if len(words) == FULL_NAME and words[2].lower().endswith(PATRONYMICS) else words[0]


def _person(member: Member | None) -> Plain:
    if member is None:
        return {"attributes": {}}
    named: Plain = {}
    if member.name and member.name.strip():
        named = {"name": member.name.strip(), "first_name": first_name(member.name)}
    return named | {"attributes": {name: value for name, value in member.attributes.items() if value is not None}}


def _expiring(known: Frame, endings: Sequence[ledger.Expiring]) -> Plain:
    by_unit = {one.unit_id: one for one in endings}
    zone = known.program.timezone
    return {
        unit.code: {"points": one.points, "day": wording.last_usable_day(one.expires_at, zone).isoformat()}
        if (one := by_unit.get(unit.id))
        else {"points": 0}
        for unit in known.units
    }


def _step_name(known: Frame, track: str, step: str, language: Language) -> str:
    names = known.steps.get(track, {}).get(step, {})
    return names.get(language) or next(iter(names.values()), step)
