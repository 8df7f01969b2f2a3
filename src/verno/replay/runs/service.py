"""Verbs of runs: start, start again, cancel; and what a worker says of the run it has."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts.service import MAX_BODY, Desk
from verno.promotions.service import hand
from verno.replay.reading import SQL
from verno.replay.runs import queries
from verno.replay.runs.types import KEEP, MOST_OPEN, OPEN, SILENCE, NewRun, Refusal, Refused, Run, State
from verno.replay.types import Kept, Loss, Report
from verno.workspace import audit
from verno.workspace.audit import Actor


def start(desk: Desk, wanted: NewRun, *, by: Actor, now: datetime) -> Run | Refused:
    """Have a rulebook replayed by the next worker that is free; the rulebook is kept as it is now.

    Refusals: ``unknown-draft``, ``not-valid`` with all that is wrong, ``too-long``, ``empty-period``, ``too-many``.
    """
    found = _body(desk, wanted)
    if isinstance(found, Refused):
        return found
    title, body, revision = found
    if wanted.period.since >= wanted.period.until:
        return Refused(Refusal.EMPTY_PERIOD, "the period ends before it begins")
    problems = drafts.problems(body, known=desk.known, units=desk.units)
    if problems:
        return Refused(Refusal.NOT_VALID, "something is wrong with the rules", problems)
    if _are_many(desk, now):
        return Refused(Refusal.TOO_MANY, f"{MOST_OPEN} replays are waiting already")
    id_ = new_id(now=now)
    parameters = {
        "id": id_,
        "program": desk.program_id,
        "draft": wanted.draft,
        "revision": revision,
        "title": title,
        "body": msgspec.json.encode(body).decode(),
        "since": wanted.period.since,
        "until": wanted.period.until,
        "as_sold": wanted.period.as_sold,
        "by": hand(by),
        "now": now,
    }
    desk.conn.execute(SQL["add_run"], parameters)
    desk.conn.execute(SQL["forget_runs"], {"program": desk.program_id, "keep": KEEP})
    _note(desk, by, "start", id_, now)
    return _read(desk, id_, now)


def again(desk: Desk, id_: str, *, by: Actor, now: datetime) -> Run | Refused:
    """Start a run anew that has come to nothing: of a draft as it is now, of a rulebook as it was.

    Refusals: ``unknown-run``, ``not-over``, and those of ``start``.
    """
    found = queries.run(desk.conn, desk.program_id, id_, now=now)
    if found is None:
        return Refused(Refusal.UNKNOWN_RUN, "there is no such replay")
    if found.state in {*OPEN, State.DONE}:
        return Refused(Refusal.NOT_OVER, "this replay is under way, or done")
    body = None if found.draft is not None else queries.body(desk.conn, desk.program_id, id_)
    wanted = NewRun(period=found.period, draft=found.draft, body=body, title=found.title)
    return start(desk, wanted, by=by, now=now)


def cancel(desk: Desk, id_: str, *, by: Actor, now: datetime) -> Run | Refused:
    """Let a run be over at once; its worker stops within a second. One that is over stays as it is."""
    found = queries.run(desk.conn, desk.program_id, id_, now=now)
    if found is None:
        return Refused(Refusal.UNKNOWN_RUN, "there is no such replay")
    if desk.conn.execute(SQL["cancel_run"], {"program": desk.program_id, "id": id_, "now": now}).fetchone():
        _note(desk, by, "cancel", id_, now)
    return _read(desk, id_, now)


def claim(conn: Connection, program_id: str, worker: str, *, now: datetime, id_: str | None = None) -> str | None:
    """Take the run of this id, else the oldest that waits; what a killed worker had is marked as interrupted."""
    conn.execute(SQL["mark_interrupted"], {"program": program_id, "now": now, "alive": now - SILENCE})
    row = conn.execute(SQL["claim_run"], {"program": program_id, "worker": worker, "now": now, "id": id_}).fetchone()
    return None if row is None else str(row[0])


def tell(conn: Connection, id_: str, worker: str, done: int, total: int | None, *, now: datetime) -> bool:
    """Say how far a run is; False when it is not this worker's any more."""
    parameters = {"id": id_, "worker": worker, "done": done, "total": total, "now": now}
    return conn.execute(SQL["tell_run"], parameters).fetchone() is not None


