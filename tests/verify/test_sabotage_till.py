"""Falsifying what the till does: holds, debts, points put back, given again, sent, merged."""

import psycopg
import pytest

from tests.verify.sabotage import UNLOCK
from tests.verify.till import tell
from verno.verify import service

SOURCE = "id IN (SELECT id FROM ledger_transfer WHERE kind = '{}')"

SABOTAGE = [
    # (name, what the insider writes, the checks that must turn red, which id is named)
    ("debt forgiven", "UPDATE ledger_account SET debt = 0 WHERE holder_id = %(cid)s", {"account-debt"}, "cid"),
    ("debt doubled", "UPDATE ledger_account SET debt = debt * 2 WHERE holder_id = %(cid)s", {"account-debt"}, "cid"),
    ("debt of an honest member", "UPDATE ledger_account SET debt = 5 WHERE holder_id = %(bob)s",
     {"account-debt"}, "bob"),
    ("payment of a debt forgotten", "DELETE FROM ledger_transfer WHERE kind = 'repay'",
     {"account-debt", "account-balance", "lot-move-ends"}, "cid"),
    ("debt below zero", "UPDATE ledger_account SET debt = -1 WHERE holder_id = %(bob)s",
     {"account-debt", "account-plain"}, "bob"),
    ("sent and never received", "DELETE FROM ledger_transfer WHERE kind = 'receive'",
     {"account-clearing", "account-balance", "lot-source"}, "gift"),
    ("held points called available",
     "UPDATE ledger_account SET available = available + held, held = 0 WHERE holder_id = %(ann)s",
     {"account-lots"}, "ann"),
    ("lot held by nobody",
     "UPDATE ledger_lot SET held = held + 1 WHERE holder_id = %(ann)s AND remaining > held AND expires_at IS NULL",
     {"lot-held", "account-lots"}, "ann"),
    ("lot let go", "UPDATE ledger_lot SET held = 0 WHERE holder_id = %(ann)s", {"lot-held", "account-lots"}, "ann"),
    ("hold keeps less", "UPDATE ledger_hold_lot p SET amount = p.amount - 1 FROM ledger_hold h"
     " WHERE h.id = p.hold_id AND h.operation_id = %(open)s",
     {"hold-lots", "lot-held"}, "ann"),
    ("hold out of nothing",
     "INSERT INTO ledger_hold (holder_id, id, program_id, account_id, operation_id, amount, placed_at, expires_at)"
     " SELECT holder_id, gen_random_uuid(), program_id, id, %(released)s, 3, changed_at, 'infinity'"
     " FROM ledger_account WHERE holder_id = %(bob)s",
     {"hold-lots"}, "bob"),
    ("hold keeps another's points", "UPDATE ledger_hold_lot p SET lot_id = (SELECT id FROM ledger_lot"
     " WHERE holder_id = %(bob)s LIMIT 1) FROM ledger_hold h WHERE h.id = p.hold_id AND h.operation_id = %(released)s",
     {"hold-lots"}, "ann"),
    ("hold that has ended is open again",
     "UPDATE ledger_hold SET state = 'open', captured = 0 WHERE operation_id = %(captured)s",
     {"lot-held", "account-next-change", "transfer-operation"}, "fay"),
    ("hold of the past still open", "UPDATE ledger_hold SET state = 'open' WHERE operation_id = %(lapsed)s",
     {"hold-ended", "lot-held", "account-next-change"}, "ann"),
    ("hold lapsed before its time",
     "UPDATE ledger_hold SET expires_at = 'infinity' WHERE operation_id = %(lapsed)s", {"hold-ended"}, "ann"),
    ("hold lapses too late", "UPDATE ledger_account SET next_change_at = next_change_at + interval '1 s'"
     " WHERE holder_id = %(ann)s", {"account-next-change"}, "ann"),
    ("released, and something captured", "UPDATE ledger_hold SET captured = 1 WHERE operation_id = %(released)s",
     {"hold-ended"}, "ann"),
    ("more captured than was spent", "UPDATE ledger_hold SET captured = amount WHERE operation_id = %(captured)s",
     {"hold-ended"}, "fay"),
    ("spent after its end, and no hold kept it",
     "UPDATE ledger_hold SET state = 'released', captured = 0 WHERE operation_id = %(late)s",
     {"lot-spent-in-life"}, "ann"),
    ("operation of a hold forgotten", "DELETE FROM ledger_operation WHERE id = %(open)s",
     {"transfer-operation"}, "ann"),
    ("captured under two keys",
     "INSERT INTO ledger_operation SELECT program_id, 'more', id, holder_id, fingerprint FROM ledger_operation"
     " WHERE id = %(captured)s LIMIT 1",
     {"transfer-operation"}, "captured"),
    ("adjustment called a balance brought along", "UPDATE ledger_transfer SET kind = 'open' WHERE kind = 'adjust'",
     {"transfer-sides"}, "bob"),
    ("adjustment by nobody", "UPDATE ledger_transfer SET operation_id = NULL WHERE kind = 'adjust'",
     {"transfer-operation"}, "bob"),
    ("another's points put back",
     "UPDATE ledger_transfer SET holder_id = %(bob)s WHERE kind = 'repay'",
     {"transfer-sides", "transfer-moves", "account-debt", "lot-move-ends"}, "bob"),
    ("more put back than was spent",
     "UPDATE ledger_transfer SET amount = amount + 20 WHERE kind = 'put_back' AND amount = 12",
     {"transfer-reverses", "transfer-moves", "account-balance"}, "ann"),
    ("put back what was never spent",
     "UPDATE ledger_transfer SET reverses_id = gen_random_uuid() WHERE kind = 'put_back' AND amount = 12",
     {"transfer-reverses"}, "ann"),
    ("more recovered than was written off",
     "UPDATE ledger_transfer SET amount = amount + 12 WHERE kind = 'recover'",
     {"transfer-recovers", "transfer-moves", "account-balance"}, "dan"),
    ("recovered what nobody wrote off",
     "UPDATE ledger_transfer SET reverses_id = NULL WHERE kind = 'recover'", {"transfer-recovers"}, "dan"),
    ("recovered of another's write-off",
     "UPDATE ledger_transfer SET holder_id = %(bob)s, reverses_id = (SELECT reverses_id FROM ledger_transfer"
     " WHERE kind = 'recover'), debit_account_id = (SELECT id FROM ledger_account WHERE holder_id = %(bob)s"
     " AND kind = 'member') WHERE kind = 'recover'",
     {"transfer-recovers", "transfer-moves", "account-balance", "lot-move-ends"}, "bob"),
    ("a write-off of more than was taken back",
     "UPDATE ledger_transfer SET amount = amount + 1 WHERE kind = 'write_off'",
     {"transfer-recovers", "account-debt"}, "dan"),
    ("recovered by nobody", "UPDATE ledger_transfer SET operation_id = NULL WHERE kind = 'recover'",
     {"transfer-operation"}, "dan"),
    ("recovered as a spend",
     "UPDATE ledger_transfer SET kind = 'spend' WHERE kind = 'recover'", {"transfer-sides"}, "dan"),
    ("given again what lives", "UPDATE ledger_transfer SET reverses_id = (SELECT id FROM ledger_transfer"
     " WHERE holder_id = %(ann)s AND amount = 100) WHERE kind = 'reinstate'",
     {"transfer-reverses", "lot-restores"}, "ann"),
    ("in the place of no lot",
     f"UPDATE ledger_lot SET restores_id = gen_random_uuid() WHERE {SOURCE.format('put_back')}",
     {"lot-restores"}, "ann"),
    ("gift in the place of a lot",
     f"UPDATE ledger_lot SET restores_id = id WHERE {SOURCE.format('adjust')}", {"lot-restores"}, "bob"),
    ("merged into oneself",
     f"UPDATE ledger_lot SET restores_id = id WHERE {SOURCE.format('merge')}", {"lot-restores"}, "ann"),
    ("lot renamed", "UPDATE ledger_lot SET transfer_id = gen_random_uuid() WHERE holder_id = %(bob)s",
     {"lot-source"}, "bob"),
    ("move put into a lot by what earned it",
     "UPDATE ledger_lot_move m SET transfer_id = t.id FROM ledger_transfer t WHERE t.kind = 'earn' AND t.amount = 40"
     " AND m.holder_id = %(fay)s",
     {"lot-remaining", "transfer-moves", "hold-ended"}, "fay"),
]  # fmt: skip


@pytest.fixture
def story(owner: psycopg.Connection) -> dict[str, str]:
    return tell(owner)


def test_the_honest_till(owner: psycopg.Connection, story: dict[str, str]) -> None:
    report = service.run(owner)
    assert report.ok, report.problems
    assert report.checked["holds"] == 5


@pytest.mark.parametrize(("name", "sql", "red", "culprit"), SABOTAGE, ids=[row[0] for row in SABOTAGE])
def test_sabotage_is_noticed(
    owner: psycopg.Connection, story: dict[str, str], name: str, sql: str, red: set[str], culprit: str
) -> None:
    owner.execute(UNLOCK)
    changed = owner.execute(sql, story)
    assert changed.rowcount > 0, name
    report = service.run(owner)
    assert set(report.totals) == red, report.problems
    assert any(story[culprit] in problem.where.values() for problem in report.problems)
