"""Words of backups: what a folder says of itself, what was made, what was restored."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

FORMAT = "verno-backup/1"


class Kind(StrEnum):
    """What a backup holds of the database."""

    BASE = "base"
    """The embedded server's files: with its log a restore reaches any minute."""
    DUMP = "dump"
    """The contents of a database of the operator's."""


class Sealed(msgspec.Struct, frozen=True):
    """A program's signed head of the moment of the backup; ``file`` lies in the backup."""

    program: str
    file: str
    count: int
    hash: str


class Sum(msgspec.Struct, frozen=True):
    """A file's length and its SHA-256 in hex."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself. A restore to any later moment has at least the ``counts``.

    ``key`` is the fingerprint of the installation's public key: it says which master secret opens the personal data.
    ``zone`` is the shop's: times without one are read in it. ``life`` and ``first`` say where the server's log goes on;
    ``transactions`` how far a dumped server had counted.
    ``checksum`` covers all other fields.
    """

    format: str
    kind: Kind
    began_at: datetime
    finished_at: datetime
    verno: str
    server: int
    migrations: tuple[str, ...]
    life: str | None
    first: str | None
    transactions: int
    zone: str
    key: str
    with_keys: bool
    counts: Mapping[str, int]
    heads: tuple[Sealed, ...]
    files: Mapping[str, Sum]
    checksum: str = ""


class Found(msgspec.Struct, frozen=True):
    """A whole backup and where it lies."""

    path: Path
    manifest: Manifest

    @property
    def bytes(self) -> int:
        """How much room it takes."""
        return sum(file.bytes for file in self.manifest.files.values())


class Wanted(msgspec.Struct, frozen=True):
    """What a restore was asked for; a time without a zone is the shop's."""

    to: datetime | None = None
    replace: bool = False
    without_keys: bool = False


class Restored(msgspec.Struct, frozen=True):
    """What a restore has made: everything committed through ``until`` is there, and nothing leaves the house."""

    backup: Found
    to: datetime | None
    until: datetime
    aside: Path | None
