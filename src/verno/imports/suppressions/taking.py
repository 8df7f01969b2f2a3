"""Whom an earlier provider did not write to, taken over; or only counted, before anything is written."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from verno.imports.suppressions.reading import Frame
from verno.imports.types import SHOWN_ERRORS, Item, Rehearsal, RowError
from verno.kit import batches, db
from verno.messaging import service as messages
from verno.messaging.types import Brought, Silenced
from verno.workspace.types import Program

SHORT = 16
"""Bytes of a hash by which a dry run knows what a row before has named."""


def take(program: Program, items: Sequence[Item], *, now: datetime, dry: bool = False) -> list[Brought]:
    """Take a batch over in a transaction of its own: one result an item, in order."""
    lines = [item.value for item in items if isinstance(item.value, Silenced)]
    with db.transaction(program.id) as conn:
        return messages.bring(conn, program.id, lines, now=now, dry=dry)


def rehearse(frame: Frame, stream: Iterator[Item], step: Callable[[int], None]) -> Rehearsal:
    """Count what an import would do, and write nothing."""
    counts = dict.fromkeys(Brought, 0)
    seen: set[bytes] = set()
    errors: list[RowError] = []
    repeated = refused = 0
    for batch in batches.batched(stream, batches.MAX_BATCH):
        fresh = []
        for item in batch:
            if item.error is not None:
                refused += 1
                errors += [item.error][: SHOWN_ERRORS - len(errors)]
            elif isinstance(item.value, Silenced):
                known_by = bytes.fromhex(item.value.address_hash)[:SHORT] + item.value.why.encode()
                repeated += known_by in seen
                fresh += [] if known_by in seen else [item]
                seen.add(known_by)
        for result in take(frame.program, fresh, now=frame.now, dry=True):
            counts[result] += 1
        step(len(batch))
    return Rehearsal(
        *(counts[Brought.NEW], counts[Brought.LATER], counts[Brought.KNOWN]), repeated, refused, errors, None, None
    )
