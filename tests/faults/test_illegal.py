"""The books balance whoever writes (P1): what the application's own login tries, and the database refuses.

Each CHECK, each foreign key and each trigger of the ledger has a statement here that nothing but it refuses, and the
rights are compared with a list: whoever loosens one turns this page red. ``tests/ledger/test_guards.py`` has more.
"""

import os
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW, holder, make_shop
from verno.kit import db
from verno.ledger import service
from verno.ledger.types import Capture, Earn, Entry, Hold, Operation, Posted, Spend
from verno.verify import service as verify

TRANSFER = (
    "INSERT INTO ledger_transfer (holder_id, id, program_id, unit_id, debit_account_id, credit_account_id, amount,"
    " kind, reason, at, recorded_at) SELECT holder_id, gen_random_uuid(), program_id, unit_id, {debit}, {credit},"
    " {amount}, {kind}, 'receipt', now(), now() FROM ledger_account WHERE holder_id = %(member)s"
)
HONEST = {"debit": "%(issued)s", "credit": "%(account)s", "amount": "5", "kind": "'earn'"}
LOT = (
    "INSERT INTO ledger_lot (holder_id, id, account_id, amount, remaining, active_from, transfer_id)"
    " VALUES (%(member)s, %(fresh)s, {account}, {amount}, {remaining}, now(), %(fresh)s)"
)
HOLD = (
    "INSERT INTO ledger_hold (holder_id, id, program_id, account_id, operation_id, amount, captured, placed_at,"
    " expires_at, state) SELECT holder_id, gen_random_uuid(), program_id, {account}, gen_random_uuid(), {amount},"
    " {captured}, now(), now(), {state} FROM ledger_account WHERE holder_id = %(member)s"
)
PLAIN = {"account": "id", "amount": "3", "captured": "0", "state": "'open'"}


def transfer(**changed: str) -> str:
    return TRANSFER.format(**(HONEST | changed))


def hold(**changed: str) -> str:
    return HOLD.format(**(PLAIN | changed))


MOVE = "INSERT INTO ledger_lot_move SELECT holder_id, id, gen_random_uuid(), 0 FROM ledger_lot LIMIT 1"
PART = "INSERT INTO ledger_hold_lot SELECT holder_id, {hold}, gen_random_uuid(), {amount} FROM ledger_hold LIMIT 1"
CAPTURE = "UPDATE ledger_hold SET captured = amount + 1, state = 'captured' WHERE state = 'open'"
BREAKS = [
    # (what is tried, the statement, the one constraint that refuses it)
    ("a transfer of nothing", transfer(amount="0"), "ledger_transfer_amount"),
    ("a transfer of less than nothing", transfer(amount="-5"), "ledger_transfer_amount"),
    ("debit equals credit", transfer(debit="%(account)s"), "ledger_transfer_sides"),
    ("out of another unit", transfer(debit="%(miles)s"), "ledger_transfer_debit"),
    ("into another unit", transfer(credit="%(miles)s"), "ledger_transfer_credit"),
    ("into another program", transfer(credit="%(theirs)s"), "ledger_transfer_credit"),
    ("out of an account that is not there", transfer(debit="gen_random_uuid()"), "ledger_transfer_debit"),
    ("a kind nobody knows", transfer(kind="'gift'"), "ledger_transfer_kind"),
    ("a lot fuller than it was born", "UPDATE ledger_lot SET remaining = amount + 1", "ledger_lot_remaining"),
    ("a lot of nothing", LOT.format(account="%(account)s", amount="0", remaining="0"), "ledger_lot_remaining"),
    ("a lot of somebody else's", LOT.format(account="%(theirs)s", amount="1", remaining="1"), "ledger_lot_account"),
    ("a lot below zero", "UPDATE ledger_lot SET remaining = -1, held = 0", "ledger_lot_held"),
    ("more held than there is", "UPDATE ledger_lot SET held = remaining + 1", "ledger_lot_held"),
    ("less than nothing held", "UPDATE ledger_lot SET held = -1", "ledger_lot_held"),
    ("a move of nothing", MOVE, "ledger_lot_move_amount"),
    ("a hold of nothing", hold(amount="0"), "ledger_hold_amount"),
    ("more captured than was held", CAPTURE, "ledger_hold_amount"),
    ("captured and yet open", hold(captured="1"), "ledger_hold_state"),
    ("a state nobody knows", hold(state="'lost'"), "ledger_hold_state"),
    ("a hold on somebody else's account", hold(account="%(theirs)s"), "ledger_hold_account"),
    ("nothing of a lot held", PART.format(hold="id", amount="0"), "ledger_hold_lot_amount"),
    ("held by no hold", PART.format(hold="gen_random_uuid()", amount="1"), "ledger_hold_lot_hold"),
    ("a balance below zero", "UPDATE ledger_account SET available = -1 WHERE kind = 'member'", "ledger_account_floor"),
    ("a debt below zero", "UPDATE ledger_account SET debt = -1, available = 0", "ledger_account_floor"),
    ("points to spend beside a debt", "UPDATE ledger_account SET debt = 1 WHERE available > 0",
     "ledger_account_debt_first"),
    ("a balance of the program's own", "UPDATE ledger_account SET available = 1 WHERE kind = 'issued'",
     "ledger_account_program_plain"),
]  # fmt: skip

