"""From a stored message to a letter, and from a letter to bytes for one recipient."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from verno.kit import config
from verno.kit.errors import Unavailable
from verno.messaging.disputes import links as disputes
from verno.messaging.layouts import brand
from verno.messaging.leaving import links
from verno.messaging.leaving.links import Subscription
from verno.messaging.letters import (
    confirm,
    mime,
    note,
    notice,
    settled,
    statement,
    templating,
    tier,
    turnover,
    wording,
)
from verno.messaging.preferences.links import Person, preferences_url
from verno.messaging.templates.press import printing
from verno.messaging.templates.press.printing import Addresses
from verno.messaging.templates.types import Broken, Prepared, is_stored
from verno.messaging.tracking import links as tracking
from verno.messaging.types import Letter


class View(Protocol):
    """Gives a template its words out of a message's stored context."""

    def __call__(
        self, context: Mapping[str, object], *, locale: str, name: str | None, program: str
    ) -> dict[str, object]:
        """Return text and lists of text; ``subject`` is among them."""


VIEWS: Mapping[str, View] = {
    "statement": statement.view,
    confirm.TEMPLATE: confirm.view,
    tier.TEMPLATE: tier.view,
    turnover.TEMPLATE: turnover.view,
}
"""Which templates there are, and who finds their words."""
LIVE = frozenset({notice.TEMPLATE})
"""Templates that tell what a member has now: read when they leave, since what was planned with them grows old."""


class Content(msgspec.Struct, frozen=True):
    """What a message is written from. The member's name is read at the last moment and never stored with it.

    ``balance``: what the member can use now, by unit; where the template is ``LIVE``. ``brand``: the program's look,
    and what letters say of their sender. ``prepared``: what a stored template is printed from; None where there is no
    such template, or no block of it for the channel. ``words``: of a dispute's answer.
    """

    holder_id: str
    message_id: str
    program_id: str
    program_name: str
    topic: str
    channel: str
    template: str
    locale: str
    context: Mapping[str, object]
    name: str | None
    balance: Mapping[str, int] = {}
    brand: Mapping[str, str] = msgspec.field(default_factory=lambda: brand.PLAIN)
    prepared: Prepared | None = None
    words: str = ""
    speaker_id: str = ""
    """The contact that reads it for a company; empty where the member themselves does."""
    valid_until: datetime | None = None
    """From when on it is wanted no more, where its channel can be told so."""
    printed: Letter | Broken | None = None
    """The letter itself, where it was printed ahead."""

    @property
    def language(self) -> wording.Language:
        """Return the language that the message is written in."""
        return self.prepared.language if self.prepared else wording.language(self.locale)

    @property
    def reader_id(self) -> str:
        """Return whose consent it takes, and whose subscription its link leaves."""
        return self.speaker_id or self.holder_id

    @property
    def is_test(self) -> bool:
        """Tell whether it goes to somebody who tries a template, and so belongs to no member."""
        return self.prepared is not None and self.prepared.is_test


class CannotBePrinted(Exception):
    """A stored template has nothing for the message, or broke over it; the text says where."""


def letter(
    content: Content, *, link: Callable[[Subscription], str] = links.unsubscribe_url, doors: bool = True
) -> Letter:
    """Return what the reader sees; without ``doors`` its other links lead nowhere.

    Raises ``KeyError`` for an unknown template, ``TemplateError`` or ``CannotBePrinted`` for a broken one, and
    ``Unavailable`` where there is no press for stored ones.
    """
    if is_stored(content.template):
        return _stored(content, link, doors=doors and not content.is_test)
    view = _view(content, doors=doors)
    contact, contact_url = brand.contact(content.brand)
    frame: dict[str, object] = {
        "lang": wording.language(content.locale),
        "program": content.program_name,
        "brand": content.brand,
        "sender": brand.lines(content.brand, wording.language(content.locale)),
        "contact": contact,
        "contact_url": contact_url,
        "unsubscribe_url": link(subscription(content)),
        "preferences_url": preferences_url(Person(content.program_id, content.holder_id)) if doors else "#",
    }
    if content.template == confirm.TEMPLATE:
        frame["confirm_url"] = confirm.url(content.context, content.program_id, content.holder_id) if doors else "#"
    return templating.render(content.template, view | frame)


