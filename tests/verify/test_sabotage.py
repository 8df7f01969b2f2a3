"""Each way of falsifying the books, done with the owner's rights: the check that must notice, and the culprit named."""

import psycopg
import pytest

from tests.verify.sabotage import UNLOCK
from tests.verify.shop import Story, tell
from tests.verify.test_sabotage_budgets import SABOTAGE as OF_BUDGETS
from tests.verify.test_sabotage_progress import SABOTAGE as OF_PROGRESS
from tests.verify.test_sabotage_till import SABOTAGE as AT_THE_TILL
from verno.verify import service

SALE_LOT = "transfer_id IN (SELECT id FROM ledger_transfer WHERE operation_id = %(receipt)s)"

SABOTAGE = [
    # (name, what the insider writes, the checks that must turn red, which id is named)
    ("balance up", "UPDATE ledger_account SET available = available + 1 WHERE holder_id = %(member)s",
     {"account-balance", "account-lots"}, "member"),
    ("available called pending",
     "UPDATE ledger_account SET available = available - 5, pending = pending + 5 WHERE holder_id = %(member)s",
     {"account-lots"}, "member"),
    ("held out of nothing", "UPDATE ledger_account SET held = 5 WHERE holder_id = %(member)s",
     {"account-balance", "account-lots"}, "member"),
    ("expiry forgotten", "UPDATE ledger_account SET next_change_at = NULL WHERE holder_id = %(member)s",
     {"account-next-change"}, "member"),
    ("expiry late",
     "UPDATE ledger_account SET next_change_at = next_change_at + interval '1 s' WHERE holder_id = %(member)s",
     {"account-next-change"}, "member"),
    ("program account with a balance", "UPDATE ledger_account SET available = 7 WHERE kind = 'issued'",
     {"account-plain"}, "program"),
    ("balance below zero", "UPDATE ledger_account SET available = -1 WHERE holder_id = %(member)s",
     {"account-plain", "account-balance", "account-lots"}, "member"),
    ("lot filled up", f"UPDATE ledger_lot SET remaining = remaining + 1 WHERE {SALE_LOT}",
     {"lot-remaining", "account-lots"}, "member"),
    ("lot born bigger", f"UPDATE ledger_lot SET amount = amount + 1, remaining = remaining + 1 WHERE {SALE_LOT}",
     {"lot-source", "transfer-moves", "account-lots"}, "member"),
    ("lot out of nothing",
     "INSERT INTO ledger_lot (holder_id, id, account_id, amount, remaining, active_from, transfer_id)"
     " SELECT holder_id, gen_random_uuid(), id, 9, 9, 'epoch', gen_random_uuid() FROM ledger_account"
     " WHERE holder_id = %(member)s",
     {"lot-source", "account-lots"}, "member"),
    ("lot deleted", f"DELETE FROM ledger_lot WHERE {SALE_LOT}",
     {"lot-move-ends", "transfer-moves", "account-lots"}, "member"),
    ("lot moved to another holder", f"UPDATE ledger_lot SET holder_id = %(receipt)s WHERE {SALE_LOT}",
     {"lot-source", "lot-remaining", "lot-move-ends", "transfer-moves", "account-lots"}, "member"),
    ("move deleted",
     "DELETE FROM ledger_lot_move WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'spend')",
     {"lot-remaining", "transfer-moves"}, "member"),
    ("move enlarged",
     "UPDATE ledger_lot_move SET amount = amount + 1"
     " WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'spend')",
     {"lot-remaining", "transfer-moves"}, "member"),
    ("move out of nothing",
     "INSERT INTO ledger_lot_move SELECT holder_id, id, gen_random_uuid(), 3 FROM ledger_lot WHERE remaining > 0"
     " AND expires_at IS NULL",
     {"lot-remaining", "lot-move-ends"}, "member"),
    ("earning raised", "UPDATE ledger_transfer SET amount = amount + 10 WHERE operation_id = %(receipt)s",
     {"account-balance", "lot-source", "transfer-moves", "receipt-points"}, "receipt"),
    ("spend lowered", "UPDATE ledger_transfer SET amount = amount - 10 WHERE kind = 'spend'",
     {"account-balance", "transfer-moves"}, "member"),
    ("transfer deleted", "DELETE FROM ledger_transfer WHERE operation_id = %(receipt)s",
     {"account-balance", "lot-source", "receipt-points"}, "receipt"),
    ("transfer of nothing", "UPDATE ledger_transfer SET amount = 0 WHERE kind = 'spend'",
     {"transfer-sides", "account-balance", "transfer-moves"}, "member"),
    ("sides swapped",
     "UPDATE ledger_transfer SET debit_account_id = credit_account_id, credit_account_id = debit_account_id"
     " WHERE kind = 'spend'",
     {"transfer-sides", "transfer-moves", "account-balance", "lot-remaining"}, "member"),
    ("one side twice", "UPDATE ledger_transfer SET debit_account_id = credit_account_id WHERE kind = 'earn'",
     {"transfer-sides", "transfer-moves", "account-balance"}, "member"),
    ("another unit", "UPDATE ledger_transfer SET unit_id = gen_random_uuid() WHERE kind = 'spend'",
     {"transfer-sides"}, "member"),
    ("another program", "UPDATE ledger_transfer SET program_id = gen_random_uuid() WHERE operation_id = %(receipt)s",
     {"transfer-sides", "transfer-operation"}, "member"),
    ("expiry called spend", "UPDATE ledger_transfer SET kind = 'spend' WHERE kind = 'expire'",
     {"transfer-sides", "transfer-operation", "lot-spent-in-life"}, "member"),
    ("key forgotten", "DELETE FROM ledger_operation WHERE id = %(receipt)s",
     {"transfer-operation", "receipt-points"}, "receipt"),
    ("settled under two keys",
     "INSERT INTO ledger_operation SELECT program_id, 'again', id, holder_id, fingerprint FROM ledger_operation"
     " WHERE id = %(receipt)s",
     {"transfer-operation", "receipt-points"}, "receipt"),
    ("expired lot spent",
     "UPDATE ledger_lot SET expires_at = (SELECT recorded_at FROM ledger_transfer WHERE kind = 'spend')"
     f" WHERE {SALE_LOT}",
     {"lot-spent-in-life", "account-next-change"}, "member"),
    ("unborn lot spent", f"UPDATE ledger_lot SET active_from = active_from + interval '1 s' WHERE {SALE_LOT}",
     {"lot-spent-in-life", "account-lots", "account-next-change"}, "member"),
    ("expired early", "UPDATE ledger_lot SET expires_at = expires_at + interval '1 h' WHERE remaining = 0",
     {"lot-expired-in-time"}, "member"),
    ("expiry recorded before its time",
     "UPDATE ledger_transfer SET recorded_at = at - interval '1 s' WHERE kind = 'expire'",
     {"lot-expired-in-time"}, "member"),
    ("claim deleted", "DELETE FROM intake_receipt_claim WHERE receipt_id = %(receipt)s", {"receipt-claim"}, "receipt"),
    ("claimed under two numbers",
     "INSERT INTO intake_receipt_claim SELECT program_id, place_id, series, '99', holder_id, receipt_id, ''"
     " FROM intake_receipt_claim WHERE receipt_id = %(receipt)s",
     {"receipt-claim"}, "receipt"),
    ("number changed", "UPDATE intake_receipt SET number = '98' WHERE id = %(receipt)s", {"receipt-claim"}, "receipt"),
    ("receipt deleted", "DELETE FROM intake_receipt WHERE id = %(unmatched)s",
     {"receipt-claim", "receipt-lines"}, "unmatched"),
    ("points promised, none given", "UPDATE intake_receipt SET points = 9 WHERE points = 0 AND status = 'settled'",
     {"receipt-points"}, "member"),
    ("points given, none promised", "UPDATE intake_receipt SET points = 0 WHERE id = %(receipt)s",
     {"receipt-points"}, "receipt"),
    ("points of another", "UPDATE intake_receipt SET holder_id = %(unmatched)s WHERE id = %(receipt)s",
     {"receipt-claim", "receipt-points", "receipt-lines"}, "receipt"),
    ("number given to another",
     "UPDATE intake_receipt_claim SET holder_id = %(unmatched)s WHERE receipt_id = %(receipt)s",
     {"receipt-claim"}, "receipt"),
    ("unmatched called settled", "UPDATE intake_receipt SET status = 'settled' WHERE id = %(unmatched)s",
     {"receipt-holder"}, "unmatched"),
    ("settled called unmatched", "UPDATE intake_receipt SET status = 'unmatched' WHERE id = %(receipt)s",
     {"receipt-holder", "receipt-points"}, "receipt"),
    ("line altered", "UPDATE intake_receipt_line SET amount = amount + 1 WHERE receipt_id = %(receipt)s AND line = 2",
     {"receipt-lines"}, "receipt"),
    ("discount altered", "UPDATE intake_receipt_line SET discount = 3 WHERE receipt_id = %(receipt)s AND line = 2",
     {"receipt-lines"}, "receipt"),
    ("empty line deleted", "DELETE FROM intake_receipt_line WHERE receipt_id = %(receipt)s AND line = 3",
     {"receipt-lines"}, "receipt"),
    ("line renumbered", "UPDATE intake_receipt_line SET line = 4 WHERE receipt_id = %(receipt)s AND line = 3",
     {"receipt-lines"}, "receipt"),
    ("points paid, no line says so", "UPDATE intake_receipt SET points_value = 1 WHERE id = %(receipt)s",
     {"receipt-lines"}, "receipt"),
    ("discount that no rule gave", "UPDATE intake_receipt SET taken_off = 1 WHERE id = %(receipt)s",
     {"receipt-lines"}, "receipt"),
    ("capture undone", "UPDATE intake_receipt SET status = 'held' WHERE id = %(captured)s",
     {"receipt-steps"}, "captured"),
    ("capture called a cancel", "UPDATE intake_step SET kind = 'cancel' WHERE receipt_id = %(captured)s",
     {"receipt-steps"}, "captured"),
    ("step forgotten", "DELETE FROM intake_step WHERE receipt_id = %(captured)s", {"receipt-steps"}, "captured"),
    ("captured more than was moved", "UPDATE intake_step SET points = 3 WHERE receipt_id = %(captured)s",
     {"receipt-points"}, "captured"),
    ("taken back on paper", "UPDATE intake_return SET taken = '{\"points\": 5}'", {"return-points"}, "returned"),
    ("put back on paper", "UPDATE intake_return SET put = '{\"points\": 5}'", {"return-points"}, "returned"),
    ("more refunded than paid", "UPDATE intake_return SET refund = 1000000", {"return-points"}, "returned"),
    ("return of nothing", "UPDATE intake_return SET original_id = %(member)s", {"return-points"}, "returned"),
    ("return forgotten", "DELETE FROM intake_return", {"receipt-claim"}, "returned"),
    ("statement altered", "UPDATE messaging_statement SET spent = 1 WHERE month = '2026-10-01'",
     {"statement-balance"}, "member"),
    ("opening altered", "UPDATE messaging_statement SET opening = 49, earned = 1 WHERE month = '2026-10-01'",
     {"statement-opening"}, "member"),
]  # fmt: skip


