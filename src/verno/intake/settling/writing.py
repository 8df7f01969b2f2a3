"""Writes receipts, claims, events and lines by COPY, with the answers that are kept for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from verno.intake import answer, queries
from verno.intake.context import Context, TillKey
from verno.intake.settling import rows
from verno.intake.settling.case import NOTHING, Case
from verno.intake.sums import claimcode
from verno.kit import outbox
from verno.kit.copying import copy_rows, moment
from verno.kit.db import Connection
from verno.workspace.registry import CLAIM_DAYS

HASHED = frozenset({"phone", "email", "card"})


@dataclass(frozen=True, slots=True)
class Things:
    """Ids of the batch's goods, as fields of a COPY by SKU, and of tills: those known before and those just made."""

    goods: Mapping[str, bytes]
    tills: Mapping[TillKey, str]
    new_tills: Mapping[TillKey, str]

    def till(self, key: TillKey) -> str:
        """Return a till's id by (store id, code)."""
        return self.tills.get(key) or self.new_tills[key]


def write(conn: Connection, context: Context, cases: Sequence[Case], things: Things, *, now: datetime) -> list[bytes]:
    """Write receipts, claims, events and lines; return the answers."""
    records: list[rows.ReceiptRow] = []
    events: list[outbox.NewEvent] = []
    lines: list[bytes] = []
    for case, code in zip(cases, _codes(context, cases, now), strict=True):
        holder = case.holder
        reply = answer.unmatched(case, code) if holder is None else answer.settled(context, case, holder)
        record = _record(case, things, code, reply)
        records.append(record)
        events.append(_event(context, case, record))
        lines.append(rows.line_rows(case.receipt.lines, record.holder_id, case.id, things.goods))
    program_id, recorded_at = context.program.id, moment(now)
    outbox.append(conn, events)
    copy_rows(conn, queries.SQL["copy_claims"], [rows.claim_row(program_id, one) for one in records])
    copy_rows(conn, queries.SQL["copy_receipts"], [rows.receipt_row(program_id, recorded_at, one) for one in records])
    copy_rows(conn, queries.SQL["copy_lines"], lines)
    return [record.answer for record in records]


def _codes(context: Context, cases: Sequence[Case], now: datetime) -> list[str | None]:
    """Return a claim code for each receipt of nobody that can still be claimed."""
    wanted = [case.holder is None and _claimable(context, case, now) for case in cases]
    fresh = iter(claimcode.new_codes(sum(wanted)))
    return [next(fresh) if wants else None for wants in wanted]


def _claimable(context: Context, case: Case, now: datetime) -> bool:
    days = context.policy.value(CLAIM_DAYS, place=case.store.code)
    return case.at + timedelta(days=days) > now


def _record(case: Case, things: Things, code: str | None, reply: bytes) -> rows.ReceiptRow:
    receipt = case.receipt
    matched = case.holder is not None
    kind, value = case.key or (None, None)
    spends = case.spent is not NOTHING and case.spent.points
    return rows.ReceiptRow(
        holder_id=case.holder or case.store.anonymous_holder_id,
        id=case.id,
        place_id=case.store.id,
        till_id=things.till((case.store.id, receipt.till)) if receipt.till is not None else None,
        series=receipt.series,
        number=receipt.number,
        fiscal_number=receipt.fiscal_number,
        cashier=receipt.cashier,
        channel=receipt.channel,
        at=case.at,
        status=status(case),
        amount=case.amount,
        discount=sum([line.discount for line in receipt.lines]),
        line_count=len(receipt.lines),
        points=sum(case.earned.values()),
        payments=receipt.payments,
        attributes=receipt.attributes,
        sought_kind=kind if not matched else None,
        sought_hash=value if kind in HASHED and not matched else None,
        rulebook_id=case.book.id if case.book else None,
        verdict=case.fired if case.book else None,
        answer=reply,
        spent=case.spent if spends else None,
        points_value=case.spent.value,
        given=case.given,
        hold_expires_at=case.hold_until,
        claim_code=code,
        approved_by=case.approved_by,
        fingerprint=case.fingerprint,
    )


def status(case: Case) -> str:
    """Return what becomes of a receipt when it is taken."""
    if case.holder is None:
        return "unmatched"
    return "settled" if case.hold_until is None else "held"


def _event(context: Context, case: Case, record: rows.ReceiptRow) -> outbox.NewEvent:
    body: dict[str, object] = {
        "receipt": case.id,
        "number": record.number,
        "place": case.store.code,
        "at": case.at,
        "month": case.day.replace(day=1),
        "amount": case.amount,
        "points": case.earned,
    }
    if record.spent is not None:
        body["spent"] = record.spent.points
        body["points_value"] = record.points_value
    return outbox.NewEvent(context.program.id, record.holder_id, f"receipt.{record.status}.v1", body, case.at)
