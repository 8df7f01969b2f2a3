"""Households: opened, joined by code or by staff, left. Their pool of points is the business of corrections.

Members are locked first, then the household; a merge of two members takes the members' locks too.
"""

import secrets as random
from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.kit import batches, ids
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.members import merging, queries
from verno.members.households.types import (
    INVITED_FOR,
    MAX_INVITATIONS,
    Household,
    Invited,
    Joined,
    Left,
    Mate,
    NotJoined,
    Refused,
    Role,
    Rules,
)
from verno.members.identity import lookup_hash
from verno.members.queries import SQL
from verno.members.types import MemberKind

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10
"""50 bits: with ten thousand codes open, a million guesses a day find one in 300 years."""
_LOOKS_LIKE = str.maketrans("OIL", "011")


def of(conn: Connection, program_id: str, holder_ids: Sequence[str]) -> dict[str, Household]:
    """Return the households that members are in, by member; two round trips. Who is in none is absent."""
    wanted = batches.rows([id_ for id_ in holder_ids if is_id(id_)])
    found = conn.execute(SQL["households_of"], {"program": program_id, "ids": wanted}).fetchall()
    mates = _mates(conn, [household for _, household, _ in found])
    return {holder: Household(id_, created, mates.get(id_, [])) for holder, id_, created in found}


def get(conn: Connection, program_id: str, household_ids: Sequence[str]) -> dict[str, Household]:
    """Return households by id, those that are open; two round trips."""
    wanted = batches.rows([id_ for id_ in household_ids if is_id(id_)])
    found = conn.execute(SQL["households"], {"program": program_id, "ids": wanted}).fetchall()
    mates = _mates(conn, [id_ for id_, _ in found])
    return {id_: Household(id_, created, mates.get(id_, [])) for id_, created in found}


def lock(conn: Connection, program_id: str, household_ids: Sequence[str]) -> dict[str, Household]:
    """Lock households until the transaction ends, so that nobody joins or leaves; those that are open."""
    for id_ in sorted(set(household_ids)):
        _lock(conn, program_id, id_)
    return get(conn, program_id, household_ids)


def open_household(conn: Connection, program_id: str, head_id: str, *, now: datetime) -> Joined | Refused:
    """Open a household with its head.

    Refusals: ``unknown-member``, ``not-a-person``, ``in-a-household``, ``left-one-lately``.
    """
    refused = _cannot_join(conn, program_id, head_id, now=now)
    if refused is not None:
        return refused
    household = ids.new_id(now=now)
    parameters = {"program": program_id, "household": household, "holder": head_id, "role": Role.HEAD, "now": now}
    conn.execute(SQL["add_household"], parameters)
    conn.execute(SQL["add_housemate"], parameters)
    return Joined(household)


def invite(conn: Connection, program_id: str, household_id: str, role: Role, *, now: datetime) -> Invited | Refused:
    """Make a code that lets one member in, for seven days.

    Refusals: ``unknown-household``, ``too-many-invitations``, ``not-the-head``.
    """
    if role is Role.HEAD:
        return Refused(NotJoined.NOT_THE_HEAD, "role", "a household has one head")
    if not _lock(conn, program_id, household_id):
        return _unknown()
    parameters = {"program": program_id, "household": household_id, "now": now}
    row = conn.execute(SQL["invitations_of"], parameters).fetchone()
    if row and row[0] >= MAX_INVITATIONS:
        return Refused(NotJoined.TOO_MANY_INVITATIONS, "", f"a household has at most {MAX_INVITATIONS} open codes")
    code = "".join(random.choice(ALPHABET) for _ in range(CODE_LENGTH))
    until = now + INVITED_FOR
    conn.execute(SQL["add_invitation"], parameters | {"code": _hash(program_id, code), "role": role, "until": until})
    return Invited(code, role, until)


def accept(
    conn: Connection, program_id: str, code: str, holder_id: str, rules: Rules, *, now: datetime
) -> Joined | Refused:
    """Let a member in by a code, once. Refusals: ``bad-code``, and those of ``add``; then the code is good still."""
    with conn.transaction() as savepoint:
        parameters = {"program": program_id, "code": _hash(program_id, code), "now": now}
        row = conn.execute(SQL["take_invitation"], parameters).fetchone()
        if row is None:
            return Refused(NotJoined.BAD_CODE, "code", "the code is wrong, used or over")
        done = add(conn, program_id, row[0], holder_id, Role(row[1]), rules, now=now)
        savepoint.force_rollback = isinstance(done, Refused)
    return done


