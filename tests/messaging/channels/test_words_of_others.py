"""Words of relays, gateways and people, before they are stored."""

import time
from datetime import UTC, datetime

import pytest

from verno.messaging.channels.port import (
    RESPONSE_LIMIT,
    Accepted,
    Fate,
    Heard,
    Receipt,
    Refused,
    Temporary,
    Unknown,
    without_addresses,
    words_of_others,
)
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


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <anna@example.com>: User unknown", "550 5.1.1 <…>: User unknown"),
        ("550 anna@example.com is gone, ask boris@example.com", "550 <…> is gone, ask <…>"),
        ("550 5.1.1:anna@example.com,boris@example.com: none", "550 5.1.1:<…>,<…>: none"),
        ("rcpt to:<анна@пример.рф> refused", "rcpt to:<…> refused"),
        ("550 <a@b@c> <x", "550 <…> <x"),
        ("@ alone, and <@>", "@ alone, and <@>"),
        ("x" * 490 + " anna.petrova@example.com", "x" * 490 + " <…>"),
    ],
)
def test_no_address_is_kept(said: str, kept: str) -> None:
    assert without_addresses(said) == kept
    for one in (Accepted(said), Refused(said), Temporary(said), Unknown(timed_out=False, response=said)):
        assert one.response == kept, "in whatever a hand-over ends"
    assert Receipt("email", said, Fate.BOUNCED, NOW, said) == Receipt("email", said, Fate.BOUNCED, NOW, kept)


def test_addresses_are_looked_for_in_one_walk() -> None:
    started = time.process_time()
    for words in ("x" * 200_000 + " @", "<" * 200_000 + "@", "@" * 200_000, "x@ " * 60_000):
        without_addresses(words)
    assert time.process_time() - started < 2, "a stranger's letter takes no hours"


def test_what_people_write_keeps_its_lines() -> None:
    one = Heard("sms", "+7916\x00", "first\nsecond\tthird\x00\udcff", NOW)
    assert (one.address, one.text) == ("+7916", "first\nsecond\tthird\ufffd")


def test_a_reference_is_the_same_when_it_comes_back() -> None:
    fields = receiving.told("id:17\x00 stat:DELIVRD err:0\x000")
    assert Receipt("sms", fields["id"], Fate.DELIVERED, NOW, receiving.said(fields)) == Receipt(
        "sms", Accepted("taken", "17\x00").reference or "", Fate.DELIVERED, NOW, "stat:DELIVRD err:0 0"
    )
