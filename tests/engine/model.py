"""The ledger once more, naive and obviously right: no cached balance, points taken one by one, time in small steps.

It shares the words of ``verno.ledger.types`` with the planner and nothing else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from verno.ledger.types import (
    MAX_POINTS,
    Activate,
    Capture,
    Earn,
    Entry,
    Erase,
    Extend,
    Hold,
    Merge,
    Operation,
    PutBack,
    Refusal,
    Reinstate,
    Release,
    SendHome,
    Shorten,
    Spend,
    TakeBack,
    Unmerge,
)

Side = tuple[str, str]
"""(holder, unit)."""

Answer = tuple[str, str, tuple[int, ...]]
"""("posted" or "replayed", operation id, points moved) or ("refused", reason, ())."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class Pile:
    """Points that live and die together. ``lost`` went by expiry and was neither taken back nor given again."""

    source: str
    amount: int
    left: int
    begins: datetime
    ends: datetime | None
    awaits: str | None = None
    stands_for: "Pile | None" = None
    theirs: bool = False
    """Sent home to whom it had been earned for on another's account: its line ends here."""
    longer: str = ""
    """The operation that gave these points a later end than that of the pile they were in, or that they lost it."""
    held: int = 0
    lost: int = 0
    lost_at: datetime = BEFORE_ALL

    def free(self) -> int:
        return self.left - self.held

    def earned_by(self, operation: str, *, anywhere: bool) -> bool:
        """Tell whether the operation made the pile, or (``anywhere``) one that merges have made this of."""
        before = self.stands_for if self.longer or (anywhere and self.source) else None
        return self.source == operation or (before is not None and before.earned_by(operation, anywhere=anywhere))

    def end_before(self, operation: str, *, anywhere: bool) -> datetime | None:
        """Return the end that the points had before an operation lengthened their life; none where it did not."""
        if self.longer:
            return self.stands_for.ends if self.stands_for and self.longer == operation else None
        merged = self.stands_for if anywhere and self.source else None
        return merged.end_before(operation, anywhere=True) if merged else None

    def stands_in(self) -> int:
        """Return how many piles it comes after, each in the place of another: the fewer, the older."""
        return 0 if self.stands_for is None else 1 + self.stands_for.stands_in()

    def order(self) -> tuple[datetime, datetime]:
        """What ends first goes first, then what began first, then (lists keep their order) the oldest."""
        return self.ends or NEVER, self.begins


@dataclass(eq=False)
class Aside:
    """A hold: point by point the piles it came from, in the order they would be spent."""

    points: list[Pile]
    until: datetime
    state: str = "open"


