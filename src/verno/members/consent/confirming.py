"""Addresses that are confirmed: by the link of a letter, by a code, or by whoever vouches for it."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit.db import Connection
from verno.members import queries, service
from verno.members.consent.state import ADDRESS_OF
from verno.members.queries import SQL
from verno.members.types import Action, ConsentFact, Proof, Purpose, State


def confirm(
    conn: Connection,
    program_id: str,
    holder_id: str,
    kind: str,
    address_hash: str,
    *,
    method: str,
    proof: Proof,
    now: datetime,
) -> Sequence[ConsentFact] | None:
    """Note that an address is the member's, and confirm what waited for it; returns the confirmations.

    None when the member has another address by now: a link to the old one confirms nothing. A second time changes
    nothing. Three round trips.
    """
    parameters = {
        "program": program_id,
        "holder": holder_id,
        "kind": kind,
        "value": address_hash,
        "now": now,
        "method": method,
    }
    waiting = [
        one
        for one in queries.standings(conn, [holder_id], now=now).get(holder_id, [])
        if one.state is State.UNCONFIRMED and ADDRESS_OF.get(one.channel) == kind
    ]
    if conn.execute(SQL["verify_identity"], parameters).fetchone() is None:
        return None
    facts = [
        ConsentFact(
            *(holder_id, one.topic, one.channel, False, now, method, None, None, Purpose.ADVERTISING, Action.CONFIRM),
            proof=proof,
        )
        for one in waiting
    ]
    service.record_consents(conn, program_id, facts, now=now)
    return facts
