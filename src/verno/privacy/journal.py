"""The erasure journal: lines outside the database, so that a restore of an old backup brings nobody back.

One file a program, ``VERNO_HOME/erasures/<program>.jsonl``, and a copy beside the backups (``VERNO_BACKUPS``), since a
restore may go into an empty home. A line is on the disk before the erasure is committed: a line without its erasure
makes a later restore erase somebody who had asked for it, an erasure without its line would be undone in silence.
Lines hold ids alone, and each the hash of the one before.
"""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from verno.kit import config
from verno.kit.errors import VernoError
from verno.privacy.types import Journalled

FORMAT = "verno-erasure/1"
FOLDER = "erasures"
SUFFIX = ".jsonl"
FIRST = "0" * 64
LONGEST_LINE = 1 << 20
log = logging.getLogger(__name__)


class NotWritten(VernoError):
    """The journal cannot be written, so nobody may be erased."""


def folders() -> list[Path]:
    """Return where the journal is kept: at home, and beside the backups where there are any."""
    backups = config.backups()
    return [config.home() / FOLDER, *([backups / FOLDER] if backups else [])]


def write(line: Journalled) -> str:
    """Add a line to every copy of the program's journal and bring it to the disk; returns its hash.

    Raises ``NotWritten`` where one cannot be written; then none has the line.
    """
    with ExitStack() as opened:
        copies = [opened.enter_context(_opened(folder, line.program)) for folder in folders()]
        ends: list[int] = []
        place = copies[0]
        try:
            ends = [_mend(copy) for copy in copies]
            data = as_line(msgspec.structs.replace(line, previous=_last(copies[0])))
            for place in copies:
                _append(place, data)
        except OSError as error:
            for copy, end in zip(copies, ends, strict=False):
                with suppress(OSError):  # a line that is left is one too many, not one too few
                    os.truncate(copy, end)
            message = f"the erasure journal {place} cannot be written: {error.strerror or error}"
            raise NotWritten(message) from error
    return digest(data)


def holds(program: str, id_: str) -> bool:
    """Tell whether any copy of a program's journal has the line of an erasure."""
    return id_ in read(folders(), program).get(program, {})


def read(places: Sequence[Path], program: str = "*") -> dict[str, dict[str, Journalled]]:
    """Return all lines of some folders, by program and erasure; raises ``VernoError`` for one that is damaged.

    A last line that was not finished is none: what it was about has not been done.
    """
    found: dict[str, dict[str, Journalled]] = {}
    for place in places:
        for path in sorted(place.glob(f"{program}{SUFFIX}")):
            for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
                try:
                    one = _read(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    if not line.endswith(b"\n"):
                        log.warning("the last line of %s is not finished: it is passed over", path)
                        continue
                    message = f"line {number} of {path} is no line of an erasure journal: {error}"
                    raise VernoError(message) from error
                found.setdefault(one.program, {})[one.id] = one
    return found


def gather(places: Sequence[Path]) -> None:
    """Bring lines that lie elsewhere, in a backup perhaps, into the journals of this home."""
    ours = read(folders()[:1])
    for program, lines in read(places).items():
        known = ours.get(program, {})
        for id_, line in lines.items():
            if id_ not in known:
                write(line)


def as_line(one: Journalled) -> bytes:
    """Return a line as it is written."""
    return msgspec.json.encode(one) + b"\n"


def digest(data: bytes) -> str:
    """Return a line's hash in hex, its line break left out."""
    return sha256(data.rstrip(b"\n")).hexdigest()


def _last(journal: Path) -> str:
    with journal.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - LONGEST_LINE))
        lines = file.read().splitlines()
    return digest(lines[-1]) if lines else FIRST


def _read(line: bytes) -> Journalled:
    return msgspec.json.decode(line, type=Journalled)


def _mend(journal: Path) -> int:
    """End a last line that lacks its break, take away one that was not finished; returns where the next one begins."""
    with journal.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - LONGEST_LINE))
        stray = file.read().rpartition(b"\n")[2]
        if not stray:
            return end
        try:
            _read(stray)
        except (msgspec.DecodeError, UnicodeDecodeError):
            end -= len(stray)
            file.truncate(end)
        else:
            file.seek(end)
            end += file.write(b"\n")
    return end


def _append(journal: Path, data: bytes) -> None:
    with journal.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _opened(folder: Path, program: str) -> Iterator[Path]:
    """Give a program's journal in a folder to one writer at a time."""
    path = folder / f"{program}{SUFFIX}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not path.exists()
        path.touch(mode=0o600)
        if fresh:
            _sync(folder)
        gate = path.with_suffix(".lock").open("w")
    except OSError as error:
        message = f"the erasure journal {path} cannot be written: {error.strerror}"
        raise NotWritten(message) from error
    with gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield path


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
