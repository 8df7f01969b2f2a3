"""Answers within a batch tell the balance right after each item, also where a program has several units."""

import psycopg

from tests.builders import NOW
from tests.intake.conftest import Counter
from tests.intake.tillwork import said, sale, settle
from verno.intake import context
from verno.workspace import service as workspace
from verno.workspace.types import NewUnit


def test_each_answer_has_its_own_balance(conn: psycopg.Connection, counter: Counter) -> None:
    workspace.add_units(conn, counter.program.id, [NewUnit("stamps")], now=NOW)
    context.forget()
    first, second = settle(conn, counter, sale("U-1"), sale("U-2"))
    told = [{part["unit"]: part["available"] for part in said(one)["balance"]} for one in (first, second)]  # type: ignore[attr-defined]
    assert told[1]["points"] - told[0]["points"] == 450
    assert [one["stamps"] for one in told] == [0, 0]
