"""Writes receipts, claims, events and lines by COPY, with the answers that are kept for ever."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from verno.intake import answer, queries
from verno.intake.context import Context, TillKey
from verno.intake.settling import effects, rows
from verno.intake.settling.case import Case
from verno.intake.sums import claimcode
from verno.kit import outbox
from verno.kit.binary.copying import copy_rows
from verno.kit.binary.fields import moment
from verno.kit.db import Connection
from verno.workspace.registry import CLAIM_DAYS


@dataclass(frozen=True, slots=True)
class Things:
    """Ids of the batch's goods, as fields of a COPY by SKU, and of tills: those known before and those just made.

    ``meet`` returns what ``goods`` lacks: it asks once for the whole batch.
    """

    goods: Mapping[str, bytes]
    meet: Callable[[str], bytes]
    tills: Mapping[TillKey, str]
    new_tills: Mapping[TillKey, str]

    def till(self, key: TillKey) -> str:
        """Return a till's id by (store id, code)."""
        return self.tills.get(key) or self.new_tills[key]


def write(conn: Connection, context: Context, cases: Sequence[Case], things: Things, *, now: datetime) -> list[bytes]:
    """Write receipts, claims, events and lines; return the answers."""
    written: list[tuple[Case, rows.Facts]] = []
    for case, code in zip(cases, _codes(context, cases, now), strict=True):
        receipt, holder = case.receipt, case.holder
        till_id = None if receipt.till is None else things.till((case.store.id, receipt.till))
        reply = answer.unmatched(context, case, code) if holder is None else answer.settled(context, case, holder)
        facts = rows.Facts(holder or case.store.anonymous_holder_id, till_id, status(case), code, reply)
        written.append((case, facts))
    program_id, recorded_at = context.program.id, moment(now)
    outbox.append(conn, [one for case, facts in written for one in _events(program_id, case, facts)])
    write_rows = rows.writer(program_id, recorded_at, things.goods, things.meet)
    claims, receipts, lines = zip(*[write_rows(case, facts) for case, facts in written], strict=True)
    copy_rows(conn, queries.SQL["copy_claims"], claims)
    copy_rows(conn, queries.SQL["copy_receipts"], receipts)
    copy_rows(conn, queries.SQL["copy_lines"], lines)
    return [facts.answer for _, facts in written]


def _codes(context: Context, cases: Sequence[Case], now: datetime) -> list[str | None]:
    """Return a claim code for each receipt of nobody that can still be claimed."""
    wanted = [case.holder is None and _claimable(context, case, now) for case in cases]
    fresh = iter(claimcode.new_codes(sum(wanted)))
    return [next(fresh) if wants else None for wants in wanted]


def _claimable(context: Context, case: Case, now: datetime) -> bool:
    days = context.policy.value(CLAIM_DAYS, place=case.store.code)
    return case.at + timedelta(days=days) > now


def status(case: Case) -> str:
    """Return what becomes of a receipt when it is taken."""
    if case.holder is None:
        return "unmatched"
    return "settled" if case.hold_until is None else "held"


def _events(program_id: str, case: Case, facts: rows.Facts) -> list[outbox.NewEvent]:
    """Return what happened; a held receipt has not happened yet."""
    first = _event(program_id, case, facts)
    if case.facts is None or case.hold_until is not None or case.holder is None:
        return [first]
    return [first, *effects.events(program_id, facts.holder_id, case.id, case.fired, at=case.at)]


def _event(program_id: str, case: Case, facts: rows.Facts) -> outbox.NewEvent:
    body: dict[str, object] = {
        "receipt": case.id,
        "number": case.receipt.number,
        "place": case.store.code,
        "at": case.at,
        "month": case.day.replace(day=1),
        "amount": case.amount,
        "points": case.earned,
    }
    if case.spends:
        body["spent"] = case.spent.points
        body["points_value"] = case.spent.value
    return outbox.NewEvent(program_id, facts.holder_id, f"receipt.{facts.status}.v1", body, case.at)
