"""P12: whoever has the superuser's password can change the rows, but not the head that left the house.

Each attack is done with every right there is, then ``verify`` looks with a head from before it. The sums of the books
are another checker's; here only the seals are asked.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from tests.builders import NOW
from tests.sealing.history import HOUR, History, begin
from verno.kit import db
from verno.kit.embedded import cluster
from verno.sealing import check, heads, service
from verno.sealing.types import Findings, Head


@dataclass(frozen=True)
class Crime:
    """Two days of history, each with the head that left after it, and the superuser's connection."""

    history: History
    superuser: psycopg.Connection
    first_day: tuple[str, ...]
    second_day: tuple[str, ...]
    older: Head
    newer: Head


@pytest.fixture
def crime(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crime]:
    monkeypatch.setattr(service, "PATIENCE", 60.0)
    history = begin()
    first = history.day()
    older = history.seal().head
    second = history.day(at=NOW + HOUR)
    newer = history.seal(now=NOW + HOUR).head
    with psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        yield Crime(history, superuser, tuple(first), tuple(second), older, newer)


def look(head: Head | None = None, *, address: str | None = None) -> Findings:
    with db.connect(address) as conn:
        return check.run(conn, head, key=heads.public_key())


def named(found: Findings, finding: str) -> set[str]:
    """Return the transfers that findings of one check name."""
    return {str(problem.where["transfer"]) for problem in found.problems if problem.check == finding}


def test_untouched_history_passes(crime: Crime) -> None:
    crime.history.day(at=NOW + 2 * HOUR)
    for head in (None, crime.older, crime.newer):
        found = look(head)
        assert not found.problems
        assert found.checked == {"blocks": 2, "sealed": 10}
    crime.history.seal(now=NOW + 3 * HOUR)
    assert not look(crime.older).problems


ALTERED = {
    "amount": "amount + 1",
    "kind": "'adjust'",
    "reason": "'gift'",
    "at": "at - interval '1 day'",
    "recorded_at": "recorded_at - interval '1 day'",
    "holder_id": "gen_random_uuid()",
    "operation_id": "NULL",
    "reverses_id": "id",
    "debit_account_id": "gen_random_uuid()",
    "txid": "txid - 1",
}


def test_an_altered_transfer_is_named(crime: Crime) -> None:
    victim = crime.first_day[2]
    for column, value in ALTERED.items():
        change = sql.SQL("UPDATE ledger_transfer SET {} = " + value + " WHERE id = %s").format(sql.Identifier(column))
        with undone(crime):
            crime.superuser.execute(change, [victim])
            for head in (None, crime.older, crime.newer):
                found = check.run(crime.superuser, head, key=heads.public_key())
                assert found.totals == {"sealed-altered": 1}, column
                assert named(found, "sealed-altered") == {victim}
                assert found.problems[0].where["block"] == 1
    assert not look(crime.newer).problems


def test_a_deleted_transfer_is_named(crime: Crime) -> None:
    victim = crime.first_day[1]
    crime.superuser.execute("DELETE FROM ledger_transfer WHERE id = %s", [victim])
    found = look(crime.older)
    assert found.totals == {"sealed-deleted": 1}
    assert named(found, "sealed-deleted") == {victim}


def test_two_transfers_that_changed_places_are_named(crime: Crime) -> None:
    one, other = crime.first_day[0], crime.second_day[2]
    crime.superuser.execute(
        "UPDATE ledger_transfer t SET amount = o.amount FROM ledger_transfer o"
        " WHERE (t.id, o.id) IN ((%(one)s, %(other)s), (%(other)s, %(one)s))",
        {"one": one, "other": other},
    )
    assert named(look(crime.newer), "sealed-altered") == {one, other}


def test_two_rows_that_changed_names_are_named(crime: Crime) -> None:
    one, other = crime.first_day[0], crime.first_day[1]
    crime.superuser.execute("ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_pkey")
    crime.superuser.execute(
        "UPDATE ledger_transfer SET id = CASE id WHEN %(one)s THEN %(other)s::uuid ELSE %(one)s::uuid END"
        " WHERE id IN (%(one)s, %(other)s)",
        {"one": one, "other": other},
    )
    assert named(look(crime.older), "sealed-altered") == {one, other}