def add(
    conn: Connection, program_id: str, household_id: str, holder_id: str, role: Role, rules: Rules, *, now: datetime
) -> Joined | Refused:
    """Let a member in. Refusals: ``unknown-household``, ``household-full``, and those of ``open_household``."""
    if role is Role.HEAD:
        return Refused(NotJoined.NOT_THE_HEAD, "role", "a household has one head")
    refused = _cannot_join(conn, program_id, holder_id, now=now)
    if refused is not None:
        return refused
    if not _lock(conn, program_id, household_id):
        return _unknown()
    if len(get(conn, program_id, [household_id])[household_id].mates) >= rules.most:
        return Refused(NotJoined.FULL, "", f"a household has at most {rules.most} members")
    parameters = {"program": program_id, "household": household_id, "holder": holder_id, "role": role, "now": now}
    conn.execute(SQL["add_housemate"], parameters)
    return Joined(household_id)


def leave(
    conn: Connection, program_id: str, household_id: str, holder_id: str, rules: Rules, *, now: datetime
) -> Left | Refused:
    """Let a member go. After the head the adult who came first is it; without one the household is closed.

    Who left may join another household after the program's days; those whom a household that closed left behind may at
    once. The caller has emptied the pool of a household that will close (``last_adult``).
    Refusals: ``unknown-household``, ``not-in-the-household``.
    """
    if not _lock(conn, program_id, household_id):
        return _unknown()
    there = get(conn, program_id, [household_id])[household_id]
    mate = there.mate(holder_id)
    if mate is None:
        return Refused(NotJoined.NOT_IN_IT, "member", "is not in this household")
    parameters = {"program": program_id, "household": household_id, "holder": holder_id, "now": now}
    conn.execute(SQL["leave_household"], parameters | {"free": now + timedelta(days=rules.cooling_days)})
    head = there.mates[0].holder_id
    if mate.role is Role.HEAD:
        heir = _heir(there, holder_id)
        if heir is None:
            conn.execute(SQL["leave_household"], parameters | {"holder": None, "free": now})
            conn.execute(SQL["close_household"], parameters)
            conn.execute(SQL["forget_invitations"], parameters)
            return Left(household_id, None)
        conn.execute(SQL["set_housemate"], parameters | {"holder": heir.holder_id, "role": Role.HEAD})
        head = heir.holder_id
    return Left(household_id, head)


def last_adult(household: Household, holder_id: str) -> bool:
    """Tell whether a household closes when a member leaves."""
    mate = household.mate(holder_id)
    return mate is not None and mate.role is Role.HEAD and _heir(household, holder_id) is None


def _heir(household: Household, holder_id: str) -> Mate | None:
    """Return who is head after a member: an adult, or another head, whom an undone merge has left."""
    grown = [one for one in household.mates if one.role is not Role.CHILD and one.holder_id != holder_id]
    return next(iter(grown), None)


def _cannot_join(conn: Connection, program_id: str, holder_id: str, *, now: datetime) -> Refused | None:
    """Lock a member and say why they cannot join a household.

    Whoever named them followed a merge; one that came in between would put the survivor in two households unseen.
    """
    standing = merging.lock(conn, program_id, [holder_id] if is_id(holder_id) else [])
    if holder_id not in standing:
        return Refused(NotJoined.UNKNOWN_MEMBER, "member", "there is no such member")
    if standing[holder_id].into_id is not None:
        return Refused(NotJoined.UNKNOWN_MEMBER, "member", "has been merged into another member: name that one")
    if queries.members(conn, program_id, [holder_id])[holder_id].kind is not MemberKind.PERSON:
        return Refused(NotJoined.NOT_A_PERSON, "member", "a company is in no household")
    if of(conn, program_id, [holder_id]):
        return Refused(NotJoined.IN_A_HOUSEHOLD, "member", "is in a household already")
    row = conn.execute(SQL["free_from"], {"holder": holder_id}).fetchone()
    if row and row[0] and row[0] > now:
        return Refused(NotJoined.COOLING, "member", "has left a household lately")
    return None


def _lock(conn: Connection, program_id: str, household_id: str) -> bool:
    if not is_id(household_id):
        return False
    parameters = {"program": program_id, "household": household_id}
    return conn.execute(SQL["lock_household"], parameters).fetchone() is not None


def _mates(conn: Connection, household_ids: Sequence[str]) -> dict[str, list[Mate]]:
    out: dict[str, list[Mate]] = {}
    if household_ids:
        found = conn.execute(SQL["housemates"], {"ids": batches.rows(sorted(set(household_ids)))}).fetchall()
        for household, holder, role, joined in found:
            out.setdefault(household, []).append(Mate(holder, Role(role), joined))
    return out


def _hash(program_id: str, code: str) -> str:
    plain = "".join(code.upper().split()).replace("-", "").translate(_LOOKS_LIKE)
    return lookup_hash(program_id, "household-invitation", plain)


def _unknown() -> Refused:
    return Refused(NotJoined.UNKNOWN_HOUSEHOLD, "", "there is no such household")
