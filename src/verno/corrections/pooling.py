"""The pool of a household: an account like a member's, held under the household's id.

What goes in or out is a transfer between two holders, as between members: through the clearing account, lot by lot, and
never younger. The ledger's locks keep a pool from being spent twice, as they keep a member's points.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.corrections.naming import fingerprint
from verno.corrections.service import people
from verno.corrections.service.sending import move
from verno.corrections.types import Asked, By, ByKind, Kind, Outcome, Pooling, Refusal, Refused, Transfer
from verno.intake.types import MemberRef
from verno.kit import ids
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.types import Balance
from verno.members.households import service as households
from verno.members.households.types import Household, Left, Role, Rules
from verno.members.households.types import Refused as NotDone
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.types import Program

REASON = "household"
CLOSED = "household-closed"


class Moving(msgspec.Struct, frozen=True):
    """Points of a household on their way, by somebody who is in it."""

    household_id: str
    holder_id: str
    body: Pooling
    key: str
    fingerprint: str
    by: By


def rules(conn: Connection, program_id: str) -> Rules:
    """Return what the program says of households."""
    book = settings.load(conn, program_id)
    return Rules(book.value(registry.HOUSEHOLD_MOST), book.value(registry.HOUSEHOLD_COOLING))


def contribute(conn: Connection, program: Program, wanted: Moving, *, now: datetime) -> Outcome:
    """Put a member's available points into the pool of their household.

    Refusals: ``not-allowed`` (the setting ``households.pools``), ``not-in-the-household``, and those of a transfer.
    """
    refused = _refusal(conn, program, wanted, tuple(Role))
    return refused or _moved(conn, program, wanted, wanted.holder_id, wanted.household_id, now=now)


def draw(conn: Connection, program: Program, wanted: Moving, *, now: datetime) -> Outcome:
    """Take points out of the pool, for a head or an adult of the household; refusals as above."""
    refused = _refusal(conn, program, wanted, (Role.HEAD, Role.ADULT))
    return refused or _moved(conn, program, wanted, wanted.household_id, wanted.holder_id, now=now)


def leave(
    conn: Connection, program: Program, household_id: str, holder_id: str, by: By, *, now: datetime
) -> Left | NotDone | Refused:
    """Let a member leave. When the household closes with it, what is in the pool is theirs, the last adult's.

    Refusals: ``unknown-household``, ``not-in-the-household``; ``over-limit`` (they may not hold so much).
    """
    for household in households.lock(conn, program.id, [household_id]).values():
        if households.last_adult(household, holder_id):
            refused = _empty(conn, program, household, holder_id, by, now=now)
            if refused is not None:
                return refused
    return households.leave(conn, program.id, household_id, holder_id, rules(conn, program.id), now=now)


def balances(conn: Connection, household_id: str, *, now: datetime) -> Sequence[Balance]:
    """Return what is in a pool."""
    return ledger.balances(conn, [household_id], now=now).get(household_id, [])


def _refusal(conn: Connection, program: Program, wanted: Moving, roles: Sequence[Role]) -> Refused | None:
    """Lock the household, so that nobody leaves meanwhile, and say why no points may move."""
    if not settings.value(conn, program.id, registry.HOUSEHOLD_POOLS):
        words = f"a household has a pool only where the setting {registry.HOUSEHOLD_POOLS.key} is on"
        return Refused(Refusal.NOT_ALLOWED, "", words)
    household = households.lock(conn, program.id, [wanted.household_id]).get(wanted.household_id)
    mate = household.mate(wanted.holder_id) if household else None
    if mate is None:
        return Refused(Refusal.NOT_IN_HOUSEHOLD, "member", "is not in this household")
    if mate.role not in roles:
        return Refused(Refusal.NOT_ALLOWED, "member", "children take nothing out of the pool")
    by = wanted.by
    own = people.own_accounts(conn, program.id, [by.id] if by.kind is ByKind.STAFF else [])
    if wanted.holder_id in own.get(by.id, ()):
        return Refused(Refusal.OWN_ACCOUNT, "", "nobody corrects their own account")
    return None


def _moved(conn: Connection, program: Program, wanted: Moving, from_id: str, to_id: str, *, now: datetime) -> Outcome:
    body = Transfer(wanted.body.member, wanted.body.unit, wanted.body.points)
    asked = Asked(from_id, body, wanted.key, wanted.fingerprint, wanted.by, to_id)
    return move(conn, program, [asked], REASON, now=now)[0]


def _empty(
    conn: Connection, program: Program, household: Household, holder_id: str, by: By, *, now: datetime
) -> Refused | None:
    """Give all that is in a pool to a member, or nothing. The household's lock is what lets this happen once."""
    codes = {unit.id: unit.code for unit in workspace.units(conn, program.id)}
    attempt = ids.new_id(now=now)
    asked = []
    for one in balances(conn, household.id, now=now):
        if one.available > 0:
            body = Transfer(MemberRef(id=holder_id), codes[one.unit_id], one.available)
            key = f"household/{household.id}/closed/{codes[one.unit_id]}/{attempt}"
            asked.append(Asked(household.id, body, key, fingerprint(Kind.TRANSFER, household.id, body), by, holder_id))
    if not asked:
        return None
    with conn.transaction() as savepoint:
        outcomes = move(conn, program, asked, CLOSED, now=now)
        refused = next((one for one in outcomes if isinstance(one, Refused)), None)
        savepoint.force_rollback = refused is not None
    return refused
