"""Cutting work into batches, and rows into one parameter."""

import json
from datetime import UTC, datetime

import pytest

from verno.kit import batches
from verno.ledger.types import LotMove


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_batches_keep_order_and_lose_nothing(count: int, sizes: list[int]) -> None:
    cut = list(batches.batched(iter(range(count)), 3))
    assert [len(part) for part in cut] == sizes
    assert [item for part in cut for item in part] == list(range(count))


def test_records_become_rows_with_the_columns_names() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    rows = json.loads(batches.rows([LotMove("h", "l", "t", 2**60), {"at": moment, "text": "да"}]))
    assert rows[0] == {"holder_id": "h", "lot_id": "l", "transfer_id": "t", "amount": 2**60}
    assert datetime.fromisoformat(rows[1]["at"]) == moment
    assert rows[1]["text"] == "да"
