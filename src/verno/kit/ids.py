"""UUIDv7 identifiers (RFC 9562), made here because Python 3.11 and PostgreSQL 15 have none.

Ids travel as canonical lower-case strings: hashing and comparing a ``str`` costs a fraction of a
``uuid.UUID``, and a batch compares hundreds of thousands of them. An id is a name, never a capability.
"""

import os
import re
from datetime import datetime
from itertools import count as counted
from typing import NewType

Id = NewType("Id", str)
ProgramId = NewType("ProgramId", str)
HolderId = NewType("HolderId", str)

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_POSITIONS = [f"{variant}{i:03x}" for variant in "89ab" for i in range(4096)]
"""The variant's two bits and fourteen of the position."""

_batches = counted(int.from_bytes(os.urandom(2), "big"))


def new_ids(count: int, *, now: datetime) -> list[str]:
    """Return ``count`` UUIDv7 strings stamped ``now``, ordered within the batch, each with 48 random bits.

    The 12 bits after the version count this process's batches, the 14 after the variant the position in the batch, so
    that an index which begins with the id grows at its end, also during an import, which has one ``now`` for hours.
    Both wrap, and what is left then is the randomness.
    """
    stamp = f"{int(now.timestamp() * 1000) & 0xFFFFFFFFFFFF:012x}"
    head = f"{stamp[:8]}-{stamp[8:]}-7{next(_batches) & 0xFFF:03x}-"
    noise = os.urandom(6 * count).hex()
    return [f"{head}{_POSITIONS[i & 0x3FFF]}-{noise[12 * i : 12 * i + 12]}" for i in range(count)]


def new_id(*, now: datetime) -> str:
    """Return one UUIDv7 string stamped ``now``."""
    return new_ids(1, now=now)[0]


def packed(id_: str) -> bytes:
    """Return the sixteen bytes of a canonical id; ``uuid.UUID`` takes six times as long over them."""
    return bytes.fromhex(id_.replace("-", ""))


def is_id(text: str) -> bool:
    """Tell whether ``text`` is a canonical lower-case UUID."""
    return _CANONICAL.fullmatch(text) is not None
