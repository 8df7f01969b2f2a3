"""Ids, cursors, signatures, and the list of events, which is all that the house writes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import NOW
from verno.console import words
from verno.webhooks import signing
from verno.webhooks.events import cursor_of, event_id, read_cursor, read_event_id
from verno.webhooks.types import EVENT_TYPES, TEST_EVENT, Position

SOURCE = Path(signing.__file__).parents[1]
KEY = signing.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
SENT = datetime.fromtimestamp(1614265330, tz=UTC)
BODY = b'{"test": 2432232314}'
HEADERS = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
"""The example that implementations of Standard Webhooks share."""


def test_every_event_that_is_written_is_known_and_has_words() -> None:
    files = [path for path in SOURCE.rglob("*.py") if "webhooks" not in path.parts]
    found = {name for path in files for name in re.findall(r'"([a-z_]+\.[a-z_]+\.v\d+)"', path.read_text())}
    # A receipt's first event says its status: intake/settling/writing.py.
    found |= {f"receipt.{status}.v1" for status in ("settled", "unmatched", "held")}
    assert found == set(EVENT_TYPES)
    assert {*EVENT_TYPES, TEST_EVENT} == set(words.WORDS["event_type"])


def test_an_id_names_its_place_for_ever() -> None:
    place = Position(0x4C0, 2**63 - 1)
    made = event_id("p", place, NOW)
    assert read_event_id(made) == place
    assert made == event_id("p", place, NOW.astimezone())
    assert made != event_id("p", place, NOW + timedelta(microseconds=1)), "a restored backup writes other events there"
    for wrong in ("", "evt_", "evt_1_2", "evt_1_2_xyz", f"evt_{2**63:x}_1_00000000", made + "\n"):
        assert read_event_id(wrong) is None


def test_a_cursor_comes_back() -> None:
    for place in (Position(0, 0), Position(2**63 - 1, 7)):
        assert read_cursor(cursor_of(place)) == place
    for wrong in ("x", "é", "MQ", "MS4y.", "LTEuMg", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE", "4pGgLjE"):
        assert read_cursor(wrong) is None, wrong


def test_the_standards_own_example_is_signed_and_opened() -> None:
    assert KEY is not None
    assert signing.signature([KEY], HEADERS[0], int(HEADERS[1]), BODY) == HEADERS[2]
    assert signing.is_genuine([KEY], HEADERS, BODY, now=SENT)


@pytest.mark.parametrize(
    ("headers", "body", "late"),
    [
        (HEADERS, BODY + b" ", 0),
        (HEADERS, BODY, 301),
        (HEADERS, BODY, -301),
        (("msg_other", *HEADERS[1:]), BODY, 0),
        ((HEADERS[0], "1614265331", HEADERS[2]), BODY, 0),
        ((HEADERS[0], "", HEADERS[2]), BODY, 0),
        ((HEADERS[0], "-1", HEADERS[2]), BODY, 0),
        ((HEADERS[0], "9" * 400, HEADERS[2]), BODY, 0),
        ((HEADERS[0], "١٦١٤٢٦٥٣٣٠", HEADERS[2]), BODY, 0),
        ((*HEADERS[:2], ""), BODY, 0),
        ((*HEADERS[:2], HEADERS[2].replace("v1,", "v1a,")), BODY, 0),
        ((*HEADERS[:2], "v1,é"), BODY, 0),
    ],
)
def test_what_is_not_genuine(headers: tuple[str, str, str], body: bytes, late: int) -> None:
    assert KEY is not None
    assert not signing.is_genuine([KEY], headers, body, now=SENT + timedelta(seconds=late))


def test_either_key_opens() -> None:
    old, new = (signing.key_of(signing.new_secret()) for _ in range(2))
    assert old is not None
    assert new is not None
    both = (HEADERS[0], HEADERS[1], signing.signature([new, old], HEADERS[0], int(HEADERS[1]), BODY))
    assert all(signing.is_genuine([key], both, BODY, now=SENT) for key in (old, new))
    assert not signing.is_genuine([], both, BODY, now=SENT)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", "whsec_é"]
)
def test_texts_that_are_no_secret(text: str) -> None:
    assert signing.key_of(text) is None
