"""Reads of progress: tracks, whose counts they are, and where somebody stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from psycopg import Cursor
from psycopg.rows import TupleRow

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.kit.money import currency_digits
from verno.kit.sql import Statements
from verno.members.types import MemberKind
from verno.progress import engine
from verno.progress.engine import Board, Owner
from verno.progress.types import (
    AgreedShare,
    Audience,
    Contract,
    Floor,
    OnStep,
    Rule,
    SetStep,
    Source,
    Standing,
    Stored,
    Track,
    Whose,
)
from verno.rules import fields
from verno.workspace.types import Program

SQL = Statements("verno.progress")

OwnerKey: TypeAlias = tuple[str, str]
"""(owner id, counter id or track id)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A holder as tracks know them: ``id`` is who they are now; ``group_id`` owns what their buying group counts."""

    id: str
    kind: str
    group: str | None
    group_id: str | None
    joined: date | None

    def owner(self, track: Track) -> Owner:
        """Return whose counts a track looks at."""
        if engine.whose(track) is Whose.GROUP and self.group_id is not None:
            return Owner(self.group_id, None, self.group)
        return Owner(self.id, self.joined)

    def counts(self, track: Track) -> bool:
        """Tell whether a track is for them."""
        return track.audience is None or track.audience == Audience(self.kind)


@dataclass(slots=True)
class Loaded:
    """What owners have counted, by owner and counter; steps set and contracts by owner and track."""

    counts: dict[OwnerKey, dict[date, int]] = field(default_factory=dict)
    floors: dict[OwnerKey, list[Floor]] = field(default_factory=dict)
    contracts: dict[OwnerKey, list[Contract]] = field(default_factory=dict)

    def owner(self, owner: Owner, track_id: str) -> Owner:
        """Return an owner with all that was set and agreed for a track."""
        key = (owner.id, track_id)
        if key not in self.floors and key not in self.contracts:
            return owner
        floors, contracts = tuple(self.floors.get(key, ())), tuple(self.contracts.get(key, ()))
        return Owner(owner.id, owner.joined, owner.group, floors, contracts)


def tracks(conn: Connection, program_id: str) -> list[Stored]:
    """Return all versions of a program's tracks, by code, the newest first: ``engine.board`` makes them ready."""
    rows = conn.execute(SQL["tracks"], {"program": program_id}).fetchall()
    return [
        Stored(id_, version, counter, msgspec.convert(body, Track), msgspec.convert(rule, Rule), *rest)
        for id_, version, counter, body, rule, *rest in rows
    ]


def judging(conn: Connection, program: Program, *, now: datetime) -> Board:
    """Return a program's tracks for whoever judges and counts nothing, so that no condition need be ready."""
    zone = localtime.zone(program.timezone)
    today = localtime.business_date(now, zone)
    return Board(zone, stored=tuple(engine.living(tracks(conn, program.id), today)))


def all_known(stored: Iterable[Stored], *, currency: str) -> dict[str, fields.Track]:
    """Return all tracks there ever were, with all the steps they had: a rulebook of long ago may ask of those."""
    digits = currency_digits(currency)
    found: dict[str, fields.Track] = {}
    for one in sorted(stored, key=lambda one: one.version):
        before, now = found.get(one.track.code), engine.as_known(one.track, digits)
        found[one.track.code] = replace(now, steps={**before.steps, **now.steps}) if before else now
    return found


def people(conn: Connection, program_id: str, holder_ids: Iterable[str], zone: ZoneInfo) -> dict[str, Person]:
    """Return holders as tracks know them; one statement. Who is no member of the program is a person of their own."""
    wanted = sorted(set(holder_ids))
    if not wanted:
        return {}
    parameters = {"program": program_id, "ids": batches.rows(wanted)}
    found: dict[str, Person] = {}
    for holder, owner, kind, group, created_at in conn.execute(SQL["owners"], parameters).fetchall():
        grouped = group if kind == MemberKind.COMPANY else None
        joined = None if created_at is None else localtime.business_date(created_at, zone)
        group_id = None if grouped is None else group_owner(program_id, grouped)
        found[holder] = Person(owner, kind or MemberKind.PERSON.value, grouped, group_id, joined)
    return found


def group_owner(program_id: str, group: str) -> str:
    """Return the id under which the companies of a buying group stand together."""
    return str(uuid5(UUID(program_id), f"buying-group/{group}"))


class Asked(NamedTuple):
    """What was asked of the database and is not read yet, so that it may travel with other statements."""

    counts: Cursor[TupleRow]
    floors: Cursor[TupleRow]
    contracts: Cursor[TupleRow] | None

    def read(self) -> Loaded:
        """Wait for it."""
        out = Loaded()
        for owner, counter, day, amount in self.counts.fetchall():
            out.counts.setdefault((owner, counter), {})[day] = amount
        for owner, track, step, first, last in self.floors.fetchall():
            out.floors.setdefault((owner, track), []).append(Floor(step, first, last))
        for owner, track, share, first, last, *_ in self.contracts.fetchall() if self.contracts else ():
            contract = Contract(owner_id=owner, track_id=track, share=share, first=first, last=last)
            out.contracts.setdefault((owner, track), []).append(contract)
        return out


