"""The planner against the reference model, and the laws that hold whatever the program."""

from copy import deepcopy
from itertools import pairwise
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.checks import check_books, compare, told
from tests.engine.model import Model, looked_at
from tests.engine.programs import BEGINNING, SEEDS, Batch, Dice, Past, day, examples, programs, put_back, take_back
from verno.ledger.planner import NEVER, end, expiry_order
from verno.ledger.types import MAX_POINTS, Earn, Hold, Operation, Posted, PutBack, Spend, TakeBack, TransferKind


@examples(300)
@given(programs())
def test_the_planner_equals_the_model(program: list[Batch]) -> None:
    keeper, model = Bookkeeper(), Model(BEGINNING)
    for batch in program:
        results = keeper.post(batch.operations, now=batch.now)
        model.look([side for operation in batch.operations for side in looked_at(operation)], now=batch.now)
        answers = []
        for operation, result in zip(batch.operations, results, strict=True):
            answers.append(model.do(operation, now=batch.now))
            if isinstance(result, Posted):
                assert result.balances == told(model, operation)
        assert [in_short(result) for result in results] == answers
        compare(keeper, model)


# Laws ----------------------------------------------------------------------------------------------------------------


@examples(80)
@given(programs())
def test_the_books_balance(program: list[Batch]) -> None:
    keeper = Bookkeeper()
    for batch in program:
        keeper.post(batch.operations, now=batch.now)
        check_books(keeper)


@examples(80)
@given(programs())
def test_nothing_expired_or_unborn_is_ever_spent(program: list[Batch]) -> None:
    """But what a hold keeps may be captured after its end."""
    keeper = Bookkeeper()
    for batch in program:
        for operation in batch.operations:
            known, lots, accounts = len(keeper.moves), deepcopy(keeper.lots), deepcopy(keeper.accounts)
            keeper.post([operation], now=batch.now)
            for move in keeper.moves[known:]:
                lot, transfer = lots.get(move.lot_id, keeper.lots[move.lot_id]), keeper.transfers[move.transfer_id]
                side = (lot.holder_id, transfer.unit_id)
                # An operation may have moved the lot's own end or the account's.
                ends = [
                    end(one, book[side]) or NEVER
                    for one in (lot, keeper.lots[lot.id])
                    for book in (accounts, keeper.accounts)
                ]
                if transfer.kind is TransferKind.EXPIRE:
                    assert (
                        min(*ends, *(getattr(entry, "lapses_at", None) or NEVER for entry in operation.entries))
                        <= transfer.at
                        <= transfer.recorded_at
                    )
                elif transfer.kind is TransferKind.REPAY and transfer.operation_id is None:
                    assert lot.active_from <= transfer.at < max(ends)
                elif transfer.kind in {TransferKind.SPEND, TransferKind.REPAY}:
                    assert keeper.lots[lot.id].active_from <= transfer.recorded_at
                    assert transfer.recorded_at < max(ends) or lot.held


@examples(60)
@given(programs())
def test_what_expires_first_goes_first(program: list[Batch]) -> None:
    """When a spend has touched a lot, no lot that could have gone before it still holds points."""
    keeper = Bookkeeper()
    for batch in program:
        for operation in batch.operations:
            before = len(keeper.moves)
            keeper.post([operation], now=batch.now)
            if any(not isinstance(entry, Earn | Spend | Hold) for entry in operation.entries):
                continue
            for move in keeper.moves[before:]:
                transfer = keeper.transfers[move.transfer_id]
                if transfer.kind is not TransferKind.SPEND:
                    continue
                spent = keeper.lots[move.lot_id]
                for lot in keeper.lots.values():
                    if lot.account_id == spent.account_id and expiry_order(lot) < expiry_order(spent):
                        born_later = int(lot.id) > int(transfer.id)
                        assert lot.remaining == lot.held or lot.active_from > transfer.recorded_at or born_later


@examples(80)
@given(programs())
def test_a_batch_equals_its_items_one_by_one(program: list[Batch]) -> None:
    together, apart = Bookkeeper(), Bookkeeper()
    for batch in program:
        results = together.post(batch.operations, now=batch.now)
        singly = [apart.post([operation], now=batch.now)[0] for operation in batch.operations]
        assert results == singly
        assert together.snapshot() == apart.snapshot()


@examples(100)
@given(programs(), st.lists(st.integers(-3, 40), max_size=12))
def test_it_makes_no_difference_who_looked_when(program: list[Batch], looks: list[int]) -> None:
    """A sweep, or a request that was refused, at any moment between two batches leaves everything as it would be."""
    once, often = Bookkeeper(), Bookkeeper()
    before = BEGINNING
    for batch in program:
        for moment in sorted(day(look) for look in looks):
            if before < moment < batch.now:
                often.sweep(now=moment)
        before = max(before, batch.now)
        once.sweep(now=before)
        often.sweep(now=before)
        assert once.post(batch.operations, now=before) == often.post(batch.operations, now=before)
        assert once.figures() == often.figures()


@examples(60)
@given(programs())
def test_a_replay_changes_nothing(program: list[Batch]) -> None:
    keeper = Bookkeeper()
    for batch in program:
        results = keeper.post(batch.operations, now=batch.now)
        done = [o for o, result in zip(batch.operations, results, strict=True) if isinstance(result, Posted)]
        before = keeper.snapshot()
        again = keeper.post(done, now=batch.now)
        assert [in_short(result) for result in again] == [("replayed", operation.id, ()) for operation in done]
        assert keeper.snapshot() == before


@examples(100)
@given(programs(), SEEDS)
def test_any_split_of_a_return_gives_the_whole_s_result(program: list[Batch], seed: int) -> None:
    """Taken back and put back in one, or in any parts, down to single points: to the unit the same."""
    whole, parts = Bookkeeper(), Bookkeeper()
    past, now = Past(), day(0)
    for batch in program:
        now = batch.now
        for keeper in (whole, parts):
            keeper.post(batch.operations, now=now)
        for operation in batch.operations:
            past.remember(operation)
        past.begin_batch()
    dice = Dice(Random(seed), (now - day(0)).days, past)
    for number, maker in enumerate((put_back, take_back, put_back, take_back)):
        entry = maker(dice, now)
        if not isinstance(entry, TakeBack | PutBack) or not 1 < entry.points < MAX_POINTS:
            continue
        cuts = sorted({0, *dice.random.choices(range(entry.points), k=4), entry.points})
        whole.post([returning(f"{number}", entry)], now=now)
        for start, stop in pairwise(cuts):
            part = msgspec.structs.replace(entry, points=stop - start)
            parts.post([returning(f"{number} from {start}", part)], now=now)
        assert whole.figures() == parts.figures()


def returning(key: str, entry: TakeBack | PutBack) -> Operation:
    key = f"{type(entry).__name__} {key}"
    return Operation(key, key, entry.holder_id, "00", (entry,))
