"""Cursor pages: they lead on, and refuse what we did not make."""

import base64
import json
from datetime import UTC, datetime

import pytest

from verno.web.pages import DEFAULT_LIMIT, MAX_LIMIT, Place, read_cursor, read_limit
from verno.web.problems import Refused

ID = "01a21293-b600-7000-9d45-e829219808b6"
AT = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_cursor_comes_back_exact() -> None:
    place = Place(AT, ID)
    assert read_cursor(place.encode()) == place
    assert place.encode().replace("-", "").replace("_", "").isalnum()


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x", "....", "é", packed(None), packed([]), packed({}), packed([1, 2]), packed(["2026-11-25", "id", 3]),
        packed([AT.isoformat(), "not-an-id"]), packed([AT.isoformat(), 5]), packed([5, ID]),
        packed(["2026-11-25T12:00:00", ID]), packed(["yesterday", ID]),
        base64.urlsafe_b64encode(b"\xff\xff").decode(), "A" * 5000,
    ],
)  # fmt: skip
def test_a_cursor_that_is_not_ours(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_cursor(text)
    assert refused.value.problem.status == 422
    assert refused.value.problem.errors[0][0] == "cursor"


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None) is None
    assert read_cursor("") is None


@pytest.mark.parametrize("text", ["0", "-1", "201", "1.5", "ten", "1e2", " 5", "٣", "9" * 5000, "²"])
def test_a_limit_out_of_range(text: str) -> None:
    with pytest.raises(Refused):
        read_limit(text)


def test_limits() -> None:
    assert (read_limit(None), read_limit("1"), read_limit("200")) == (DEFAULT_LIMIT, 1, MAX_LIMIT)
