"""Words of sealing: books, stretches of history, blocks, heads, proofs, and what a check found."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

ID_BYTES = 16
TXID_BYTES = 8
HASH_BYTES = 32


class Book(StrEnum):
    """A history that is sealed: each has a chain of its own."""

    TRANSFERS = "transfers"
    CONSENTS = "consents"

    @property
    def entry(self) -> str:
        """Return what one of its rows is called."""
        return self.value[:-1]


class Position(NamedTuple):
    """A place in the order of sealing: the transaction that wrote a row, then the row's id."""

    txid: int
    id: str


START = Position(-1, "00000000-0000-0000-0000-000000000000")
"""Before all history."""
END = Position(2**63 - 1, "ffffffff-ffff-ffff-ffff-ffffffffffff")
"""After all history."""


class Stretch(msgspec.Struct, frozen=True):
    """Rows of a book one after another in the order of sealing: columns, each joined without gaps.

    ``txids`` are 8 bytes a row (big-endian), ``ids`` 16, ``leaves`` 32 (the hash of the whole row, made in SQL). Of a
    consent an erasure takes the evidence: its leaf is made of the hash in ``leaves``, which covers what stays, and of
    the one in ``evidence``, 32 bytes a row (``chain.bound``).
    """

    txids: bytes
    ids: bytes
    leaves: bytes
    evidence: bytes = b""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.ids) // ID_BYTES


class Tip(msgspec.Struct, frozen=True, gc=False):
    """Where a program's chain ends: all that the next block needs to know of those before it."""

    number: int
    total: int
    position: Position
    hash: bytes


class Block(msgspec.Struct, frozen=True, gc=False):
    """One link of the chain. ``total`` counts the rows through this block; ``position`` is its last row's.

    ``root`` is the Merkle root of the leaves; ``hash`` covers all other fields and the hash of the block before.
    ``evidence``, of consents alone, is what their leaves need once an erasure has taken the evidence itself.
    """

    program_id: str
    number: int
    total: int
    count: int
    position: Position
    ids: bytes
    leaves: bytes
    root: bytes
    previous: bytes
    hash: bytes
    sealed_at: datetime
    evidence: bytes = b""


class UnitTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all members together have of one unit, in its smallest step, as booked at the head's moment.

    ``ledger`` is what the program's own accounts received less what they gave, by kind of account, from the transfers.
    """

    unit: str
    id: str
    scale: int
    available: int
    pending: int
    held: int
    debt: int
    ledger: dict[str, int]

    @property
    def liability(self) -> int:
        """What the program owes its members."""
        return self.available + self.pending + self.held

    @property
    def agrees(self) -> bool:
        """Tell whether members have what the program's accounts gave, and owe what the account of debts says."""
        return self.liability + sum(self.ledger.values()) == 0 and self.debt + self.ledger.get("debt", 0) == 0


class Balances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Merkle-sum tree over all members' balances: how many members, its root in hex, and the sums at its root."""

    members: int
    root: str
    units: tuple[UnitTotals, ...]


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the chain of consents stood: ``count`` records in ``blocks`` blocks, the last one, the hash in hex."""

    count: int
    blocks: int
    last_consent: str | None
    last_txid: int | None
    hash: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The state of a program's sealed history, to be kept outside the database.

    ``count`` transfers in ``blocks`` blocks, the last one named, the chain's hash in hex. ``date`` is the business date
    that the head belongs to. Older heads know nothing of ``consents``, and are signed without. The signature
    (Ed25519) covers everything else: see ``heads.signed_bytes``.
    """

    format: Literal["verno-head/1"]
    program: str
    number: int
    date: date
    sealed_at: datetime
    count: int
    blocks: int
    last_transfer: str | None
    last_txid: int | None
    hash: str
    balances: Balances
    public_key: str
    signature: str = ""
    consents: Sealed | None = None


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member's points of one unit, in its smallest step."""

    unit: str
    available: int
    pending: int
    held: int
    debt: int


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A neighbour on the way from a leaf to the root: on which side it stands, its hash in hex, its sums."""

    side: Literal["left", "right"]
    hash: str
    sums: tuple[int, ...]


class MemberProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="verno-proof/1"):
    """That a member's balances are counted in a head's totals. ``salt`` (hex) keeps the leaf from being guessed."""

    program: str
    head: int
    date: date
    member: str
    balances: tuple[Figures, ...]
    salt: str
    path: tuple[Step, ...]


class SumProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="verno-sum/1"):
    """All members' balances in one sum, recomputed from the stored leaves, beside what the ledger's accounts say."""

    program: str
    head: int
    date: date
    members: int
    root: str
    units: tuple[UnitTotals, ...]


class Owner(msgspec.Struct, frozen=True, gc=False):
    """Who is told of a head."""

    id: str
    email: str
    locale: str


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it was sealed. ``where`` holds the ids that lead to it."""

    check: str
    what: str
    where: Mapping[str, str | int | None]


class Findings(msgspec.Struct, frozen=True):
    """What one look at the sealed history found: at most ``SHOWN`` of each check are listed, ``totals`` counts all."""

    checked: Mapping[str, int]
    problems: tuple[Finding, ...]
    totals: Mapping[str, int]
