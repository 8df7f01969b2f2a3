"""MJML with a template's tags in it, compiled once to HTML and plain text.

Tags travel as words and comments that neither compiler nor parser touches, and come back at the end.
"""

import re

import css_inline
import msgspec
from mjml import mjml2html
from selectolax.lexbor import LexborHTMLParser, LexborNode

_TAG = re.compile(r"<!--\s*(\{%.*?%\})\s*-->|(\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\})", re.DOTALL)
_PLACE = re.compile(r"<!--xtag(\d+)y-->|xtag(\d+)y")
_MJMLS_OWN = re.compile(r'(<style type="text/css")>(?!:root)')
_FONTS = re.compile(r"<link\b[^>]*>|@import url\([^)]*\);?")
_SILENT = frozenset({"head", "style", "script", "title"})
_BREAKS = frozenset({"p", "div", "tr", "table", "h1", "h2", "h3", "li", "br"})


class Unfit(Exception):
    """The source cannot be compiled; the text says why."""


class Page(msgspec.Struct, frozen=True):
    """A compiled letter; both still with the template's tags. Only ``html`` is to be escaped when they are filled."""

    html: str
    text: str


def compiled(source: str) -> Page:
    """Return a letter's two parts; raises ``Unfit``."""
    tags: list[str] = []

    def hide(found: re.Match[str]) -> str:
        alone = found.group(1)
        tags.append(alone or found.group(2))
        return f"<!--xtag{len(tags) - 1}y-->" if alone else f"xtag{len(tags) - 1}y"

    def show(text: str) -> str:
        return _PLACE.sub(lambda found: tags[int(found.group(1) or found.group(2))], text)

    try:
        html = _FONTS.sub("", mjml2html(_TAG.sub(hide, source)))
        inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
        html = inliner.inline(_MJMLS_OWN.sub(r'\1 data-css-inline="ignore">', html))
    except (ValueError, css_inline.InlineError) as error:
        raise Unfit(str(error)[:300]) from None
    html = html.replace(' data-css-inline="ignore"', "")
    return Page(show(html), show(_text(html)))


def _text(html: str) -> str:
    body = LexborHTMLParser(html).body
    out: list[str] = []
    if body is not None:
        _walk(body, out)
    lines = [" ".join(line.split()) for line in "".join(out).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _walk(node: LexborNode, out: list[str]) -> None:
    for child in node.iter(include_text=True):
        name = child.tag or ""
        if name == "-text":
            out.append(child.text_content or "")
        elif name in {"_comment", "-comment"}:
            place = _PLACE.search(child.html or "")
            out.append(place.group(0).removeprefix("<!--").removesuffix("-->") if place else "")
        elif name not in _SILENT:
            _walk(child, out)
            address = child.attributes.get("href") if name == "a" else None
            if address:
                out.append(f" {address} ")
            if name in _BREAKS:
                out.append("\n")
