"""Files of receipts, good and bad: what is taken, which row is named, and that nothing is half-taken."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.imports.conftest import Desk
from verno.imports.types import Kind
from verno.kit.errors import VernoError

HEAD = "number,place,at,member.phone,sku,quantity,amount,discount"
GOOD = "A-1,msk-1,2026-11-22T10:00:00+03:00,+79160000001,coffee,2,45000,5000"


def rows(*lines: str, head: str = HEAD) -> str:
    """Make a file."""
    return "\n".join([head, *lines]) + "\n"


def receipts(desk: Desk) -> object:
    """Count receipts."""
    return desk.one("SELECT count(*) FROM intake_receipt")


def test_a_receipt_of_two_lines(desk: Desk) -> None:
    text = rows(GOOD, "A-1,msk-1,2026-11-22T10:00:00+03:00,+79160000001,milk,0.250,100,")
    summary = desk.load(Kind.RECEIPTS, text)
    assert (summary.accepted, summary.replayed, summary.refused) == (1, 0, 0)
    assert desk.one("SELECT amount FROM intake_receipt") == 45100
    assert desk.one("SELECT discount FROM intake_receipt") == 5000
    assert desk.one("SELECT array_agg(quantity ORDER BY line) FROM intake_receipt_line") == [
        Decimal(2),
        Decimal("0.25"),
    ]


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.load(Kind.RECEIPTS, rows(GOOD))
    again = desk.load(Kind.RECEIPTS, rows(GOOD))
    assert (again.accepted, again.replayed, again.refused) == (0, 1, 0)
    assert receipts(desk) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (rows(GOOD).encode("utf-8-sig"), "a byte order mark"),
        (rows(GOOD).replace(",", ";").encode(), "semicolons"),
        (rows(GOOD).replace(",", "\t").encode(), "tabs"),
        (rows(GOOD).replace("\n", "\r\n").encode(), "Windows lines"),
        (rows(GOOD).replace("\n", "\r").encode(), "old Macintosh lines"),
        (rows(GOOD).rstrip("\n").encode(), "no end of line"),
        (rows("", GOOD, "").encode(), "blank lines"),
        (rows(GOOD, head=HEAD.replace("member.phone", " phone ")).encode(), "another name of the column"),
        (rows(GOOD.replace("+79160000001", ""), head=HEAD).encode(), "a sale of nobody"),
        (rows(GOOD.replace("T10:00:00+03:00", " 10:00:00")).encode(), "the place's clock"),
        (rows(GOOD.replace("coffee", '"coffee, ""hot"""')).encode(), "quoted cells"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_spreadsheets_write(desk: Desk, content: bytes, why: str) -> None:
    summary = desk.load(Kind.RECEIPTS, content)
    assert (summary.accepted, summary.errors) == (1, [])
    assert receipts(desk) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (rows(GOOD).encode("utf-16"), "UTF-16"),
        (rows(GOOD).encode("utf-16-le"), "UTF-16"),
        (rows(GOOD).encode("utf-16-be"), "UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no row of column names"),
        (b"PAR1 and nothing else", "not a readable Parquet file"),
        (rows(GOOD, head=HEAD.replace("place", "shop")).encode(), "unknown 'shop'; missing 'place'"),
        (rows(GOOD, head=HEAD.replace("discount", "sku")).encode(), "given twice 'sku'"),
        (rows(GOOD, head=HEAD.replace("discount", "phone")).encode(), "given twice 'member.phone', 'phone'"),
        (("x" * 200_000 + ",").encode(), "names of the columns"),
        (b"\xff\xff\xff,number\n", "no row of column names"),
    ],
)
def test_files_refused_as_a_whole(desk: Desk, content: bytes, sentence: str) -> None:
    with pytest.raises(VernoError, match=sentence):
        desk.load(Kind.RECEIPTS, content)
    assert desk.one("SELECT count(*) FROM intake_import_run") == 0