@dataclass
class Purse:
    """One member's points of one unit.

    ``spent`` has every operation's points with the moment they went, in order, less those put back; ``let_go`` the
    moments at which a point was written off that was not recovered yet; ``flows`` counts the points of every kind of
    movement at every business time.
    """

    clock: datetime
    lapses: datetime | None = None
    debt: int = 0
    piles: list[Pile] = field(default_factory=list)
    asides: dict[str, Aside] = field(default_factory=dict)
    spent: dict[str, list[tuple[Pile, datetime]]] = field(default_factory=dict)
    let_go: list[datetime] = field(default_factory=list)
    flows: Counter[tuple[str, datetime]] = field(default_factory=Counter)

    def available(self) -> int:
        return sum(pile.free() for pile in self.piles if pile.begins <= self.clock)

    def pending(self) -> int:
        return sum(pile.free() for pile in self.piles if pile.begins > self.clock)

    def held(self) -> int:
        return sum(pile.held for pile in self.piles)

    def total(self) -> int:
        return sum(pile.left for pile in self.piles)

    def turns(self) -> Iterator[datetime]:
        """When time alone changes something: a hold is over, points begin, points end."""
        yield from (aside.until for aside in self.asides.values() if aside.state == "open")
        for pile in self.piles:
            if pile.free():
                yield from (moment for moment in (pile.begins, self.end(pile)) if self.clock < moment < NEVER)

    def let_time_pass(self, now: datetime) -> None:
        """Walk from turn to turn: nothing depends on who looked when. A clock that runs back is not believed."""
        moment = max(now, self.clock)
        if any(turn <= moment for turn in self.turns()):
            while due := [turn for turn in self.turns() if turn <= moment]:
                self.clock = max(self.clock, min(due))
                self.rest(self.clock)
            self.clock = moment

    def rest(self, at: datetime) -> None:
        """Do what is due at this very moment: free what is set aside no more, bury what is over, pay what is owed."""
        for aside in self.asides.values():
            if aside.state == "open" and aside.until <= self.clock:
                self.free(aside, "lapsed")
        for pile in self.piles:
            if pile.free() and self.over(pile):
                self.bury(pile, pile.free(), self.end(pile))
        self.pay(at)

    def pay(self, at: datetime) -> None:
        while self.debt and self.available():
            self.pop_usable()
            self.debt -= 1
            self.flows["repay", at] += 1

    def bury(self, pile: Pile, points: int, at: datetime) -> None:
        pile.left -= points
        pile.lost += points
        pile.lost_at = max(pile.lost_at, at)
        self.flows["expire", at] += points

    def end(self, pile: Pile) -> datetime:
        """Return a pile's own end, or its purse's (sliding expiry): what begins after that is not concerned."""
        lapse = self.lapses if self.lapses is not None and pile.begins <= self.lapses else NEVER
        return min(pile.ends or NEVER, lapse)

    def over(self, pile: Pile) -> bool:
        return self.end(pile) <= self.clock

    def free(self, aside: Aside, state: str, *, but: int = 0) -> None:
        """End a hold. What comes free although its pile is over is buried now, and dated so."""
        aside.state = state
        for pile in aside.points[but:]:
            pile.held -= 1
            if self.over(pile):
                self.bury(pile, 1, self.clock)

    def slide(self, lapses: datetime | None) -> None:
        """Move the purse's end forward; one that is past already ends nothing that is there."""
        if lapses is not None and (lapses > self.clock or not self.total()):
            self.lapses = max(lapses, self.lapses or lapses)

    def next_usable(self) -> Pile:
        """Return the pile that the next point comes from."""
        return min((pile for pile in self.piles if pile.free() and pile.begins <= self.clock), key=Pile.order)

    def pop_usable(self) -> Pile:
        pile = self.next_usable()
        pile.left -= 1
        return pile

    def add(self, pile: Pile) -> int:
        if pile.left:
            self.piles.append(pile)
        return pile.left

    # One method an entry, by its name; each returns the points it moved.

    def earn(self, entry: Earn, by: str) -> int:
        room = entry.points if entry.most is None else entry.most + self.debt - self.total()
        points = max(0, min(entry.points, room))
        begins = NEVER if entry.awaits else entry.active_from or min(entry.at, self.clock)
        self.slide(entry.lapses_at)
        self.flows[entry.kind, entry.at] += points
        return self.add(Pile(by, points, points, begins, entry.expires_at, entry.awaits))

    def spend(self, entry: Spend | Capture, by: str) -> int:
        self.slide(entry.lapses_at)
        self.spent.setdefault(by, []).extend((self.pop_usable(), self.clock) for _ in range(entry.points))
        self.flows[entry.kind if isinstance(entry, Spend) else "spend", entry.at] += entry.points
        return entry.points

    def hold(self, entry: Hold, by: str) -> int:
        points = []
        for _ in range(entry.points):
            points.append(self.next_usable())
            points[-1].held += 1
        self.asides[by] = Aside(points, entry.expires_at)
        return len(points)

    def capture(self, entry: Capture, by: str) -> int:
        aside = self.asides[entry.held_by]
        if aside.state == "lapsed":
            return self.spend(entry, by)
        self.slide(entry.lapses_at)
        for pile in aside.points[: entry.points]:
            pile.held -= 1
            pile.left -= 1
        self.free(aside, "captured", but=entry.points)
        self.spent.setdefault(by, []).extend((pile, self.clock) for pile in aside.points[: entry.points])
        self.flows["spend", entry.at] += entry.points
        return entry.points

    def release(self, entry: Release, by: str) -> int:
        aside = self.asides.get(entry.held_by)
        if aside is None or aside.state == "lapsed":
            return 0
        self.free(aside, "released")
        return len(aside.points)

    def takeback(self, entry: TakeBack, by: str, merged: "Sequence[Purse]" = ()) -> int:
        purses = [self, *merged]
        own = {pile: p for p in purses for pile in p.piles if pile.earned_by(entry.earned_by, anywhere=bool(merged))}
        parted = [p for id_, p in zip(entry.merged_ids, merged, strict=True) if id_ in dict(entry.homes)]

        def key(pile: Pile) -> tuple[bool, tuple[datetime, datetime], int]:
            return pile.begins <= self.clock, pile.order(), pile.stands_in()

        for _ in range(entry.points):
            here = [pile for pile, purse in own.items() if purse is self and pile.free()]
            lost = [pile for pile in own if pile.lost]
            teller = self
            if here:
                min(here, key=key).left -= 1
            elif lost:
                min(lost, key=key).lost -= 1
                teller = own[min(lost, key=key)]
            elif self.available():
                self.pop_usable()
            elif entry.write_off and self.debt >= self.held():
                earned_at_home = (purse for pile, purse in own.items() if pile.source == entry.earned_by)
                teller = next((p for p in earned_at_home if all(p is not away for away in parted)), self)
                teller.let_go.append(self.clock)
                teller.flows["write_off", entry.at] += 1
            else:
                self.debt += 1
            teller.flows["take_back", entry.at] += 1
        return entry.points

    def back_in(self, pile: Pile | None, entry: PutBack, fresh: dict[Pile | None, Pile]) -> Pile:
        """Put one point back; returns the pile it is in now."""
        lasts = pile is not None and not self.over(pile)
        if pile is not None and lasts and pile in self.piles:
            came = pile
        elif pile in fresh:
            came = fresh[pile]
            came.amount += 1
        else:
            ends = pile.ends if pile and lasts else entry.grace_until
            came = fresh[pile] = Pile("", 1, 0, self.clock, ends, None, pile)
            self.piles.append(came)
        came.left += 1
        self.flows["put_back", entry.at] += 1
        return came

    def recover(self, pile: Pile, went: datetime, at: datetime, tellers: "Sequence[Purse]") -> int:
        """Take a point that came back for the oldest one let go since it was spent, if there is any."""
        since = [(moment, purse) for purse in tellers for moment in purse.let_go if moment >= went]
        if not since or self.over(pile):
            return 0
        moment, purse = min(since, key=lambda one: one[0])
        purse.let_go.remove(moment)
        pile.left -= 1
        self.flows["recover", at] += 1
        return 1

    def activate(self, entry: Activate, by: str, merged: "Sequence[Purse]" = ()) -> int:
        anywhere = bool(merged)
        mine = [pile for pile in self.piles if pile.left and pile.earned_by(entry.earned_by, anywhere=anywhere)]
        woken = [pile for pile in mine if pile.awaits == entry.event]
        for pile in woken:
            pile.awaits, pile.begins, pile.ends = None, entry.active_from, entry.expires_at or pile.ends
        self.slide(entry.lapses_at)
        return sum(pile.left for pile in woken)

    def reinstate(self, entry: Reinstate, by: str) -> int:
        points = 0
        for pile in [pile for pile in self.piles if pile.lost and pile.lost_at >= entry.since]:
            points += self.add(Pile("", pile.lost, pile.lost, self.clock, entry.expires_at, None, pile))
            pile.lost = 0
        self.flows["reinstate", entry.at] += points
        return points

    def extend(self, entry: Extend, by: str) -> int:
        """What ends first keeps its place in the order of spending. The programs' zone has no summer time."""
        points = 0
        for pile in sorted([pile for pile in self.piles if pile.free() and pile.begins <= self.clock], key=Pile.order):
            if pile.ends and pile.ends <= entry.before and pile.longer != by:
                ends = entry.until or pile.ends + timedelta(days=entry.days)
                points += self.change_end(pile, ends, by, entry.at) if ends > pile.ends else 0
        return points

    def shorten(self, entry: Shorten, by: str, merged: "Sequence[Purse]" = ()) -> int:
        points = 0
        for pile in sorted([pile for pile in self.piles if pile.free()], key=Pile.order):
            ends = pile.end_before(entry.extended_by, anywhere=bool(merged))
            points += self.change_end(pile, ends, "as it was", entry.at) if ends else 0
        return points

    def change_end(self, pile: Pile, ends: datetime, longer: str, at: datetime) -> int:
        points = pile.free()
        pile.left = pile.held
        self.flows["extend", at] += 2 * points
        return self.add(Pile("", points, points, pile.begins, ends, None, pile, longer=longer))

    def erase(self, entry: Erase, by: str) -> int:
        self.flows["write_off", entry.at] += self.debt
        self.debt = 0
        for aside in self.asides.values():
            if aside.state == "open":
                self.free(aside, "released")
        self.rest(entry.at)
        points = self.total()
        for pile in self.piles:
            pile.left = 0
        self.flows["erase", entry.at] += points
        return points


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
        self.look(looked_at(operation), now=now)
        before = self.known.get(operation.key)
        if before is not None:
            if before.fingerprint != operation.fingerprint:
                return "refused", Refusal.IDEMPOTENCY_MISMATCH, ()
            return "replayed", before.id, ()
        reason = self.refusal(operation)
        if reason is not None:
            return "refused", reason, ()
        moved = tuple(self.apply(entry, operation.id, now) for entry in operation.entries)
        self.known[operation.key] = operation
        return "posted", operation.id, moved

    def refusal(self, operation: Operation) -> Refusal | None:
        """Judge the operation by how things stand before it."""
        wanted: Counter[Side] = Counter()
        taken: Counter[Side] = Counter()
        resolved: list[tuple[Side, str]] = []
        for entry in operation.entries:
            side = (entry.holder_id, entry.unit_id)
            purse = self.purse(entry.holder_id, entry.unit_id)
            reason = None
            if isinstance(entry, Capture | Release) and (side, entry.held_by) in resolved:
                reason = Refusal.ALREADY_RESOLVED
            elif isinstance(entry, Capture | Release):
                resolved.append((side, entry.held_by))
                reason = resolving(entry, purse.asides.get(entry.held_by))
            elif isinstance(entry, Earn | Spend | Hold | TakeBack | PutBack) and not 1 <= entry.points <= MAX_POINTS:
                reason = Refusal.TOO_MANY_POINTS
            elif isinstance(entry, Merge) and purse.held():
                reason = Refusal.OPEN_HOLDS
            if reason:
                return reason
            late = isinstance(entry, Capture) and purse.asides[entry.held_by].state == "lapsed"
            if isinstance(entry, Spend | Hold) or (isinstance(entry, Capture) and late):
                wanted[side] += entry.points
            if isinstance(entry, TakeBack):
                taken[side] += entry.points
            elif isinstance(entry, Shorten):
                anywhere = bool(entry.merged_ids)
                ending = [pile for pile in purse.piles if pile.end_before(entry.extended_by, anywhere=anywhere)]
                taken[side] += sum(pile.free() for pile in ending)
        short = any(points + taken[side] > self.purse(*side).available() for side, points in wanted.items())
        return Refusal.INSUFFICIENT_POINTS if short else None

    def apply(self, entry: Entry, by: str, now: datetime) -> int:
        purse = self.purse(entry.holder_id, entry.unit_id)
        if isinstance(entry, Merge | Unmerge | SendHome):
            other = self.purse(entry.into_id, entry.unit_id)
            moment = max(now, purse.clock, other.clock)
            for one in (purse, other):
                one.let_time_pass(moment)
                one.clock = moment
            if isinstance(entry, SendHome):
                moved = self.send_home(purse, other, entry, by)
            else:
                moved = merge(purse, other, entry, by) if isinstance(entry, Merge) else unmerge(purse, other, entry)
            other.rest(entry.at)
        elif isinstance(entry, PutBack):
            moved = self.put_back(entry, now)
        else:
            purse.clock = max(now, purse.clock)
            merged = [[self.purse(id_, entry.unit_id) for id_ in getattr(entry, "merged_ids", ())]]
            moved = getattr(purse, type(entry).__name__.lower())(entry, by, *(merged if merged[0] else ()))
        purse.rest(entry.at)
        return int(moved)

    def whose(self, pile: Pile | None, holders: Sequence[str], unit: str) -> str:
        """Return whose points these were first, as far as these holders' piles tell."""
        found = ""
        while pile is not None:
            owner = next((holder for holder in holders if pile in self.purse(holder, unit).piles), None)
            if owner is None:
                break
            found, pile = owner, None if pile.theirs else pile.stands_for
        return found

    def put_back(self, entry: PutBack, now: datetime) -> int:
        """Give back point by point, each to whom it belongs now."""
        holders = [entry.holder_id, *entry.merged_ids]
        purses = [self.purse(holder, entry.unit_id) for holder in holders]
        purses[0].clock = max(now, purses[0].clock)
        homes, fresh, recovered = dict(entry.homes), dict[Pile | None, Pile](), 0
        for _ in range(entry.points):
            spent = next((p.spent[entry.spent_by] for p in purses if p.spent.get(entry.spent_by)), None)
            pile, went = spent.pop() if spent else (None, entry.spent_at)
            owner = homes.get(self.whose(pile, holders, entry.unit_id), entry.holder_id)
            purse = self.purse(owner, entry.unit_id)
            purse.clock = max(now, purse.clock)
            came = purse.back_in(pile, entry, fresh)
            tellers = [p for id_, p in zip(holders, purses, strict=True) if homes.get(id_, entry.holder_id) == owner]
            recovered += purse.recover(came, went, entry.at, tellers)
            purse.rest(entry.at)
        return entry.points - recovered

    def send_home(self, home: Purse, host: Purse, entry: SendHome, by: str) -> int:
        """Move what stands on the host for points of ``mine``, and what their operations earned there."""
        home.slide(host.lapses)
        strays = [
            pile for pile in host.piles if pile.stands_for and self.whose(pile, entry.kin, entry.unit_id) in entry.mine
        ]
        ids = {id_ for id_, _ in entry.earned}
        earned = [pile for pile in host.piles if any(pile.earned_by(id_, anywhere=True) for id_ in ids)]
        points = 0
        for pile in sorted(strays, key=Pile.order):
            points += move(pile, home, by)
        for pile in sorted(earned, key=Pile.order):
            points += move(pile, home, by, theirs=True)
        for purse in (home, host):
            purse.flows["merge", entry.at] += points
        return points


