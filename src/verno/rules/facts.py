"""What the engine may know of a receipt: plain records. Doors and tables are unknown here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter

from verno.predicate.local import Local, local
from verno.predicate.types import Reading, When


@dataclass(slots=True)
class Line:
    """A line: ``quantity`` in thousandths, ``price`` in minor units after the till's own discounts.

    ``paid`` is what money pays of it: the price, less what rules take off (``discount``), less what points pay.
    """

    number: int
    sku: str
    quantity: int
    price: int
    till_discount: int = 0
    category: tuple[str, ...] | None = None
    cost: int | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    discount: int = 0
    paid: int = 0

    def __post_init__(self) -> None:
        """Until somebody says otherwise, money pays all of it."""
        self.paid = self.price - self.discount

    @property
    def units(self) -> int:
        """Return the whole pieces."""
        return self.quantity // 1000

    @property
    def margin(self) -> int | None:
        """Return what is earned on the line in hundredths of a per cent of its cost."""
        if self.cost is None or self.cost == 0 or self.quantity == 0:
            return None
        cost = self.cost * self.quantity
        return ((self.price - self.discount) * 1000 - cost) * 10_000 // cost


@dataclass(frozen=True, slots=True)
class Member:
    """A member as they were at the receipt's time; ``progress`` and ``tiers`` by track. One without id is nobody.

    ``shares`` are what turnover scales, or contracts, give them: hundredths of a per cent.
    """

    id: str = ""
    kind: str | None = None
    birth_date: date | None = None
    joined: date | None = None
    badges: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()
    tiers: Mapping[str, str] = field(default_factory=dict)
    progress: Mapping[str, int] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    consent_level: str | None = None


NOBODY = Member()


@dataclass(slots=True)
class Facts:
    """A receipt. ``spends``: points are to pay a part of it. ``closed``: rules that may not act, by id.

    Lines are looked at by their numbers: in which order they come changes nothing.
    Of those, ``paused`` are the ones that somebody stopped; the budgets of the others are spent.
    """

    at: datetime
    zone: str
    lines: Sequence[Line]
    place: str = ""
    region: str | None = None
    legal_entity: str | None = None
    till: str | None = None
    channel: str | None = None
    payments: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = field(default_factory=dict)
    member: Member = NOBODY
    spends: bool = False
    closed: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    price: int = 0
    discount: int = 0
    paid: int = 0
    chosen: dict[Reading, Sequence[Line]] = field(default_factory=dict)
    """Lines by a condition on them, once it was asked: only such as discounts do not change."""
    _local: Local | None = None

    def __post_init__(self) -> None:
        """Put the lines in order and add them up."""
        self.lines = sorted(self.lines, key=attrgetter("number"))
        self.add_up()

    def add_up(self) -> None:
        """Add up the lines again, after one of them was changed."""
        self.price = sum([line.price for line in self.lines])
        self.discount = sum([line.discount for line in self.lines])
        self.paid = sum([line.paid for line in self.lines])

    @property
    def local(self) -> Local:
        """Return what calendars and clocks of the place show."""
        if self._local is None:
            self._local = local(self.at, self.zone)
        return self._local

    @property
    def when(self) -> When:
        """Return when conditions are asked: at the receipt's own time, there."""
        return When(self.at, self.local.date)

    @property
    def known(self) -> bool:
        """Tell whether the member is known."""
        return bool(self.member.id)

    @property
    def quantity(self) -> int:
        """Return thousandths of all lines."""
        return sum([line.quantity for line in self.lines])