def test_a_transfer_put_into_the_past_is_named(crime: Crime) -> None:
    crime.superuser.execute(
        "CREATE TEMP TABLE forged AS SELECT * FROM ledger_transfer WHERE id = %s", [crime.first_day[0]]
    )
    crime.superuser.execute("UPDATE forged SET id = gen_random_uuid(), amount = 5000")
    row = crime.superuser.execute("INSERT INTO ledger_transfer SELECT * FROM forged RETURNING id::text").fetchone()
    assert row
    found = look(crime.older)
    assert found.totals == {"sealed-inserted": 1}
    assert named(found, "sealed-inserted") == {row[0]}
    assert found.problems[0].where["block"] == 1


def test_a_transfer_moved_out_of_the_past_is_named(crime: Crime) -> None:
    victim = crime.first_day[0]
    crime.superuser.execute(
        "UPDATE ledger_transfer SET txid = (SELECT max(txid) + 1 FROM ledger_transfer) WHERE id = %s", [victim]
    )
    found = look(crime.older)
    assert found.totals == {"sealed-altered": 1}
    assert named(found, "sealed-altered") == {victim}
    assert "elsewhere" in found.problems[0].what


def test_a_transfer_of_the_future_is_named(crime: Crime) -> None:
    """It would never be sealed: the sealer waits for transactions to end, and this one never begins."""
    crime.superuser.execute("SELECT pg_current_xact_id()")
    victim = crime.history.earn(0, 7, at=NOW + 2 * HOUR)
    crime.superuser.execute("UPDATE ledger_transfer SET txid = 1000000000000 WHERE id = %s", [victim])
    assert named(look(), "sealed-ahead") == {victim}


def test_a_tail_of_rows_that_was_cut_is_named(crime: Crime) -> None:
    crime.superuser.execute("DELETE FROM ledger_transfer WHERE id = ANY (%s)", [list(crime.second_day[2:])])
    assert named(look(crime.newer), "sealed-deleted") == set(crime.second_day[2:])


def test_a_tail_that_was_cut_with_its_seals_is_noticed(crime: Crime) -> None:
    cut_tail(crime)
    assert not look().problems, "within the database everything fits"
    assert not look(crime.older).problems, "what the older head saw is all there"
    found = look(crime.newer)
    assert found.totals == {"anchor-tail": 1}
    assert named(found, "anchor-tail") == {crime.second_day[-1]}
    assert "its tail was cut" in found.problems[0].what


def test_a_tail_that_was_cut_and_grew_again_is_noticed(crime: Crime) -> None:
    cut_tail(crime)
    crime.history.day(at=NOW + 2 * HOUR)
    crime.history.seal(now=NOW + 2 * HOUR)
    assert look(crime.newer).totals == {"anchor-history": 1}
    assert not look(crime.older).problems


def test_history_sealed_anew_is_noticed(crime: Crime) -> None:
    """The attack that no chain alone can see: alter a row, then do all the sealer's work again, dates and all."""
    crime.superuser.execute("UPDATE ledger_transfer SET amount = amount + 900 WHERE id = %s", [crime.first_day[2]])
    seal_anew(crime)
    assert not look().problems, "the new chain is sound in itself"
    for head in (crime.older, crime.newer):
        found = look(head)
        assert found.totals == {"anchor-history": 1}
        assert f"history before {head.date} is not the one that was sealed" in found.problems[0].what


def test_history_sealed_anew_after_the_older_head_is_noticed_by_the_newer(crime: Crime) -> None:
    crime.superuser.execute("DELETE FROM ledger_transfer WHERE id = %s", [crime.second_day[0]])
    seal_anew(crime)
    assert not look(crime.older).problems
    assert look(crime.newer).totals == {"anchor-history": 1}


def test_honest_history_sealed_anew_is_the_same(crime: Crime) -> None:
    """Otherwise the two tests above would prove nothing."""
    seal_anew(crime)
    assert not look(crime.newer).problems