@pytest.mark.parametrize(
    ("bad", "field", "message"),
    [
        (GOOD.replace("45000", "450.00"), "amount", "whole number"),
        (GOOD.replace("45000", "-1"), "amount", ">= 0"),
        (GOOD.replace("45000", "9" * 15), "amount", "<="),
        (GOOD.replace("45000", "9" * 40), "amount", "whole number"),
        (GOOD.replace("45000", "NaN"), "amount", "whole number"),
        (GOOD.replace("45000", ""), "amount", "required"),
        (GOOD.replace(",2,", ',"1,5",'), "quantity", "three decimals"),
        (GOOD.replace(",2,", ",-2,"), "quantity", "three decimals"),
        (GOOD.replace("2026-11-22T10:00:00+03:00", "22.11.2026"), "at", "must be a time"),
        (GOOD.replace("2026-11-22", "2126-11-22"), "at", "time-out-of-range"),
        (GOOD.replace("2026-11-22T10:00:00+03:00", ""), "at", "required"),
        (GOOD.replace("msk-1", "spb-9"), "place", "unknown-place"),
        (GOOD.replace("coffee", "cof\x00fee"), "sku", "NUL"),
        (GOOD.replace("coffee", "k" * 101), "sku", "100"),
        (GOOD.replace("coffee", "x" * 200_000), "", "cannot be read"),
        (GOOD + ",one more", "", "9 cells where the header has 8"),
        ("A-1,msk-1", "", "2 cells where the header has 8"),
        ("y" * 3_000_000, "", "longer than"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_taken(desk: Desk, bad: str, field: str, message: str) -> None:
    # A receipt apart on either side, so that even a row without a number cannot be theirs.
    first, last = GOOD.replace("A-1", "A-0"), GOOD.replace("A-1", "A-9")
    lost = (field == "" and "A-1" not in bad[:3]) or "x" * 200_000 in bad
    summary = desk.load(Kind.RECEIPTS, rows(first, bad, last))
    wrong = [error for error in summary.errors if error.row == 3]
    assert [error.field for error in wrong] == [field]
    assert message in wrong[0].message
    assert receipts(desk) == (0 if lost else 2)
    assert summary.accepted + summary.refused == 3


def test_half_a_receipt_is_never_taken(desk: Desk) -> None:
    torn = '"unclosed,msk-1\n' + "z" * 200_000
    text = rows(GOOD, torn, GOOD.replace("coffee", "milk"), GOOD.replace("A-1", "B-1"))
    summary = desk.load(Kind.RECEIPTS, text)
    assert desk.one("SELECT count(*) FROM intake_receipt WHERE number = 'A-1'") == 0
    assert summary.refused >= 2


def test_one_bad_line_refuses_its_receipt_whole(desk: Desk) -> None:
    text = rows(GOOD, GOOD.replace("45000", "much"), GOOD.replace("A-1", "A-2"))
    summary = desk.load(Kind.RECEIPTS, text)
    assert [(error.row, error.field) for error in summary.errors] == [(3, "amount")]
    assert (summary.accepted, summary.refused) == (1, 1)
    assert desk.one("SELECT number FROM intake_receipt") == "A-2"


def test_rows_of_a_receipt_must_be_adjacent(desk: Desk) -> None:
    text = rows(GOOD, GOOD.replace("A-1", "A-2"), GOOD.replace("coffee", "milk"))
    summary = desk.load(Kind.RECEIPTS, text)
    assert [(error.row, error.field) for error in summary.errors] == [(4, "number")]
    assert "idempotency-mismatch" in summary.errors[0].message
    assert receipts(desk) == 2


def test_the_receipts_fields_must_agree(desk: Desk) -> None:
    summary = desk.load(Kind.RECEIPTS, rows(GOOD, GOOD.replace("10:00", "11:00").replace("coffee", "milk")))
    assert [(error.row, error.field, error.message) for error in summary.errors] == [
        (3, "at", "differs from the receipt's first row")
    ]
    assert receipts(desk) == 0


def test_a_receipt_of_too_many_lines(desk: Desk) -> None:
    text = rows(*[GOOD] * 1500, GOOD.replace("A-1", "A-2"))
    summary = desk.load(Kind.RECEIPTS, text)
    assert (summary.accepted, summary.refused) == (1, 1)
    assert summary.errors[0].field == "lines"


def test_attributes_are_json(desk: Desk) -> None:
    head = "number,place,at,sku,quantity,amount,attributes,line.attributes,payments"
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head.split(","))
    base = ["msk-1", "2026-11-22T10:00:00Z", "coffee", "1", "100"]
    writer.writerow(["A-1", *base, '{"promo": "x"}', '{"hot": true}', '[{"method": "cash", "amount": 100}]'])
    writer.writerow(["A-2", *base, "{'a': 1}", "", ""])
    writer.writerow(["A-3", *base, '{"a": 1, "a": 2}', "", ""])
    writer.writerow(["A-4", *base, "", '{"a": "\\u0000"}', ""])
    writer.writerow(["A-5", *base, '{"a": NaN}', "", ""])
    summary = desk.load(Kind.RECEIPTS, text.getvalue())
    assert [(error.row, error.field) for error in summary.errors] == [
        (3, "attributes"),
        (4, "attributes"),
        (5, "line.attributes"),
        (6, "attributes"),
    ]
    assert desk.one("SELECT attributes FROM intake_receipt") == {"promo": "x"}
    assert desk.one("SELECT attributes FROM intake_receipt_line") == {"hot": True}


def test_parquet(desk: Desk, tmp_path: Path) -> None:
    table = pa.table(
        {
            "number": ["P-1", "P-1", "P-2", "P-3"],
            "place": ["msk-1"] * 4,
            "at": [datetime(2026, 11, 22, 7, 0, tzinfo=UTC)] * 4,
            "external_id": [7, 7, None, 8],
            "sku": ["a", "b", "c", "d"],
            "quantity": [1.0, 0.25, 2.0, -1.0],
            "amount": [100, 200, 300, 400],
            "discount": [None, 5, None, None],
        }
    )
    path = tmp_path / "receipts.parquet"
    pq.write_table(table, path)
    summary = desk.load_file(Kind.RECEIPTS, path)
    assert (summary.accepted, summary.refused) == (2, 1)
    assert [(error.row, error.field) for error in summary.errors] == [(5, "quantity")]
    assert desk.one("SELECT sum(quantity) FROM intake_receipt_line") == Decimal("3.25")


def test_an_unknown_member_does_not_refuse_the_sale(desk: Desk) -> None:
    desk.load(Kind.RECEIPTS, rows(GOOD))
    assert desk.one("SELECT status FROM intake_receipt") == "unmatched"


def test_a_bomb_is_refused_before_it_is_unpacked(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    word = pa.array(["x" * 20_000_000])
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), word)
    pq.write_table(pa.table({"number": many}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    with pytest.raises(VernoError, match="column number has cells longer than"):
        desk.load_file(Kind.RECEIPTS, path)
