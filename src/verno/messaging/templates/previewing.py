"""A template as somebody would see it."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.templates.types import Broken, Rendered, Template


def preview(
    conn: Connection,
    program_id: str,
    template: Template,
    holder_id: str | None,
    channel: str,
    locale: str,
    *,
    now: datetime,
) -> Rendered | Broken:
    """Return a block as a member would see it, or, without one, as somebody made up would."""
    raise NotImplementedError