def test_a_block_that_was_altered_is_named(crime: Crime) -> None:
    changes = {
        "sealed_at": "sealed_at + interval '1 second'",
        "total": "total + 1",
        "last_txid": "last_txid + 1",
        **{
            column: f"set_byte({column}, 0, (get_byte({column}, 0) + 1) % 256)"
            for column in ("root", "previous", "hash", "ids", "leaves")
        },
    }
    for column, value in changes.items():
        change = sql.SQL("UPDATE sealing_block SET {} = " + value + " WHERE number = 1").format(sql.Identifier(column))
        with undone(crime):
            crime.superuser.execute(change)
            found = check.run(crime.superuser, crime.newer, key=heads.public_key())
            blocks = {problem.where["block"] for problem in found.problems if problem.check == "sealed-block"}
            assert 1 in blocks, column


def test_a_block_that_is_missing_is_noticed(crime: Crime) -> None:
    crime.superuser.execute("DELETE FROM sealing_block WHERE number = 1")
    found = look(crime.older)
    assert found.totals == {"sealed-block": 1}
    assert "those between are missing" in found.problems[0].what


def test_a_whole_database_taken_back_is_noticed(crime: Crime) -> None:
    """An old copy is sound in every way; only the head from outside remembers what came after it."""
    name = crime.superuser.info.dbname
    address = cluster.local().url("verno_owner", f"{name}_old")
    with psycopg.connect(cluster.local().url("verno_owner", "postgres"), autocommit=True) as admin:
        db.close_pool()
        crime.superuser.close()
        old = sql.Identifier(f"{name}_old")
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(old, sql.Identifier(name)))
        try:
            crime.history.day(at=NOW + 2 * HOUR)
            newest = crime.history.seal(now=NOW + 2 * HOUR).head
            assert not look(crime.newer, address=address).problems
            found = look(newest, address=address)
            assert found.totals == {"anchor-tail": 1}
            assert f"counts 15 transfers through {newest.last_transfer}, the sealed history here 10" in str(found)
            # An old copy of the files counts transactions anew, too; a head of far later stands for that here.
            later = heads.sign(msgspec.structs.replace(newest, last_txid=10**12))
            assert "taken back to an older state" in look(later, address=address).problems[0].what
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(old))


def test_a_head_that_was_edited_is_not_believed(crime: Crime) -> None:
    for change in ({"count": 9}, {"hash": "00" * 32}, {"program": crime.history.members[0]}, {"signature": "00" * 64}):
        found = look(msgspec.structs.replace(crime.newer, **change))
        assert found.totals == {"anchor-signature": 1}


def test_a_head_of_somebody_elses_key_is_not_believed(crime: Crime, monkeypatch: pytest.MonkeyPatch) -> None:
    """An insider who rewrote history signs a head of it with a key of their own."""
    with monkeypatch.context() as forged:
        forged.setattr(heads, "_private_key", Ed25519PrivateKey.generate)
        key = Ed25519PrivateKey.generate()
        forged.setattr(heads, "_private_key", lambda: key)
        head = heads.sign(crime.newer)
    assert heads.is_signed(head)
    assert look(head).totals == {"anchor-signature": 1}


@contextmanager
def undone(crime: Crime) -> Iterator[None]:
    """Take back at the end what was done; one database then serves many attacks."""
    with crime.superuser.transaction() as transaction:
        yield
        transaction.force_rollback = True


def cut_tail(crime: Crime) -> None:
    """Take away the second day, its seals too."""
    crime.superuser.execute("DELETE FROM ledger_transfer WHERE id = ANY (%s)", [list(crime.second_day)])
    crime.superuser.execute("DELETE FROM sealing_block WHERE number > %s", [crime.older.blocks])


def seal_anew(crime: Crime) -> None:
    """Do the sealer's work again with the sealer's own code, the blocks cut and dated as they were."""
    ends = crime.superuser.execute(
        "SELECT count, sealed_at FROM sealing_block WHERE program_id = %s ORDER BY number", [crime.history.program]
    ).fetchall()
    crime.superuser.execute("DELETE FROM sealing_block")
    for count, sealed_at in ends:
        with pytest.MonkeyPatch.context() as cut:
            cut.setattr(service, "READ", count)
            service.seal(crime.superuser, crime.history.program, now=sealed_at)
