"""How often a member wishes to hear from the program, and until when not at all."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.queries import SQL
from verno.members.types import Wishes

EVERY = (7, 14, 30)
"""At most one message in so many days: what a member may choose."""
PAUSE = timedelta(days=30)
"""How long "pause" lasts."""
LONGEST_PAUSE = timedelta(days=366)


def problem(wish: Wishes, *, now: datetime) -> tuple[str, str] | None:
    """Return (field, what is wrong) of a wish that cannot be kept, or None."""
    if wish.most_per is not None and wish.most_per not in EVERY:
        return "most_per", f"one of {', '.join(map(str, EVERY))}, or null"
    if wish.paused_until is not None and wish.paused_until > now + LONGEST_PAUSE:
        return "paused_until", f"at most {LONGEST_PAUSE.days} days ahead"
    return None


def wish(conn: Connection, program_id: str, wishes: Mapping[str, Wishes], *, now: datetime) -> None:
    """Keep the members' wishes in place of earlier ones; one round trip whatever their number.

    The caller vouches for members and for the wishes (``problem``).
    """
    if wishes:
        rows = [
            {"holder_id": holder, "most_per": wishes[holder].most_per, "paused_until": wishes[holder].paused_until}
            for holder in sorted(wishes)
        ]
        conn.execute(SQL["add_wishes"], {"program": program_id, "now": now, "rows": batches.rows(rows)})
