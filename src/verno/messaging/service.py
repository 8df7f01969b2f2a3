"""Verbs of messaging: plan messages, suppress addresses, go on after a restore.

Sending is in ``sender``, statements in ``statements``.
"""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.consent import complaints
from verno.messaging import facts
from verno.messaging.companies import speaking
from verno.messaging.decide import RESTING, decide, record
from verno.messaging.facts import SQL, House
from verno.messaging.types import (
    Allow,
    Beyond,
    Brought,
    Decision,
    Defer,
    Deny,
    Draft,
    Duplicate,
    NewSuppression,
    Planned,
    Reason,
    Record,
    Result,
    Silence,
    Silenced,
    State,
    Withheld,
)
from verno.workspace import audit
from verno.workspace.audit import Actor

Occasion = tuple[str, str, str]
"""(holder id, dedupe key, channel)."""

WAKE_BATCH = 5_000
"""Messages that go on in one transaction after a switch was taken back."""
PLANNING = "planning"
HAND_OVER = "hand-over"


def plan(
    conn: Connection, program_id: str, drafts: Sequence[Draft], *, now: datetime, most: int | None = None
) -> list[Result]:
    """Judge a batch of drafts and store them, in the caller's transaction: one result per draft, in order.

    A draft that ``decide`` denies is stored as ``withheld`` with the reason; one that it defers is queued for its
    time. A second draft of an occasion, in this batch, before it or at the same moment elsewhere, is ``Duplicate``
    and leaves no trace. At most ``most`` are queued, the first ones; of the others those that are not denied are
    ``Beyond``.
    """
    if not drafts:
        return []
    house = facts.house(conn, program_id, now=now)
    fresh = ids.new_ids(len(drafts), now=now)
    decisions = _bounded(_judge(conn, program_id, house, drafts, fresh, now=now), most)
    said = _said(house, drafts, decisions, fresh, now)
    parameters = {"said": batches.rows(said), "program": program_id, "now": now}
    written = {id_ for (id_,) in conn.execute(SQL["add_messages"], parameters).fetchall()}
    return [_result(decision, id_, written) for decision, id_ in zip(decisions, fresh, strict=True)]


def suppress(conn: Connection, program_id: str, suppressions: Sequence[NewSuppression], *, now: datetime) -> int:
    """Keep addresses from being written to; the first reason of an address stays. Returns how many are new."""
    if not suppressions:
        return 0
    parameters = {"rows": batches.rows(suppressions), "program": program_id, "now": now}
    return conn.execute(SQL["add_suppressions"], parameters).rowcount


def bring(
    conn: Connection, program_id: str, lines: Sequence[Silenced], *, now: datetime, dry: bool = False
) -> list[Brought]:
    """Take over whom another system did not write to any more: one result a line, in order. Two round trips.

    Brought again, a line changes nothing: neither what is known of the address nor, where it has no date, a yes that
    was given since. ``dry``: only say what would become of it.
    """
    scopes = [one.channel if one.why is Silence.NO_SUCH_ADDRESS else one.channel + facts.AFTER_ERASURE for one in lines]
    places = [(scope, one.address_hash) for scope, one in zip(scopes, lines, strict=True)]
    asked = {"hashes": batches.rows(sorted({digest for _, digest in places})), "channels": sorted(set(scopes))}
    found = conn.execute(SQL["suppressed"], {**asked, "program": program_id}).fetchall()
    there = {(scope, digest): (at, reason) for scope, digest, reason, at in found if reason != RESTING}
    out, fresh = [], {}
    for place, one in zip(places, lines, strict=True):
        since, why = there.get(place, (None, None))
        later = since is not None and one.at is not None and one.at > since and one.why is not Silence.NO_SUCH_ADDRESS
        worse = one.why is Silence.COMPLAINT and why not in {None, Silence.COMPLAINT}
        out.append(Brought.NEW if since is None else Brought.LATER if later or worse else Brought.KNOWN)
        if since is None or later or worse:
            # A complaint stays one, whoever leaves later; of which nobody knows when, it was said with what is known.
            at = (one.at or now) if since is None else max(one.at or since, since)
            there[place] = (at, Silence.COMPLAINT if why == Silence.COMPLAINT else one.why)
            fresh[place] = NewSuppression(*place, there[place][1], "import", at)
    if not dry:
        suppress(conn, program_id, list(fresh.values()), now=now)
    return out


