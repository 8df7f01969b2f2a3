"""The second way: whoever would rather ask than be told reads events from a cursor on."""

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer
from verno.api.webhooks.deliveries import place
from verno.api.webhooks.endpoints import whole
from verno.kit import db
from verno.web import problems
from verno.web.pages import read_limit
from verno.web.problems import Problem, Refused
from verno.webhooks import queries
from verno.webhooks.events import CloudEvent, cloud_event, cursor_of
from verno.webhooks.types import EVENT_TYPES, Position
from verno.workspace.types import Scope

router = Router(tags=["webhooks"])


class EventPage(msgspec.Struct, frozen=True):
    """The next events, the oldest first. ``next`` is where to go on, now or later; ``more``: there may be some now."""

    events: list[CloudEvent]
    next: str
    more: bool


def _lost(resumed: Position) -> Problem:
    detail = "its event came after the moment that was restored from a backup: go on with the cursor `next`"
    return Problem("lost-cursor", 410, "The cursor's event is not there", detail, more={"next": cursor_of(resumed)})


@router.get(
    "/events",
    auth=Bearer(Scope.EVENTS_READ),
    summary="What happened since",
    openapi_extra=shapes.describe(gives={200: EventPage}),
)
def events(
    request: HttpRequest,
    after: str | None = None,
    type: str | None = None,  # noqa: A002 the address's own word
    limit: str | None = None,
) -> HttpResponse:
    """Read events after a cursor (`next` of the page before), without one from the beginning.

    The same bodies as webhooks send. `type` chooses, several with commas; a page may be short, or empty with `more`.
    Nothing that commits late is skipped. A cursor from time that a restore of a backup took away is refused
    (410 `lost-cursor`): go on with the refusal's `next`.
    """
    key, size, start = whole(request), read_limit(limit), place(after, "after") or queries.BEGINNING
    types = type.split(",") if type else None
    unknown = sorted(set(types or ()) - set(EVENT_TYPES))
    if unknown:
        raise Refused(problems.invalid([("type", f"there is no event {unknown[0][:80]}")]))
    with db.transaction(key.program_id) as conn:
        resumed = queries.resume_after(conn, start)
        if resumed != start:
            raise Refused(_lost(resumed))
        rows, last, more = queries.events_after(conn, key.program_id, start, types=types, limit=size)
    return answer(EventPage([cloud_event(row) for row in rows], cursor_of(last), more))
