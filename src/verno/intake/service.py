"""Intake's verb: a batch of receipts of one program in, one outcome per receipt out, in the caller's transaction.

The street of a receipt: checked and named (``_Desk.admit``), looked up (``_look_up``), judged by the rulebook of its
own moment (``_judge``), posted to the ledger, answered, written. The number of round trips does not depend on the
batch's size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from verno.catalogue import service as catalogue
from verno.intake import answer, naming, queries, rows
from verno.intake.context import Context, Learned, TillKey
from verno.intake.types import Outcome, Receipt, Refusal, Refused, Replayed, Settled
from verno.kit import ids, localtime, outbox
from verno.kit.copying import copy_rows, moment
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.kit.money import MAX_AMOUNT
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.ledger.types import Balance, Earn, Operation, Posted
from verno.members import queries as members
from verno.promotions import queries as promotions
from verno.promotions.types import StoredRulebook
from verno.rules import engine
from verno.rules.types import Facts, Verdict
from verno.workspace import queries as workspace
from verno.workspace import service as workspace_service
from verno.workspace.types import NewStore, Store, Unit

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(hours=24)
"""How far a till's clock may run ahead of ours."""

NO_POINTS = Verdict({}, ())


@dataclass(slots=True)
class Case:
    """One receipt on its way through the street."""

    index: int
    receipt: Receipt
    store: Store
    at: datetime
    day: date
    key: naming.Key | None
    fingerprint: str
    id: str = ""
    holder: str | None = None
    book: StoredRulebook | None = None
    verdict: Verdict = NO_POINTS
    amount: int = 0
    balances: Sequence[Balance] = ()


@dataclass(slots=True)
class Settlement:
    """One outcome per receipt, in order, and what to remember after the commit."""

    outcomes: list[Outcome]
    learned: Learned = field(default_factory=Learned)


def settle(conn: Connection, context: Context, receipts: Sequence[Receipt], *, now: datetime) -> Settlement:
    """Take a batch of receipts.

    Refusals: ``unknown-place``, ``idempotency-mismatch`` (the number belongs to another body), ``time-out-of-range``,
    ``member-named-badly``, ``too-much``. A sale is never refused for a member nobody knows: it is kept as unmatched.
    Raises ``TryAgain`` or ``psycopg.errors.UniqueViolation`` when another transaction took one of the numbers
    meanwhile; the door tries the whole batch again.
    """
    desk = _Desk(conn, context, now)
    desk.meet_stores(receipts)
    outcomes: list[Outcome | None] = [desk.admit(i, receipt) for i, receipt in enumerate(receipts)]
    fresh = desk.sort_out(outcomes)
    learned = Learned()
    if fresh:
        _judge(context, fresh)
        _post(conn, context, fresh, now=now)
        answers = _write(conn, context, fresh, desk.goods_and_tills(fresh, learned), now=now)
        for case, reply in zip(fresh, answers, strict=True):
            points = sum(case.verdict.points.values())
            outcomes[case.index] = Settled(case.id, reply, points, case.holder is not None)
    desk.answer_twins(outcomes)
    return Settlement([outcome for outcome in outcomes if outcome is not None], learned)


