"""UUIDv7: order, uniqueness, the bits of version and variant."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from verno.kit import ids

NOW = datetime(2026, 11, 25, 12, 0, 0, 123000, tzinfo=UTC)


def test_ids_are_uuids_of_version_seven() -> None:
    for text in ids.new_ids(300, now=NOW):
        read = uuid.UUID(text)
        assert (read.version, read.variant) == (7, uuid.RFC_4122)
        assert str(read) == text
        assert ids.is_id(text)
        assert read.int >> 80 == int(NOW.timestamp() * 1000)


def test_a_batch_is_in_order_and_later_batches_come_later() -> None:
    batch = ids.new_ids(16_384, now=NOW)
    assert batch == sorted(batch)
    assert batch[-1] < ids.new_id(now=NOW + timedelta(milliseconds=1))


def test_batches_of_one_moment_are_in_order_too() -> None:
    """An import has one moment for hours; the count of batches wraps once in 4,096."""
    batches = [ids.new_ids(5, now=NOW) for _ in range(100)]
    falls = [after for before, after in pairwise(batches) if before[-1] > after[0]]
    assert len(falls) <= 1


def test_all_are_different_even_beyond_the_counter() -> None:
    assert len({*ids.new_ids(40_000, now=NOW), *ids.new_ids(40_000, now=NOW)}) == 80_000


def test_all_random_bits_are_used() -> None:
    """48 bits: each is seen both set and unset among a thousand ids."""
    ones, zeros = 0, 0
    for text in ids.new_ids(1000, now=NOW):
        word = uuid.UUID(text).int & (2**48 - 1)
        ones, zeros = ones | word, zeros | ~word
    assert ones == 2**48 - 1 == zeros & (2**48 - 1)


def test_no_ids_at_all() -> None:
    assert ids.new_ids(0, now=NOW) == []


@pytest.mark.parametrize(
    "text",
    ["", "x", "01A21293-b600-7000-9d45-e829219808b6", "01a21293b60070009d45e829219808b6", "{01a21293}",
     "01a21293-b600-7000-9d45-e829219808b6\n", "٠1a21293-b600-7000-9d45-e829219808b6"],
)  # fmt: skip
def test_what_is_not_an_id(text: str) -> None:
    assert not ids.is_id(text)