def silence_erased(conn: Connection, program_id: str, holder_ids: Sequence[str], *, now: datetime) -> None:
    """Keep advertising from addresses of members who are about to be erased, whoever brings them back in a list.

    A word that somebody gives later ends it, of whoever complained their own alone; codes and what is owed are not
    held up.
    """
    complained = complaints.complainers(conn, holder_ids)
    rows = [
        NewSuppression(channel + facts.AFTER_ERASURE, digest, why, "erasure")
        for channel, kind in facts.ADDRESS_KIND.items()
        if kind in facts.IDENTITIES
        for holder, digest in members.hashes(conn, holder_ids, kind).items()
        for why in (Silence.COMPLAINT if (holder, channel) in complained else "erased",)
    ]
    suppress(conn, program_id, rows, now=now)


def lift(conn: Connection, program_id: str, channel: str, hashes: Sequence[str]) -> int:
    """Write again to addresses that had taken nothing and are there again; returns how many those were.

    Who complained stays suppressed.
    """
    parameters = {"program": program_id, "channel": channel, "hashes": batches.rows(list(hashes))}
    return conn.execute(SQL["lift_suppressions"], parameters).rowcount


def stop(
    conn: Connection,
    program_id: str,
    what: str,
    *,
    by: Actor,
    now: datetime,
    until: datetime | None = None,
    why: tuple[str, str] = ("", ""),
) -> bool:
    """Hold messages back from now on; False when they were held back already, for as long at least.

    ``what``: ``all`` but security, a class (``marketing``), a channel (``channel:sms``), or bulk mail to one
    provider (``domain:gmail.com``). ``until``: not for longer; else somebody lets them go. ``why``: code, figures.
    """
    asked = {"program": program_id, "what": what, "by": f"{by.kind}:{by.id}", "until": until, "now": now}
    if not conn.execute(SQL["add_stop"], {**asked, "why": why[0], "detail": why[1]}).rowcount:
        return False
    audit.record(conn, program_id, by, "messages.stop", ("messages", what), now=now)
    return True


def let_go(conn: Connection, program_id: str, what: str, *, by: Actor, now: datetime) -> None:
    """Take a switch back; the worker wakes what it held back (``wake``)."""
    verb = "end_stop" if what.startswith(facts.DOMAIN) else "drop_stop"
    if conn.execute(SQL[verb], {"program": program_id, "what": what, "now": now}).rowcount:
        audit.record(conn, program_id, by, "messages.let-go", ("messages", what), now=now)


def wake(conn: Connection, *, now: datetime) -> int:
    """Let the next messages go on that nothing holds back any more, in all programs; returns how many. For a loop."""
    return conn.execute(SQL["wake_parked"], {"now": now, "limit": WAKE_BATCH}).rowcount


def send_again(conn: Connection, program_id: str, holder_id: str, message_id: str, *, by: Actor, now: datetime) -> bool:
    """Send a message once more of which nobody can know whether it arrived; False when it is not uncertain (any more).

    Its reader may get it twice: under the same Message-ID, which mail programs show as one. Only a person may ask.
    """
    asked = {"program": program_id, "holder": holder_id, "id": message_id, "now": now}
    if not conn.execute(SQL["send_again"], asked).rowcount:
        return False
    audit.record(conn, program_id, by, "message.send-again", ("message", message_id), now=now)
    return True


def replay(conn: Connection, program_id: str, holder_id: str, message_id: str, *, by: Actor, now: datetime) -> bool:
    """Try a message once more that could not be written, or killed what was to send it; False when it is neither.

    It is tried alone, and has four lives left.
    """
    asked = {"program": program_id, "holder": holder_id, "id": message_id, "now": now}
    if not conn.execute(SQL["replay"], asked).rowcount:
        return False
    audit.record(conn, program_id, by, "message.replay", ("message", message_id), now=now)
    return True


def give_up_restored(conn: Connection, *, now: datetime) -> None:
    """Take messages out of the hands of workers that a restore has left behind, in all programs that ``conn`` sees.

    What was being handed over becomes ``uncertain``, what was only claimed waits again.
    """
    conn.execute(SQL["give_up_restored"], {"now": now})


def count_as_sent(conn: Connection, *, until: datetime, now: datetime) -> int:
    """Make what was due by ``until`` ``uncertain``: it may have left already. Returns how many messages that were."""
    return conn.execute(SQL["sent_before"], {"until": until, "now": now}).rowcount


