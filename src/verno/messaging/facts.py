"""What ``decide`` needs to know, loaded for a whole batch: round trips do not depend on its size."""

from collections.abc import Sequence

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.members import identity
from verno.members import queries as members
from verno.messaging.types import (
    CHANNEL_EMAIL,
    AddressFacts,
    ConsentFact,
    MessageClass,
)

SQL = Statements("verno.messaging")

ADDRESS_KIND = {CHANNEL_EMAIL: "email"}
"""Which identity of a member is the address of a channel."""


class Reach(msgspec.Struct, frozen=True):
    """How members can be reached on one channel. Addresses are in clear: never stored, never logged."""

    addresses: dict[str, str]
    suppressed: dict[str, str]
    consents: dict[str, tuple[ConsentFact, ...]]

    def address_facts(self, holder_id: str) -> AddressFacts:
        """Return what ``decide`` may know of the address."""
        return AddressFacts(holder_id in self.addresses, self.suppressed.get(holder_id))

    def consents_of(self, holder_id: str) -> tuple[ConsentFact, ...]:
        """Return the member's newest words by topic."""
        return self.consents.get(holder_id, ())


def load(
    conn: Connection,
    program_id: str,
    channel: str,
    holders: Sequence[str],
    *,
    addresses: dict[str, str] | None = None,
) -> Reach:
    """Return how ``holders`` can be reached. ``addresses`` spares opening them again at hand-over."""
    if addresses is None:
        kind = ADDRESS_KIND.get(channel)
        addresses = members.contacts(conn, holders, kind) if kind else {}
    return Reach(
        addresses,
        _suppressed(conn, program_id, channel, addresses),
        _consents(conn, holders, channel),
    )


def address_hash(program_id: str, channel: str, address: str) -> str:
    """Return the keyed hash that suppression knows an address by, in hex; it says nothing without our key."""
    return identity.lookup_hash(program_id, ADDRESS_KIND[channel], address)


def topic_classes(conn: Connection, program_id: str) -> dict[str, MessageClass]:
    """Return the class of each topic of a program."""
    return {topic.code: MessageClass(topic.class_name) for topic in members.topics(conn, program_id)}


def _suppressed(conn: Connection, program_id: str, channel: str, addresses: dict[str, str]) -> dict[str, str]:
    if not addresses:
        return {}
    hashes = {holder: address_hash(program_id, channel, address) for holder, address in addresses.items()}
    rows = batches.rows([{"channel": channel, "address_hash": digest} for digest in hashes.values()])
    found = conn.execute(SQL["suppressed"], {"rows": rows, "program": program_id}).fetchall()
    reasons = {digest: reason for _, digest, reason in found}
    return {holder: reasons[digest] for holder, digest in hashes.items() if digest in reasons}


def _consents(conn: Connection, holders: Sequence[str], channel: str) -> dict[str, tuple[ConsentFact, ...]]:
    said = members.consents(conn, holders)
    return {
        holder: tuple(
            [ConsentFact(word.topic, word.channel, word.granted, word.at) for word in words if word.channel == channel]
        )
        for holder, words in said.items()
    }