def release(conn: Connection, id_: str, worker: str, state: State, *, now: datetime) -> None:
    """Give a run back: to wait for another worker, or as interrupted or cancelled."""
    finished = None if state is State.WAITING else now
    conn.execute(SQL["release_run"], {"id": id_, "worker": worker, "state": state, "finished_at": finished})


def finish(
    conn: Connection, run: Run, worker: str, found: Report | tuple[str, ...], *, kept: bool, now: datetime
) -> bool:
    """Write what came out, or why nothing did; False when the run is not this worker's any more."""
    is_report = isinstance(found, Report)
    parameters = {
        "id": run.id,
        "worker": worker,
        "state": State.DONE if is_report else State.REFUSED,
        "done": found.receipts if isinstance(found, Report) else 0,
        "problems": None if is_report else _json(found),
        "result": _json(found) if is_report else None,
        "kept": kept,
        "now": now,
    }
    return conn.execute(SQL["finish_run"], parameters).fetchone() is not None


def write_losses(conn: Connection, program_id: str, id_: str, losses: Iterable[Loss]) -> None:
    """Keep whom a run's draft would cost something."""
    before = 0
    for some in batches.batched(losses, batches.MAX_BATCH):
        parameters = {"run": id_, "program": program_id, "before": before, "rows": batches.rows(some)}
        conn.execute(SQL["add_losses"], parameters)
        before += len(some)


def kept(run: Run, found: Report, *, now: datetime) -> Kept:
    """Return what is kept of a report with its draft."""
    return Kept(
        revision=run.revision or 0,
        run=run.id,
        at=now,
        since=run.since,
        until=run.until,
        receipts=found.receipts,
        members=found.members,
        price=found.price,
        current_cost=found.current.cost,
        draft_cost=found.draft.cost,
        current_discount=found.current.discount,
        draft_discount=found.draft.discount,
        winners=found.winners,
        losers=found.losers,
        loss=found.loss,
        movers=sum([move.members for track in found.tracks for move in track.moves]),
        most_share=found.most_share,
        is_dear=found.is_dear,
        over=found.over,
        liability=found.liability,
    )


def _body(desk: Desk, wanted: NewRun) -> tuple[str, dict[str, object], int | None] | Refused:
    """Return title, body and revision of what is to be replayed."""
    if wanted.draft is None:
        body = wanted.body or {}
        if len(msgspec.json.encode(body)) > MAX_BODY:
            return Refused(Refusal.TOO_LONG, f"a rulebook has at most {MAX_BODY} bytes")
        return wanted.title, body, None
    found = drafts.draft(desk.conn, desk.program_id, wanted.draft, known=desk.known, units=desk.units)
    if found is None:
        return Refused(Refusal.UNKNOWN_DRAFT, f"there is no draft {wanted.draft}")
    return found.row.title, found.body, found.row.revision


def _are_many(desk: Desk, now: datetime) -> bool:
    parameters = {"program": desk.program_id, "alive": now - SILENCE}
    row = desk.conn.execute(SQL["count_open_runs"], parameters).fetchone()
    return row is not None and row[0] >= MOST_OPEN


def _read(desk: Desk, id_: str, now: datetime) -> Run:
    found = queries.run(desk.conn, desk.program_id, id_, now=now)
    assert found is not None  # noqa: S101 it has just been written
    return found


def _note(desk: Desk, by: Actor, verb: str, id_: str, now: datetime) -> None:
    audit.record(desk.conn, desk.program_id, by, f"replay.{verb}", ("replay", id_), now=now)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
