"""The sender's paperwork: claim messages, judge them again at the last moment, write down what became of them.

Every method is one transaction of its own and one batch, whatever the number of messages. A desk works under one
claim, a name nobody else has, so that a worker that slept through its lease can change nothing any more.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil

import msgspec

from verno.kit import batches, db
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.members.types import Member
from verno.messaging import facts, service
from verno.messaging.companies import speaking
from verno.messaging.decide import decide, record
from verno.messaging.disputes import queries as disputes
from verno.messaging.facts import SQL, House
from verno.messaging.law.turns import Turns
from verno.messaging.layouts import brand
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.messaging.letters.providers import provider
from verno.messaging.pacing import booking
from verno.messaging.pacing.booking import Pace
from verno.messaging.pacing.warming import Day
from verno.messaging.templates import preparing
from verno.messaging.types import (
    CHANNEL_EMAIL,
    CHANNEL_PUSH,
    FROM_SERVER,
    Allow,
    Decision,
    Defer,
    MessageClass,
    NewSuppression,
    Outgoing,
    Reason,
    Record,
    State,
)
from verno.workspace import queries as workspace

CLAIM_LEASE = timedelta(minutes=10)
"""How long claimed messages wait for their turn before another worker may take them."""
HAND_OVER_MARGIN = timedelta(minutes=5)
"""How much longer than the server may think a hand-over is left alone."""
MOST_LAPSES = 5
"""Claims of a message that may lapse: what brings down its worker so often has brought it down itself."""
SUSPECT_WAIT = timedelta(minutes=1)
"""What one that was tried alone waits before the next time, and as long again with each."""
RETRY_AFTER = tuple(timedelta(minutes=m) for m in (5, 30, 120, 360, 720, 1440, 1440))
"""Waits after a temporary refusal; the last try comes 68 h 35 min after the first."""
LONGEST_RETRY = sum(RETRY_AFTER, timedelta())
"""Until this age a message may be told to come back later without its tries being counted."""
SHORTEST_RETRY = 1
OUTAGE_WAIT = timedelta(minutes=5)
LONGEST_WAIT = 8.0
"""Seconds that a line holds a message back for its moment; longer waits are the queue's."""
STAYED = frozenset({State.QUEUED, State.WITHHELD, State.REJECTED})
"""Ends after which a message has not reached anybody, and takes nobody's turn."""


URGENT = (MessageClass.SECURITY, MessageClass.TRANSACTIONAL)
"""Lanes of codes and services: they do not stand in line behind a crowd. The first one is emptied first."""
BULK = (MessageClass.PROGRAM, MessageClass.MARKETING)


class Job(msgspec.Struct, frozen=True):
    """A claimed message on its way. Addresses are in clear: never stored, never logged.

    ``others``: further devices of the same member that get it too. ``ready``: at which moment of this process's clock
    it may leave, where the channel has a pace.
    """

    content: Content
    address: str
    attempts: int
    due_at: datetime
    valid_until: datetime | None = None
    urgent: bool = False
    others: tuple[str, ...] = ()
    ready: float = 0.0
    occasion: str = ""
    created_at: datetime | None = None
    class_name: str = ""

    @property
    def comes_again(self) -> bool:
        """Tell whether twice is better than never: it goes out again, under the same Message-ID."""
        return self.class_name == MessageClass.TRANSACTIONAL


class End(msgspec.Struct, frozen=True):
    """What became of a message. ``refund`` gives an attempt back that never reached a server."""

    holder_id: str
    id: str
    state: State
    reason: Reason | None = None
    response: str | None = None
    due_at: datetime | None = None
    refund: int = 0
    decision: Record | None = None
    reference: str | None = None


