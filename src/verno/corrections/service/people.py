"""Who of the staff is which member: nobody corrects their own account, nor agrees to a correction of it."""

from collections.abc import Iterable
from datetime import datetime

from verno.corrections.queries import SQL
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.identity import Kind, lookup_hash, normalise
from verno.workspace import queries as workspace


def own_accounts(conn: Connection, program_id: str, staff_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return the members that people of the staff are: by their e-mail, and by what was declared."""
    wanted = sorted(set(staff_ids))
    if not wanted:
        return {}
    parameters = {"ids": wanted, "program": program_id}
    country = workspace.program(conn, program_id).country
    out: dict[str, set[str]] = {staff: set() for staff in wanted}
    keys: dict[members.Key, str] = {}
    for staff, email in conn.execute(SQL["staff_emails"], parameters).fetchall():
        normal = normalise(Kind.EMAIL, email, country=country)
        if normal is not None:
            keys[Kind.EMAIL, lookup_hash(program_id, Kind.EMAIL, normal)] = staff
    for key, holder in members.find_holders(conn, program_id, keys).items():
        out[keys[key]].add(holder)
    declared = conn.execute(SQL["own_accounts"], parameters).fetchall()
    survivors = members.survivors(conn, program_id, [holder for _, holder in declared])
    for staff, account in declared:
        out[staff].add(str(survivors.get(account, account)))
    return out


def declare_own(conn: Connection, program_id: str, staff_id: str, holder_id: str, *, now: datetime) -> None:
    """Say that a member's account belongs to somebody of the staff; said once, it is said."""
    parameters = {"staff": staff_id, "holder": holder_id, "program": program_id, "now": now}
    conn.execute(SQL["declare_own"], parameters)