def _judge(
    conn: Connection,
    program_id: str,
    house: House,
    drafts: Sequence[Draft],
    fresh: Sequence[str],
    *,
    now: datetime,
) -> list[Decision]:
    seen = _known(conn, drafts)
    topics = sorted({draft.topic for draft in drafts})
    reach = {
        channel: facts.foresee(
            *(conn, program_id, channel),
            sorted({draft.holder_id for draft in drafts if draft.channel == channel}),
            topics=topics,
            where=any(house.asks_where(draft.topic, channel) for draft in drafts if draft.channel == channel),
            born=house.asks_age(topics),
        )
        for channel in sorted({draft.channel for draft in drafts})
    }
    companies = [draft.holder_id for draft in drafts if speaking.is_spoken(draft.template, draft.channel)]
    readers = speaking.readers(conn, program_id, companies, now=now)
    spoken = speaking.reach(conn, program_id, readers, topics=topics) if readers else None
    out: list[Decision] = []
    for draft, id_ in zip(drafts, fresh, strict=True):
        occasion = (draft.holder_id, draft.dedupe_key, draft.channel)
        message = house.outgoing(
            draft.topic,
            draft.channel,
            draft.not_before or now,
            id_=id_,
            valid_until=draft.valid_until,
            urgent=draft.urgent,
            occasion=draft.dedupe_key,
            spread=draft.spread,
        )
        known, reader = reach[draft.channel], draft.holder_id
        if spoken and draft.holder_id in readers and speaking.is_spoken(draft.template, draft.channel):
            known, reader = spoken, readers[draft.holder_id].id
        member = known.member_facts(reader, house.zones, already=occasion in seen)
        out.append(decide(message, member, known.address_facts(reader), now))
        seen.add(occasion)
    return out


def _bounded(decisions: Sequence[Decision], most: int | None) -> list[Decision | None]:
    """Return the decisions without those by which more than ``most`` messages would leave."""
    if most is None:
        return list(decisions)
    out: list[Decision | None] = []
    for decision in decisions:
        leaves = not isinstance(decision, Deny)
        out.append(None if leaves and most <= 0 else decision)
        most -= leaves
    return out


def _known(conn: Connection, drafts: Sequence[Draft]) -> set[Occasion]:
    rows = batches.rows([{"holder_id": d.holder_id, "dedupe_key": d.dedupe_key, "channel": d.channel} for d in drafts])
    return {(holder, key, channel) for holder, key, channel in conn.execute(SQL["known_occasions"], {"rows": rows})}


def _is_duplicate(decision: Decision) -> bool:
    # A duplicate that is denied for another reason as well is a duplicate all the same.
    return isinstance(decision, Deny) and any(
        check.name == "duplicate" and check.verdict == "deny" for check in decision.trace
    )


def _said(
    house: House, drafts: Sequence[Draft], decisions: Sequence[Decision | None], fresh: Sequence[str], now: datetime
) -> list[dict[str, object]]:
    """Return what the new messages say, each once with all whose messages say it and how the first of them was judged.

    A crowd's messages differ in little but whose they are: what is told once is read once, and a plan takes a quarter
    less of the database's time.
    """
    said: dict[str, tuple[Record, dict[str, object], list[dict[str, object]]]] = {}
    for draft, decision, id_ in zip(drafts, decisions, fresh, strict=True):
        if decision is None or _is_duplicate(decision):
            continue
        words = _words(draft, decision, now) | {"class_name": house.classes.get(draft.topic, "")}
        told = record(decision, stage=PLANNING, now=now)
        first, _, readers = said.setdefault(batches.rows([words]), (told, words, []))
        readers.append({"holder_id": draft.holder_id, "id": id_, "decision": None if told == first else told})
    return [words | {"decision": first, "readers": readers} for first, words, readers in said.values()]


def _words(draft: Draft, decision: Decision, now: datetime) -> dict[str, object]:
    """Return what a message says and what becomes of it, whosever it is."""
    reason = None if isinstance(decision, Allow) else decision.reason
    if isinstance(decision, Defer) and reason is not Reason.STOPPED:
        reason = None
    return {
        "channel": draft.channel,
        "topic": draft.topic,
        "template": draft.template,
        "locale": draft.locale,
        "context": draft.context,
        "dedupe_key": draft.dedupe_key,
        "state": State.WITHHELD if isinstance(decision, Deny) else State.QUEUED,
        "reason": reason,
        "due_at": decision.until if isinstance(decision, Defer) else draft.not_before or now,
        "valid_until": draft.valid_until,
        "urgent": draft.urgent,
    }


def _result(decision: Decision | None, id_: str, written: set[str]) -> Result:
    if decision is None:
        return Beyond()
    if id_ not in written:
        return Duplicate()
    if isinstance(decision, Deny):
        return Withheld(id_, Reason(decision.reason))
    return Planned(id_)
