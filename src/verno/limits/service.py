"""Verbs of limits: set them, and count a batch against them.

A batch takes two round trips: ``open_counters`` makes, locks and reads what it needs, ``Desk.write`` writes. Between
them everything is decided in memory, item by item. The counters' locks come before those of the ledger's accounts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import structs

from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.limits import checks, queries
from verno.limits.counting import Key, wants
from verno.limits.desk import Counted, Counter, Desk
from verno.limits.queries import SQL
from verno.limits.types import Figures, Limit, Measure, NewLimit, OverLimit, Refused, Use
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor

KEPT = timedelta(days=35)
"""How long what was counted is kept: an hour or a day that is over is asked for by late receipts and returns alone."""
FORGET_LIMIT = 5000
"""Counters dropped in one transaction."""

CounterRow: TypeAlias = tuple[str, str, datetime, int, int, bool]
LapsedRow: TypeAlias = tuple[str, str, datetime, int]


def open_counters(
    conn: Connection,
    program_id: str,
    limits: Sequence[Limit],
    uses: Sequence[Use],
    *,
    known: Sequence[str] = (),
    now: datetime,
) -> Desk:
    """Lock what a batch counts against and return the desk that decides: one round trip, none without limits.

    ``limits`` is what ``queries.limits`` returned at most two seconds ago. ``uses`` are all that ``Desk.admit`` will be
    asked for, each with the most it may ask; ``known`` the operations that ``Desk.confirm``, ``free`` and ``hand_back``
    will name, and of those to admit the ones that may have been counted before. Called once a transaction, before
    accounts are locked. Raises ``TryAgain`` when a known operation was counted anew while the locks were waited for.
    """
    desk = Desk(program_id, limits, now, locked=True)
    keys = _keys(limits, uses)
    if not keys and not (known and limits):
        return desk
    parameters = {
        "rows": batches.rows([{"limit_id": limit, "subject": who, "bucket": bucket} for limit, who, bucket in keys]),
        "known": batches.rows([{"operation_id": id_} for id_ in known]),
        "program": program_id,
        "now": now,
    }
    with conn.pipeline():
        conn.execute(SQL["open_counters"], parameters)
        counters = conn.execute(SQL["lock_counters"], parameters)
        lapsed = conn.execute(SQL["lapsed"], parameters)
        rows = conn.execute(SQL["known_uses"], parameters) if known else None
    _fill(desk, counters.fetchall(), lapsed.fetchall())
    for row in rows.fetchall() if rows else ():
        operation_id, limit_id, subject, bucket, measure, *rest = row
        counted = Counted(operation_id, (limit_id, subject, bucket), Measure(measure), *rest)
        desk.counted.setdefault(operation_id, []).append(counted)
    wanted = {*keys, *(row.key for some in desk.counted.values() for row in some)}
    if not wanted <= desk.counters.keys():
        message = "a counter is not there after all"
        raise TryAgain(message)
    return desk


def preview(conn: Connection, program_id: str, limits: Sequence[Limit], uses: Sequence[Use], *, now: datetime) -> Desk:
    """Return a desk that tells what would pass now and writes nothing, for a quote: no locks, one round trip."""
    desk = Desk(program_id, limits, now)
    keys = _keys(limits, uses)
    if not keys:
        return desk
    rows = batches.rows([{"limit_id": limit, "subject": who, "bucket": bucket} for limit, who, bucket in keys])
    parameters = {"rows": rows, "known": "[]", "program": program_id, "now": now}
    with conn.pipeline():
        counters = conn.execute(SQL["look_at_counters"], parameters)
        lapsed = conn.execute(SQL["lapsed"], parameters)
    for key in keys:
        desk.counters[key] = Counter(0, 0, alerted=False)
    _fill(desk, counters.fetchall(), lapsed.fetchall())
    return desk


def confirm(
    conn: Connection, program_id: str, limits: Sequence[Limit], actual: Mapping[str, Figures], *, now: datetime
) -> dict[str, OverLimit]:
    """Settle reservations by operation with what was really used; return those that a limit refuses (see ``Desk``)."""
    desk = open_counters(conn, program_id, limits, (), known=list(actual), now=now)
    answers = {id_: desk.confirm(id_, figures) for id_, figures in actual.items()}
    desk.write(conn)
    return {id_: over for id_, over in answers.items() if over is not None}


def free(
    conn: Connection, program_id: str, limits: Sequence[Limit], operation_ids: Sequence[str], *, now: datetime
) -> None:
    """Give back all that operations count: holds that were cancelled, sales that were voided. Again changes nothing."""
    desk = open_counters(conn, program_id, limits, (), known=operation_ids, now=now)
    for id_ in operation_ids:
        desk.free(id_)
    desk.write(conn)


def put(
    conn: Connection, program_id: str, wanted: Sequence[NewLimit], *, now: datetime, by: Actor = audit.SYSTEM
) -> tuple[Limit, ...] | Refused:
    """Let exactly these limits hold; those that are not among them are removed. In force everywhere in two seconds.

    A limit counts from the moment it is set; one that keeps its id goes on with what it has counted. Refusals,
    which change nothing: ``unknown-limit``, ``other-limit``, ``unknown-unit``, ``unknown-place``, ``too-many-limits``.
    """
    conn.execute(SQL["lock_limits"], {"program": program_id})
    there = {limit.id: limit for limit in queries.limits(conn, program_id)}
    return _put(conn, program_id, there, wanted, now=now, by=by)


def add(
    conn: Connection, program_id: str, wanted: Sequence[NewLimit], *, now: datetime, by: Actor = audit.SYSTEM
) -> tuple[Limit, ...] | Refused:
    """Add limits to those that hold, and return all; refusals as of ``put``."""
    conn.execute(SQL["lock_limits"], {"program": program_id})
    there = {limit.id: limit for limit in queries.limits(conn, program_id)}
    kept = [checks.as_stated(limit) for limit in there.values()]
    answer = _put(conn, program_id, there, [*kept, *wanted], now=now, by=by)
    if isinstance(answer, Refused):
        return structs.replace(answer, position=max(0, answer.position - len(kept)))
    return answer


def remove(
    conn: Connection, program_id: str, limit_ids: Sequence[str], *, now: datetime, by: Actor = audit.SYSTEM
) -> int:
    """Remove limits; return how many there were of these ids. What they told stays."""
    conn.execute(SQL["lock_limits"], {"program": program_id})
    there = {limit.id: limit for limit in queries.limits(conn, program_id)}
    kept = [checks.as_stated(limit) for limit in there.values() if limit.id not in limit_ids]
    _put(conn, program_id, there, kept, now=now, by=by)
    return len(there) - len(kept)


def forget(conn: Connection, *, now: datetime, limit: int = FORGET_LIMIT) -> int:
    """Drop counters that were last touched, and whose time was over, 35 days ago; returns how many. Alerts stay."""
    row = conn.execute(SQL["forget"], {"before": now - KEPT, "limit": limit}).fetchone()
    return int(row[0]) if row else 0


def _keys(limits: Sequence[Limit], uses: Sequence[Use]) -> list[Key]:
    return list({want.key: None for use in uses for want in wants(limits, use)}) if limits else []


def _fill(desk: Desk, counters: Sequence[CounterRow], lapsed: Sequence[LapsedRow]) -> None:
    for limit_id, subject, bucket, used, held, alerted in counters:
        desk.counters[limit_id, subject, bucket] = Counter(used, held, alerted)
    for limit_id, subject, bucket, amount in lapsed:
        counter = desk.counters[limit_id, subject, bucket]
        counter.held -= amount
        counter.touched = True
        desk.lapsed.append((limit_id, subject, bucket))


def _put(
    conn: Connection,
    program_id: str,
    there: Mapping[str, Limit],
    wanted: Sequence[NewLimit],
    *,
    now: datetime,
    by: Actor,
) -> tuple[Limit, ...] | Refused:
    """Check the list as a whole, then write and audit what differs."""
    units = [unit.code for unit in workspace.units(conn, program_id)]
    named = sorted({one.place for one in wanted if one.place is not None})
    places = {store.code for store in workspace.stores(conn, program_id, named)} if named else set()
    made = checks.checked(wanted, there, units=units, places=places)
    if isinstance(made, Refused):
        return made
    fresh = [limit for limit in made if not limit.id]
    added = [structs.replace(one, id=id_) for one, id_ in zip(fresh, ids.new_ids(len(fresh), now=now), strict=True)]
    changed = [one for one in made if one.id and one != there[one.id]]
    removed = sorted(there.keys() - {limit.id for limit in made})
    with conn.pipeline():
        if removed:
            conn.execute(SQL["remove_limits"], {"program": program_id, "ids": removed, "now": now})
        for name, rows in (("add_limits", added), ("change_limits", changed)):
            if rows:
                conn.execute(SQL[name], {"program": program_id, "rows": batches.rows(rows), "now": now})
        after = {limit.id: limit for limit in (*added, *changed)}
        for id_ in (*removed, *after):
            states = there.get(id_), after.get(id_)
            verb = "add" if id_ not in there else "change" if id_ in after else "remove"
            detail = _in_codes(states[1] or states[0])
            audit.record(conn, program_id, by, f"limit.{verb}", ("limit", id_), now=now, detail=detail, states=states)
    return queries.limits(conn, program_id)


def _in_codes(limit: Limit | None) -> str:
    """Return a limit as the audit's detail says it: ``member:receipts:day:5:hard``."""
    if limit is None:
        return ""
    force = "hard" if limit.hard else "soft"
    return f"{limit.subject}:{limit.measure}:{limit.window}:{limit.most}:{force}"
