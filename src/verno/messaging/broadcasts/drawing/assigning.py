"""The draw: who is held out, who tries which variant, who waits for the winner. The same again whenever it is asked.

A keyed hash of the experiment's name and the member decides, three numbers of it one thing each, so that a larger
holdout moves nobody from one variant to another. ``draw`` is the reference of what ``freeze_recipients`` does in SQL.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from verno.kit import secrets
from verno.kit.ids import packed
from verno.messaging.broadcasts.types import WHOLE, NewBroadcast, Variant


class Draw(msgspec.Struct, frozen=True):
    """A member's place: ``variant`` is None in the holdout; ``wave`` 0 is the sample, 1 the rest."""

    bucket: int
    variant: str | None
    wave: int


class Lots(msgspec.Struct, frozen=True):
    """What a draw needs to know. ``floors`` are the points at which each variant begins, out of ``weight``."""

    key: bytes
    holdout: int
    codes: tuple[str, ...]
    floors: tuple[int, ...]
    weight: int
    sample: int


def lots(program_id: str, wanted: NewBroadcast) -> Lots:
    """Return what the draw of a broadcast needs."""
    name = f"{program_id}\0{wanted.experiment or wanted.name}".encode()
    sample = wanted.winner.sample if wanted.winner else WHOLE
    return Lots(
        secrets.mac("experiment", name),
        wanted.holdout,
        tuple([one.code for one in wanted.variants]),
        _floors(wanted.variants),
        sum(one.weight for one in wanted.variants),
        sample,
    )


def draw(of: Lots, holder_id: str) -> Draw:
    """Return a member's place."""
    digest = hashlib.sha256(of.key + packed(holder_id)).digest()
    bucket, point, turn = [int.from_bytes(digest[at : at + 4]) for at in (0, 4, 8)]
    bucket %= WHOLE
    point %= of.weight
    variant = max(zip(of.floors, of.codes, strict=True), key=lambda one: (one[0] <= point, one[0]))[1]
    return Draw(bucket, None if bucket < of.holdout else variant, 0 if turn % WHOLE < of.sample else 1)


def _floors(variants: Sequence[Variant]) -> tuple[int, ...]:
    floors = [0]
    for one in variants[:-1]:
        floors.append(floors[-1] + one.weight)
    return tuple(floors)
