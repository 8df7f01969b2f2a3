"""A batch's receipts, claims and lines as rows of binary COPYs, in the order of the columns in ``sql/settle.sql``."""

from collections.abc import Callable, Iterable, Mapping
from struct import Struct

import msgspec

from verno.intake.settling import remembering
from verno.intake.settling.case import Case
from verno.intake.types import Line, Receipt
from verno.kit.binary.copying import columns
from verno.kit.binary.fields import (
    NULL,
    int8,
    jsonb,
    known_moment,
    known_text,
    known_uuid,
    moment,
    numeric,
    optional_uuid,
    raw,
    text,
    uuid,
)

HASHED = frozenset({"phone", "email", "card"})
"""Of these only the keyed hash is kept."""

_CLAIM = columns(7)
_RECEIPT = columns(32)
_LINE = columns(8)
_AMOUNTS = Struct(">iqiqiiiq").pack
_LINE_AMOUNTS = Struct(">ihiqiq").pack

_NO_EXTRAS = _NOBODY = _NO_VERDICT = 2 * NULL
_PLAIN = NULL + int8(0) + 5 * NULL + int8(0)
"""The last eight columns of a receipt that only earned, of which nothing but the money paid was asked."""

_json = msgspec.json.Encoder().encode


class Facts(msgspec.Struct, gc=False):
    """What is written of a receipt besides itself: its rows' owner, its till, and what was answered."""

    holder_id: str
    till_id: str | None
    status: str
    claim_code: str | None
    answer: bytes


def writer(
    program_id: str, recorded_at: bytes, goods: Mapping[str, bytes], meet: Callable[[str], bytes]
) -> Callable[[Case, Facts], tuple[bytes, bytes, bytes]]:
    """Return what makes the rows of a receipt's claim, of itself and of its lines.

    ``recorded_at`` is the batch's moment as a field; ``goods`` has the fields of the goods' ids by SKU, and ``meet``
    finds what it lacks.
    """
    program = known_uuid(program_id)
    claim_head, head = _CLAIM + program, _RECEIPT + program + recorded_at

    def rows(case: Case, facts: Facts) -> tuple[bytes, bytes, bytes]:
        receipt, lines = case.receipt, case.receipt.lines
        owner = known_uuid(facts.holder_id) + uuid(case.id)
        number = known_uuid(case.store.id) + known_text(receipt.series) + text(receipt.number)
        claim = b"".join((claim_head, number, owner, raw(bytes.fromhex(case.fingerprint))))
        discount, points = sum([line.discount for line in lines]), sum(case.earned.values())
        row = b"".join(
            (
                *(head, owner, number, optional_uuid(facts.till_id)),
                text(receipt.fiscal_number),
                known_text(receipt.cashier),
                known_text(receipt.channel),
                known_moment(case.at),
                known_text(facts.status),
                _AMOUNTS(8, case.amount, 8, discount, 4, len(lines), 8, points),
                _extras(receipt) if receipt.payments or receipt.attributes else _NO_EXTRAS,
                _NOBODY if case.holder is not None else _sought(case),
                optional_uuid(case.book.id) + jsonb(_json(case.fired)) if case.book else _NO_VERDICT,
                raw(facts.answer),
                _PLAIN if _is_plain(case, facts) else _priced(case, facts),
            )
        )
        return claim, row, _line_rows(lines, _LINE + owner, goods, meet)

    return rows


def _extras(receipt: Receipt) -> bytes:
    """Return two columns: how it was paid, and what else the till said."""
    payments, attributes = receipt.payments, receipt.attributes
    return jsonb(_json(payments) if payments else None) + jsonb(_json(attributes) if attributes else None)


def _sought(case: Case) -> bytes:
    """Return two columns: whom the till named, where nobody is known by that."""
    if case.key is None:
        return _NOBODY
    kind, value = case.key
    return text(kind) + raw(bytes.fromhex(value) if kind in HASHED else None)


def _is_plain(case: Case, facts: Facts) -> bool:
    """Tell whether a receipt only earned, as most do."""
    return (
        not case.is_priced
        and case.facts is None
        and case.given is None
        and facts.claim_code is None
        and case.approved_by is None
    )


def _priced(case: Case, facts: Facts) -> bytes:
    """Return the last eight columns."""
    return b"".join(
        (
            jsonb(_json(case.spent) if case.spends else None),
            int8(case.spent.value),
            jsonb(None if case.given is None else _json(case.given)),
            moment(case.hold_until),
            text(facts.claim_code),
            optional_uuid(case.approved_by),
            jsonb(None if case.facts is None else _json(remembering.stored(case.facts, case.kept_until))),
            int8(case.discount),
        )
    )


def _line_rows(lines: Iterable[Line], head: bytes, goods: Mapping[str, bytes], meet: Callable[[str], bytes]) -> bytes:
    """Return the lines of a receipt; one join for all of them: most of what a receipt costs is its lines."""
    fields: list[bytes] = []
    for number, line in enumerate(lines, 1):
        amounts = _LINE_AMOUNTS(2, number, 8, line.amount, 8, line.discount)
        thing = goods.get(line.sku) or meet(line.sku)
        attributes = jsonb(_json(line.attributes)) if line.attributes else NULL
        fields += (head, amounts, thing, numeric(line.quantity), attributes)
    return b"".join(fields)
