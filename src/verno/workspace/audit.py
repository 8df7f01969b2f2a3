"""Who changed what, and who read whose personal data: an append-only table of codes, ids and hashes.

It holds nothing personal.

Every change that a person or a key makes to the installation's frame is written here in the transaction of the change
itself, so that neither is ever there without the other.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec
from psycopg.rows import args_row

from verno.kit import batches, secrets
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import new_ids
from verno.workspace.queries import SQL

PAGE = 50

_CODE = re.compile(r"[a-z0-9][a-z0-9_.:=,~>-]{0,199}")
"""What an action and a detail may be: codes, so that no name and no address can slip in."""


class ActorKind(StrEnum):
    """What kind of hand made a change."""

    STAFF = "staff"
    KEY = "key"
    OPERATOR = "operator"
    """Whoever may run ``verno`` on the server."""
    SYSTEM = "system"


class Actor(msgspec.Struct, frozen=True):
    """Who acts: an id, never a name. ``address`` is the network address the act came from, where there is one."""

    kind: ActorKind
    id: str
    address: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "verno")
"""The house itself: jobs, the demo, the bench."""


class Act(NamedTuple):
    """One change to tell, see ``record``."""

    action: str
    about: tuple[str, str]
    detail: str = ""
    states: tuple[object, object] = (None, None)


class Entry(msgspec.Struct, frozen=True):
    """One line of the audit."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    address: str | None
    action: str
    object_kind: str
    object_id: str
    detail: str
    before_hash: str | None
    after_hash: str | None


def record(
    conn: Connection,
    program_id: str,
    by: Actor,
    action: str,
    about: tuple[str, str],
    *,
    now: datetime,
    detail: str = "",
    states: tuple[object, object] = (None, None),
) -> None:
    """Write that ``by`` did ``action`` to ``about``, in the caller's transaction.

    ``action`` is ``<kind>.<verb>`` (``staff.role``), ``about`` (kind, id) of the object, ``detail`` a code that says
    more (``cashier>support``). ``states`` are (before, after), any JSON: only their keyed hashes are stored, which
    tell whether two states are the same and nothing else. Raises ``BrokenInvariant`` for what is not a code.
    """
    record_all(conn, program_id, by, [Act(action, about, detail, states)], now=now)


def record_all(conn: Connection, program_id: str, by: Actor, acts: Sequence[Act], *, now: datetime) -> None:
    """Write what ``by`` did, in order, see ``record``: one statement for all of it, none for nothing."""
    if not acts:
        return
    rows = []
    for id_, act in zip(new_ids(len(acts), now=now), acts, strict=True):
        _check(act.action, *([act.detail] if act.detail else []))
        before, after = (state and state.hex() for state in map(digest, act.states))
        kind, about = act.about
        rows.append(
            {
                "id": id_,
                "action": act.action,
                "kind": kind,
                "about": about,
                "detail": act.detail,
                "before": before,
                "after": after,
            }
        )
    conn.execute(
        SQL["add_audit"],
        {
            "program": program_id,
            "at": now,
            "actor_kind": by.kind,
            "actor_id": by.id,
            "address": by.address,
            "rows": batches.rows(rows),
        },
    )


def record_reading(
    conn: Connection, program_id: str, by: Actor, member_ids: Iterable[str], *, now: datetime, detail: str
) -> None:
    """Write that ``by`` is shown personal data of members in full, in the transaction that reads them.

    One line a member and never the data; one statement for all of them, none for nobody. ``detail`` is a code of the
    door or page. Raises ``BrokenInvariant`` for what is not a code.
    """
    wanted = sorted(set(member_ids))
    if not wanted:
        return
    _check(detail)
    rows = [{"id": id_, "member": member} for id_, member in zip(new_ids(len(wanted), now=now), wanted, strict=True)]
    parameters = {"program": program_id, "at": now, "detail": detail, "rows": batches.rows(rows)}
    who = {"actor_kind": by.kind, "actor_id": by.id, "address": by.address}
    conn.execute(SQL["add_readings"], parameters | who)


def _check(*codes: str) -> None:
    if not all(_CODE.fullmatch(code) for code in codes):
        message = "the audit takes codes, no words"
        raise BrokenInvariant(message)


def digest(state: object) -> bytes | None:
    """Return the keyed hash of a state, None of none: keyed, since few values would else be guessed from their hash."""
    if state is None:
        return None
    return secrets.mac("audit", msgspec.json.encode(state, order="deterministic"))


def last(conn: Connection, program_id: str, kind: str, action: str) -> datetime | None:
    """Return when ``action`` was last done to a thing of a kind of which there are few."""
    row = conn.execute(SQL["audit_last"], {"program": program_id, "kind": kind, "action": action}).fetchone()
    return row[0] if row else None


def page(
    conn: Connection,
    program_id: str,
    *,
    before: tuple[datetime, str] | None = None,
    about: tuple[str, str] | None = None,
    reading: bool | None = None,
    limit: int = PAGE,
) -> Sequence[Entry]:
    """Return entries of a program, newest first, those before (at, id), of one object when ``about`` names it.

    ``reading`` asks for readings of personal data alone, or for all but them; None for everything.
    """
    parameters = {
        "program": program_id,
        "before_at": before[0] if before else None,
        "before_id": before[1] if before else None,
        "object_kind": about[0] if about else None,
        "object_id": about[1] if about else None,
        "reading": reading,
        "limit": limit,
    }
    return conn.cursor(row_factory=args_row(Entry)).execute(SQL["audit_page"], parameters).fetchall()
