"""What speaks against a launch, before it: what blocks it, and what its launcher should know."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.broadcasts.types import NewBroadcast, Problem


def look(conn: Connection, program_id: str, wanted: NewBroadcast, *, now: datetime) -> list[Problem]:
    """Return what is found, blocking problems first."""
    return []
