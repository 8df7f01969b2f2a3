"""Readers of news, and short words for planning, sending and looking."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.builders import Shop
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import service as members
from verno.members.consent.state import LINK
from verno.members.types import ConsentFact
from verno.messaging import queries, service
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.desk import BULK, URGENT
from verno.messaging.queries import MessageView
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.types import Draft, MessageClass, Result

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
NEWS, SERVICE = "news", "orders"


def readers(shop: Shop, count: int, *, start: int = 0, address: str = "member-{n}@example.com") -> list[str]:
    """Add members who agree to news."""
    with db.transaction() as conn:
        holders = add_members(conn, shop, count, start=start, address=address)
        said = [
            ConsentFact(h, NEWS, "email", granted=True, at=NOW - timedelta(days=9), method=LINK, text_version="1")
            for h in holders
        ]
        members.record_consents(conn, shop.program.id, said, now=NOW - timedelta(days=9))
    return holders


def plan(shop: Shop, *drafts: Draft, now: datetime = NOW) -> list[Result]:
    with db.transaction() as conn:
        return service.plan(conn, shop.program.id, drafts, now=now)


def send(
    postman: Postman, *, now: datetime = NOW, lanes: Sequence[MessageClass] = (*URGENT, *BULK), suspects: bool = False
) -> SendCounts:
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=2)
    return send_due(Email(chosen), lambda: now, worker_name="test", lanes=lanes, suspects=suspects)


def stories(holder: str) -> list[MessageView]:
    with db.transaction() as conn:
        return sorted(queries.of_member(conn, holder), key=lambda one: one.dedupe_key)
