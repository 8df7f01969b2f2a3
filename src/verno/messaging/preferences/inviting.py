"""Asking the reader of an address whether it is theirs, and taking their word."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit.db import Connection
from verno.members import queries, service
from verno.members.consent import confirming
from verno.members.consent.state import LINK
from verno.members.types import ConsentFact, Proof
from verno.messaging import service as messaging
from verno.messaging.letters import confirm
from verno.messaging.preferences.links import CONFIRM_LIFE, Address
from verno.messaging.preferences.sheet import ACCOUNT
from verno.messaging.types import Draft, Planned
from verno.workspace.types import Program


def ask(conn: Connection, program: Program, holders: Sequence[str], *, now: datetime) -> int:
    """Plan a confirmation letter to each member whose e-mail is not confirmed; returns how many were planned.

    One a day to an address. The same round trips whatever their number.
    """
    people = queries.members(conn, program.id, holders)
    known = queries.identities(conn, holders)
    drafts = []
    for holder, person in people.items():
        email = known.get(holder, {}).get("email")
        if email is None or email.verified_at is not None:
            continue
        context = {"address_hash": email.value_hash, "until": now + CONFIRM_LIFE, "zone": program.timezone}
        key = f"confirm-email/{email.value_hash[:16]}/{now.date()}"
        drafts.append(Draft(holder, ACCOUNT.code, confirm.TEMPLATE, person.locale or program.locale, context, key))
    if not drafts:
        return 0
    service.ensure_topics(conn, program.id, [ACCOUNT])
    results = messaging.plan(conn, program.id, drafts, now=now)
    return sum(isinstance(one, Planned) for one in results)


def take(conn: Connection, address: Address, proof: Proof, *, now: datetime) -> Sequence[ConsentFact] | None:
    """Confirm an address by its letter's link; None for a link whose time is over or whose address is another by now.

    Who was merged meanwhile is whom they are now.
    """
    if now >= address.until:
        return None
    holder = queries.survivors(conn, address.program_id, [address.holder_id]).get(address.holder_id, address.holder_id)
    return confirming.confirm(
        conn, address.program_id, holder, "email", address.address_hash, method=LINK, proof=proof, now=now
    )
