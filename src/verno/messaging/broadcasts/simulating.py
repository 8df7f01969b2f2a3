"""What a launch would do now: judged, not written."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.broadcasts.types import NewBroadcast, Outlook

LOOKED_AT = 5_000
"""Members that are judged; of a larger audience a sample, and the outlook says so."""


def outlook(
    conn: Connection, program_id: str, wanted: NewBroadcast, *, now: datetime, most: int = LOOKED_AT
) -> Outlook:
    """Judge the audience as it is now without writing anything, at most ``most`` members of it."""
    raise NotImplementedError
