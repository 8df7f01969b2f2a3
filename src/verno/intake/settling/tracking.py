"""What receipts move on progress tracks, and what rules' effects give members beside points.

Gathered while a batch is worked out, and written as the last thing of its transaction: the tracks' locks come after
those of the ledger's accounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from verno.intake import sold
from verno.intake.context import Context
from verno.intake.settling import again, effects
from verno.intake.settling.case import Case
from verno.intake.sold import Sold
from verno.intake.types import Brought
from verno.kit import localtime
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.service import Given
from verno.members.types import NewBadge
from verno.progress import engine
from verno.progress import service as progress
from verno.progress.engine import NOTHING, Board, Gave
from verno.progress.types import FloorKey, Moved, NewFloor, Source
from verno.rules.facts import Facts, Member
from verno.rules.types import Fired


@dataclass(slots=True)
class Progress:
    """One transaction's moves; a program without tracks has none."""

    context: Context
    now: datetime
    moved: list[Moved] = field(default_factory=list)
    badges: list[NewBadge] = field(default_factory=list)
    floors: list[NewFloor] = field(default_factory=list)
    lost_badges: set[Given] = field(default_factory=set)
    lost_floors: list[FloorKey] = field(default_factory=list)

    @property
    def board(self) -> Board:
        """Return the tracks."""
        return self.context.board(self.now)

    def sale(self, case: Case) -> None:
        """Count a sale that has happened."""
        if case.facts is None or case.holder is None or case.hold_until is not None:
            return
        if self.board:
            gave = NOTHING, Gave(case.earned, effects.happened(effects.brought(case.fired)))
            self._count(case.holder, case.day, None, case.facts, gave, case.id)
        self.effects(case.holder, case.id, case.day, case.fired)

    def sold(
        self, one: Sold, holder_id: str, quantities: Mapping[int, int], gave: Gave, member: Member | None = None
    ) -> None:
        """Count what was captured of a held receipt, or a receipt that has found its member."""
        if self.board:
            facts = again.facts(self.context, one, quantities, member)
            self._count(holder_id, self._day(one), None, facts, (NOTHING, gave), one.row.id)

    def returned(self, one: Sold, before: Mapping[int, int], after: Mapping[int, int], gave: tuple[Gave, Gave]) -> None:
        """Move back what a return undoes: what was kept before it, and after it, with what each gave."""
        if self.board:
            was = again.facts(self.context, one, before, None)
            now = again.facts(self.context, one, after, None) if any(after.values()) else None
            self._count(one.row.holder_id, self._day(one), was, now, gave, one.row.id)

    def undo(self, one: Sold, gone: Brought) -> None:
        """Take back the badges and tiers that a receipt's rules do not bring any more."""
        holder_id = one.row.holder_id
        for rule, effect, name in gone:
            if effect == effects.BADGE:
                self.lost_badges.add((holder_id, name, _source(rule)))
            elif effect == effects.TIER:
                code = name.partition("/")[0]
                tracks = {stored.id for stored in self.board.stored if stored.track.code == code}
                self.lost_floors += [FloorKey(holder_id, track, _key(one.row.id, rule)) for track in tracks]

    def effects(self, holder_id: str, receipt_id: str, day: date, fired: Sequence[Fired]) -> None:
        """Give the badges and tiers that rules brought."""
        for one in fired:
            if one.effect == effects.BADGE:
                self.badges.append(self._badge(holder_id, day, one))
            elif one.effect == effects.TIER:
                self._lift(holder_id, receipt_id, day, one)

    def write(self, conn: Connection) -> None:
        """Write all of it."""
        program_id = self.context.program.id
        if self.moved:
            progress.count(conn, program_id, self.moved, on=self.board, now=self.now)
        if self.floors:
            progress.set_floors(conn, program_id, self.floors, on=self.board, now=self.now)
        if self.lost_floors:
            progress.revoke_floors(conn, program_id, self.lost_floors, on=self.board, now=self.now)
        if self.badges:
            members.give_badges(conn, program_id, self.badges, now=self.now)
        if self.lost_badges:
            self._take(conn)
        self.moved, self.floors, self.badges, self.lost_badges, self.lost_floors = [], [], [], set(), []

    def _count(
        self, holder_id: str, day: date, was: Facts | None, now: Facts | None, gave: tuple[Gave, Gave], receipt_id: str
    ) -> None:
        self.moved += engine.moves(self.board, holder_id, day, was, now, gave=gave, receipt_id=receipt_id)

    def _take(self, conn: Connection) -> None:
        """Let badges go as far as no other receipt of the same holder brings them by the same rule."""
        program_id, holders = self.context.program.id, sorted({holder for holder, _, _ in self.lost_badges})
        members.lock_badges(conn, program_id, self.lost_badges)
        found = [one for one in sold.settled_of(conn, self.context, holders) if _may_give(one)]
        sold.look_closer(conn, found)
        kept: dict[Given, NewBadge] = {}
        for one in found:
            there = effects.still_there(self.context, one)
            for fired in one.verdict():
                if there[fired.rule, effects.BADGE, fired.text]:
                    badge = self._badge(one.row.holder_id, self._day(one), fired)
                    key = (badge.holder_id, badge.code, badge.source)
                    kept[key] = members.longest(kept.get(key, badge), badge)
        lost = sorted(self.lost_badges)
        gone = [kept.get((holder, code, by), NewBadge(holder, code, self.now, by)) for holder, code, by in lost]
        members.take_badges(conn, program_id, [one for one in gone if one.until is not None], now=self.now)

    def _badge(self, holder_id: str, day: date, fired: Fired) -> NewBadge:
        """Return the badge that a rule gives for a receipt of a day."""
        zone, last = localtime.zone(self.context.program.timezone), day + timedelta(days=fired.full)
        until = localtime.localize(datetime.combine(last, time.min), zone) if fired.full else None
        return NewBadge(holder_id, fired.text, until, _source(fired.rule))

    def _lift(self, holder_id: str, receipt_id: str, day: date, fired: Fired) -> None:
        code, _, step = fired.text.partition("/")
        for stored in self.board.holding(day):
            if stored.track.code == code:
                self.floors.append(
                    NewFloor(
                        holder_id=holder_id,
                        track_id=stored.id,
                        step=step,
                        first=day,
                        last=day + timedelta(days=fired.full),
                        source=Source.EFFECT,
                        key=_key(receipt_id, fired.rule),
                    )
                )

    def _day(self, one: Sold) -> date:
        return localtime.business_date(one.row.at, self.context.zones[one.row.place_id])


def _may_give(one: Sold) -> bool:
    """Tell whether a receipt may bring a badge; of one that was captured its steps tell."""
    return one.row.hold_expires_at is not None or any(fired.effect == effects.BADGE for fired in one.row.verdict)


def _source(rule: str) -> str:
    return f"rule:{rule}"


def _key(receipt_id: str, rule: str) -> str:
    return f"{receipt_id}/{rule}"
