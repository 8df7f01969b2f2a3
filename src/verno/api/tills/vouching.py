"""Whether a receipt may be taken from this caller, and whether somebody of the staff vouches for its member."""

from verno.api.access import need
from verno.api.tills.door import at_place
from verno.intake.quoting import token
from verno.intake.types import Approval, Approved, Receipt
from verno.kit import db
from verno.kit.clock import clock
from verno.web import wire
from verno.workspace import roles, staff
from verno.workspace.roles import Permission
from verno.workspace.types import Key, Scope


def read(key: Key, value: object, *, quoting: bool = False) -> Receipt | Approved:
    """Return the receipt that a body holds, once the key may send it.

    Raises ``problems.Refused``: 422 for its shape, 403 for a foreign place, 403 without ``points:spend`` where points
    are to be spent or held. A wrong PIN is no approval; the street then says what is missing.
    """
    receipt = wire.convert(value, Receipt)
    at_place(key, receipt.place)
    if not quoting and _touches_points(key, receipt):
        need(key, Scope.POINTS_SPEND)
    if receipt.approval is None:
        return receipt
    found = who(key.program_id, receipt.approval, Permission.TILL_APPROVE, receipt.place)
    return receipt if found is None else Approved(receipt, found)


def who(program_id: str, approval: Approval, permission: Permission, place: str | None = None) -> str | None:
    """Return the id of whoever's PIN this is, if they may do this: at a place, or for the program.

    In a transaction of its own, so that a wrong PIN is counted whatever becomes of the request.
    """
    with db.transaction(program_id) as conn:
        found = staff.verify_pin(conn, program_id, approval.staff, approval.pin, now=clock.now())
    return found.id if found is not None and roles.may(found, permission, place) else None


def _touches_points(key: Key, receipt: Receipt) -> bool:
    if receipt.spend or receipt.hold:
        return True
    offer = token.unseal(key.program_id, receipt.quote) if receipt.quote else None
    return offer is not None and bool(offer.wishes)
