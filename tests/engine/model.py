"""The ledger once more, naive and obviously right: no cached balance, points taken one by one, time looked at last.

It shares the words of ``verno.ledger.types`` with the planner and nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from verno.ledger.types import MAX_POINTS, Earn, Operation, Refusal, Spend

Side = tuple[str, str]
"""(holder, unit)."""

Answer = tuple[str, str]
"""("posted" or "replayed", operation id) or ("refused", reason)."""


@dataclass
class Pile:
    """Points that live and die together."""

    amount: int
    left: int
    begins: datetime
    ends: datetime | None

    def usable(self, moment: datetime) -> bool:
        return self.begins <= moment and not self.over(moment)

    def over(self, moment: datetime) -> bool:
        return self.ends is not None and self.ends <= moment

    def turns(self, since: datetime, moment: datetime) -> bool:
        """Tell whether time alone changes the pile between two moments."""
        return self.left > 0 and (since < self.begins <= moment or self.over(moment))


@dataclass
class Purse:
    """One member's points of one unit. ``story`` holds (kind, points, business time, recorded) of each movement."""

    changed: datetime
    piles: list[Pile] = field(default_factory=list)
    story: list[tuple[str, int, datetime, datetime]] = field(default_factory=list)

    def available(self) -> int:
        return sum(pile.left for pile in self.piles if pile.begins <= self.changed)

    def pending(self) -> int:
        return sum(pile.left for pile in self.piles if pile.begins > self.changed)

    def moment(self, now: datetime) -> datetime:
        """A clock that runs back is not believed."""
        return max(now, self.changed)

    def let_time_pass(self, now: datetime) -> None:
        moment = self.moment(now)
        if any(pile.turns(self.changed, moment) for pile in self.piles):
            self.changed = moment
            self.bury()

    def bury(self) -> None:
        """Expire what is over: one movement for each moment of expiry, the earliest first."""
        over = [pile for pile in self.piles if pile.left > 0 and pile.over(self.changed)]
        for end in sorted({pile.ends for pile in over if pile.ends is not None}):
            ended = [pile for pile in over if pile.ends == end]
            self.story.append(("expire", sum(pile.left for pile in ended), end, self.changed))
            for pile in ended:
                pile.left = 0

    def earn(self, entry: Earn, now: datetime) -> None:
        self.changed = self.moment(now)
        begins = entry.active_from or min(entry.at, self.changed)
        self.piles.append(Pile(entry.points, entry.points, begins, entry.expires_at))
        self.story.append(("earn", entry.points, entry.at, self.changed))
        self.bury()

    def spend(self, entry: Spend, now: datetime) -> None:
        self.changed = self.moment(now)
        self.story.append(("spend", entry.points, entry.at, self.changed))
        for _ in range(entry.points):
            first = min(
                (pile for pile in self.piles if pile.left > 0 and pile.usable(self.changed)),
                key=lambda pile: (pile.ends is None, pile.ends or pile.begins, pile.begins),
            )
            first.left -= 1


@dataclass
class Model:
    """A whole ledger."""

    beginning: datetime
    purses: dict[Side, Purse] = field(default_factory=dict)
    known: dict[str, Operation] = field(default_factory=dict)

    def purse(self, holder: str, unit: str) -> Purse:
        return self.purses.setdefault((holder, unit), Purse(self.beginning))

    def look(self, sides: Iterable[Side], *, now: datetime) -> None:
        """Let time pass for the purses that a batch names."""
        for holder, unit in sides:
            self.purse(holder, unit).let_time_pass(now)

    def do(self, operation: Operation, *, now: datetime) -> Answer:
        self.look([(e.holder_id, e.unit_id) for e in operation.entries], now=now)
        before = self.known.get(operation.key)
        if before is not None:
            if before.fingerprint != operation.fingerprint:
                return "refused", Refusal.IDEMPOTENCY_MISMATCH
            return "replayed", before.id
        reason = self.refusal(operation)
        if reason is not None:
            return "refused", reason
        for entry in operation.entries:
            purse = self.purse(entry.holder_id, entry.unit_id)
            if isinstance(entry, Earn):
                purse.earn(entry, now)
            else:
                purse.spend(entry, now)
        self.known[operation.key] = operation
        return "posted", operation.id

    def refusal(self, operation: Operation) -> Refusal | None:
        if any(not 1 <= entry.points <= MAX_POINTS for entry in operation.entries):
            return Refusal.TOO_MANY_POINTS
        spends = [entry for entry in operation.entries if isinstance(entry, Spend)]
        for side in {(entry.holder_id, entry.unit_id) for entry in spends}:
            wanted = sum(entry.points for entry in spends if (entry.holder_id, entry.unit_id) == side)
            if wanted > self.purse(*side).available():
                return Refusal.INSUFFICIENT_POINTS
        return None
