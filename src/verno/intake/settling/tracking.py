"""What receipts move on progress tracks, and what rules' effects give members beside points.

Gathered while a batch is worked out, and written as the last thing of its transaction: the tracks' locks come after
those of the ledger's accounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from verno.intake.context import Context
from verno.intake.settling import again
from verno.intake.settling.case import Case
from verno.intake.sold import Sold
from verno.kit import localtime
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.types import NewBadge
from verno.progress import engine
from verno.progress import service as progress
from verno.progress.engine import Board
from verno.progress.types import Moved, NewFloor, Source
from verno.rules.facts import Facts, Member
from verno.rules.types import Fired

Points = Mapping[str, int]
BADGE, TIER = "give_badge", "set_tier"


@dataclass(slots=True)
class Progress:
    """One transaction's moves; a program without tracks has none."""

    context: Context
    now: datetime
    moved: list[Moved] = field(default_factory=list)
    badges: list[NewBadge] = field(default_factory=list)
    floors: list[NewFloor] = field(default_factory=list)

    @property
    def board(self) -> Board:
        """Return the tracks."""
        return self.context.board(self.now)

    def sale(self, case: Case) -> None:
        """Count a sale that has happened."""
        if case.facts is None or case.holder is None or case.hold_until is not None:
            return
        self._count(case.holder, case.day, None, case.facts, after=case.earned, receipt_id=case.id)
        self.effects(case.holder, case.id, case.day, case.fired)

    def sold(
        self, one: Sold, holder_id: str, quantities: Mapping[int, int], points: Points, member: Member | None = None
    ) -> None:
        """Count what was captured of a held receipt, or a receipt that has found its member."""
        if self.board:
            facts = again.facts(self.context, one, quantities, member)
            self._count(holder_id, self._day(one), None, facts, after=points, receipt_id=one.row.id)

    def returned(
        self, one: Sold, before: Mapping[int, int], after: Mapping[int, int], points: tuple[Points, Points]
    ) -> None:
        """Move back what a return undoes: what was kept before it, and after it, with what each had earned."""
        if self.board:
            was = again.facts(self.context, one, before, None)
            now = again.facts(self.context, one, after, None) if any(after.values()) else None
            day, row = self._day(one), one.row
            self._count(row.holder_id, day, was, now, before=points[0], after=points[1], receipt_id=row.id)

    def effects(self, holder_id: str, receipt_id: str, day: date, fired: Sequence[Fired]) -> None:
        """Give the badges and tiers that rules brought."""
        zone = localtime.zone(self.context.program.timezone)
        for one in fired:
            last = day + timedelta(days=one.full)
            if one.effect == BADGE:
                until = localtime.localize(datetime.combine(last, time.min), zone) if one.full else None
                self.badges.append(NewBadge(holder_id, one.text, until, f"rule:{one.rule}"))
            elif one.effect == TIER:
                self._lift(holder_id, receipt_id, day, last, one)

    def write(self, conn: Connection) -> None:
        """Write all of it."""
        program_id = self.context.program.id
        if self.moved:
            progress.count(conn, program_id, self.moved, on=self.board, now=self.now)
        if self.floors:
            progress.set_floors(conn, program_id, self.floors, on=self.board, now=self.now)
        if self.badges:
            members.give_badges(conn, program_id, self.badges, now=self.now)
        self.moved, self.floors, self.badges = [], [], []

    def _count(
        self,
        holder_id: str,
        day: date,
        was: Facts | None,
        now: Facts | None,
        *,
        before: Points = engine.NOTHING,
        after: Points = engine.NOTHING,
        receipt_id: str,
    ) -> None:
        if self.board:
            self.moved += engine.moves(
                self.board, holder_id, day, was, now, points_before=before, points_after=after, receipt_id=receipt_id
            )

    def _lift(self, holder_id: str, receipt_id: str, day: date, last: date, fired: Fired) -> None:
        code, _, step = fired.text.partition("/")
        for stored in self.board.holding(day):
            if stored.track.code == code:
                key = f"{receipt_id}/{fired.rule}"
                self.floors.append(
                    NewFloor(
                        holder_id=holder_id,
                        track_id=stored.id,
                        step=step,
                        first=day,
                        last=last,
                        source=Source.EFFECT,
                        key=key,
                    )
                )

    def _day(self, one: Sold) -> date:
        return localtime.business_date(one.row.at, self.context.zones[one.row.place_id])
