"""The planner against the reference model, and the laws that hold whatever the program."""

from collections.abc import Iterable
from datetime import datetime

from hypothesis import given

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.model import Model, sides
from tests.engine.programs import BEGINNING, Batch, examples, programs
from verno.ledger.types import Balance, Operation, Posted


@examples(300)
@given(programs())
def test_the_planner_equals_the_model(program: list[Batch]) -> None:
    keeper, model = Bookkeeper(), Model(BEGINNING)
    for batch in program:
        results = keeper.post(batch.operations, now=batch.now)
        model.look([side for operation in batch.operations for side in sides(operation)], now=batch.now)
        answers = []
        for operation, result in zip(batch.operations, results, strict=True):
            answers.append(model.do(operation, now=batch.now))
            if isinstance(result, Posted):
                assert result.balances == told(model, operation)
        assert [in_short(result) for result in results] == answers
        compare(keeper, model)


def compare(keeper: Bookkeeper, model: Model) -> None:
    """Everything the model knows: figures, lots in the order of their birth, movements."""
    for side, account in keeper.accounts.items():
        purse = model.purse(*side)
        assert (account.available, account.pending, account.held, account.debt) == (
            purse.available(), purse.pending(), purse.held(), purse.debt,
        )  # fmt: skip
        assert (account.changed_at, account.lapses_at) == (purse.clock, purse.lapses)
        assert lives(
            ((lot.active_from, lot.expires_at, lot.awaits), (lot.amount, lot.remaining, lot.held))
            for lot in keeper.of_lots(account)
        ) == lives(((p.begins, p.ends, p.awaits), (p.amount, p.left, p.held)) for p in purse.piles)
        assert keeper.flows(account) == +purse.flows


def told(model: Model, operation: Operation) -> tuple[Balance, ...]:
    """Return the balances that the answer to an operation tells: each account it touched, in order."""
    purses = {side: model.purse(*side) for side in sides(operation)}
    return tuple(Balance(unit, p.available(), p.pending(), p.held(), p.debt) for (_, unit), p in purses.items())


Life = tuple[datetime, datetime | None, str | None]


def lives(lots: Iterable[tuple[Life, tuple[int, int, int]]]) -> dict[Life, tuple[int, ...]]:
    """Add up (amount, remaining, held) of lots with the same dates: which of two such is which, nobody can tell."""
    out: dict[Life, tuple[int, ...]] = {}
    for life, points in lots:
        out[life] = tuple(map(sum, zip(points, out.get(life, (0, 0, 0)), strict=True)))
    return out
