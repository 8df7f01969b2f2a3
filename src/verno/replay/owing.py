"""What members hold under each rulebook: today's points, and the difference that would not have expired since."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from verno.intake.context import Context
from verno.kit import localtime
from verno.kit.db import Connection
from verno.ledger import lifetime
from verno.ledger import queries as ledger
from verno.replay.types import Outstanding
from verno.rules.types import STEPS
from verno.workspace.types import Unit


@dataclass(slots=True)
class Owing:
    """What a draft gives more or less than the rulebook that holds, by unit and business date."""

    days: dict[str, dict[date, int]] = field(default_factory=dict)

    def add(self, day: date, current: Mapping[str, int], draft: Mapping[str, int]) -> None:
        """Take in one member's receipt."""
        for unit in {*current, *draft}:
            more = draft.get(unit, 0) - current.get(unit, 0)
            if more:
                days = self.days.setdefault(unit, {})
                days[day] = days.get(day, 0) + more

    def outstanding(self, conn: Connection, context: Context, *, now: datetime) -> tuple[Outstanding, ...]:
        """Return what members hold of each unit: what was given lives as its unit says, what was spent stays spent."""
        zone = localtime.zone(context.program.timezone)
        held = {
            one.unit_id: one.available + one.pending + one.held
            for one in ledger.states(conn, context.program.id, now=now)
        }
        out = []
        for unit in context.units:
            current = held.get(unit.id, 0)
            draft = max(current + self._alive(unit, zone, now), 0)
            out.append(Outstanding(unit.code, current, draft, _worth(unit, current), _worth(unit, draft)))
        return tuple(out)

    def _alive(self, unit: Unit, zone: ZoneInfo, now: datetime) -> int:
        total = 0
        for day, points in self.days.get(unit.code, {}).items():
            ends = lifetime.born(unit.lifetime, day, zone).expires_at
            if ends is None or ends > now:
                total += points
        return total


def _worth(unit: Unit, points: int) -> int | None:
    return None if unit.spend_value is None else points * unit.spend_value // STEPS[unit.scale]
