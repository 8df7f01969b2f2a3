"""A batch's receipts, claims and lines as rows of binary COPYs, in the order of the columns in ``sql/settle.sql``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from struct import Struct

import msgspec

from verno.intake.types import MAX_LINES, AttributeValue, Line, Payment, Spent
from verno.kit.copying import (
    NULL,
    columns,
    int4,
    int8,
    jsonb,
    known_uuid,
    moment,
    numeric,
    optional_uuid,
    raw,
    text,
    uuid,
)
from verno.rules.types import Fired

_CLAIM = columns(7)
_RECEIPT = columns(30)
_LINE = columns(8)
_NUMBERS = tuple(Struct(">ih").pack(2, number) for number in range(MAX_LINES + 1))
_AMOUNTS = Struct(">iqiq").pack

_PLAIN = NULL + int8(0) + 4 * NULL
"""The last six columns of a receipt that only earned."""

_json = msgspec.json.Encoder().encode


class ReceiptRow(msgspec.Struct, gc=False):
    """A receipt with its claim."""

    holder_id: str
    id: str
    place_id: str
    till_id: str | None
    series: str
    number: str
    fiscal_number: str | None
    cashier: str | None
    channel: str | None
    at: datetime
    status: str
    amount: int
    discount: int
    line_count: int
    points: int
    payments: list[Payment]
    attributes: Mapping[str, AttributeValue]
    sought_kind: str | None
    sought_hash: str | None
    rulebook_id: str | None
    verdict: Sequence[Fired] | None
    answer: bytes
    spent: Spent | None
    points_value: int
    given: Mapping[str, int] | None
    hold_expires_at: datetime | None
    claim_code: str | None
    approved_by: str | None
    fingerprint: str


def claim_row(program_id: str, row: ReceiptRow) -> bytes:
    """Return the claim of a receipt's number."""
    return b"".join(
        (
            _CLAIM,
            known_uuid(program_id),
            known_uuid(row.place_id),
            text(row.series),
            text(row.number),
            known_uuid(row.holder_id),
            uuid(row.id),
            raw(bytes.fromhex(row.fingerprint)),
        )
    )


def receipt_row(program_id: str, recorded_at: bytes, row: ReceiptRow) -> bytes:
    """Return a receipt; ``recorded_at`` is the batch's moment as a field."""
    return b"".join(
        (
            _RECEIPT,
            known_uuid(row.holder_id),
            uuid(row.id),
            known_uuid(program_id),
            known_uuid(row.place_id),
            optional_uuid(row.till_id),
            text(row.series),
            text(row.number),
            text(row.fiscal_number),
            text(row.cashier),
            text(row.channel),
            moment(row.at),
            recorded_at,
            text(row.status),
            int8(row.amount),
            int8(row.discount),
            int4(row.line_count),
            int8(row.points),
            jsonb(_json(row.payments) if row.payments else None),
            jsonb(_json(row.attributes) if row.attributes else None),
            text(row.sought_kind),
            raw(None if row.sought_hash is None else bytes.fromhex(row.sought_hash)),
            optional_uuid(row.rulebook_id),
            jsonb(None if row.verdict is None else _json(row.verdict)),
            raw(row.answer),
            _PLAIN if _is_plain(row) else _priced(row),
        )
    )


def _is_plain(row: ReceiptRow) -> bool:
    """Tell whether a receipt only earned, as most do."""
    return (
        row.spent is None
        and row.claim_code is None
        and row.hold_expires_at is None
        and row.given is None
        and row.approved_by is None
    )


def _priced(row: ReceiptRow) -> bytes:
    """Return the last six columns."""
    return b"".join(
        (
            jsonb(None if row.spent is None else _json(row.spent)),
            int8(row.points_value),
            jsonb(None if row.given is None else _json(row.given)),
            moment(row.hold_expires_at),
            text(row.claim_code),
            optional_uuid(row.approved_by),
        )
    )


def line_rows(lines: Iterable[Line], holder_id: str, receipt_id: str, goods: Mapping[str, bytes]) -> bytes:
    """Return the lines of a receipt; ``goods`` has the fields of the goods' ids by SKU.

    Written out as one sum: most of what a receipt costs is its lines.
    """
    head = _LINE + known_uuid(holder_id) + uuid(receipt_id)
    return b"".join(
        [
            head
            + _NUMBERS[number]
            + goods[line.sku]
            + numeric(line.quantity)
            + _AMOUNTS(8, line.amount, 8, line.discount)
            + (jsonb(_json(line.attributes)) if line.attributes else NULL)
            for number, line in enumerate(lines, 1)
        ]
    )
