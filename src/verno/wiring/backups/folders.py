"""Folders of backups: finding one, reading what it says of itself, checking it to the last byte.

A backup is written under a name that begins with a dot and gets its own when it is whole, so that an interrupted one
is none.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

import msgspec

from verno.kit.errors import VernoError
from verno.wiring.backups.types import FORMAT, Found, Manifest, Sum

PREFIX = "verno-"
MANIFEST = "manifest.json"
DATABASE = "database"
"""The part of a backup that holds the database."""


def whole(place: Path) -> list[Found]:
    """Return the whole backups of a folder, the oldest first; raises ``VernoError`` for a manifest that is damaged."""
    folders = [path for path in place.glob(f"{PREFIX}*") if path.is_dir()]
    return sorted((read(folder) for folder in folders), key=lambda found: found.manifest.finished_at)


def candidates(source: Path) -> list[Found]:
    """Return the backup that ``source`` is, or all in it, the oldest first; raises ``VernoError`` for none."""
    found = [read(source)] if (source / MANIFEST).exists() else whole(source)
    if not found:
        message = f"there is no whole backup in {source}"
        raise VernoError(message)
    return found


def choose(found: Sequence[Found], to: datetime | None) -> Found:
    """Return the newest of some backups that was whole by ``to``; raises ``VernoError``.

    Also when another database, a rehearsal's perhaps, has kept its own between those of the newest one.
    """
    early = [one for one in found if to is None or one.manifest.finished_at <= to]
    if not early:
        first = found[0]
        message = f"the oldest backup, {first.path}, is of {first.manifest.finished_at:%Y-%m-%d %H:%M:%S} UTC, later"
        raise VernoError(message)
    newest = early[-1]
    began = min(one.manifest.finished_at for one in early if one.manifest.life == newest.manifest.life)
    others = [one for one in early if one.manifest.life != newest.manifest.life and one.manifest.finished_at > began]
    if others:
        message = f"two databases keep their backups here: name one backup, such as {newest.path} or {others[-1].path}"
        raise VernoError(message)
    return newest


def read(folder: Path) -> Found:
    """Return a backup with what it says of itself; raises ``VernoError`` when that is not as it was written."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: this is no whole backup, or a damaged one"
        raise VernoError(message) from error
    if manifest.format != FORMAT:
        message = f"{path} says {manifest.format!r}; this version reads {FORMAT}"
        raise VernoError(message)
    if checksum(manifest) != manifest.checksum:
        message = f"{path} is damaged: it is not as it was written"
        raise VernoError(message)
    return Found(folder, manifest)


def check(found: Found) -> None:
    """Read every file of a backup; raises ``VernoError`` that names the first one that is not as it was written."""
    for name, wanted in found.manifest.files.items():
        path = found.path / name
        if not path.is_file():
            message = f"the backup is damaged: {path} is missing"
            raise VernoError(message)
        if sum_of(path) != wanted:
            message = f"the backup is damaged: {path} is not as it was written"
            raise VernoError(message)


def write(manifest: Manifest, folder: Path) -> Manifest:
    """Write what a backup says of itself; returns it with its checksum."""
    signed = msgspec.structs.replace(manifest, checksum=checksum(manifest))
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n")
    return signed


def checksum(manifest: Manifest) -> str:
    """Return the SHA-256 over all that a manifest says but itself."""
    return sha256(
        msgspec.json.encode(msgspec.structs.replace(manifest, checksum=""), order="deterministic")
    ).hexdigest()


def sums(folder: Path) -> dict[str, Sum]:
    """Return the sums of all files below a folder, by their paths in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sum_of(path) for path in files}


def sum_of(path: Path) -> Sum:
    """Return a file's sums."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Sum(path.stat().st_size, digest)


def settle(draft: Path, name: str) -> Path:
    """Bring a written folder to the disk and give it its name; from then on it is there, and whole."""
    for folder, _, files in os.walk(draft):
        for file in files:
            _sync(Path(folder) / file)
        _sync(Path(folder))
    final = draft.with_name(name)
    draft.rename(final)
    _sync(final.parent)
    return final


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
