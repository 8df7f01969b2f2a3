"""UUIDv7 identifiers (RFC 9562), made here because Python 3.11 and PostgreSQL 15 have none.

Ids travel as canonical lower-case strings: hashing and comparing a ``str`` costs a fraction of a
``uuid.UUID``, and a batch compares hundreds of thousands of them. An id is a name, never a capability.
"""

import os
import re
from datetime import datetime
from typing import NewType

Id = NewType("Id", str)
ProgramId = NewType("ProgramId", str)
HolderId = NewType("HolderId", str)

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_POSITIONS = [f"{i:03x}" for i in range(4096)]


def new_ids(count: int, *, now: datetime) -> list[str]:
    """Return ``count`` UUIDv7 strings stamped ``now``, ordered within the batch, each with 62 random bits.

    The 12 bits after the version carry the position in the batch, so that rows of one batch keep their
    order in an index; batches beyond 4,096 wrap and keep only their randomness.
    """
    stamp = f"{int(now.timestamp() * 1000) & 0xFFFFFFFFFFFF:012x}"
    head = f"{stamp[:8]}-{stamp[8:]}-7"
    noise = os.urandom(8 * count).hex()
    words = [noise[at : at + 16] for at in range(0, 16 * count, 16)]
    return [f"{head}{_POSITIONS[i & 0xFFF]}-{_VARIANT[word[0]]}{word[1:4]}-{word[4:]}" for i, word in enumerate(words)]


def new_id(*, now: datetime) -> str:
    """Return one UUIDv7 string stamped ``now``."""
    return new_ids(1, now=now)[0]


def is_id(text: str) -> bool:
    """Tell whether ``text`` is a canonical lower-case UUID."""
    return _CANONICAL.fullmatch(text) is not None