BY_TRIGGER = {"ledger_transfer_debit", "ledger_transfer_credit", "ledger_lot_account"}
"""Refused by a trigger once a statement, under the names of the foreign keys they were (docs/adr/0013)."""
NAMED = ("holder_id", "id", "program_id", "unit_id")

FORBIDDEN = {
    "a transfer changed": "UPDATE ledger_transfer SET amount = 1",
    "a transfer deleted": "DELETE FROM ledger_transfer",
    "transfers cut off": "TRUNCATE ledger_transfer CASCADE",
    "a move changed": "UPDATE ledger_lot_move SET amount = 1",
    "a lot born bigger": "UPDATE ledger_lot SET amount = amount + 1",
    "a lot deleted": "DELETE FROM ledger_lot",
    "a key forgotten": "DELETE FROM ledger_operation",
    "an account given away": "UPDATE ledger_account SET holder_id = gen_random_uuid()",
    "a hold made smaller": "UPDATE ledger_hold SET amount = 1",
    "a hold deleted": "DELETE FROM ledger_hold",
    "a constraint dropped": "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_amount",
    "a trigger dropped": "DROP TRIGGER ledger_hold_ends_once ON ledger_hold",
    "triggers switched off": "SET session_replication_role = replica",
    "the owner's role taken": "SET ROLE verno_owner",
}
ENDED = {
    "a hold that ends twice": "UPDATE ledger_hold SET state = 'released', captured = 0 WHERE state = 'captured'",
    "a hold that opens again": "UPDATE ledger_hold SET state = 'open', captured = 0 WHERE state = 'captured'",
    "a lot that lives longer": "UPDATE ledger_lot SET expires_at = '2099-01-01T00:00Z'",
    "a lot that was always there": "UPDATE ledger_lot SET active_from = 'epoch'",
}

MAY_CHANGE = {
    # Of what is not here the application may change nothing; it may delete nothing at all, and add to every table.
    "ledger_account": {"available", "pending", "held", "debt", "next_change_at", "lapses_at", "changed_at"},
    "ledger_hold": {"state", "captured"},
    "ledger_lot": {"remaining", "held", "active_from", "expires_at", "awaits"},
    "ledger_pause": {"until_at"},
}


@pytest.fixture
def ids(conn: psycopg.Connection) -> dict[str, str]:
    """Points earned, spent, held and captured in the test's transaction; the ids that the statements name."""
    db.see_all(conn)  # the constraints must hold without the help of row security
    shop, who = make_shop(conn), holder()
    unit, first, second = shop.unit.id, holder(), holder()
    entries: list[tuple[str, Entry]] = [
        (holder(), Earn(who, unit, 90, NOW)),
        (holder(), Spend(who, unit, 4, NOW)),
        (first, Hold(who, unit, 10, NOW, NOW + timedelta(hours=1))),
        (second, Hold(who, unit, 10, NOW, NOW + timedelta(hours=1))),
        (holder(), Capture(who, unit, 6, NOW, first)),
    ]
    for id_, entry in entries:
        (done,) = service.post(conn, shop.program.id, [Operation(id_, id_, who, "00", (entry,))], now=NOW)
        assert isinstance(done, Posted)
    out = {"member": who, "fresh": holder(), "miles": holder(), "theirs": holder()}
    for name, program, of in (("miles", shop.program.id, holder()), ("theirs", holder(), unit)):
        conn.execute(
            "INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, changed_at)"
            " VALUES (%s, %s, %s, %s, 'member', 'epoch')",
            (holder(), out[name], program, of),
        )
    row = conn.execute(
        "SELECT (SELECT id::text FROM ledger_account WHERE holder_id = %s),"
        " (SELECT id::text FROM ledger_account WHERE kind = 'issued')",
        (who,),
    ).fetchone()
    assert row
    return {**out, "account": row[0], "issued": row[1]}