class Desk:
    """One run's claim on a lane of a channel."""

    def __init__(
        self,
        channel: str,
        worker_name: str,
        now: Callable[[], datetime],
        answer_seconds: float,
        *,
        lanes: Sequence[MessageClass] = (*URGENT, *BULK),
        pace: Pace | None = None,
        suspects: bool = False,
    ) -> None:
        """Take a claim's name; nothing is read yet. ``suspects``: those alone during whose claim a worker died."""
        self.pause = 0.0
        self._pace = pace or Pace(channel)
        self._weight = 1.0
        self._channel = channel
        self._suspects = suspects
        self._lanes = lanes
        self.claim_name = f"{worker_name}/{secrets.token_hex(6)}"
        self._now = now
        self._hand_over_lease = timedelta(seconds=answer_seconds) + HAND_OVER_MARGIN
        self._houses: dict[str, House] = {}

    def claim(self, limit: int) -> tuple[list[Job], list[End]]:
        """Take up to ``limit`` due messages; returns those to send and those that ended at once.

        Where the pace left no room, ``pause`` says after how many seconds to ask again; it is 0 otherwise.
        """
        return db.retrying(lambda: self._claim(limit))

    def exchange(self, asks: Sequence[Job], ends: Sequence[End]) -> tuple[set[str], list[End]]:
        """Write ``ends``, judge ``asks`` again and mark as handed over those that may leave; all in one transaction.

        Returns the ids that may leave now, and the ends of those that may not. An id in neither belongs to
        another worker by now.
        """
        return db.retrying(lambda: self._exchange(asks, ends))

    def _claim(self, limit: int) -> tuple[list[Job], list[End]]:
        now = self._now()
        parameters = {
            "now": now,
            "channel": self._channel,
            "claim": self.claim_name,
            "until": now + CLAIM_LEASE,
            "limit": limit,
            "most_lapses": MOST_LAPSES,
            "suspects": self._suspects,
        }
        with db.across_programs() as conn:
            conn.execute(SQL["give_up_lost"], {**parameters, "tries": len(RETRY_AFTER), "again": now + RETRY_AFTER[0]})
            conn.execute(SQL["note_lapsed"], parameters)
            rows: list[Row] = []
            pauses: list[float] = []
            for lane in self._lanes:
                room, pause = booking.room(conn, self._pace, urgent=lane in URGENT)
                # What the last messages weighed says how many to take, so that few are taken in vain.
                left = (limit if room is None else min(limit, ceil(room / self._weight))) - len(rows)
                if left > 0:
                    asked = {**parameters, "lane": lane, "limit": left}
                    rows += conn.execute(SQL["claim"], asked).fetchall()
                elif pause:
                    pauses.append(pause)
            self.pause = 0.0 if rows else min(pauses, default=0.0)
            jobs = [job for group in _by_program(rows).values() for job in _jobs(conn, group, now)]
            self._houses = {}
            refused = self._judge(conn, jobs, now)
            ends = [_turned_down(job, refused[job.content.message_id], now) for job in jobs if _id(job) in refused]
            self._conclude(conn, ends, now)
        return [job for job in jobs if _id(job) not in refused], ends

    @property
    def is_paced(self) -> bool:
        """Tell whether messages leave at moments of their own."""
        return self._pace.per_second is not None or self._pace.address_seconds > 0

    def book(self, jobs: Sequence[Job], weights: Sequence[int]) -> tuple[list[Job], list[End]]:
        """Give each message its moment, by the parts that the provider counts.

        Returns those that have one, and the ends of those that go back to the queue since they would wait too long;
        what has no room goes back without a word. The claim is committed by then: what dies while it is written has
        been claimed.
        """
        return db.retrying(lambda: self._book(jobs, weights)) if self.is_paced and jobs else (list(jobs), [])

    def _book(self, jobs: Sequence[Job], weights: Sequence[int]) -> tuple[list[Job], list[End]]:
        now = self._now()
        fits = len(jobs)
        self._weight = sum(weights) / fits
        with db.across_programs() as conn:
            room, _ = booking.room(conn, self._pace, urgent=any(job.class_name in URGENT for job in jobs))
            if room is not None:
                fits = sum(1 for total in accumulate(weights) if total <= room) or min(1, room)
            hashes = [""] * fits
            if self._pace.address_seconds:
                hashes = [facts.address_hash(job.content.program_id, self._channel, job.address) for job in jobs[:fits]]
            waits = booking.book(conn, self._pace, list(zip(hashes, weights[:fits], strict=True)))
            started = time.monotonic()
            leaving: list[Job] = []
            late: list[End] = []
            for job, wait in zip(jobs[:fits], waits, strict=True):
                if wait > LONGEST_WAIT:
                    late.append(_back(job, now + timedelta(seconds=wait)))
                else:
                    leaving.append(msgspec.structs.replace(job, ready=started + wait))
            self._conclude(conn, [*late, *[_back(job, None) for job in jobs[fits:]]], now)
        return leaving, late

    def hold(self, seconds: int) -> None:
        """Let nobody ask the provider for so long: it said that we are too fast."""
        with db.across_programs() as conn:
            booking.hold(conn, self._channel, seconds)

    def _exchange(self, asks: Sequence[Job], ends: Sequence[End]) -> tuple[set[str], list[End]]:
        now = self._now()
        # Pipelined: each answer waited for costs a turn of the interpreter's lock, which the lines hold nearly always.
        with db.across_programs() as conn, conn.pipeline():
            self._conclude(conn, ends, now)
            if not asks:
                return set(), []
            held = booking.held(conn, self._channel)
            verdicts = self._decide(conn, asks, now)
            if (wait := held()) > 0:
                # The provider has said that we are too fast since these got their moments.
                back = [_back(job, now + timedelta(seconds=wait)) for job in asks]
                self._conclude(conn, back, now)
                return set(), back
            leaving = [job for job in asks if isinstance(verdicts[_id(job)], Allow)]
            staying = [
                _turned_down(job, verdicts[_id(job)], now) for job in asks if not isinstance(verdicts[_id(job)], Allow)
            ]
            self._conclude(conn, staying, now)
            rows = [
                {
                    "holder_id": job.content.holder_id,
                    "id": _id(job),
                    "message_id": compose.message_id(_id(job)),
                    "domain": provider(job.address) if self._channel == CHANNEL_EMAIL else None,
                    "decision": record(verdicts[_id(job)], stage=service.HAND_OVER, now=now),
                }
                for job in leaving
            ]
            parameters = {
                "rows": batches.rows(rows),
                "claim": self.claim_name,
                "now": now,
                "until": now + self._hand_over_lease,
            }
            mine = {id_ for (id_,) in conn.execute(SQL["hand_over"], parameters).fetchall()}
        return mine, staying

    def _judge(self, conn: Connection, jobs: Sequence[Job], now: datetime) -> dict[str, Decision]:
        """Judge what was claimed; advertisements that may leave take their members' turns, in the order given."""
        ads = [(job.content.holder_id, _id(job)) for job in jobs if self._is_advertising(conn, job, now)]
        turns = Turns(conn, ads, now)
        verdicts = self._decide(conn, jobs, now, turns)
        turns.write()
        return {id_: verdict for id_, verdict in verdicts.items() if not isinstance(verdict, Allow)}

    def _is_advertising(self, conn: Connection, job: Job, now: datetime) -> bool:
        house = self._house(conn, job.content.program_id, now)
        return house.classes.get(job.content.topic) is MessageClass.MARKETING

    def _house(self, conn: Connection, program_id: str, now: datetime) -> House:
        """Return what holds in a program: read at each claim; of the switches, each hand-over asks anew."""
        found = self._houses.get(program_id)
        if found is None:
            found = self._houses[program_id] = facts.house(conn, program_id, now=now)
        return found

    def _decide(
        self, conn: Connection, jobs: Sequence[Job], now: datetime, turns: Turns | None = None
    ) -> dict[str, Decision]:
        """Judge messages on what is true now, set-based per program and channel."""
        groups: dict[tuple[str, str], list[Job]] = {}
        for job in jobs:
            groups.setdefault((job.content.program_id, job.content.channel), []).append(job)
        out: dict[str, Decision] = {}
        for (program_id, channel), group in groups.items():
            house = self._house(conn, program_id, now)
            stops = facts.stops(conn, program_id, now=now) if turns is None else None
            readers = sorted({job.content.reader_id for job in group})
            addresses = {job.content.reader_id: job.address for job in group if job.address}
            where = any(house.asks_where(job.content.topic, channel) for job in group)
            born = house.asks_age(job.content.topic for job in group)
            reach = facts.load(conn, program_id, channel, readers, addresses=addresses, where=where, born=born)
            if stops is not None:
                house = msgspec.structs.replace(house, stops=stops())
            for job in group:
                content = job.content
                message = house.outgoing(
                    content.topic,
                    channel,
                    job.due_at,
                    id_=content.message_id,
                    valid_until=job.valid_until,
                    urgent=job.urgent,
                    occasion=job.occasion,
                )
                message = house.written(house.addressed(message, job.address), content.prepared)
                member = reach.member_facts(content.reader_id, house.zones)
                day = _warm_up(house, message)
                if turns is not None:
                    given = turns.of(content.holder_id, (_id(job), channel), job.occasion, message.caps)
                    member = msgspec.structs.replace(member, sent=given)
                    if day is not None and not turns.has_place(day, _id(job)):
                        message = msgspec.structs.replace(message, full_until=day.ends)
                verdict = decide(message, member, reach.address_facts(content.reader_id), now)
                out[_id(job)] = verdict
                if turns is not None and isinstance(verdict, Allow) and message.topic_class is MessageClass.MARKETING:
                    turns.take(program_id, content.holder_id, _id(job), channel, job.occasion, day)
        return out

    def _conclude(self, conn: Connection, ends: Sequence[End], now: datetime) -> None:
        if ends:
            parameters = {"rows": batches.rows(ends), "claim": self.claim_name, "now": now}
            conn.execute(SQL["conclude"], parameters)
            stayed = [{"holder_id": end.holder_id, "id": end.id} for end in ends if end.state in STAYED]
            if stayed:
                conn.execute(SQL["give_turns_back"], {"rows": batches.rows(stayed)})

    def suppress_dead(self, dead: Sequence[Job]) -> None:
        """Stop writing to addresses of which the server said that they do not exist.

        A browser's subscription never comes back under the same name, so it is forgotten.
        """
        by_program: dict[str, list[NewSuppression]] = {}
        for job in dead:
            content = job.content
            digest = facts.address_hash(content.program_id, content.channel, job.address)
            by_program.setdefault(content.program_id, []).append(
                NewSuppression(content.channel, digest, "no-such-address", FROM_SERVER)
            )
        with db.across_programs() as conn:
            for program_id, suppressions in by_program.items():
                if self._channel == CHANNEL_PUSH:
                    hashes = [one.address_hash for one in suppressions]
                    devices.remove(conn, program_id, DeviceKind.PUSH, hashes)
                else:
                    service.suppress(conn, program_id, suppressions, now=self._now())