def ask(
    conn: Connection, program_id: str, owners: Iterable[Owner], counters: Iterable[str], *, contracts: bool = False
) -> Asked:
    """Ask what owners have counted under some counters, and what was set for them; inside the caller's pipeline."""
    parameters = {"program": program_id, "owners": owner_rows(owners), "counters": sorted(set(counters))}
    return Asked(
        conn.execute(SQL["counts"], parameters),
        conn.execute(SQL["floors"], parameters),
        conn.execute(SQL["contracts"], parameters) if contracts else None,
    )


def owner_rows(owners: Iterable[Owner]) -> str:
    """Return owners as rows of a statement, each once."""
    by_id = {owner.id: owner.group for owner in owners}
    return batches.rows([{"owner_id": id_, "buying_group": group} for id_, group in sorted(by_id.items())])


def standings(
    conn: Connection, program_id: str, holder_ids: Sequence[str], *, on: Board, at: datetime
) -> dict[str, list[Standing]]:
    """Return where holders stand at ``at`` on each track that is for them, by code; merged ones as whom they are now.

    Two round trips whatever their number, none for a program without tracks. Who has counted nothing stands at nothing.
    """
    today = engine.today_of(on, at)
    holding = on.holding(today)
    if not holding or not holder_ids:
        return {}
    found = people(conn, program_id, holder_ids, on.zone)
    pairs = [
        (holder, person.owner(one.track), one)
        for holder, person in found.items()
        for one in holding
        if person.counts(one.track)
    ]
    counters = [one.counter_id for one in holding]
    with conn.pipeline():
        owners = [owner for _, owner, _ in pairs] + [Owner(person.id) for person in found.values()]
        asked = ask(conn, program_id, owners, counters, contracts=True)
    loaded = asked.read()
    out: dict[str, list[Standing]] = {holder: [] for holder in holder_ids}
    for holder, bare, one in pairs:
        owner = loaded.owner(bare, one.id)
        own = loaded.contracts.get((found[holder].id, one.id), [])
        if owner.id != found[holder].id and engine.contract(own, today) is not None:
            owner = replace(owner, contracts=tuple(own))  # their own goes before their group's
        counts = loaded.counts.get((owner.id, one.counter_id), {})
        out[holder].append(engine.standing(one, counts, today, holder_id=holder, owner=owner))
    return out


def contracts(conn: Connection, program_id: str, owner_id: str) -> list[AgreedShare]:
    """Return what was agreed with a member or under ``group_owner``, by track and date; of tracks that are there."""
    codes = {one.id: one.track.code for one in tracks(conn, program_id)}
    parameters = {"program": program_id, "owners": owner_rows([Owner(owner_id)])}
    return [
        AgreedShare(codes[track], *rest)
        for _, track, *rest in conn.execute(SQL["contracts"], parameters).fetchall()
        if track in codes
    ]


def on_steps(conn: Connection, program_id: str) -> list[OnStep]:
    """Return how many stood on each step of each track at the last look."""
    return [OnStep(*row) for row in conn.execute(SQL["on_steps"], {"program": program_id}).fetchall()]


def set_steps(conn: Connection, program_id: str, holder_id: str) -> list[SetStep]:
    """Return the steps that were set for a member and hold, held or will hold, the newest first."""
    parameters = {"program": program_id, "holder": holder_id}
    return [
        SetStep(code, step, first, last, Source(source), *rest)
        for code, step, first, last, source, *rest in conn.execute(SQL["set_steps"], parameters).fetchall()
    ]


def steps(conn: Connection, program_id: str, holder_ids: Sequence[str], *, on: Board) -> dict[str, Mapping[str, str]]:
    """Return the steps that holders were last found on, by track's code.

    Cheaper than ``standings``: it is what was true at the last look. Two round trips; who has no step is absent.
    """
    if not on or not holder_ids:
        return {}
    codes = {one.id: one.track for one in reversed(on.stored)}  # the newest last
    found = people(conn, program_id, holder_ids, on.zone)
    owners = {one.id: one for person in found.values() for one in (person.owner(track) for track in codes.values())}
    rows = conn.execute(SQL["tiers_of"], {"program": program_id, "owners": owner_rows(owners.values())}).fetchall()
    by_owner = {(owner, track): step for owner, track, step in rows}
    out: dict[str, Mapping[str, str]] = {}
    for holder, person in found.items():
        mine = {
            track.code: step
            for id_, track in codes.items()
            if (step := by_owner.get((person.owner(track).id, id_))) and person.counts(track)
        }
        if mine:
            out[holder] = mine
    return out
