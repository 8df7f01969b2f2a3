"""How contacts and cards are written, hashed and sealed."""

import pytest

from verno.kit.errors import BrokenInvariant
from verno.members import sealing
from verno.members.identity import lookup_hash, normalise

HOLDER = "01a21293-b600-7000-8230-956097880ea8"
OTHER = "01a21293-b600-7000-8230-956097880ea9"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("8 (916) 000-00-01", "RU", "+79160000001"),
        ("+7 916 000 00 01", "US", "+79160000001"),
        ("9160000001", "RU", "+79160000001"),
        ("89160000001", "RU", "+79160000001"),
        ("+7\u00a0916\u00a0000-00-01", "RU", "+79160000001"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("+44 20 7946 0000", "RU", "+442079460000"),
        ("", "RU", None),
        ("12", "RU", None),
        ("+7916", "RU", None),
        ("8916OOO0001", "RU", None),
        ("89160000001 ext 5", "RU", None),
        ("tel:+79160000001", "RU", None),
        ("+999 123 456 78", "RU", None),
        ("8" * 300, "RU", None),
        ("\u0668\u0669\u0661\u0666\u0660\u0660\u0660\u0660\u0660\u0660\u0661", "RU", None),
    ],
)
def test_phones(text: str, country: str, expected: str | None) -> None:
    assert normalise("phone", text, country=country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Anna@Example.COM ", "anna@example.com"),
        ("h-17@example.com", "h-17@example.com"),
        ("a+b@mail.test", "a+b@mail.test"),
        ("иван@почта.рф", "иван@почта.рф"),
        ("nobody", None),
        ("a@b", None),
        ("a b@example.com", None),
        ("Anna <a@example.com>", None),
        ("a@example.com\nBcc: b@example.com", None),
        ("a" * 250 + "@example.com", None),
    ],
)
def test_emails(text: str, expected: str | None) -> None:
    assert normalise("email", text, country="RU") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234-5678 90ab", "1234567890AB"),
        ("0042", "0042"),
        ("042", None),
        ("№ 1234", None),
        ("А123", None),  # a Cyrillic letter that looks Latin
        ("1" * 41, None),
    ],
)
def test_cards(text: str, expected: str | None) -> None:
    assert normalise("card", text, country="RU") == expected


def test_hashes_differ_by_program_and_kind() -> None:
    hashes = {lookup_hash(program, kind, "x") for program in (HOLDER, OTHER) for kind in ("card", "email")}
    assert len(hashes) == 4
    assert all(len(one) == 64 for one in hashes)


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    key = sealing.new_key()
    box = sealing.seal(key, "phone", HOLDER, "+79160000001")
    assert sealing.unseal(key, "phone", HOLDER, box) == "+79160000001"
    assert box != sealing.seal(key, "phone", HOLDER, "+79160000001")
    for kind, holder, opener in (("email", HOLDER, key), ("phone", OTHER, key), ("phone", HOLDER, sealing.new_key())):
        with pytest.raises(BrokenInvariant):
            sealing.unseal(opener, kind, holder, box)
    wrapped = sealing.wrap(key, HOLDER)
    assert sealing.unwrap(wrapped, HOLDER) == key
    with pytest.raises(BrokenInvariant):
        sealing.unwrap(wrapped, OTHER)