def retry_end(job: Job, response: str, now: datetime, seconds: int | None = None) -> End:
    """Return the end of a try that was certainly not taken: a later time, or giving up after the last one.

    ``seconds``: when the provider itself wants to be asked again; for as long as it says so, that is no try.
    """
    holder_id = job.content.holder_id
    wait = timedelta(seconds=max(seconds or 0, SHORTEST_RETRY))
    if seconds is not None and (job.created_at is None or now - job.created_at < LONGEST_RETRY):
        return End(holder_id, _id(job), State.DEFERRED, Reason.TEMPORARY, response, now + wait, refund=1)
    if job.attempts > len(RETRY_AFTER):
        return End(holder_id, _id(job), State.REJECTED, Reason.GAVE_UP, response)
    return End(holder_id, _id(job), State.DEFERRED, Reason.TEMPORARY, response, now + RETRY_AFTER[job.attempts - 1])


def doubt_end(job: Job, reason: Reason, response: str, now: datetime) -> End:
    """Return the end of a try of which nobody knows: a person decides, or it comes again while tries are left."""
    holder_id = job.content.holder_id
    if job.comes_again and job.attempts <= len(RETRY_AFTER):
        return End(holder_id, _id(job), State.DEFERRED, reason, response, now + RETRY_AFTER[job.attempts - 1])
    return End(holder_id, _id(job), State.UNCERTAIN, reason, response)


