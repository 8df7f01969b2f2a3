"""The front desk: checks receipts, names them, and finds which are new. Lives for one batch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from verno.catalogue import service as catalogue
from verno.intake import naming, queries
from verno.intake.context import Context, Learned
from verno.intake.settling.case import Case
from verno.intake.settling.writing import Things
from verno.intake.types import SEPARATOR, Approved, Outcome, Receipt, Refusal, Refused, Replayed, Settled
from verno.kit import ids, localtime
from verno.kit.binary.fields import uuid
from verno.kit.db import Connection
from verno.kit.money import MAX_AMOUNT
from verno.members import queries as members
from verno.members.likeness import matching
from verno.members.likeness import service as likeness
from verno.members.likeness.types import Reason
from verno.promotions import queries as promotions
from verno.workspace import queries as workspace
from verno.workspace import registry
from verno.workspace import service as workspace_service
from verno.workspace.types import NewStore, Store

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(hours=24)
"""How far a till's clock may run ahead of ours."""


class Desk:
    """What is known of a batch: its cases, and which of them have an answer already."""

    def __init__(
        self, conn: Connection, context: Context, items: Sequence[Receipt | Approved], now: datetime, *, new: bool
    ) -> None:
        """Nothing is asked of the database yet."""
        self.conn = conn
        self.context = context
        self.now = now
        self.outcomes: list[Outcome | None] = [None] * len(items)
        self.items = items
        self.new = new
        self.any_parked = False
        self._decided: dict[tuple[str, str, str], Case] = {}

    def admit(self) -> list[Case]:
        """Check all receipts, answer what has been taken before, and return the new ones in order."""
        # To ask a struct's class whether this is one of it takes five times as long as to compare.
        receipts = [item.receipt if type(item) is Approved else item for item in self.items]
        meet_stores(self.conn, self.context, [receipt.place for receipt in receipts], makes_at=self.now)
        cases: list[Case] = []
        for index, receipt in enumerate(receipts):
            case = read(self.context, index, receipt, self.now)
            if isinstance(case, Case):
                item = self.items[index]
                case.approved_by = item.staff_id if type(item) is Approved else None
                cases.append(case)
            else:
                self.outcomes[index] = case
        return self._sort_out(cases)

    def _sort_out(self, cases: Sequence[Case]) -> list[Case]:
        """Look up in one round trip who is named and what was taken before; name the rest."""
        keys = list({case.key for case in cases if case.key is not None}.union(*[case.keys for case in cases]))
        with self.conn.pipeline():
            known = None if self.new else queries.known(self.conn, self.context, cases)
            parked = queries.any_parked(self.conn, self.context.program.id)
            holders = members.find_holders(self.conn, self.context.program.id, keys) if keys else {}
        fresh = dict(enumerate(cases))
        for position, receipt_id, fingerprint, reply in known.fetchall() if known else ():
            case = fresh.pop(position)
            # A number without a receipt's answer is a return's.
            if reply is None or fingerprint != case.fingerprint:
                self.outcomes[case.index] = mismatch()
            else:
                self.outcomes[case.index] = Replayed(receipt_id, reply.encode())
        self.any_parked = parked.fetchone() is not None
        for case, id_ in zip(fresh.values(), ids.new_ids(len(fresh), now=self.now), strict=True):
            case.id = id_
            case.holder = holders.get(case.key) if case.key else None
        meet_named(self.conn, self.context, list(fresh.values()), holders, now=self.now)
        return list(fresh.values())

    def wave(self, waiting: Sequence[Case]) -> tuple[list[Case], list[Case]]:
        """Return the receipts that can be settled together now, and those that must see what becomes of these.

        A second receipt of one number waits for the first, which it repeats or contradicts. A member's receipt that
        spends as much as there is, or is judged by what receipts change, waits for those before it, and those after it
        wait too: a member's receipts keep their order.
        """
        wave: list[Case] = []
        later: list[Case] = []
        numbers: set[tuple[str, str, str]] = set()
        seen: set[str] = set()
        stopped: set[str] = set()
        for case in waiting:
            number = (case.store.id, case.receipt.series, case.receipt.number)
            first = self._decided.get(number)
            if first is not None and self._answer_twin(case, first):
                continue
            holder = case.holder or ""
            waits = number in numbers or holder in stopped
            if waits or (holder in seen and self._must_see(case)):
                later.append(case)
                stopped.add(holder)
                continue
            if holder:
                seen.add(holder)
            numbers.add(number)
            self._decided[number] = case
            wave.append(case)
        return wave, later

    def _must_see(self, case: Case) -> bool:
        """Tell whether a receipt must see what became of the one before it of the same member."""
        if any(wish.max for wish in case.receipt.spend):
            return True
        book = promotions.at(self.context.rulebooks, case.at) if self.context.in_turn else None
        if book is None:
            return False
        kept = [promotions.version(self.context.rulebooks, keep.version) for keep in book.rulebook.keeps]
        return any(one is not None and self.context.ready(one).in_turn for one in (book, *kept))

    def _answer_twin(self, case: Case, first: Case) -> bool:
        """Answer a receipt whose number another one of this batch has taken; False when that one was refused."""
        outcome = self.outcomes[first.index]
        if not isinstance(outcome, Settled):
            return False
        same = case.fingerprint == first.fingerprint
        self.outcomes[case.index] = Replayed(outcome.receipt_id, outcome.answer) if same else mismatch()
        return True

    def goods_and_tills(self, fresh: Sequence[Case], learned: Learned) -> Things:
        """Find or make the tills that the receipts name, and their goods as soon as one of them is missed."""
        known = self.context.goods
        program_id = self.context.program.id

        def meet(sku: str) -> bytes:
            if sku not in learned.goods:
                named = {line.sku for case in fresh for line in case.receipt.lines}
                unmade = sorted(named.difference(known, learned.goods))
                found = catalogue.ensure_goods(self.conn, program_id, unmade, now=self.now)
                learned.goods.update((sku, uuid(id_)) for sku, id_ in found.items())
            return learned.goods[sku]

        tills = {(case.store.id, case.receipt.till) for case in fresh if case.receipt.till is not None}
        unmet = {key for key in tills if key not in self.context.tills and key not in learned.tills}
        if unmet:
            learned.tills.update(workspace_service.add_tills(self.conn, program_id, sorted(unmet), now=self.now))
        return Things(known, meet, self.context.tills, learned.tills)


