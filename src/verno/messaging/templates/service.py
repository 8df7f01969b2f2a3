"""Verbs of templates: save the draft, publish it, retire a code."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.templates.types import Published, Refused, Saved, Template
from verno.workspace.audit import Actor


def save(conn: Connection, program_id: str, template: Template, *, by: Actor, now: datetime) -> Saved | Refused:
    """Store a template as the one draft of its code; only what renders, in a limited process, is stored."""
    raise NotImplementedError


def publish(
    conn: Connection, program_id: str, code: str, *, because: str | None = None, by: Actor, now: datetime
) -> Published | Refused:
    """Publish a code's draft. ``because``: why a named person overrides what may be overridden; audited."""
    raise NotImplementedError


def retire(conn: Connection, program_id: str, code: str, *, by: Actor, now: datetime) -> Refused | None:
    """Take a code out of use: no new message may name it; what is queued still leaves."""
    raise NotImplementedError
