"""All unwinders of a program at once; none costs nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verno.intake.context import Context
from verno.intake.settling.tracking import Progress
from verno.intake.types import Refused
from verno.intake.unwinding import budgets
from verno.intake.unwinding.budgets import BudgetsDesk
from verno.intake.unwinding.types import Desk, Points, Sale
from verno.kit.db import Connection
from verno.promotions.budgets.types import Figures


@dataclass(slots=True)
class Desks:
    """The desks of one batch; a sale is taken by all or by none.

    Budgets refuse nobody: they are asked before the others, and told what became of it.
    """

    desks: Sequence[Desk] = ()
    budgets: BudgetsDesk | None = None
    progress: Progress | None = None
    taken: set[str] = field(default_factory=set)
    retried: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Tell whether anybody counts."""
        return bool(self.desks) or self.budgets is not None

    def take(self, sale: Sale) -> Refused | None:
        """Count a sale everywhere, or nowhere."""
        for position, desk in enumerate(self.desks):
            no = desk.take(sale)
            if no is not None:
                for before in self.desks[:position]:
                    before.amend(sale.id, {}, {}, happened=False)
                self.drop(sale.id)
                return no
        self.taken.add(sale.id)
        return None

    def room(self, sale: Sale) -> Points:
        """Return how many points of a unit the sale may spend at most, by whoever allows the fewest."""
        out: dict[str, int] = {}
        for desk in self.desks:
            for unit, points in desk.room(sale).items():
                out[unit] = min(points, out.get(unit, points))
        return out

    def again(self, sale_id: str) -> None:
        """Have a sale tried once more when all others of its wave are counted."""
        self.waiting.add(sale_id)

    def amend(self, sale_id: str, earned: Points, spent: Points, *, happened: bool = True) -> None:
        """Correct a sale that was taken or confirmed here to what came of it."""
        if not happened:
            self.drop(sale_id)
        if sale_id in self.taken:
            for desk in self.desks:
                desk.amend(sale_id, earned, spent, happened=happened)

    def drop(self, sale_id: str) -> None:
        """Give back what budgets have counted for a sale that did not happen."""
        if self.budgets is not None:
            self.budgets.counters.drop(sale_id)

    def spoiled(self) -> set[str]:
        """Return the sales that deserve another try, each once."""
        found = ({id_ for desk in self.desks for id_ in desk.spoiled()} | self.waiting) - self.retried
        self.retried |= found
        return found

    def confirm(self, sale_id: str, earned: Points, spent: Points) -> Refused | None:
        """Settle a reservation; the first that has no room says so."""
        for desk in self.desks:
            no = desk.confirm(sale_id, earned, spent)
            if no is not None:
                return no
        self.taken.add(sale_id)
        return None

    def free(self, sale_id: str) -> None:
        """Give back all."""
        for desk in self.desks:
            desk.free(sale_id)
        if self.budgets is not None:
            self.budgets.counters.free(sale_id)

    def give_back(self, sale_id: str, earned: Points, spent: Points, left: Mapping[str, Figures]) -> None:
        """Give back a part; ``left`` is what rules still do to the rest."""
        for desk in self.desks:
            desk.give_back(sale_id, earned, spent)
        if self.budgets is not None:
            self.budgets.counters.reduce(sale_id, left)

    def write(self, conn: Connection) -> None:
        """Write what was counted; tracks come last, since their locks do."""
        for desk in self.desks:
            desk.write(conn)
        if self.budgets is not None:
            self.budgets.counters.write(conn)
        if self.progress is not None:
            self.progress.write(conn)


def open_desks(
    conn: Connection,
    context: Context,
    *,
    now: datetime,
    sales: Callable[[], Sequence[Sale]] = tuple,
    known: Sequence[str] = (),
) -> Desks:
    """Open the desks that a batch needs, in the unwinders' order; ``sales`` is asked only when somebody counts."""
    counting = [unwinder for unwinder in context.unwinders.values() if unwinder.wants(context)]
    found: list[Desk | None] = []
    if counting:
        asked = sales()
        found = [unwinder.open(conn, context, asked, known, now=now) for unwinder in counting]
    of_rules = budgets.open_desk(conn, context, known, now=now)
    return Desks([desk for desk in found if desk is not None], of_rules, Progress(context, now))


def preview(conn: Connection, context: Context, sale: Sale, *, now: datetime) -> Desks:
    """Return desks that tell what would be in a sale's way now, without a lock; they are not written."""
    found = [unwinder.preview(conn, context, sale, now=now) for unwinder in context.unwinders.values()]
    return Desks(
        [desk for desk in found if desk is not None], budgets.open_desk(conn, context, (), now=now, locked=False)
    )