@pytest.mark.parametrize(("name", "statement", "constraint"), BREAKS, ids=[row[0] for row in BREAKS])
def test_a_constraint_refuses(
    conn: psycopg.Connection, ids: dict[str, str], name: str, statement: str, constraint: str
) -> None:
    with pytest.raises(errors.IntegrityError) as refused, conn.transaction():
        conn.execute(statement, ids)
    assert refused.value.diag.constraint_name == constraint
    assert verify.run(conn).ok


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_right_is_missing(conn: psycopg.Connection, ids: dict[str, str], name: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
        conn.execute(FORBIDDEN[name], ids)


@pytest.mark.parametrize("name", ENDED)
def test_what_has_ended_or_begun_stays_so(conn: psycopg.Connection, ids: dict[str, str], name: str) -> None:
    with pytest.raises(errors.CheckViolation), conn.transaction():
        conn.execute(ENDED[name], ids)


def test_the_honest_statements_are_accepted(conn: psycopg.Connection, ids: dict[str, str]) -> None:
    """Otherwise the refusals would prove nothing."""
    honest = (transfer(), hold(), LOT.format(account="%(account)s", amount="1", remaining="1"))
    assert [conn.execute(statement, ids).rowcount for statement in honest] == [1, 1, 1]
    assert not verify.run(conn).ok


@pytest.fixture
def owner() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as found:
        yield found


def test_every_constraint_of_the_ledger_has_its_statement(owner: psycopg.Connection) -> None:
    found = owner.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE 'ledger%' AND contype IN ('c', 'f')"
    ).fetchall()
    assert {str(name) for (name,) in found} | BY_TRIGGER == {row[2] for row in BREAKS}


def test_what_transfers_and_lots_name_stays(owner: psycopg.Connection) -> None:
    """The other half of a foreign key, whoever asks."""
    changes = [f"UPDATE ledger_account SET {column} = gen_random_uuid()" for column in NAMED]
    with owner.transaction(force_rollback=True):
        make_shop(owner)
        for statement in ("DELETE FROM ledger_account", *changes):
            with pytest.raises(errors.ForeignKeyViolation, match="stays as it is"), owner.transaction():
                owner.execute(statement)


def test_one_bad_side_among_many_refuses_them_all(conn: psycopg.Connection, ids: dict[str, str]) -> None:
    """The sides are looked up once a statement: of all its rows, not of the first."""
    many = transfer(debit="CASE n WHEN 500 THEN %(miles)s::uuid ELSE %(issued)s::uuid END").replace(
        "FROM ledger_account", "FROM generate_series(1, 1000) AS s (n), ledger_account"
    )
    with pytest.raises(errors.ForeignKeyViolation), conn.transaction():
        conn.execute(many, ids)


def test_the_application_has_no_right_beyond_the_list(owner: psycopg.Connection) -> None:
    grantees = "SELECT oid FROM pg_roles WHERE rolname IN ('verno', 'verno_app', 'verno_program') UNION SELECT 0"
    rights = owner.execute(
        f"SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        f" WHERE c.relname LIKE 'ledger%' AND c.relkind IN ('r', 'p') AND a.grantee IN ({grantees})"
    ).fetchall()
    assert {right for _, right in rights} == {"SELECT", "INSERT"}
    columns = owner.execute(
        f"SELECT c.relname, t.attname, a.privilege_type FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid,"
        f" aclexplode(t.attacl) a WHERE c.relname LIKE 'ledger%' AND a.grantee IN ({grantees})"
    ).fetchall()
    may: dict[str, set[str]] = {}
    for table, column, right in columns:
        assert right == "UPDATE"
        may.setdefault(table, set()).add(column)
    assert may == MAY_CHANGE


def test_the_login_has_no_more_than_its_role() -> None:
    """The application lays down nothing: it logs in without the owner's rights and cannot get them."""
    with psycopg.connect(db.url()) as login:
        row = login.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, pg_has_role('verno_owner', 'MEMBER')"
            " FROM pg_roles WHERE rolname = session_user"
        ).fetchone()
    assert row == (False,) * 5
