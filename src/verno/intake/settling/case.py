"""One receipt on its way through the street."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from verno.intake.naming import Key
from verno.intake.types import Receipt, Spent, Wish
from verno.intake.unwinding.types import Sale
from verno.ledger.types import Balance
from verno.promotions.types import StoredRulebook
from verno.rules.facts import Facts
from verno.rules.types import Fired
from verno.workspace.types import Store

NOTHING = Spent({}, 0, [])


class Offer(msgspec.Struct, frozen=True, gc=False):
    """What a quote's token says: what was asked for, what was answered, and until when that is good.

    ``content`` is the digest of the receipt as it was quoted, ``verdict`` that of what came out. ``wishes`` are what
    the till had asked for, ``points`` what they came to; ``approved_by`` is who vouched for the member.
    """

    content: str
    verdict: str
    wishes: list[Wish]
    points: dict[str, int]
    until: datetime
    approved_by: str | None = None

    def comes_to(self) -> list[Wish]:
        """Return the wishes with what they came to in place of "as many as can"."""
        return [Wish(wish.unit, self.points.get(wish.unit, 0)) for wish in self.wishes]


@dataclass(slots=True)
class Case:
    """One receipt: what was sent, where and when it happened, whom it names, and what comes of it.

    ``amount`` is the sum of the lines in minor units; ``points`` and ``given`` are by unit code, in the unit's smallest
    step: what the rules say, and what a cap left of it. ``facts`` are there where the rulebook asks for more than
    money; ``taken_off`` is what rules took off and ``discount`` its sum. ``kept_until``: ``book`` is an earlier version
    that the member keeps through that day.
    """

    index: int
    receipt: Receipt
    store: Store
    at: datetime
    day: date
    key: Key | None
    fingerprint: str
    amount: int
    keys: tuple[Key, ...] = ()
    """All names, where the till gave several; ``key`` is the one that is believed."""
    approved_by: str | None = None
    offer: Offer | None = None
    wishes: Sequence[Wish] = ()
    id: str = ""
    holder: str | None = None
    spent: Spent = NOTHING
    facts: Facts | None = None
    taken_off: tuple[Fired, ...] = ()
    discount: int = 0
    book: StoredRulebook | None = None
    kept_until: date | None = None
    points: Mapping[str, int] = field(default_factory=dict)
    fired: Sequence[Fired] = ()
    given: Mapping[str, int] | None = None
    hold_until: datetime | None = None
    balances: Sequence[Balance] = ()
    is_priced: bool = False
    """Points may come off this receipt: it spends, was quoted, or is held."""

    @property
    def to_pay(self) -> int:
        """Return what is left to pay in money."""
        return self.amount - self.discount - self.spent.value

    @property
    def off(self) -> list[int]:
        """Return what rules took off each line; empty where they took nothing."""
        return [line.discount for line in self.facts.lines] if self.facts is not None and self.discount else []

    @property
    def prices(self) -> list[int]:
        """Return the price of each line, after the till's own discounts and ours."""
        if self.facts is not None and self.discount:
            return [line.price - line.discount for line in self.facts.lines]
        return [line.amount for line in self.receipt.lines]

    @property
    def spends(self) -> bool:
        """Tell whether points pay a part."""
        return self.spent is not NOTHING and bool(self.spent.points)

    @property
    def earned(self) -> Mapping[str, int]:
        """Return what was given, by unit."""
        return self.points if self.given is None else self.given


def as_sale(case: Case) -> Sale:
    """Return a receipt as unwinders look at it."""
    kind, value = case.key or ("", "")
    return Sale(
        id=case.id,
        at=case.at,
        zone=case.store.timezone,
        place=case.store.code,
        till=case.receipt.till,
        cashier=case.receipt.cashier,
        holder_id=case.holder,
        card=value if kind == "card" else None,
        earned=case.points,
        spent=case.spent.points,
        until=case.hold_until,
    )