class _Desk:
    """The front desk: checks receipts, names them, and finds which are new. Lives for one batch."""

    def __init__(self, conn: Connection, context: Context, now: datetime) -> None:
        self.conn = conn
        self.context = context
        self.now = now
        self.cases: list[Case] = []
        self.twins: list[tuple[Case, Case]] = []

    def admit(self, index: int, receipt: Receipt) -> Refused | None:
        """Check one receipt without the database."""
        store = self.context.stores.get(receipt.place)
        if store is None:
            return Refused(Refusal.UNKNOWN_PLACE, "place", f"no store has the code {receipt.place}")
        zone = self.context.zones[store.id]
        try:
            at = naming.moment(receipt, zone)
        except OverflowError:
            return Refused(Refusal.TIME_OUT_OF_RANGE, "at", "the time is out of range")
        if not EARLIEST <= at <= self.now + MOST_AHEAD:
            words = f"the time must lie between 1990 and {MOST_AHEAD // timedelta(hours=1)} hours from now"
            return Refused(Refusal.TIME_OUT_OF_RANGE, "at", words)
        key: naming.Key | None = None
        if receipt.member is not None:
            program = self.context.program
            named = naming.member_key(receipt.member, program_id=program.id, country=program.country)
            if isinstance(named, str):
                return Refused(Refusal.MEMBER_NAMED_BADLY, "member", named)
            key = named
        amount = sum([line.amount for line in receipt.lines])
        if amount > MAX_AMOUNT:
            return Refused(Refusal.TOO_MUCH, "lines", f"the receipt's sum is above {MAX_AMOUNT} minor units")
        day = localtime.business_date(at, zone)
        case = Case(index, receipt, store, at, day, key, naming.fingerprint(receipt, at), amount=amount)
        self.cases.append(case)
        return None

    def meet_stores(self, receipts: Sequence[Receipt]) -> None:
        """Ask once for the stores not met before, since they may have been added just now."""
        strange = {receipt.place for receipt in receipts if receipt.place not in self.context.stores}
        if strange:
            program_id = self.context.program.id
            if self.context.makes_places:
                new = [NewStore(code, code) for code in sorted(strange) if code.isprintable()]
                workspace_service.add_stores(self.conn, program_id, new, now=self.now)
            self.context.add_stores(workspace.stores(self.conn, program_id, sorted(strange)))

    def sort_out(self, outcomes: list[Outcome | None]) -> list[Case]:
        """Answer what has been taken before, set twins within the batch aside, and return the new cases.

        The first of several equal numbers in a batch is new; the others wait for what becomes of it.
        """
        holders, found = self._look_up()
        first: dict[tuple[str, str, str], Case] = {}
        fresh: list[Case] = []
        for position, case in enumerate(self.cases):
            number = (case.store.id, case.receipt.series, case.receipt.number)
            earlier = found.get(position)
            if earlier is not None:
                receipt_id, fingerprint, reply = earlier
                same = fingerprint == case.fingerprint
                outcomes[case.index] = Replayed(receipt_id, reply.encode()) if same else _mismatch()
            elif number in first:
                self.twins.append((case, first[number]))
            else:
                first[number] = case
                fresh.append(case)
        for case, id_ in zip(fresh, ids.new_ids(len(fresh), now=self.now), strict=True):
            case.id = id_
            case.holder = holders.get(case.key) if case.key else None
        return fresh

    def _look_up(self) -> tuple[dict[naming.Key, str], dict[int, tuple[str, str, str]]]:
        """Return the holders that are named, and the receipts known before by position: one round trip."""
        keys = list({case.key for case in self.cases if case.key is not None})
        with self.conn.pipeline():
            known = queries.known(self.conn, self.context, self.cases)
            holders = members.find_holders(self.conn, self.context.program.id, keys) if keys else {}
        found = {position: (id_, fingerprint, reply) for position, id_, fingerprint, reply in known.fetchall()}
        return holders, found

    def answer_twins(self, outcomes: list[Outcome | None]) -> None:
        """Answer the second and later receipts of one number as replays of the first."""
        for twin, first in self.twins:
            outcome = outcomes[first.index]
            if twin.fingerprint != first.fingerprint or not isinstance(outcome, Settled):
                outcomes[twin.index] = _mismatch()
            else:
                outcomes[twin.index] = Replayed(outcome.receipt_id, outcome.answer)

    def goods_and_tills(self, fresh: Sequence[Case], learned: Learned) -> "Things":
        """Find or make the goods and tills that the batch names."""
        known = self.context.goods
        wanted = {line.sku for case in fresh for line in case.receipt.lines if line.sku not in known}
        program_id = self.context.program.id
        if wanted:
            learned.goods.update(catalogue.ensure_goods(self.conn, program_id, sorted(wanted), now=self.now))
        tills = {
            (case.store.id, case.receipt.till)
            for case in fresh
            if case.receipt.till is not None and (case.store.id, case.receipt.till) not in self.context.tills
        }
        if tills:
            learned.tills.update(workspace_service.add_tills(self.conn, program_id, sorted(tills), now=self.now))
        return Things(self.context, learned)


@dataclass(frozen=True, slots=True)
class Things:
    """Ids of goods and tills: what the process knows, and what this batch found out (never merged: one is large)."""

    context: Context
    learned: Learned

    def till(self, key: TillKey) -> str:
        """Return a till's id by (store id, code)."""
        return self.context.tills.get(key) or self.learned.tills[key]

    def lines(self, case: Case, holder_id: str) -> bytes:
        """Return the receipt's lines as rows of a COPY."""
        return rows.line_rows(case.receipt.lines, holder_id, case.id, self.context.goods, self.learned.goods)


def _mismatch() -> Refused:
    words = "this number was taken by a receipt with another body; the first one stands"
    return Refused(Refusal.IDEMPOTENCY_MISMATCH, "number", words)


