"""From what was written to what is sent from: MJML compiled once, links numbered. Runs in the press alone.

A link that says its whole address is tracked: in its place comes one of the message's own, by number. One that is made
of figures keeps its address, since only published destinations are ever led to.
"""

import html as markup
import re
from collections.abc import Sequence

from verno.messaging.layouts.mjml import compiled as page
from verno.messaging.layouts.scanning import Unfit
from verno.messaging.templates.checks.links import numbered
from verno.messaging.templates.press.protocol import Broken, Compiled, Set, Written

EMAIL = "email"
MOST_LINKS = 500
MOST_SHORT = 256
"""Links that the short address of a text can number (tracking/links.py)."""

_HREF = re.compile(r'(<a\b[^>]*?\bhref=")(https?://[^"{}]+)(")', re.IGNORECASE)
_BODY_END = re.compile(r"</body>", re.IGNORECASE)
_HEAD = re.compile(r"<mj-head\b[^>]*(?<!/)>", re.IGNORECASE)
_EMPTY_HEAD = re.compile(r"<mj-head\b[^>]*/>", re.IGNORECASE)
_ROOT = re.compile(r"<mjml\b[^>]*>", re.IGNORECASE)
PIXEL = (
    '{% if _pixel %}<img src="{{ _pixel | safe }}" width="1" height="1" alt="" style="border:0;display:block">'
    "{% endif %}"
)


def compiled(blocks: Sequence[Written], *, track: bool, texts: bool = False) -> Compiled | Broken:
    """Return blocks as they are rendered, in order, or the first one that cannot be, and why."""
    links: list[str] = []
    out: list[Set] = []
    for block in blocks:
        if block.channel != EMAIL:
            body = _numbered(block.body, links) if track and texts else block.body
            out.append(Set(block.channel, block.locale, block.subject, "", body))
            continue
        try:
            written = page(with_language(with_preheader(block.body, block.preheader)))
        except Unfit as error:
            return Broken(f"{block.channel}/{block.locale}", str(error))
        html, text = written.html, written.text
        if track:
            html, text = _tracked(html, text, links)
        out.append(Set(block.channel, block.locale, block.subject, html, text))
    if len(links) > MOST_LINKS:
        return Broken("", f"{len(links)} links, the limit is {MOST_LINKS}")
    return Compiled(out, links)


def with_preheader(body: str, preheader: str) -> str:
    """Return MJML that begins with the words shown beside the subject, unless it has some already."""
    if not preheader or "<mj-preview" in body:
        return body
    line = f"<mj-preview>{preheader}</mj-preview>"
    if found := _HEAD.search(body):
        return f"{body[: found.end()]}{line}{body[found.end() :]}"
    if found := _EMPTY_HEAD.search(body):
        return f"{body[: found.start()]}<mj-head>{line}</mj-head>{body[found.end() :]}"
    if found := _ROOT.search(body):
        return f"{body[: found.end()]}<mj-head>{line}</mj-head>{body[found.end() :]}"
    return body


def with_language(body: str) -> str:
    """Return MJML that says which language it is in, for whoever has letters read to them."""
    found = _ROOT.search(body)
    if found is None or re.search(r"\blang\s*=", found.group(0)):
        return body
    return f'{body[: found.start()]}<mjml lang="{{{{ lang }}}}"{found.group(0)[5:]}{body[found.end() :]}'


def _numbered(body: str, links: list[str]) -> str:
    """Put numbered places where a plain text's links are, as far as its short links can number them."""

    def place(url: str) -> str | None:
        if url not in links:
            links.append(url)
        number = links.index(url)
        return f"{{{{ _texts[{number}] }}}}" if number < MOST_SHORT else None

    return numbered(body, place)


def _tracked(html: str, text: str, links: list[str]) -> tuple[str, str]:
    """Put numbered places where links are; ``links`` takes their addresses."""
    found: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        before, url, after = match.groups()
        url = markup.unescape(url)
        if url not in links:
            links.append(url)
        found[url] = links.index(url)
        return f"{before}{{{{ _links[{found[url]}] | safe }}}}{after}"

    html = _HREF.sub(place, html)
    html = _BODY_END.sub(lambda end: PIXEL + end.group(0), html, count=1)
    if found:
        longest = sorted(found, key=len, reverse=True)
        pattern = re.compile("|".join(re.escape(url) + r"(?![^\s<>)\]\"'])" for url in longest))
        text = pattern.sub(lambda match: f"{{{{ _texts[{found[match.group(0)]}] }}}}", text)
    return html, text
