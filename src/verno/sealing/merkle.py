"""The Merkle tree of RFC 6962: leaves hashed under 0x00 (in SQL, with the row), nodes under 0x01."""

from collections.abc import Sequence
from hashlib import sha256

NODE = b"\x01"


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in order.

    Level by level, an odd node at the end going up as it is: the same tree as the recursive definition, which splits
    at the largest power of two below the count. No leaves give the hash of nothing.
    """
    if not leaves:
        return sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        above = [sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
