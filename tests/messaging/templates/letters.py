"""Templates to try things with: plain builders."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tests.builders import Shop
from verno.kit import db
from verno.members.types import Channel
from verno.messaging.letters.wording import Language
from verno.messaging.templates import service
from verno.messaging.templates.types import Block, Known, Published, Saved, Template
from verno.messaging.types import MessageClass
from verno.workspace.audit import SYSTEM

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
NEWS = "news"
KNOWN = Known(
    units={"points": 0, "stars": 2},
    attributes=frozenset({"city", "birthday"}),
    tracks=frozenset({"status"}),
    topics={NEWS: "marketing", "orders": "transactional", "points-statement": "program"},
    brand=frozenset({"legal_name", "site"}),
)


def mjml(words: str) -> str:
    """Return a letter of one paragraph."""
    return (
        "<mjml><mj-head></mj-head><mj-body><mj-section><mj-column>"
        f"<mj-text>{words}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )


LEAVE = '<a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Choose</a>'


def template(
    *,
    email: str | None = None,
    subject: str = "News",
    sms: str | None = None,
    code: str = "welcome",
    class_name: MessageClass = MessageClass.MARKETING,
    topic: str = NEWS,
    languages: tuple[Language, ...] = ("en",),
    **more: object,
) -> Template:
    """Return a template with the same words in each of its languages."""
    blocks: dict[Channel, dict[Language, Block]] = {}
    if email is not None:
        blocks[Channel.EMAIL] = {one: Block(subject=subject, body=mjml(email)) for one in languages}
    if sms is not None:
        blocks[Channel.SMS] = {one: Block(body=sms) for one in languages}
    return Template(
        code=code,
        name="Welcome",
        class_name=class_name,
        topic=topic,
        **{"blocks": blocks, **more},  # type: ignore[arg-type]
    )


def published(shop: Shop, made: Template, *, context: Mapping[str, object] | None = None) -> str:
    """Save and publish a template; returns what messages call it."""
    with db.transaction(shop.program.id) as conn:
        saved = service.save(conn, shop.program.id, made, by=SYSTEM, now=NOW, context=context)
        assert isinstance(saved, Saved), saved
        done = service.publish(conn, shop.program.id, made.code, by=SYSTEM, now=NOW)
        assert isinstance(done, Published), done
    return f"{made.code}@{done.version}"
