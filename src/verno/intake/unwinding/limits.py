"""Limits as an unwinder: how much may happen in an hour or a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from verno.intake.types import Refusal, Refused
from verno.intake.unwinding.types import Points, Sale
from verno.kit.db import Connection
from verno.limits import service as limits
from verno.limits.desk import Desk as Counters
from verno.limits.types import Figures, OverLimit, Use

if TYPE_CHECKING:
    from verno.intake.context import Context


@dataclass(slots=True)
class LimitsDesk:
    """Counts a batch against the program's limits."""

    counters: Counters
    units: Sequence[str]

    def take(self, sale: Sale) -> Refused | None:
        """Count a sale: one receipt and its points."""
        over = self.counters.admit(_use(sale))
        return None if over is None else _refused(over)

    def room(self, sale: Sale) -> Points:
        """Return what hard limits of spent points leave."""
        return self.counters.room(_use(_any(self.units, sale)))

    def amend(self, sale_id: str, earned: Points, spent: Points, *, happened: bool) -> None:
        """Correct it to what the ledger did."""
        if happened:
            self.counters.amend(sale_id, Figures(1, earned, spent))
        else:
            self.counters.amend(sale_id)

    def spoiled(self) -> Sequence[str]:
        """Return whom room was made for."""
        return self.counters.spoiled()

    def confirm(self, sale_id: str, earned: Points, spent: Points) -> Refused | None:
        """Settle a reservation."""
        over = self.counters.confirm(sale_id, Figures(1, earned, spent))
        return None if over is None else _refused(over)

    def free(self, sale_id: str) -> None:
        """Give back the receipt's place and all its figures."""
        self.counters.free(sale_id)

    def give_back(self, sale_id: str, earned: Points, spent: Points) -> None:
        """Give back figures; the receipt stays a receipt."""
        self.counters.hand_back(sale_id, Figures(0, earned, spent))

    def write(self, conn: Connection) -> None:
        """Write counters, uses and alerts."""
        self.counters.write(conn)


class Limits:
    """The unwinder itself."""

    def wants(self, context: "Context") -> bool:
        """Tell whether the program has limits."""
        return bool(context.limits)

    def open(
        self, conn: Connection, context: "Context", sales: Sequence[Sale], known: Sequence[str], *, now: datetime
    ) -> LimitsDesk | None:
        """Lock the counters; a sale's figures are not known yet, so any points of any unit count as wanted."""
        if not context.limits:
            return None
        units = tuple(context.by_code)
        uses = [_use(_any(units, sale)) for sale in sales]
        program_id = context.program.id
        return LimitsDesk(limits.open_counters(conn, program_id, context.limits, uses, known=known, now=now), units)

    def preview(self, conn: Connection, context: "Context", sale: Sale, *, now: datetime) -> LimitsDesk | None:
        """Read the counters without a lock."""
        if not context.limits:
            return None
        units = tuple(context.by_code)
        use = _use(_any(units, sale))
        return LimitsDesk(limits.preview(conn, context.program.id, context.limits, [use], now=now), units)


def _any(units: Iterable[str], sale: Sale) -> Sale:
    """Return a sale whose figures are not known yet: it meets the limits of any points of any unit."""
    any_points = dict.fromkeys(units, 1)
    return msgspec.structs.replace(sale, earned=any_points, spent=any_points)


def _use(sale: Sale) -> Use:
    return Use(
        operation_id=sale.id,
        at=sale.at,
        zone=sale.zone,
        figures=Figures(1, sale.earned, sale.spent),
        place=sale.place,
        till=sale.till,
        cashier=sale.cashier,
        holder_id=sale.holder_id,
        card=sale.card,
        until=sale.until,
        claimed=sale.claimed,
    )


def _refused(over: OverLimit) -> Refused:
    limit = over.limit
    words = (
        f"{limit.measure} by {limit.subject} and {limit.window}: {over.used} of {limit.most} are used, "
        f"{over.asked} more were asked for"
    )
    more = msgspec.json.encode({"limit": limit.id, "left": over.left, "frees_at": over.frees_at})
    return Refused(Refusal.OVER_LIMIT, "", words, more)