def outage_end(job: Job, response: str, now: datetime) -> End:
    """Return the end of a message that no server was there for: it waits, and the attempt does not count."""
    due_at = now + OUTAGE_WAIT
    return End(job.content.holder_id, _id(job), State.DEFERRED, Reason.SERVER_UNAVAILABLE, response, due_at, refund=1)


def _back(job: Job, due_at: datetime | None) -> End:
    """Return the end of a message that is queued again, and has cost no attempt."""
    return End(job.content.holder_id, _id(job), State.QUEUED, due_at=due_at, refund=1)


def _turned_down(job: Job, decision: Decision, now: datetime) -> End:
    told = record(decision, stage=service.HAND_OVER, now=now)
    holder_id = job.content.holder_id
    if isinstance(decision, Defer):
        parked = decision.reason if decision.reason is Reason.STOPPED else None
        return End(holder_id, _id(job), State.QUEUED, parked, None, decision.until, refund=1, decision=told)
    reason = None if isinstance(decision, Allow) else decision.reason
    return End(holder_id, _id(job), State.WITHHELD, reason, refund=1, decision=told)


def _warm_up(house: House, message: Outgoing) -> Day | None:
    is_counted = message.channel == CHANNEL_EMAIL and message.topic_class is MessageClass.MARKETING
    return house.warms_up if is_counted else None


