"""Receipts: what became of accepted messages at their readers' end, and what follows for their addresses."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from verno.kit import batches, db
from verno.kit.db import Connection
from verno.members import service as people
from verno.members.consent.state import ADDRESS_OF, MARKETING, WHOLE
from verno.members.types import ConsentFact
from verno.messaging import facts, service
from verno.messaging.channels.port import Fate, Receipt
from verno.messaging.companies import speaking
from verno.messaging.companies.speaking import NOBODY, Readers
from verno.messaging.facts import SQL
from verno.messaging.types import FROM_SERVER, MessageClass, NewSuppression, Reason, State

STATES: Mapping[Fate, State] = {
    Fate.DELIVERED: State.DELIVERED,
    Fate.READ: State.OPENED,
    Fate.UNDELIVERED: State.BOUNCED,
    Fate.BOUNCED: State.BOUNCED,
    Fate.COMPLAINED: State.COMPLAINED,
}
RANKS = tuple(Fate)
"""Of several words about one message in a batch the last of these counts."""
COMPLAINT = "complaint"
NAMES_LAST = timedelta(days=7)
"""How long a name that a provider gave a message means it: centres wait for a phone three days, and begin anew."""
EARLY_FOR = timedelta(days=1)
EARLY_LIMIT = 1000

Place = tuple[str, str]
"""(channel, reference): how a provider names a message."""


class Known(NamedTuple):
    """The message that a receipt is of. ``shared``: its provider gave another one the same name."""

    holder_id: str
    program_id: str
    template: str
    created_at: datetime
    shared: bool


def apply(conn: Connection, receipts: Sequence[Receipt], *, now: datetime) -> int:
    """Write a batch of receipts; returns how many messages changed.

    Words may come twice, late, in any order, or before the message's own end is written: an older state never
    replaces a newer one, and what names no message of ours is kept and tried again for a day. An address that takes
    nothing is suppressed; a reader who complains gets no more advertising on that channel.
    """
    if not receipts:
        return 0
    span = {"now": now, "since": now - NAMES_LAST}
    changed = conn.execute(SQL["apply_receipts"], {"rows": batches.rows(_rows(receipts)), **span}).fetchall()
    places = [{"channel": one.channel, "reference": one.reference} for one in receipts]
    rows = conn.execute(SQL["known_references"], {"rows": batches.rows(places), **span}).fetchall()
    found: dict[Place, Known] = {(row[0], row[1]): Known(*row[2:]) for row in rows}
    fresh = {(channel, reference) for channel, reference, *_ in changed}
    early = [one for one in receipts if (one.channel, one.reference) not in found and now - one.at < EARLY_FOR]
    if early:
        conn.execute(SQL["keep_receipts"], {"rows": batches.rows(early)})
    for program in sorted({known.program_id for known in found.values()}):
        told = [(one, found[place]) for one in receipts if (place := _place(one)) in found]
        told = [(one, known) for one, known in told if known.program_id == program]
        # The same word twice must reach neither the address that came after, nor the next who speaks for the company;
        # and where a centre has given two messages one name, nobody knows whose number does not exist.
        dead = [(one, known) for one, known in told if one.gone and _place(one) in fresh and not known.shared]
        spoken = [speaking.is_spoken(known.template, one.channel) for one, known in dead]
        of_speakers = [(one, known.holder_id) for (one, known), is_so in zip(dead, spoken, strict=True) if is_so]
        of_members = _unmoved(conn, [pair for pair, is_so in zip(dead, spoken, strict=True) if not is_so])
        _suppress(conn, program, of_members, NOBODY, now)
        _suppress(conn, program, of_speakers, _readers(conn, program, of_speakers, now), now)
        _silence(conn, program, [(one, known.holder_id) for one, known in told], now)
    return len(changed)


def retry_early(*, now: datetime) -> int:
    """Try receipts again that had come too early, in a transaction of its own; returns how many found their message."""
    with db.across_programs() as conn:
        rows = conn.execute(SQL["take_early"], {"limit": EARLY_LIMIT}).fetchall()
        waiting = [
            Receipt(channel, reference, Fate(outcome), at, response, gone)
            for channel, reference, outcome, at, response, gone in rows
        ]
        return apply(conn, waiting, now=now)


def _rows(receipts: Sequence[Receipt]) -> list[dict[str, object]]:
    return [
        {
            "channel": one.channel,
            "reference": one.reference,
            "state": STATES[one.outcome],
            "reason": Reason.UNDELIVERED if STATES[one.outcome] is State.BOUNCED else None,
            "response": one.response,
            "rank": RANKS.index(one.outcome),
            "position": position,
        }
        for position, one in enumerate(receipts)
    ]


def _place(receipt: Receipt) -> Place:
    return receipt.channel, receipt.reference


def _unmoved(conn: Connection, told: Sequence[tuple[Receipt, Known]]) -> list[tuple[Receipt, str]]:
    """Leave out whose address is another one by now: what came back says nothing of it."""
    rows = [
        {"holder_id": known.holder_id, "kind": kind, "since": known.created_at}
        for one, known in told
        if (kind := ADDRESS_OF.get(one.channel)) is not None
    ]
    moved: set[str] = set()
    if rows:
        moved = {holder for (holder,) in conn.execute(SQL["moved_since"], {"rows": batches.rows(rows)}).fetchall()}
    return [(one, known.holder_id) for one, known in told if known.holder_id not in moved]


def _readers(conn: Connection, program_id: str, told: Sequence[tuple[Receipt, str]], now: datetime) -> Readers:
    return speaking.readers(conn, program_id, [holder for one, holder in told if one.gone], now=now)


def _suppress(
    conn: Connection, program_id: str, told: Sequence[tuple[Receipt, str]], readers: Readers, now: datetime
) -> None:
    """Write no more to addresses that take nothing: those of ``readers``, where a contact got what was told of."""
    suppressions: list[NewSuppression] = []
    for channel in sorted({one.channel for one, _ in told if one.gone}):
        gone = {holder for one, holder in told if one.gone and one.channel == channel}
        addresses = facts.addresses_of(conn, channel, sorted(gone))
        addresses |= {company: (one.address,) for company, one in readers.items() if company in gone}
        suppressions += [
            NewSuppression(channel, facts.address_hash(program_id, channel, address), "no-such-address", FROM_SERVER)
            for some in addresses.values()
            for address in some
        ]
    service.suppress(conn, program_id, suppressions, now=now)


def _silence(conn: Connection, program_id: str, told: Sequence[tuple[Receipt, str]], now: datetime) -> None:
    """Take a complaint as leaving all advertising of that channel, later topics too; only the member may come back."""
    complained = [(one, holder) for one, holder in told if one.outcome is Fate.COMPLAINED]
    if not complained:
        return
    classes = facts.topic_classes(conn, program_id)
    advertising = [topic for topic, class_ in classes.items() if class_ is MessageClass.MARKETING]
    words = [
        ConsentFact(holder, topic, one.channel, granted=False, at=max(now, one.at), method=COMPLAINT)
        for one, holder in complained
        for topic in (*advertising, WHOLE[MARKETING])
    ]
    people.record_consents(conn, program_id, words, now=now)