def _judge(context: Context, fresh: Sequence[Case]) -> None:
    """Let the rulebook of each receipt's own moment speak; receipts of nobody earn nothing (yet)."""
    by_book: dict[str, list[Case]] = {}
    for case in fresh:
        if case.holder is None:
            continue
        case.book = promotions.at(context.rulebooks, case.at)
        if case.book is not None:
            by_book.setdefault(case.book.id, []).append(case)
    for cases in by_book.values():
        book = cases[0].book
        if book is not None:
            verdicts = engine.evaluate(book.rulebook, [Facts(case.amount) for case in cases])
            for case, verdict in zip(cases, verdicts, strict=True):
                case.verdict = verdict


def _post(conn: Connection, context: Context, fresh: Sequence[Case], *, now: datetime) -> None:
    """Post what was earned, and read the balances that the answers need."""
    units = {unit.code: unit for unit in context.units}
    earning = [case for case in fresh if case.verdict.points]
    operations = [_operation(context, case, units) for case in earning]
    results = ledger.post(conn, context.program.id, operations, now=now)
    for case, result in zip(earning, results, strict=True):
        if not isinstance(result, Posted):
            # Fresh to us, known to the ledger: another transaction took the number while we waited for the account.
            message = f"the ledger did not post a fresh receipt: {result}"
            raise TryAgain(message)
        case.balances = result.balances
    short = [case for case in fresh if case.holder and len(case.balances) < len(units)]
    if short:
        read = ledger_queries.balances(conn, sorted({case.holder or "" for case in short}), now=now)
        for case in short:
            case.balances = read.get(case.holder or "", [])


def _operation(context: Context, case: Case, units: dict[str, Unit]) -> Operation:
    holder = case.holder or ""
    zone = context.zones[case.store.id]
    entries = tuple(
        [
            Earn(holder, units[code].id, points, case.at, None, expiry(case.day, zone, units[code].life_days))
            for code, points in case.verdict.points.items()
        ]
    )
    receipt = case.receipt
    key = f"receipt/{case.store.id}/{receipt.series}/{receipt.number}"
    return Operation(key, case.id, holder, case.fingerprint, entries)


def expiry(day: date, zone: ZoneInfo, life_days: int | None) -> datetime | None:
    """Return the first moment at which points are over: the end of day ``life_days`` after the business date."""
    return None if life_days is None else localtime.start_of_day(day + timedelta(days=life_days + 1), zone)


def _write(conn: Connection, context: Context, fresh: Sequence[Case], things: Things, *, now: datetime) -> list[bytes]:
    """Write receipts, claims, events and lines; return the answers."""
    answers: list[bytes] = []
    records: list[rows.ReceiptRow] = []
    events: list[outbox.NewEvent] = []
    lines: list[bytes] = []
    for case in fresh:
        if case.holder is None:
            reply = answer.unmatched(case.receipt, case.id)
        else:
            reply = answer.settled(context, case.receipt, case.id, case.holder, case.verdict, case.balances)
        answers.append(reply)
        record = _record(case, things, reply)
        records.append(record)
        events.append(_event(context, case, record))
        lines.append(things.lines(case, record.holder_id))
    program_id, recorded_at = context.program.id, moment(now)
    outbox.append(conn, events)
    copy_rows(conn, queries.SQL["copy_claims"], [rows.claim_row(program_id, one) for one in records])
    copy_rows(conn, queries.SQL["copy_receipts"], [rows.receipt_row(program_id, recorded_at, one) for one in records])
    copy_rows(conn, queries.SQL["copy_lines"], lines)
    return answers


def _record(case: Case, things: Things, reply: bytes) -> rows.ReceiptRow:
    receipt = case.receipt
    matched = case.holder is not None
    kind, value = case.key or (None, None)
    hashed = kind in {"phone", "email", "card"} and not matched
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
        status="settled" if matched else "unmatched",
        amount=case.amount,
        discount=sum([line.discount for line in receipt.lines]),
        line_count=len(receipt.lines),
        points=sum(case.verdict.points.values()),
        payments=receipt.payments,
        attributes=receipt.attributes,
        sought_kind=kind if not matched else None,
        sought_hash=value if hashed else None,
        rulebook_id=case.book.id if case.book else None,
        verdict=case.verdict.fired if case.book else None,
        answer=reply,
        fingerprint=case.fingerprint,
    )


def _event(context: Context, case: Case, record: rows.ReceiptRow) -> outbox.NewEvent:
    return outbox.NewEvent(
        program_id=context.program.id,
        holder_id=record.holder_id,
        type=f"receipt.{record.status}.v1",
        body={
            "receipt": case.id,
            "number": record.number,
            "place": case.store.code,
            "at": case.at,
            "month": case.day.replace(day=1),
            "amount": case.amount,
            "points": case.verdict.points,
        },
        at=case.at,
    )
