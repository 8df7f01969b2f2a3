"""Who reads a company's letter: its accountant, else its decision maker, else whoever reads its own e-mail.

A contact who has left the topic, who never agreed where the country asks for that, or whose address takes nothing, is
passed over; what the letter's link leaves is the
reader's own subscription, not the company's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.members.companies import contacts
from verno.members.companies.types import CompanyContact, ContactRole
from verno.members.service import POINTS_STATEMENT
from verno.messaging import facts
from verno.messaging.facts import Reach
from verno.messaging.letters import turnover
from verno.messaging.types import CHANNEL_EMAIL

SPOKEN = frozenset({turnover.TEMPLATE})
"""Letters that go to who speaks for a company."""
ROLES = (ContactRole.ACCOUNTANT, ContactRole.DECISION_MAKER)
"""Who is written to, in this order; of two in one role the one who was named first."""


class Reader(msgspec.Struct, frozen=True):
    """A contact who gets a company's letter. ``id`` is what their consents are kept under. The address is in clear."""

    id: str
    address: str


Readers = Mapping[str, Reader]
"""By company; those whose letter goes to their own e-mail are absent."""
NOBODY: Readers = {}


def is_spoken(template: str, channel: str) -> bool:
    """Tell whether a message goes to a contact, where there is one."""
    return template in SPOKEN and channel == CHANNEL_EMAIL


def readers(conn: Connection, program_id: str, companies: Sequence[str], *, now: datetime) -> Readers:
    """Return which contact reads each company's letter; nothing is asked where there is no company."""
    if not companies:
        return NOBODY
    found = contacts.of(conn, program_id, sorted(set(companies)))
    if not found:
        return NOBODY
    house = facts.house(conn, program_id, now=now)
    class_ = house.classes.get(POINTS_STATEMENT)
    asks = class_ is None or house.rules.needs_grant(class_, CHANNEL_EMAIL)
    willing = {company: _willing(some, asks=asks) for company, some in found.items()}
    addresses = {one.id: one.email for some in willing.values() for one in some if one.email}
    dead = facts.suppressed(conn, program_id, CHANNEL_EMAIL, addresses)
    first = {company: next((one for one in some if one.id not in dead), None) for company, some in willing.items()}
    return {company: Reader(one.speaker_id, one.email) for company, one in first.items() if one and one.email}


def reach(conn: Connection, program_id: str, found: Readers, *, topics: Sequence[str]) -> Reach:
    """Return how readers can be reached, by their own id."""
    addresses = {one.id: one.address for one in found.values()}
    return facts.load(conn, program_id, CHANNEL_EMAIL, sorted(addresses), addresses=addresses, topics=topics)


def _willing(some: Sequence[CompanyContact], *, asks: bool) -> list[CompanyContact]:
    asked = [one for role in ROLES for one in some if one.role is role and one.email]
    return [one for one in asked if _agrees(one, asks=asks)]


def _agrees(contact: CompanyContact, *, asks: bool) -> bool:
    said = [one for one in contact.consents if (one.topic, one.channel) == (POINTS_STATEMENT, CHANNEL_EMAIL)]
    newest = max(said, key=lambda one: (one.at, not one.granted), default=None)
    return not asks if newest is None else newest.granted
