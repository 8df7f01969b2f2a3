"""Words of relays, gateways and people, before they are stored."""

from datetime import UTC, datetime

import pytest

from verno.messaging.channels.port import RESPONSE_LIMIT, Accepted, Fate, Heard, Receipt, words_of_others
from verno.messaging.channels.sms import receiving

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("250 OK", "250 OK"),
        ("250 принято 😀", "250 принято 😀"),
        ("two\r\nlines\t\x00\x1b[1m \x85", "two lines [1m"),
        ("250 принято".encode().decode("ascii", "surrogateescape"), "250 принято"),
        (b"250 \xff\xd0".decode("ascii", "surrogateescape"), "250 \ufffd\ufffd"),
        ("half \ud800", "half \ufffd"),
        ("x" * 9999, "x" * RESPONSE_LIMIT),
        ("\x00" * 9999, ""),
    ],
)
def test_what_is_kept(said: str, kept: str) -> None:
    assert words_of_others(said) == kept
    assert Accepted(said, said) == Accepted(kept, kept)


def test_what_people_write_keeps_its_lines() -> None:
    one = Heard("sms", "+7916\x00", "first\nsecond\tthird\x00\udcff", NOW)
    assert (one.address, one.text) == ("+7916", "first\nsecond\tthird\ufffd")


def test_a_reference_is_the_same_when_it_comes_back() -> None:
    fields = receiving.told("id:17\x00 stat:DELIVRD err:0\x000")
    assert Receipt("sms", fields["id"], Fate.DELIVERED, NOW, receiving.said(fields)) == Receipt(
        "sms", Accepted("taken", "17\x00").reference or "", Fate.DELIVERED, NOW, "stat:DELIVRD err:0 0"
    )
