"""The server's log, kept outside of the server: with it a restore reaches any minute since a base backup.

PostgreSQL hands over a segment when it is full, and every minute in which something happened. Compressed, a quiet
minute is some kilobytes. A segment has its name only once it lies there whole.
"""

import gzip
import re
import shlex
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path

from verno.kit.embedded import user

SECONDS = 60
"""How much of the newest work may be missing in the folder."""
SUFFIX = ".gz"
_SEGMENT = re.compile(r"[0-9A-F]{24}")
SEGMENTS_OF_A_FILE = 0x100
"""Of 16 MB each."""


def folder(place: Path, life: str) -> Path:
    """Return where the log of one life of a database lies in a folder of backups."""
    return place / "log" / life


def make(where: Path) -> str | None:
    """Make the folder and let the server write into it; returns what is in the way.

    It does not stop the shop: PostgreSQL keeps what it cannot hand over, and the doctor says so.
    """
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        user.give(where)
    except OSError as error:
        return f"the log cannot be kept in {where}: {error.strerror}"
    if user.server_user() != (None, None) and not user.all_may_enter(where.parent):
        return f"the log cannot be kept in {where}: user nobody, who runs the database, cannot enter {where.parent}"
    return None


def options(where: Path) -> list[str]:
    """Return the server's options that keep its log in ``where``.

    A segment that is there already must be the same: the server may ask twice, and nobody else may write here.
    """
    place = _quoted(where)
    command = (
        f'f={place}/%f; if test -f "$f.gz"; then gzip -dc "$f.gz" | cmp -s - %p; '
        f'else gzip -1 -c %p > "$f.part" && sync "$f.part" && mv "$f.part" "$f.gz" && sync {place}; fi'
    )
    settings = {"archive_mode": "on", "archive_timeout": f"{SECONDS}", "archive_command": command}
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def fetching(where: Path) -> str:
    """Return the command that brings a segment back."""
    return f"test -f {_quoted(where)}/%f{SUFFIX} && gzip -dc {_quoted(where)}/%f{SUFFIX} > %p"


def segments(where: Path) -> list[str]:
    """Return the names of the whole segments of a folder, in order."""
    return sorted(path.stem for path in where.glob(f"*{SUFFIX}") if _SEGMENT.fullmatch(path.stem))


def stage(where: Path, target: Path, *, first: str, had: Iterable[str]) -> str | None:
    """Copy to ``target`` the segments from ``first`` on that follow one another without a gap, checking each.

    ``had`` are those that the base backup brings itself. Returns what breaks the row before its end, or None.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, mode=0o700)
    own = {name for name in had if _SEGMENT.fullmatch(name)}  # beside them lies the history of timelines
    kept = [name for name in segments(where) if name >= first and name[:8] == first[:8]]
    wanted, broken = first, None
    for name in sorted({*kept, *own}):
        if name != wanted:
            broken = f"segment {wanted} of the log is missing in {where}"
            break
        if name in kept:
            shutil.copyfile(where / f"{name}{SUFFIX}", target / f"{name}{SUFFIX}")
            if not _whole(target / f"{name}{SUFFIX}"):
                (target / f"{name}{SUFFIX}").unlink()
                broken = f"{where / name}{SUFFIX} is damaged"
                break
        wanted = following(name)
    user.give_all(target)
    return broken


def following(name: str) -> str:
    """Return the name of the segment after one."""
    timeline, file, segment = name[:8], int(name[8:16], 16), int(name[16:], 16)
    number = file * SEGMENTS_OF_A_FILE + segment + 1
    return f"{timeline}{number // SEGMENTS_OF_A_FILE:08X}{number % SEGMENTS_OF_A_FILE:08X}"


def drop_before(where: Path, first: str) -> None:
    """Remove the segments that no kept backup needs."""
    for path in where.glob(f"*{SUFFIX}"):
        if _SEGMENT.match(path.name) and path.name < first:
            path.unlink(missing_ok=True)


def _whole(path: Path) -> bool:
    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True


def _quoted(path: Path) -> str:
    """Return a path for the shell, in a command where PostgreSQL replaces what a per cent sign begins."""
    return shlex.quote(str(path)).replace("%", "%%")