def print_ahead(contents: Sequence[Content]) -> list[Content]:
    """Return messages with their letters, as far as they are written from stored templates.

    Many at a time: to ask the press for each costs a turn of the processor. Without one they come back as they were.
    """
    asked = [one for one in contents if one.prepared is not None and not one.is_test]
    try:
        letters = printing.printed_all([(one.prepared, _addresses(one, one.prepared)) for one in asked if one.prepared])
    except Unavailable:
        return list(contents)
    found = {one.message_id: letter for one, letter in zip(asked, letters, strict=True)}
    return [
        msgspec.structs.replace(one, printed=found[one.message_id]) if one.message_id in found else one
        for one in contents
    ]


def _stored(content: Content, link: Callable[[Subscription], str], *, doors: bool) -> Letter:
    message = content.prepared
    if message is None:
        text = f"{content.template} has nothing for the channel {content.channel}, or does not exist"
        raise CannotBePrinted(text)
    if not doors:
        printed = printing.printed(message, Addresses("#", "#", message.links))
    else:
        printed = content.printed or printing.printed(message, _addresses(content, message, link))
    if isinstance(printed, Broken):
        raise CannotBePrinted(printed.detail)
    return printed


def _addresses(
    content: Content, message: Prepared, link: Callable[[Subscription], str] = links.unsubscribe_url
) -> Addresses:
    """Return a message's own addresses."""
    ids = (content.program_id, content.holder_id, content.message_id)
    return Addresses(
        link(subscription(content)),
        preferences_url(Person(content.program_id, content.holder_id)),
        _links(content, message) if message.links else (),
        tracking.pixel_url(*ids) if message.sources.html else "",
    )


def _links(content: Content, message: Prepared) -> Sequence[str]:
    count = len(message.links)
    if message.sources.html:
        return tracking.urls(content.program_id, content.holder_id, content.message_id, count)
    return tracking.short_urls(content.message_id, count)


def text(content: Content) -> str:
    """Return what goes out as a text message: short words where the template has them, else the letter's text."""
    context, locale = content.context, content.locale
    if content.template in LIVE:
        return notice.short(context, locale=locale, balance=content.balance, dispute_url=_dispute_url(content))
    if content.template == settled.TEMPLATE:
        return settled.short(context, locale=locale, program=content.program_name, words=content.words)
    if content.template == tier.TEMPLATE:
        return tier.short(context, locale=locale, program=content.program_name)
    return letter(content).text


def _view(content: Content, *, doors: bool) -> dict[str, object]:
    context, locale, name, program = content.context, content.locale, content.name, content.program_name
    contact, _url = brand.contact(content.brand)
    if content.template in LIVE:
        return notice.view(
            context,
            locale=locale,
            name=name,
            program=program,
            contact=contact,
            balance=content.balance,
            dispute_url=_dispute_url(content) if doors else "#",
        )
    if content.template == note.TEMPLATE:
        return note.view(context, locale=locale, program=program, holder_id=content.holder_id)
    if content.template == settled.TEMPLATE:
        return settled.view(context, locale=locale, program=program, contact=contact, words=content.words)
    return VIEWS[content.template](context, locale=locale, name=name, program=program)


def _dispute_url(content: Content) -> str:
    return disputes.url(content.message_id)


def mail(content: Content, recipient: str, *, now: datetime) -> bytes:
    """Return the letter as mail to one address, with the ways of unsubscribing that RFC 8058 and 2369 name."""
    sender = config.mail_from()
    url = links.unsubscribe_url(subscription(content))
    written = letter(content, link=lambda _: url)
    mailto = links.unsubscribe_mailto(subscription(content))
    out = (
        ("List-Unsubscribe", f"<{url}>,\r\n <{mailto}>" if mailto else f"<{url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    answers = content.brand.get("reply_to", "")
    return mime.build(
        mime.Parts(
            sender_name=content.program_name,
            sender=sender,
            recipient=recipient,
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=message_id(content.message_id),
            date=now,
            language=content.language,
            # A test belongs to nobody who could leave.
            headers=(
                *((("Reply-To", answers),) if answers else ()),
                *(() if content.is_test else out),
                ("Auto-Submitted", "auto-generated"),
            ),
        )
    )


def message_id(id_: str) -> str:
    """Return the Message-ID of a message's row: always the same, so that a second copy is seen to be one."""
    return f"<{id_}@{config.mail_from().rpartition('@')[2]}>"


def subscription(content: Content) -> Subscription:
    """Return what the letter's link leaves."""
    return Subscription(content.program_id, content.reader_id, content.topic, content.channel)
