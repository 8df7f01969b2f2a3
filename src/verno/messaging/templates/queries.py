"""Reads of templates."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.templates.types import Compiled, Known, Stored


def templates(conn: Connection, program_id: str) -> list[Stored]:
    """Return the newest version of each code, drafts included, by code."""
    raise NotImplementedError


def template(conn: Connection, program_id: str, code: str, version: int | None = None) -> Stored | None:
    """Return a version, or the newest published one."""
    raise NotImplementedError


def draft(conn: Connection, program_id: str, code: str) -> Stored | None:
    """Return a code's draft, if it has one."""
    raise NotImplementedError


def compiled(conn: Connection, program_id: str, references: Sequence[str]) -> Mapping[str, Compiled]:
    """Return versions as they are sent from, by reference, drafts included; unknown ones are absent."""
    raise NotImplementedError


def known(conn: Connection, program_id: str, *, now: datetime) -> Known:
    """Return what sources may name in a program, and what is asked of them ``now``."""
    raise NotImplementedError