@pytest.fixture
def story(owner: psycopg.Connection) -> Story:
    return tell(owner)


def test_honest_books(owner: psycopg.Connection, story: Story) -> None:
    report = service.run(owner)
    assert report.ok, report.problems
    assert report.checked == {
        "programs": 1, "accounts": 9, "operations": 4, "transfers": 5, "lots": 3, "moves": 2, "holds": 0, "receipts": 4,
        "lines": 12, "statements": 2,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "sql", "red", "culprit"), SABOTAGE, ids=[row[0] for row in SABOTAGE])
def test_sabotage_is_noticed(
    owner: psycopg.Connection, story: Story, name: str, sql: str, red: set[str], culprit: str
) -> None:
    ids = {
        "member": story.member, "receipt": story.receipt, "unmatched": story.unmatched, "program": story.program,
        "captured": story.captured, "returned": story.returned,
    }  # fmt: skip
    owner.execute(UNLOCK)
    changed = owner.execute(sql, ids)
    assert changed.rowcount > 0, name
    report = service.run(owner)
    assert not report.ok
    assert set(report.totals) == red
    assert any(ids[culprit] in problem.where.values() for problem in report.problems)


def test_every_check_has_its_sabotage() -> None:
    red = set().union(*(row[2] for row in (*SABOTAGE, *AT_THE_TILL, *OF_PROGRESS, *OF_BUDGETS)))
    assert {check.replace("_", "-") for check in service.CHECKS} == red


def test_every_statement_is_used() -> None:
    assert set(service.SQL.names()) == {*service.CHECKS, "begin_snapshot", "be_generous", "counts"}


def test_many_problems_are_counted_and_some_are_shown(owner: psycopg.Connection, story: Story) -> None:
    owner.execute(
        "INSERT INTO intake_receipt_line (holder_id, receipt_id, line, goods_id, quantity, amount, discount)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), 1, 1, 0 FROM generate_series(1, 75)"
    )
    report = service.run(owner)
    assert report.totals == {"receipt-lines": 75}
    assert len(report.problems) == service.SHOWN