def sides(operation: Operation) -> list[Side]:
    out = []
    for entry in operation.entries:
        out.append((entry.holder_id, entry.unit_id))
        if isinstance(entry, Merge | Unmerge | SendHome):
            out.append((entry.into_id, entry.unit_id))
    return out


def looked_at(operation: Operation) -> list[Side]:
    """The purses that an operation touches, and those of merged members that it goes back to."""
    merged = [(id_, e.unit_id) for e in operation.entries for id_ in getattr(e, "merged_ids", ())]
    homes = [(owner, e.unit_id) for e in operation.entries for _, owner in getattr(e, "homes", ())]
    return [*sides(operation), *merged, *homes]


def resolving(entry: Capture | Release, aside: Aside | None) -> Refusal | None:
    if isinstance(entry, Release):
        return Refusal.ALREADY_RESOLVED if aside and aside.state in {"captured", "released"} else None
    if aside is None or aside.state in {"captured", "released"}:
        return Refusal.ALREADY_RESOLVED
    if not 0 <= entry.points <= len(aside.points):
        return Refusal.TOO_MANY_POINTS
    return Refusal.HOLD_EXPIRED if aside.state == "lapsed" and not entry.again else None


def move(pile: Pile, to: Purse, by: str, *, theirs: bool = False) -> int:
    """Let another pile with the same dates stand in for the free points of this one."""
    points = pile.free()
    pile.left -= points
    return to.add(Pile(by, points, points, pile.begins, pile.ends, pile.awaits, pile, theirs))


def merge(giver: Purse, taker: Purse, entry: Merge, by: str) -> int:
    taker.slide(giver.lapses)
    points = sum(move(pile, taker, by) for pile in giver.piles)
    for purse, owed in ((giver, giver.debt), (taker, giver.debt)):
        purse.flows["merge", entry.at] += points + owed
    taker.debt += giver.debt
    giver.debt = 0
    return points


def unmerge(home: Purse, host: Purse, entry: Unmerge) -> int:
    """Send home what the merge's own piles still have; what happened to them meanwhile has happened."""
    home.slide(host.lapses)
    points = 0
    for pile in host.piles:
        if pile.stands_for in home.piles and pile.source == entry.merged_by and pile.free():
            old = pile.stands_for
            old.begins, old.ends, old.awaits = pile.begins, pile.ends, pile.awaits
            old.left += pile.free()
            points += pile.free()
            pile.left = pile.held
    for purse in (home, host):
        purse.flows["merge", entry.at] += points
    return points
