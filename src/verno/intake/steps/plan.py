"""What one step will do: decided in memory, before the ledger is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verno.intake.settling.remembering import Stored
from verno.intake.sold import Sold
from verno.intake.steps.types import Asked, Kind
from verno.ledger.types import Balance, Entry
from verno.promotions.budgets.types import Figures
from verno.rules.facts import Member
from verno.rules.types import Fired


@dataclass(slots=True)
class Plan:
    """A step that may happen.

    ``key`` and ``operation_id`` name its operation, ``entries`` are what it posts. ``becomes`` is the receipt's new
    status, None for the old one. ``kept`` are captured thousandths by line, None for all of them; ``earned``, ``spent``
    and ``points_value`` what the receipt comes to. ``conclude`` writes the answer. ``acted`` is what rules do, for
    budgets; ``judge_again`` works it out while some rules may not act, None where what was promised stands.
    """

    index: int
    asked: Asked
    sold: Sold
    kind: Kind
    slot: str
    fingerprint: str
    at: datetime
    key: str
    operation_id: str
    owner_id: str
    conclude: Callable[["Plan"], bytes]
    entries: Sequence[Entry] = ()
    becomes: str | None = None
    kept: Mapping[int, int] | None = None
    to_pay: int = 0
    points_value: int = 0
    earned: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    fired: Sequence[Fired] = ()
    rulebook_id: str | None = None
    facts: Stored | None = None
    member: Member | None = None
    given: Mapping[str, int] | None = None
    member_id: str | None = None
    balances: Sequence[Balance] = ()
    moved: Sequence[int] = ()
    acted: Mapping[str, Figures] = field(default_factory=dict)
    judge_again: Callable[[frozenset[str]], Sequence[Fired]] | None = None
