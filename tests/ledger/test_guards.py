"""The database itself refuses what would falsify the books, whoever asks with the application's rights (P1)."""

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW, holder, make_shop
from verno.kit import db
from verno.ledger import service
from verno.ledger.types import Earn, Operation, Spend
from verno.verify import service as verify

NEW_TRANSFER = (
    "INSERT INTO ledger_transfer (holder_id, id, program_id, unit_id, debit_account_id, credit_account_id, amount,"
    " kind, reason, at, recorded_at)"
    " SELECT %(member)s, gen_random_uuid(), {program}, {unit}, {debit}, {credit}, {amount}, {kind}, 'receipt',"
    " now(), now()"
)
HONEST = {
    "program": "%(program)s", "unit": "%(unit)s", "debit": "%(issued)s", "credit": "%(account)s", "amount": "5",
    "kind": "'earn'",
}  # fmt: skip


def transfer(**changed: str) -> str:
    """Return the statement of an honest transfer with some columns changed."""
    return NEW_TRANSFER.format(**(HONEST | changed))


NO_RIGHT = errors.InsufficientPrivilege
ILLEGAL = [
    ("transfer of nothing", transfer(amount="0"), errors.CheckViolation),
    ("transfer of less than nothing", transfer(amount="-5"), errors.CheckViolation),
    ("debit equals credit", transfer(debit="%(account)s"), errors.CheckViolation),
    ("a kind nobody knows", transfer(kind="'gift'"), errors.CheckViolation),
    ("half a point", transfer(amount="'0.5'"), errors.InvalidTextRepresentation),
    ("points beyond 64 bits", transfer(amount="9223372036854775808"), errors.NumericValueOutOfRange),
    ("a side that is not there", transfer(credit="gen_random_uuid()"), errors.ForeignKeyViolation),
    ("another unit", transfer(unit="gen_random_uuid()"), errors.ForeignKeyViolation),
    ("another program", transfer(program="gen_random_uuid()"), errors.ForeignKeyViolation),
    ("two units in one transfer", transfer(credit="%(miles)s"), errors.ForeignKeyViolation),
    ("into another program's account", transfer(credit="%(theirs)s"), errors.ForeignKeyViolation),
    ("transfer changed", "UPDATE ledger_transfer SET amount = 1", NO_RIGHT),
    ("transfer deleted", "DELETE FROM ledger_transfer", NO_RIGHT),
    ("transfers cut off", "TRUNCATE ledger_transfer CASCADE", NO_RIGHT),
    ("lot born bigger", "UPDATE ledger_lot SET amount = amount + 1", NO_RIGHT),
    ("lot lives longer", "UPDATE ledger_lot SET expires_at = '2099-01-01T00:00Z'", errors.CheckViolation),
    ("lot deleted", "DELETE FROM ledger_lot", NO_RIGHT),
    ("lot below zero", "UPDATE ledger_lot SET remaining = -1", errors.CheckViolation),
    ("lot fuller than born", "UPDATE ledger_lot SET remaining = amount + 1", errors.CheckViolation),
    ("move changed", "UPDATE ledger_lot_move SET amount = 1", NO_RIGHT),
    ("move deleted", "DELETE FROM ledger_lot_move", NO_RIGHT),
    ("key forgotten", "DELETE FROM ledger_operation", NO_RIGHT),
    ("key renamed", "UPDATE ledger_operation SET key = 'other'", NO_RIGHT),
    ("key used twice",
     "INSERT INTO ledger_operation SELECT program_id, key, gen_random_uuid(), holder_id, '' FROM ledger_operation",
     errors.UniqueViolation),
    ("balance below zero", "UPDATE ledger_account SET available = -1 WHERE kind = 'member'", errors.CheckViolation),
    ("program account with a balance", "UPDATE ledger_account SET available = 1 WHERE kind = 'issued'",
     errors.CheckViolation),
    ("account given away", "UPDATE ledger_account SET holder_id = gen_random_uuid()", NO_RIGHT),
    ("account deleted", "DELETE FROM ledger_account", NO_RIGHT),
    ("receipt changed", "UPDATE intake_receipt SET points = 0", NO_RIGHT),
    ("line deleted", "DELETE FROM intake_receipt_line", NO_RIGHT),
    ("claim deleted", "DELETE FROM intake_receipt_claim", NO_RIGHT),
    ("event rewritten", "UPDATE kit_event SET body = '{}'", NO_RIGHT),
    ("constraint dropped", "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_amount", NO_RIGHT),
    ("table dropped", "DROP TABLE ledger_transfer", NO_RIGHT),
    ("triggers off", "SET session_replication_role = replica", NO_RIGHT),
    ("the owner's role taken", "SET ROLE verno_owner", NO_RIGHT),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sql", "error"), ILLEGAL, ids=[row[0] for row in ILLEGAL])
def test_the_database_refuses(conn: psycopg.Connection, name: str, sql: str, error: type[Exception]) -> None:
    ids = books(conn)
    before = everything(conn)
    with pytest.raises(error), conn.transaction():
        conn.execute(sql, ids)
    assert everything(conn) == before, name
    assert verify.run(conn).ok


def test_the_honest_transfer_of_the_table_is_accepted(conn: psycopg.Connection) -> None:
    """Otherwise the table's refusals would prove nothing."""
    ids = books(conn)
    assert conn.execute(transfer(), ids).rowcount == 1
    assert not verify.run(conn).ok


def books(conn: psycopg.Connection) -> dict[str, str]:
    """Make a program with points earned and spent; return the ids that the statements name."""
    db.see_all(conn)  # the constraints must hold without the help of row security
    shop, who = make_shop(conn), holder()
    operations = [
        Operation("e", holder(), who, "00", (Earn(who, shop.unit.id, 9, NOW),)),
        Operation("s", holder(), who, "00", (Spend(who, shop.unit.id, 4, NOW),)),
    ]
    service.post(conn, shop.program.id, operations, now=NOW)
    miles, theirs = holder(), holder()
    for id_, program, unit in ((miles, shop.program.id, holder()), (theirs, holder(), shop.unit.id)):
        conn.execute(
            "INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, changed_at)"
            " VALUES (%s, %s, %s, %s, 'member', 'epoch')",
            (holder(), id_, program, unit),
        )
    row = conn.execute(
        "SELECT (SELECT id::text FROM ledger_account WHERE holder_id = %s),"
        " (SELECT id::text FROM ledger_account WHERE kind = 'issued')",
        (who,),
    ).fetchone()
    assert row
    return {
        "member": who, "program": shop.program.id, "unit": shop.unit.id, "account": row[0], "issued": row[1],
        "miles": miles, "theirs": theirs,
    }  # fmt: skip


def everything(conn: psycopg.Connection) -> list[object]:
    tables = ("ledger_account", "ledger_transfer", "ledger_lot", "ledger_lot_move", "ledger_operation")
    return [conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for table in tables]
