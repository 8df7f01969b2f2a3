"""Shares of a scale that were agreed with a company or a buying group, and steps that staff set by hand."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.progress import engine
from verno.progress.engine import Board
from verno.progress.queries import SQL
from verno.progress.service.counting import set_floors
from verno.progress.types import (
    Agreed,
    Agreement,
    Lift,
    NewFloor,
    NotAgreed,
    Refusal,
    Scale,
    Source,
    Stored,
    Tiers,
)
from verno.workspace import audit
from verno.workspace.audit import Actor


def agree(
    conn: Connection, program_id: str, wanted: Sequence[Agreement], *, on: Board, by: Actor, now: datetime
) -> list[Agreed | NotAgreed]:
    """Let agreements hold, or no longer (no share): one result per item, in order; one owner, track and day once.

    ``owner_id`` is a member's or ``queries.group_owner``'s. What holds already changes nothing. Refusals:
    ``unknown-track``, ``not-a-scale``, ``bad-dates``.
    """
    results: list[Agreed | NotAgreed] = []
    rows: dict[int, dict[str, object]] = {}
    tracks = {one.track.code: one for one in on.stored}
    for index, one in enumerate(wanted):
        refused = _refused(tracks.get(one.track), one)
        results.append(refused or Agreed(changed=False))
        if refused is None:
            track = tracks[one.track].id
            rows[index] = {
                "owner_id": one.owner_id,
                "track_id": track,
                "share": one.share,
                "first": one.first,
                "last": one.last if one.share is not None else None,
                "index": index,
            }
    if not rows:
        return results
    parameters = {"program": program_id, "now": now, "by": by.id, "rows": batches.rows(list(rows.values()))}
    for (index,) in conn.execute(SQL["agree"], parameters).fetchall():
        one, results[index] = wanted[index], Agreed(changed=True)
        share = "none" if one.share is None else str(one.share)
        last = f"..{one.last}" if one.last is not None and one.share is not None else ""
        detail = f"{one.track}:{one.first}{last}={share}"
        audit.record(conn, program_id, by, "contract.agree", ("contract", one.owner_id), now=now, detail=detail)
    return results


def lift(conn: Connection, program_id: str, wanted: Lift, *, on: Board, by: Actor, now: datetime) -> NotAgreed | None:
    """Set a step by hand from today through a date: nobody stands lower while it holds, and nobody is brought down.

    Refusals: ``unknown-track``, ``not-tiers``, ``unknown-step``, ``bad-dates``.
    """
    today = engine.today_of(on, now)
    stored = next((one for one in on.holding(today) if one.track.code == wanted.track), None)
    if stored is None:
        return NotAgreed(Refusal.UNKNOWN_TRACK)
    if not isinstance(stored.track.settings, Tiers):
        return NotAgreed(Refusal.NOT_TIERS)
    if wanted.step not in {step.code for step in stored.track.steps}:
        return NotAgreed(Refusal.UNKNOWN_STEP)
    if wanted.last < today:
        return NotAgreed(Refusal.BAD_DATES)
    key = f"hand/{new_id(now=now)}"
    floor = NewFloor(
        holder_id=wanted.holder_id,
        track_id=stored.id,
        step=wanted.step,
        first=today,
        last=wanted.last,
        source=Source.HAND,
        key=key,
        by=by.id,
        reason=wanted.reason,
    )
    set_floors(conn, program_id, [floor], on=on, now=now)
    detail = f"{wanted.track}:{wanted.step}..{wanted.last}={wanted.reason}"
    audit.record(conn, program_id, by, "tier.set", ("member", wanted.holder_id), now=now, detail=detail)
    return None


def _refused(stored: Stored | None, one: Agreement) -> NotAgreed | None:
    if stored is None:
        return NotAgreed(Refusal.UNKNOWN_TRACK)
    if not isinstance(stored.track.settings, Scale):
        return NotAgreed(Refusal.NOT_A_SCALE)
    if one.last is not None and one.last < one.first:
        return NotAgreed(Refusal.BAD_DATES)
    return None
