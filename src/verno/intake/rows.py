"""The rows a batch of receipts writes."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from verno.intake.types import AttributeValue, Payment, Receipt
from verno.rules.types import Fired


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
    payments: list[Payment] | None
    attributes: Mapping[str, AttributeValue] | None
    sought_kind: str | None
    sought_hash: str | None
    rulebook_id: str | None
    verdict: tuple[Fired, ...] | None
    answer: str
    fingerprint: str


def line_text(
    receipt: Receipt, holder_id: str, receipt_id: str, known: Mapping[str, str], fresh: Mapping[str, str]
) -> str:
    """Return the lines of a receipt as COPY's text; goods ids by SKU are in ``known`` or in ``fresh``.

    All values but the attributes consist of safe characters.
    """
    head = f"{holder_id}\t{receipt_id}\t"
    return "".join(
        [
            f"{head}{number}\t{known.get(line.sku) or fresh[line.sku]}\t{line.quantity}\t{line.amount}"
            f"\t{line.discount}\t{_copied(line.attributes)}\n"
            for number, line in enumerate(receipt.lines, 1)
        ]
    )


def _copied(attributes: Mapping[str, AttributeValue]) -> str:
    """Return JSON for COPY: control characters are escaped by JSON already, backslashes by us."""
    if not attributes:
        return "\\N"
    return msgspec.json.encode(attributes).decode().replace("\\", "\\\\")