def meet_named(
    conn: Connection, context: Context, cases: Sequence[Case], holders: Mapping[naming.Key, str], *, now: datetime
) -> None:
    """Settle whom receipts mean that name a member in several ways; two members are offered as a possible duplicate."""
    several = [case for case in cases if case.keys]
    if not several:
        return
    program_id, policy = context.program.id, context.policy.value(registry.MATCHING)
    found = sorted({holders[key] for case in several for key in case.keys if key in holders})
    verified = {
        (kind, one.value_hash)
        for kinds in members.identities(conn, found).values()
        for kind, one in kinds.items()
        if one.verified_at is not None
    }
    pairs = []
    for case in several:
        case.key, named = matching.chosen(case.keys, holders, policy, verified)
        case.holder = named[0] if named else None
        pairs += [(named[0], other) for other in named[1:]]
    likeness.offer(conn, program_id, pairs, Reason.NAMED_TOGETHER, now=now)


def read(context: Context, index: int, receipt: Receipt, now: datetime) -> Case | Refused:
    """Check one receipt without the database."""
    store = context.stores.get(receipt.place)
    if store is None:
        return Refused(Refusal.UNKNOWN_PLACE, "place", f"no store has the code {receipt.place}")
    at = when(context, store, receipt.at, now)
    if not isinstance(at, datetime):
        return at
    if SEPARATOR in receipt.series:
        return Refused(Refusal.INVALID, "series", f"may not contain {SEPARATOR}")
    keys: tuple[naming.Key, ...] = ()
    if receipt.member is not None:
        program = context.program
        named = naming.member_keys(receipt.member, program_id=program.id, country=program.country)
        if isinstance(named, str):
            return Refused(Refusal.MEMBER_NAMED_BADLY, "member", named)
        keys = named
    amount = sum([line.amount for line in receipt.lines])
    if amount > MAX_AMOUNT:
        return Refused(Refusal.TOO_MUCH, "lines", f"the receipt's sum is above {MAX_AMOUNT} minor units")
    day = localtime.business_date(at, context.zones[store.id])
    key = keys[0] if keys else None
    case = Case(index, receipt, store, at, day, key, naming.fingerprint(receipt, at), amount)
    case.keys = keys if len(keys) > 1 else ()
    case.is_priced = bool(receipt.spend or receipt.quote or receipt.hold)
    return case


def when(context: Context, store: Store, at: datetime, now: datetime) -> datetime | Refused:
    """Return a till's time in UTC, read in its store's zone; refused when it cannot be right."""
    try:
        moment = naming.moment(at, context.zones[store.id])
    except OverflowError:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "at", "the time is out of range")
    if not EARLIEST <= moment <= now + MOST_AHEAD:
        words = f"the time must lie between 1990 and {MOST_AHEAD // timedelta(hours=1)} hours from now"
        return Refused(Refusal.TIME_OUT_OF_RANGE, "at", words)
    return moment


def meet_stores(conn: Connection, context: Context, codes: Iterable[str], *, makes_at: datetime | None = None) -> None:
    """Ask once for the stores not met before, since they may have been added just now.

    ``makes_at`` is now, for callers that may also make them, should the owner have said so.
    """
    strange = {code for code in codes if code not in context.stores}
    if strange:
        program_id = context.program.id
        if context.makes_places and makes_at is not None:
            new = [NewStore(code, code) for code in sorted(strange) if code.isprintable() and SEPARATOR not in code]
            workspace_service.add_stores(conn, program_id, new, now=makes_at)
        context.add_stores(workspace.stores(conn, program_id, sorted(strange)))


def mismatch() -> Refused:
    """Refuse a number that another body has."""
    words = "this number was taken by another body; the first one stands"
    return Refused(Refusal.IDEMPOTENCY_MISMATCH, "number", words)
