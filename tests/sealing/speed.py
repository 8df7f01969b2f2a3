"""How quick sealing, checking and proving are: ``pytest -s tests/sealing/speed.py`` (not a test)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.builders import NOW
from tests.sealing.history import History, one
from verno.kit import db
from verno.sealing import check, proofs, queries, service
from verno.sealing.types import END, MemberProof

MEMBERS = 100_000
EACH = 5
A_TRANSACTION = 50
TRANSFERS = MEMBERS * EACH

ACCOUNTS = """
INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, available, changed_at)
SELECT gen_random_uuid(), gen_random_uuid(), %(program)s, %(unit)s, 'member', 10 * %(each)s, now()
FROM generate_series(1, %(members)s)
"""
EARNINGS = """
INSERT INTO ledger_transfer (holder_id, id, program_id, unit_id, debit_account_id, credit_account_id, amount, kind,
                             reason, at, recorded_at, operation_id, txid)
SELECT m.holder_id, gen_random_uuid(), m.program_id, m.unit_id, i.id, m.id, 10, 'earn', 'receipt', now(), now(),
       gen_random_uuid(), round * %(members)s / 10 + row_number() OVER () / %(together)s
FROM ledger_account m JOIN ledger_account i ON i.kind = 'issued' AND i.unit_id = m.unit_id
CROSS JOIN generate_series(0, %(each)s - 1) AS round
WHERE m.kind = 'member'
ORDER BY round
"""


@contextmanager
def timed(what: str, count: int = 0) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.3f} s" + (f", {count / seconds:,.0f} a second" if count else ""))  # noqa: T201 its purpose


def test_speed(history: History) -> None:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        words = {"program": history.program, "unit": history.shop.unit.id, "members": MEMBERS, "each": EACH}
        owner.execute("SET session_replication_role = replica")
        owner.execute(ACCOUNTS, words)
        owner.execute(EARNINGS, {**words, "together": A_TRANSACTION})
        # As the sealer would find them: all their transactions are over.
        past = "UPDATE ledger_transfer SET txid = txid * 600 / (SELECT max(txid) FROM ledger_transfer)"
        owner.execute(past)
        owner.commit()
        owner.autocommit = True
        owner.execute("VACUUM (FULL, ANALYZE) ledger_transfer")
    print()  # noqa: T201 below pytest's dots
    with timed("seal", TRANSFERS):
        while service.step(now=NOW, stopping=lambda: False):
            pass
    with timed(f"head over {MEMBERS:,} members"):
        head = history.seal().head
    assert head.count == TRANSFERS
    with db.connect() as conn:
        with timed("check", TRANSFERS):
            found = check.run(conn, head)
        assert not found.problems
        tip = queries.tip(conn, history.program)
        with timed("look for news, in vain"):
            queries.stretch(conn, history.program, tip.position, END, limit=service.READ)
        holder = one(conn, "SELECT holder_id::text FROM ledger_account WHERE kind = 'member' LIMIT 1")
        with timed("prove a member"):
            made = proofs.member(conn, history.program, str(holder))
        assert isinstance(made, MemberProof)
        with timed(f"check the proof ({len(made.path)} steps)"):
            assert not proofs.flaws(made, head)
        blocks = one(conn, "SELECT pg_total_relation_size('sealing_block')")
        kept = one(conn, "SELECT pg_total_relation_size('sealing_snapshot')")
    assert isinstance(blocks, int)
    assert isinstance(kept, int)
    print(f"bytes: {blocks // TRANSFERS} a transfer, {kept // MEMBERS} a member")  # noqa: T201 its purpose
