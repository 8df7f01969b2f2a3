"""Verbs of promotions: publish, withdraw, roll back; pause and resume. Drafts and budgets have their own."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from verno.kit import localtime
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions import keeping, queries
from verno.promotions.queries import SQL
from verno.promotions.types import NotPublished, Paused, Refusal, Refused, StoredRulebook
from verno.rules import checks, stored
from verno.rules.fields import Known
from verno.rules.types import Rulebook
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor
from verno.workspace.types import Unit

NOTHING_KNOWN = Known()


def publish(
    conn: Connection,
    program_id: str,
    rulebook: Rulebook,
    *,
    units: Sequence[Unit],
    known: Known = NOTHING_KNOWN,
    effective_from: datetime,
    now: datetime,
    title: str = "",
) -> StoredRulebook | NotPublished:
    """Store a rulebook that holds from ``effective_from`` on, with what points of the ``units`` are worth now.

    ``known`` is what its conditions may name. Who keeps an earlier version keeps the one that holds until then, unless
    another is named.
    """
    rulebook = valued(rulebook, units)
    reasons = [str(one) for one in checks.problems(rulebook, known, [unit.code for unit in units])]
    if rulebook.keeps:
        books = queries.rulebooks(conn, program_id)
        former = queries.at(books, effective_from)
        rulebook = keeping.named(rulebook, former)
        begins = localtime.business_date(effective_from, localtime.zone(workspace.program(conn, program_id).timezone))
        reasons += keeping.problems(rulebook, books, begins, former)
    if reasons:
        return NotPublished(tuple(reasons))
    id_ = new_id(now=now)
    row = conn.execute(
        SQL["publish"],
        {
            "id": id_,
            "program": program_id,
            "body": stored.write(rulebook),
            "effective_from": effective_from,
            "now": now,
            "title": title,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    return StoredRulebook(id_, row[0], effective_from, rulebook, title, now)


def valued(rulebook: Rulebook, units: Sequence[Unit]) -> Rulebook:
    """Return a rulebook with the worth and the decimals of the program's units, which it keeps for ever."""
    return replace(
        rulebook,
        worth={unit.code: unit.spend_value for unit in units if unit.spend_value is not None},
        scales={unit.code: unit.scale for unit in units},
    )


def withdraw(conn: Connection, program_id: str, version: int, *, by: Actor, now: datetime) -> StoredRulebook | Refused:
    """Take back a version before it holds; a draft that it came from is withdrawn too.

    Again changes nothing. Refusals: ``unknown-version``, ``already-holds``.
    """
    found = queries.version(queries.rulebooks(conn, program_id), version)
    if found is None:
        return _unknown(version)
    if found.withdrawn_at is not None:
        return found
    parameters = {"program": program_id, "version": version, "now": now}
    if conn.execute(SQL["withdraw"], parameters).fetchone() is None:
        return Refused(Refusal.ALREADY_HOLDS, f"version {version} holds already: publish an earlier one again instead")
    conn.execute(SQL["withdraw_draft"], parameters)
    audit.record(conn, program_id, by, "rulebook.withdraw", ("rulebook", str(version)), now=now)
    return replace(found, withdrawn_at=now)


def roll_back(
    conn: Connection,
    program_id: str,
    version: int,
    *,
    units: Sequence[Unit],
    known: Known = NOTHING_KNOWN,
    by: Actor,
    now: datetime,
) -> StoredRulebook | Refused:
    """Publish the body of a version that has held again, as a new version from now on; nobody has to agree.

    Points are worth what they are now, and who kept an even earlier version keeps it, while that lasts. What is
    scheduled stays scheduled. Refusals: ``unknown-version``, ``never-held``, ``not-valid``.
    """
    found = queries.version(queries.rulebooks(conn, program_id), version)
    if found is None:
        return _unknown(version)
    if found.withdrawn_at is not None or found.effective_from > now:
        return Refused(Refusal.NEVER_HELD, f"version {version} has never held")
    today = localtime.business_date(now, localtime.zone(workspace.program(conn, program_id).timezone))
    body = replace(found.rulebook, keeps=tuple([one for one in found.rulebook.keeps if one.until >= today]))
    done = publish(*(conn, program_id, body), units=units, known=known, effective_from=now, now=now, title=found.title)
    if isinstance(done, NotPublished):
        return Refused(Refusal.NOT_VALID, "it can no longer be published", done.reasons)
    about, detail = ("rulebook", str(done.version)), f"to:{version}"
    audit.record(conn, program_id, by, "rulebook.roll-back", about, now=now, detail=detail)
    return done


def pause(conn: Connection, program_id: str, kind: Paused, code: str, *, by: Actor, now: datetime) -> bool | Refused:
    """Stop a rule, or all rules of a promotion, in every version: within two seconds no process lets it act.

    Returns whether it acted until now. Refusal: ``unknown-rule``, for what is in no rulebook that holds or will.
    """
    rules = [rule for book in queries.live(queries.rulebooks(conn, program_id), now) for rule in book.rulebook.rules]
    if code not in {rule.id if kind is Paused.RULE else rule.promotion for rule in rules}:
        return Refused(Refusal.UNKNOWN_RULE, f"no rulebook that holds or will has such a {kind}")
    return _switch(conn, "pause", program_id, kind, code, by=by, now=now)


def resume(conn: Connection, program_id: str, kind: Paused, code: str, *, by: Actor, now: datetime) -> bool:
    """Let what was paused act again; returns whether it was."""
    return _switch(conn, "resume", program_id, kind, code, by=by, now=now)


def hand(by: Actor) -> str:
    """Return who acts as it is kept: ``kind:id``."""
    return f"{by.kind}:{by.id}"


def _switch(conn: Connection, verb: str, program_id: str, kind: Paused, code: str, *, by: Actor, now: datetime) -> bool:
    parameters = {
        "id": new_id(now=now),
        "program": program_id,
        "kind": kind,
        "code": code,
        "by": hand(by),
        "now": now,
    }
    changed = conn.execute(SQL[verb], parameters).fetchone() is not None
    if changed:
        audit.record(conn, program_id, by, f"{kind}.{verb}", (kind, code), now=now)
    return changed


def _unknown(version: int) -> Refused:
    return Refused(Refusal.UNKNOWN_VERSION, f"there is no version {version}")
