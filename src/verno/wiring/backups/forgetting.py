"""Nobody comes back from a backup: an erasure that the journal knows and the database does not is done again."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from verno.kit import db
from verno.privacy import journal, service
from verno.privacy.types import Journalled
from verno.wiring.backups.types import Found
from verno.workspace import queries


def gather(found: Found) -> None:
    """Bring the lines of a backup, and those that lie beside it since, into this home's journal."""
    journal.gather([found.path / journal.FOLDER, found.path.parent / journal.FOLDER])


def again(*, now: datetime) -> list[str]:
    """Forget whom this home's journal says is forgotten and the database does not; returns the erasures done again.

    Asked before anything opens: after a restore, and at each start, since a restore may have been cut off.
    """
    known = journal.read(journal.folders())
    if not known:
        return []
    with db.transaction() as conn:
        programs = {program.id for program in queries.programs(conn)}
    done: list[str] = []
    for program, lines in known.items():
        if program in programs:
            done += db.retrying(partial(_again, program, list(lines.values()), now))
    return done


def copied(draft: Path) -> None:
    """Put the journal as it is now into a backup."""
    for program, lines in journal.read(journal.folders()).items():
        folder = draft / journal.FOLDER
        folder.mkdir(exist_ok=True)
        (folder / f"{program}{journal.SUFFIX}").write_bytes(b"".join(journal.as_line(one) for one in lines.values()))


def _again(program: str, lines: Sequence[Journalled], now: datetime) -> list[str]:
    with db.transaction(program) as conn:
        return service.replay(conn, program, lines, now=now)
