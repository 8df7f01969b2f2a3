"""What strangers send: each hostile body has its refusal, and nothing else than a refusal."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.intake.types import Receipt
from verno.web import wire
from verno.web.problems import Refused

HOSTILE = [
    ("nothing", b"", 400, "Expecting value"),
    ("blank", b"  \n ", 400, "Expecting value"),
    ("half an object", b'{"a": ', 400, "Expecting value"),
    ("two values", b"{} {}", 400, "Extra data"),
    ("a comma too many", b'{"a": 1,}', 400, "property name"),
    ("a byte order mark", b'\xef\xbb\xbf{"a": 1}', 400, "BOM"),
    ("not UTF-8", b'{"a": "\xff"}', 400, "not UTF-8 (at byte 7)"),
    ("overlong UTF-8", b'{"a": "\xc0\xaf"}', 400, "not UTF-8"),
    ("UTF-16", '{"a": 1}'.encode("utf-16"), 400, "not UTF-8"),
    ("a surrogate in UTF-8", b'"\xed\xa0\x80"', 400, "not UTF-8"),
    ("half a surrogate pair", rb'{"a": "\ud83d"}', 400, "surrogate"),
    ("half a surrogate pair in a key", rb'{"\uDC00": 1}', 400, "surrogate"),
    ("NUL", rb'{"a": "x\u0000y"}', 400, "NUL"),
    ("NUL in a key", rb'{"\u0000": 1}', 400, "NUL"),
    ("NUL as a byte", b'{"a": "x\x00y"}', 400, "control character"),
    ("a key twice", b'{"amount": 1, "amount": 100000}', 400, "'amount' appears twice"),
    ("a key twice in disguise", rb'{"a": 1, "\u0061": 2}', 400, "'a' appears twice"),
    ("a key twice far down", b'{"x": [{"y": {"a": 1, "a": 1}}]}', 400, "appears twice"),
    ("NaN", b'{"amount": NaN}', 400, "NaN"),
    ("Infinity", b'{"amount": Infinity}', 400, "Infinity"),
    ("-Infinity", b"[-Infinity]", 400, "Infinity"),
    ("1e400", b'{"amount": 1e400}', 400, "2^53"),
    ("10^400", b'{"amount": 1' + b"0" * 400 + b"}", 400, "2^53"),
    ("an integer of 5,000 digits", b"9" * 5000, 400, "digits"),
    ("2^53 + 1", b'{"amount": 9007199254740993}', 400, "2^53"),
    ("-2^53 - 1", b'{"amount": -9007199254740993}', 400, "2^53"),
    ("hexadecimal", b'{"amount": 0x10}', 400, "delimiter"),
    ("a leading zero", b'{"amount": 010}', 400, "delimiter"),
    ("33 deep", b"[" * 33 + b"]" * 33, 400, "deeper than 32"),
    ("33 deep in objects", b'{"a":' * 33 + b"1" + b"}" * 33, 400, "deeper than 32"),
    ("100,000 deep", b"[" * 100_000, 400, "deeper than 32"),
    ("a million deep", b"[" * 1_000_000, 413, "262144 bytes"),
    ("over the limit", b'"' + b"x" * wire.MAX_OBJECT + b'"', 413, "262144 bytes"),
]


@pytest.mark.parametrize(("name", "body", "status", "words"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_hostile_bodies(name: str, body: bytes, status: int, words: str) -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(body)
    problem = refused.value.problem
    assert (problem.status, problem.retryable) == (status, False)
    assert words in str(problem.detail)


def test_a_million_deep_within_the_limit_of_a_batch() -> None:
    for body in (b"[" * 1_000_000, b"[" * 1_000_000 + b"]" * 1_000_000, b'{"a":' * 1_000_000):
        with pytest.raises(Refused) as refused:
            wire.decode(body, limit=wire.MAX_BATCH_BODY)
        assert refused.value.problem.status == 400


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[" * 32 + b"]" * 32, None),
        (b'{"amount": 9007199254740992}', {"amount": 2**53}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        ('{"a": "Кофе"}'.encode(), {"a": "Кофе"}),
        (b'{"fiscal": "1234567890123456789"}', {"fiscal": "1234567890123456789"}),
        (b"0", 0), (b"[1.5e3]", [1500.0]), (b"[1e-400]", [0.0]), (b"null", None),
    ],
)  # fmt: skip
def test_what_is_read(body: bytes, value: object) -> None:
    read = wire.decode(body)
    assert value is None or read == value


@given(st.binary(max_size=300))
def test_noise_is_read_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        wire.decode(body)
    except Refused as refused:
        assert refused.problem.status == 400  # noqa: PT017 both ends are fine


LINE = {"sku": "coffee", "quantity": "1", "amount": 100}
RECEIPT = {"number": "A-1", "place": "msk-1", "at": "2026-11-22T10:00:00+03:00", "lines": [LINE]}
WRONG = [
    ("an unknown field", RECEIPT | {"amuont": 1}, "amuont"),
    ("an unknown field of a line", RECEIPT | {"lines": [LINE, LINE | {"qty": 1}]}, "lines[1].qty"),
    ("a missing field", {k: v for k, v in RECEIPT.items() if k != "number"}, "number"),
    ("a missing field of a line", RECEIPT | {"lines": [{"sku": "x", "quantity": "1"}]}, "lines[0].amount"),
    ("a text for a number", RECEIPT | {"lines": [LINE | {"amount": "100"}]}, "lines[0].amount"),
    ("a fraction", RECEIPT | {"lines": [LINE | {"amount": 99.5}]}, "lines[0].amount"),
    ("a truth for a number", RECEIPT | {"lines": [LINE | {"amount": True}]}, "lines[0].amount"),
    ("less than nothing", RECEIPT | {"lines": [LINE | {"amount": -1}]}, "lines[0].amount"),
    ("absurdly much", RECEIPT | {"lines": [LINE | {"amount": 10**15}]}, "lines[0].amount"),
    ("a number for a quantity", RECEIPT | {"lines": [LINE | {"quantity": 1}]}, "lines[0].quantity"),
    ("a quantity below nothing", RECEIPT | {"lines": [LINE | {"quantity": "-1"}]}, "lines[0].quantity"),
    ("a quantity with a line end", RECEIPT | {"lines": [LINE | {"quantity": "1\n"}]}, "lines[0].quantity"),
    ("Arabic digits", RECEIPT | {"lines": [LINE | {"quantity": "١"}]}, "lines[0].quantity"),
    ("no lines", RECEIPT | {"lines": []}, "lines"),
    ("too many lines", RECEIPT | {"lines": [LINE] * 1001}, "lines"),
    ("an empty number", RECEIPT | {"number": ""}, "number"),
    ("a long number", RECEIPT | {"number": "x" * 101}, "number"),
    ("yesterday", RECEIPT | {"at": "yesterday"}, "at"),
    ("the 31st of February", RECEIPT | {"at": "2026-02-31T10:00:00Z"}, "at"),
    ("a list for an object", [RECEIPT], ""),
]


@pytest.mark.parametrize(("name", "body", "field"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_shape_names_its_field(name: str, body: object, field: str) -> None:
    with pytest.raises(Refused) as refused:
        wire.convert(body, Receipt)
    problem = refused.value.problem
    assert (problem.status, problem.type) == (422, "invalid")
    assert [named for named, _ in problem.errors] == [field]


def test_a_right_shape() -> None:
    assert wire.convert(RECEIPT, Receipt).lines[0].amount == 100


TEXTS = st.text(alphabet=st.sampled_from('ab":\\, {}[]\n1e'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def outcome(read: Callable[[bytes], object], body: bytes) -> object:
    """Return what a reader makes of a body: its value as text, or the refusal."""
    try:
        return repr(read(body))
    except Refused as refused:
        return refused.problem.detail


@given(VALUES, st.integers(0, 3), st.data())
def test_the_quick_reader_and_the_careful_one_agree(value: object, spread: int, data: st.DataObject) -> None:
    """Also where a key was written twice, a byte was lost, or blanks stand around colons."""
    text = json.dumps(value, separators=[(",", ":"), (", ", ": "), (" , ", " : "), (",\n", "\t:\n")][spread])
    if data.draw(st.booleans()) and '":' in text:
        text = text.replace('"a"', '"b"')
    body = bytearray(text.encode())
    if data.draw(st.booleans()) and body:
        del body[data.draw(st.integers(0, len(body) - 1))]
    assert outcome(wire.decode, bytes(body)) == outcome(wire._decode_carefully, bytes(body))
