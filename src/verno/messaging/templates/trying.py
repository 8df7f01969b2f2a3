"""Test sends: one block to one address, through the channel itself."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.templates.types import Refused, Sent, Template
from verno.workspace.audit import Actor


def send_test(
    conn: Connection,
    program_id: str,
    template: Template,
    channel: str,
    locale: str,
    address: str,
    *,
    by: Actor,
    now: datetime,
) -> Sent | Refused:
    """Send a block with made-up figures to an address, marked as a test; audited, never as a message of a member."""
    raise NotImplementedError
