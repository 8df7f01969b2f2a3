"""One return on its way: as it was sent, the sale it is of, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from verno.intake import naming
from verno.intake.context import Context
from verno.intake.returns.types import Back, Return
from verno.intake.settling import desk
from verno.intake.sold import UNMATCHED, Sold
from verno.intake.types import SEPARATOR, Refusal, Refused
from verno.ledger.types import Balance
from verno.workspace.types import Store


@dataclass(slots=True)
class Case:
    """One return. ``waited`` when it had been parked, so that its number is taken already."""

    index: int
    wanted: Return
    store: Store
    at: datetime
    fingerprint: str
    id: str = ""
    waited: bool = False
    one: Sold | None = None
    back: Back | None = None
    balances: Sequence[Balance] = ()
    recovered: Mapping[str, int] = field(default_factory=dict)
    """Of what was put back, by unit, what made up at once for an earlier write-off."""
    answer: bytes = b""

    @property
    def sale(self) -> Sold:
        """Return the sale, once it is found."""
        assert self.one is not None  # noqa: S101 only cases with a sale are worked out
        return self.one

    @property
    def matched(self) -> bool:
        """Tell whether the sale has a member, so that points move."""
        return self.sale.row.status != UNMATCHED


def read(context: Context, index: int, wanted: Return, now: datetime) -> Case | Refused:
    """Check one return without the database."""
    store = context.stores.get(wanted.place)
    if store is None:
        return Refused(Refusal.UNKNOWN_PLACE, "place", f"no store has the code {wanted.place}")
    if SEPARATOR in wanted.series:
        return Refused(Refusal.INVALID, "series", f"may not contain {SEPARATOR}")
    at = desk.when(context, store, wanted.at, now)
    if isinstance(at, Refused):
        return at
    same = wanted if wanted.at.tzinfo is None else msgspec.structs.replace(wanted, at=at)
    return Case(index, wanted, store, at, naming.sign(same, "return"))
