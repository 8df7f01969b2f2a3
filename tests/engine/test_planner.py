"""The planner against the reference model, and the laws that hold whatever the program."""

from collections import Counter

from hypothesis import given

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.model import Model
from tests.engine.programs import BEGINNING, Batch, examples, programs
from verno.ledger.planner import expiry_order
from verno.ledger.types import Account, Balance, Operation, Posted, TransferKind


@examples(200)
@given(programs())
def test_the_planner_equals_the_model(program: list[Batch]) -> None:
    keeper, model = Bookkeeper(), Model(BEGINNING)
    for batch in program:
        results = keeper.post(batch.operations, now=batch.now)
        model.look([(e.holder_id, e.unit_id) for o in batch.operations for e in o.entries], now=batch.now)
        answers = []
        for operation, result in zip(batch.operations, results, strict=True):
            answers.append(model.do(operation, now=batch.now))
            if isinstance(result, Posted):
                assert result.balances == told(model, operation)
        assert [in_short(result) for result in results] == answers
        for side, account in keeper.accounts.items():
            purse = model.purse(*side)
            assert (account.available, account.pending, account.held) == (purse.available(), purse.pending(), 0)
            assert account.changed_at == purse.changed
            assert [(lot.amount, lot.remaining, lot.active_from, lot.expires_at) for lot in lots(keeper, account)] == [
                (pile.amount, pile.left, pile.begins, pile.ends) for pile in purse.piles
            ]
            assert keeper.story(account) == purse.story


def told(model: Model, operation: Operation) -> tuple[Balance, ...]:
    """Return the balances that the answer to an operation tells: each account it touched, in order."""
    sides = dict.fromkeys((entry.holder_id, entry.unit_id) for entry in operation.entries)
    return tuple(Balance(side[1], model.purse(*side).available(), model.purse(*side).pending()) for side in sides)


def lots(keeper: Bookkeeper, account: Account) -> list:  # type: ignore[type-arg]
    return [lot for lot in keeper.lots.values() if lot.account_id == account.id]


@examples(60)
@given(programs())
def test_the_books_balance(program: list[Batch]) -> None:
    keeper = Bookkeeper()
    for batch in program:
        keeper.post(batch.operations, now=batch.now)
        points: Counter[str] = Counter()
        for transfer in keeper.transfers:
            assert transfer.amount > 0
            points[transfer.credit_account_id] += transfer.amount
            points[transfer.debit_account_id] -= transfer.amount
        assert points.total() == 0
        taken: Counter[str] = Counter()
        for move in keeper.moves:
            assert move.amount > 0
            taken[move.lot_id] += move.amount
        for lot in keeper.lots.values():
            assert 0 <= lot.remaining == lot.amount - taken[lot.id]
        for account in keeper.accounts.values():
            opened = keeper.open_lots(account)
            assert account.available + account.pending == points[account.id] == sum(lot.remaining for lot in opened)
            assert account.available == sum(lot.remaining for lot in opened if lot.active_from <= account.changed_at)
            moments = [moment for lot in opened for moment in (lot.active_from, lot.expires_at) if moment]
            assert account.next_change_at == min((m for m in moments if m > account.changed_at), default=None)


@examples(60)
@given(programs())
def test_nothing_expired_or_unborn_is_ever_spent(program: list[Batch]) -> None:
    keeper = Bookkeeper()
    for batch in program:
        keeper.post(batch.operations, now=batch.now)
    transfers = {transfer.id: transfer for transfer in keeper.transfers}
    for move in keeper.moves:
        lot, transfer = keeper.lots[move.lot_id], transfers[move.transfer_id]
        if transfer.kind is TransferKind.SPEND:
            assert lot.active_from <= transfer.recorded_at
            assert lot.expires_at is None or transfer.recorded_at < lot.expires_at
        else:
            assert transfer.kind is TransferKind.EXPIRE
            assert lot.expires_at == transfer.at <= transfer.recorded_at


@examples(60)
@given(programs())
def test_what_expires_first_goes_first(program: list[Batch]) -> None:
    """When a spend has touched a lot, no lot that could have gone before it still holds points."""
    keeper = Bookkeeper()
    for batch in program:
        for operation in batch.operations:
            before = len(keeper.moves)
            keeper.post([operation], now=batch.now)
            kinds = {transfer.id: transfer for transfer in keeper.transfers}
            for move in keeper.moves[before:]:
                transfer = kinds[move.transfer_id]
                if transfer.kind is not TransferKind.SPEND:
                    continue
                spent = keeper.lots[move.lot_id]
                for lot in keeper.lots.values():
                    if lot.account_id == spent.account_id and expiry_order(lot) < expiry_order(spent):
                        born_later = int(lot.id) > int(transfer.id)
                        assert lot.remaining == 0 or lot.active_from > transfer.recorded_at or born_later


@examples(60)
@given(programs())
def test_a_batch_equals_its_items_one_by_one(program: list[Batch]) -> None:
    together, apart = Bookkeeper(), Bookkeeper()
    for batch in program:
        results = together.post(batch.operations, now=batch.now)
        singly = [apart.post([operation], now=batch.now)[0] for operation in batch.operations]
        assert results == singly
        assert together.snapshot() == apart.snapshot()


@examples(60)
@given(programs())
def test_a_replay_changes_nothing(program: list[Batch]) -> None:
    keeper = Bookkeeper()
    for batch in program:
        results = keeper.post(batch.operations, now=batch.now)
        done = [o for o, result in zip(batch.operations, results, strict=True) if isinstance(result, Posted)]
        before = keeper.snapshot()
        again = keeper.post(done, now=batch.now)
        assert [in_short(result) for result in again] == [("replayed", operation.id) for operation in done]
        assert keeper.snapshot() == before
