"""From a template as it was written to one that can be sent from, tried out in the press."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from verno.messaging.letters.wording import Language
from verno.messaging.templates import preparing, sampling
from verno.messaging.templates.checks import adverts
from verno.messaging.templates.checks.sources import uses
from verno.messaging.templates.press import printing, protocol
from verno.messaging.templates.press.pool import POOL
from verno.messaging.templates.press.printing import Addresses
from verno.messaging.templates.types import Broken, Compiled, Prepared, Sources, Template
from verno.messaging.templates.views import LIVE, Frame
from verno.messaging.tracking import links as tracking
from verno.messaging.types import Letter, MessageClass

SAMPLE_URL = "https://example.com/"


def made(template: Template, version: int) -> Compiled | Broken:
    """Return a template as it is sent from, or why it cannot be compiled. Raises ``Unavailable`` without a press."""
    asked = [
        protocol.Written(channel, language, block.subject, block.preheader, block.body)
        for channel, blocks in template.blocks.items()
        for language, block in blocks.items()
    ]
    track = template.class_name is not MessageClass.SECURITY
    reply = POOL.ask(protocol.Compile(asked, track, template.track_texts))
    if not isinstance(reply, protocol.Compiled):
        return Broken(_words(reply))
    blocks: dict[str, dict[str, Sources]] = {}
    for one in reply.blocks:
        blocks.setdefault(one.channel, {})[one.locale] = Sources(one.subject, one.html, one.text)
    return Compiled(
        code=template.code,
        version=version,
        class_name=template.class_name,
        blocks=blocks,
        shown=template.shown,
        links=[with_utm(url, template.utm) for url in reply.links],
        advert=adverts.line(template.advert),
        needs=_needs(blocks),
    )


def tried(known: Frame, compiled: Compiled, *, context: Mapping[str, object] | None, now: datetime) -> str | None:
    """Render every block for somebody made up, with all that is shown by condition; returns what broke first."""
    for channel, blocks in compiled.blocks.items():
        for language in blocks:
            message = sample(known, compiled, (channel, language), context=context, now=now)
            letter = printed(message) if message else Broken("no block")
            if isinstance(letter, Broken):
                return f"{channel}/{language}: {letter.detail}"
    return None


def sample(
    known: Frame,
    compiled: Compiled,
    where: tuple[str, str],
    *,
    context: Mapping[str, object] | None,
    now: datetime,
    sparse: bool = False,
) -> Prepared | None:
    """Return a message to somebody made up; ``sparse``: of whom hardly anything is known. None without a block."""
    channel, locale = where
    picked = preparing.pick(compiled.blocks.get(channel, {}), locale, known.program.locale)
    if picked is None:
        return None
    language: Language = picked[0]
    sources = [picked[1]]
    return preparing.written(
        known,
        compiled,
        where,
        sampling.member(sampling.attributes(sources), language, sparse=sparse),
        sampling.figures(known, sparse=sparse, now=now),
        context=sampling.context(sources) if context is None else context,
        shown=dict.fromkeys(compiled.shown, not sparse),
    )


def printed(message: Prepared) -> Letter | Broken:
    """Return what somebody sees whose links lead to where they say, and whose own addresses lead nowhere."""
    return printing.printed(message, Addresses("#", "#", message.links))


def reckoned(message: Prepared) -> Letter | Broken:
    """Return what is paid for: with addresses as long as a message's own."""
    return printing.printed(message, Addresses("#", "#", [tracking.sample_url()] * len(message.links)))


def with_utm(url: str, utm: Mapping[str, str]) -> str:
    """Return an address with marks for analytics; those that it has already stay."""
    if not utm:
        return url
    parts = urlsplit(url)
    has = {pair.partition("=")[0] for pair in parts.query.split("&")}
    marks = urlencode({name: value for name, value in _named(utm).items() if name not in has})
    query = "&".join(part for part in (parts.query, marks) if part)
    return urlunsplit(parts._replace(query=query))


def _named(utm: Mapping[str, str]) -> dict[str, str]:
    return {name if name.startswith("utm_") else f"utm_{name}": value for name, value in utm.items()}


def _needs(blocks: Mapping[str, Mapping[str, Sources]]) -> list[str]:
    said = {
        use.name.partition(".")[0]
        for some in blocks.values()
        for one in some.values()
        for part in (one.subject, one.html, one.text)
        for use in uses(part)
    }
    return [name for name in LIVE if name in said]


def _words(reply: protocol.Reply) -> str:
    if isinstance(reply, protocol.Broken):
        return ": ".join(part for part in (reply.where, reply.detail) if part)
    return "the press gave no answer"