def _id(job: Job) -> str:
    return job.content.message_id


Row = Sequence[object]


def _by_program(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[2]), []).append(row)
    return groups


def _jobs(conn: Connection, rows: Sequence[Row], now: datetime) -> list[Job]:
    """Read the names, addresses and, where it is told, what they have now, behind one program's claimed rows."""
    claimed = [msgspec.convert(row, _Claimed) for row in rows]
    program = workspace.program(conn, claimed[0].program_id)
    holders = sorted({row.holder_id for row in claimed})
    people = members.members(conn, program.id, holders)
    channel = claimed[0].channel
    seen = facts.addresses_of(conn, channel, holders) if facts.ADDRESS_KIND.get(channel) in facts.DEVICES else {}
    balances = facts.balances(conn, program.id, [row.holder_id for row in claimed if row.template in compose.LIVE], now)
    look = brand.brand(conn, program.id)
    written = preparing.prepared(conn, program, claimed, people, look, now=now)
    companies = [row.holder_id for row in claimed if speaking.is_spoken(row.template, channel)]
    speakers = speaking.readers(conn, program.id, companies, now=now)
    said = disputes.said_in(conn, [(row.template, row.context) for row in claimed])
    out: list[Job] = []
    for row in claimed:
        member = people.get(row.holder_id)
        speaker = speakers.get(row.holder_id) if speaking.is_spoken(row.template, channel) else None
        content = Content(
            holder_id=row.holder_id,
            message_id=row.id,
            program_id=program.id,
            program_name=program.name,
            topic=row.topic,
            channel=row.channel,
            template=row.template,
            locale=row.locale,
            context=row.context,
            name=member.name if member else None,
            balance=balances.get(row.holder_id, {}),
            brand=look,
            prepared=written.get(row.id),
            words=said.get(str(row.context.get("dispute", "")), ""),
            speaker_id=speaker.id if speaker else "",
            valid_until=row.valid_until,
        )
        own = speaker.address if speaker else _address(member, row.channel)
        address, *others = seen.get(row.holder_id) or (own,)
        job = Job(content, address, row.attempts, row.due_at, row.valid_until, row.urgent, tuple(others))
        out.append(
            msgspec.structs.replace(job, occasion=row.dedupe_key, created_at=row.created_at, class_name=row.class_name)
        )
    return out


def _address(member: Member | None, channel: str) -> str:
    contacts = {"email": member.email, "phone": member.phone} if member else {}
    return contacts.get(facts.ADDRESS_KIND.get(channel, "")) or ""


class _Claimed(msgspec.Struct, frozen=True, array_like=True):
    """A row of the statement ``claim``."""

    holder_id: str
    id: str
    program_id: str
    channel: str
    topic: str
    template: str
    locale: str
    context: dict[str, object]
    attempts: int
    due_at: datetime
    valid_until: datetime | None
    urgent: bool
    dedupe_key: str
    created_at: datetime
    class_name: str
