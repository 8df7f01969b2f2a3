"""Members change whom their counts are added to: their kind, or their buying group."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.types import Belonging, MemberKind, NewMember, Result, Updated
from verno.progress import engine, queries
from verno.progress.engine import Owner
from verno.progress.queries import SQL
from verno.progress.service.counting import Pair, judge, pairs_of
from verno.progress.types import Whose
from verno.workspace.types import Program


def store_members(conn: Connection, program: Program, items: Sequence[NewMember], *, now: datetime) -> list[Result]:
    """Store members as ``members.service.upsert`` does, and judge whom another kind or buying group moves.

    What their receipts had counted goes along to the new group, and is missing in the old one. What a track's condition
    asks of a member is asked when a receipt comes, so that nothing else of theirs moves what was counted.
    """
    results = members.upsert(conn, program, items, now=now)
    moved = {one.member_id: one.was for one in results if isinstance(one, Updated) and one.was is not None}
    on = queries.judging(conn, program, now=now) if moved else None
    holding = on.holding(engine.today_of(on, now)) if on else []
    if on is None or not holding:
        return results
    pairs = pairs_of(queries.people(conn, program.id, moved, on.zone), holding)
    left = _left(conn, program.id, moved)
    for group, holder in left.items():
        owner = Owner(queries.group_owner(program.id, group), None, group)
        pairs += [Pair(owner, one.id, holder) for one in holding if engine.whose(one.track) is Whose.GROUP]
    judge(conn, program.id, on, pairs, now=now)
    return results


def _left(conn: Connection, program_id: str, moved: dict[str, Belonging]) -> dict[str, str]:
    """Return the groups that somebody has left, each with a company that stands for it: one that is there, if any."""
    groups = {
        one.buying_group: holder
        for holder, one in moved.items()
        if one.buying_group is not None and one.kind == MemberKind.COMPANY
    }
    if not groups:
        return {}
    parameters = {"program": program_id, "groups": batches.rows(sorted(groups))}
    return groups | dict(conn.execute(SQL["companies_of"], parameters).fetchall())
