"""What must hold after every batch: the planner equals the model, and the books agree with themselves."""

from collections import Counter
from datetime import datetime

from tests.engine.bookkeeper import PROGRAM_ACCOUNTS, Bookkeeper, lives
from tests.engine.model import Model, sides
from tests.engine.programs import UNITS
from verno.ledger.planner import NEVER, end
from verno.ledger.types import Account, AccountKind, Balance, Operation


def compare(keeper: Bookkeeper, model: Model) -> None:
    """Everything the model knows: figures, lots by their dates, movements."""
    for side, account in keeper.accounts.items():
        purse = model.purse(*side)
        assert (account.available, account.pending, account.held, account.debt) == (
            purse.available(), purse.pending(), purse.held(), purse.debt,
        )  # fmt: skip
        assert (account.changed_at, account.lapses_at) == (purse.clock, purse.lapses)
        piles = (((p.begins, p.ends, p.awaits), (p.amount, p.left, p.held)) for p in purse.piles)
        assert keeper.lives(account) == lives(piles)
        assert keeper.flows(account) == +purse.flows


def told(model: Model, operation: Operation) -> tuple[Balance, ...]:
    """Return the balances that the answer to an operation tells: each account it touched, in order."""
    purses = {side: model.purse(*side) for side in sides(operation)}
    return tuple(Balance(unit, p.available(), p.pending(), p.held(), p.debt) for (_, unit), p in purses.items())


def check_books(keeper: Bookkeeper) -> None:
    """Transfers, lots, moves, holds and cached figures say the same."""
    points: Counter[str] = Counter()
    debts: Counter[tuple[str, str]] = Counter()
    for transfer in keeper.transfers.values():
        assert transfer.amount > 0
        points[transfer.credit_account_id] += transfer.amount
        points[transfer.debit_account_id] -= transfer.amount
        owed = PROGRAM_ACCOUNTS[transfer.unit_id, AccountKind.DEBT]
        debts[transfer.holder_id, transfer.unit_id] += transfer.amount * (transfer.debit_account_id == owed)
        debts[transfer.holder_id, transfer.unit_id] -= transfer.amount * (transfer.credit_account_id == owed)
    assert points.total() == 0
    for unit in UNITS:
        assert points[PROGRAM_ACCOUNTS[unit, AccountKind.CLEARING]] == 0, "nothing stays on its way"
    moved: Counter[str] = Counter()
    for move in keeper.moves:
        assert move.amount > 0
        gives = keeper.transfers[move.transfer_id].credit_account_id == keeper.lots[move.lot_id].account_id
        moved[move.lot_id] += move.amount if gives else -move.amount
    for lot in keeper.lots.values():
        assert 0 <= lot.held <= lot.remaining == lot.amount + moved[lot.id] <= lot.amount
    for side, account in keeper.accounts.items():
        opened = keeper.open_lots(account)
        assert account.debt == debts[side]
        assert not (account.debt and account.available)
        assert points[account.id] == account.available + account.pending + account.held
        assert (
            account.held == sum(lot.held for lot in opened) == sum(hold.amount for hold in keeper.open_holds(account))
        )
        ready = [lot for lot in opened if lot.active_from <= account.changed_at]
        assert account.available == sum(lot.remaining - lot.held for lot in ready)
        assert account.pending == sum(lot.remaining for lot in opened if lot not in ready)
        assert (account.next_change_at or NEVER) <= min(turns(keeper, account), default=NEVER), "never too late"


def turns(keeper: Bookkeeper, account: Account) -> list[datetime]:
    """When time alone will change an account."""
    opened = keeper.open_lots(account)
    ends = [end(lot, account) or NEVER for lot in opened if lot.remaining > lot.held]
    begins = [lot.active_from for lot in opened if lot.active_from > account.changed_at]
    return [*ends, *begins, *(hold.expires_at for hold in keeper.open_holds(account))]
