"""The chain of blocks, pure: what a block's hash covers, and how the next one follows."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from verno.sealing import merkle
from verno.sealing.types import HASH_BYTES, ID_BYTES, START, TXID_BYTES, Block, Position, Stretch, Tip

BLOCK = 4096
"""Rows in one block, at most: 192 KiB of ids and leaves."""
GENESIS = Tip(0, 0, START, bytes(HASH_BYTES))
"""Before the first block."""
ERASED = bytes(HASH_BYTES)
"""In place of the hash of a consent's evidence, where an erasure has taken it."""

LEAF = b"\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def extend(tip: Tip, program_id: str, stretch: Stretch, sealed_at: datetime) -> list[Block]:
    """Return the blocks that seal a stretch of history after ``tip``, none for an empty one."""
    out: list[Block] = []
    stretch = bound(stretch)
    cuts = [*range(0, stretch.count, BLOCK), stretch.count]
    for first, end in pairwise(cuts):
        ids = stretch.ids[first * ID_BYTES : end * ID_BYTES]
        leaves = stretch.leaves[first * HASH_BYTES : end * HASH_BYTES]
        txid = int.from_bytes(stretch.txids[(end - 1) * TXID_BYTES : end * TXID_BYTES])
        block = Block(
            program_id=program_id,
            number=tip.number + 1,
            total=tip.total + end - first,
            count=end - first,
            position=Position(txid, name(ids[-ID_BYTES:])),
            ids=ids,
            leaves=leaves,
            root=merkle.root(cut(leaves, HASH_BYTES)),
            previous=tip.hash,
            hash=b"",
            sealed_at=sealed_at,
            evidence=stretch.evidence[first * HASH_BYTES : end * HASH_BYTES],
        )
        out.append(msgspec.structs.replace(block, hash=block_hash(block)))
        tip = end_of(out[-1])
    return out


def bound(stretch: Stretch) -> Stretch:
    """Return consents with their whole leaves: what stays and the evidence, hashed together. Transfers have them."""
    if not stretch.evidence:
        return stretch
    pairs = zip(cut(stretch.leaves, HASH_BYTES), cut(stretch.evidence, HASH_BYTES), strict=True)
    leaves = b"".join(hashlib.sha256(LEAF + kept + evidence).digest() for kept, evidence in pairs)
    return msgspec.structs.replace(stretch, leaves=leaves)


def block_hash(block: Block) -> bytes:
    """Return the hash of a block's canonical header: one text, a line for each field.

    The ids and, through the root, the leaves are covered, as is the hash of the block before: whoever changes one
    row must change this and every later hash.
    """
    lines = (
        "verno-block/1",
        block.program_id,
        block.number,
        block.total,
        block.count,
        block.position.txid,
        block.position.id,
        hashlib.sha256(block.ids).hexdigest(),
        block.root.hex(),
        block.previous.hex(),
        (block.sealed_at - _EPOCH) // _MICROSECOND,
        *(("verno-consents/1", hashlib.sha256(block.evidence).hexdigest()) if block.evidence else ()),
    )
    return hashlib.sha256("\n".join(map(str, lines)).encode()).digest()


def flaws(block: Block) -> list[str]:
    """Say what in a block contradicts itself; empty when it is whole."""
    if (len(block.ids), len(block.leaves)) != (block.count * ID_BYTES, block.count * HASH_BYTES) or not block.count:
        return [f"it counts {block.count} rows, and holds others"]
    out = []
    if merkle.root(cut(block.leaves, HASH_BYTES)) != block.root:
        out.append("its leaves do not give its root")
    if block_hash(block) != block.hash:
        out.append("its contents do not give its hash")
    return out


def end_of(block: Block) -> Tip:
    """Return where the chain ends with this block."""
    return Tip(block.number, block.total, block.position, block.hash)


def name(id_: bytes) -> str:
    """Return an id's text."""
    return str(uuid.UUID(bytes=id_))


def cut(joined: bytes, width: int) -> list[bytes]:
    """Cut a joined column into its fields."""
    return [joined[at : at + width] for at in range(0, len(joined), width)]
