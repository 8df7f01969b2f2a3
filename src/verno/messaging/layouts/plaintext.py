"""The plain-text part of a letter: what its HTML says, line by line, with its links readable."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from verno.messaging.layouts.scanning import Masked

UNSEEN = frozenset({"head", "style", "script", "title"})
PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table"})
LINES = frozenset({"div", "center", "li", "tr", "hr", "dt", "dd", "pre", "caption"})
CELLS = frozenset({"td", "th"})

_SPACE = re.compile(r"[ \t\r\n\f\u00a0\u200c]+")
_NOT_SHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_OWN_ADDRESS = re.compile(r"^(mailto:|tel:|https?://)")


def of(html: str, masked: Masked) -> str:
    """Return the text of a page, its tags masked still. One in a comment stays in its place.

    A tag between two paragraphs stands before the second one, so that what it leaves out leaves no gap.
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    writer = _Writer(masked)
    for child in body.iter(include_text=True):
        writer.walk(child)
    return "".join(writer.out).strip()


class _Writer:
    """Text so far, and the gap that is due before the next word."""

    def __init__(self, masked: Masked) -> None:
        """Begin with an empty page."""
        self.masked = masked
        self.out: list[str] = []
        self.gap = 0
        self.space = False
        self.fresh = True
        self.given = 2
        """Line ends since the last word; a page begins as if after a gap."""
        self.tagged = False

    def walk(self, node: LexborNode) -> None:
        """Write one node and what is in it."""
        name = node.tag or ""
        if node.is_comment_node:
            # What Outlook alone reads has tags in it too; a tag of ours is all of its comment.
            if self.masked.token.fullmatch(node.comment_content or ""):
                self._tag(node.comment_content or "")
        elif node.is_text_node:
            self._text(node.text_content or "")
        elif name == "br":
            self._break(1)
        elif name == "img":
            self._text(f" {node.attributes.get('alt') or ''} ")
        elif name == "a":
            self._link(node)
        elif name not in UNSEEN and not _NOT_SHOWN.search(node.attributes.get("style") or ""):
            self._block(node, name)

    def _block(self, node: LexborNode, name: str) -> None:
        size = _size(node, name)
        self._break(size)
        if name == "li":
            self._text("- ")
            self.space = True
        for index, child in enumerate(_children(node)):
            if name == "tr" and index and size == 1:
                self._cell()
            self.walk(child)
        self._break(size)

    def _cell(self) -> None:
        """Join a table's cells: a label has its colon."""
        if not self.fresh and self.out and not self.gap:
            self.out.append("" if self.out[-1].endswith(":") else ":")
            self.space = True

    def _link(self, node: LexborNode) -> None:
        address = (node.attributes.get("href") or "").strip()
        inner = _Writer(self.masked)
        for child in _children(node):
            inner.walk(child)
        label = "".join(inner.out).strip()
        if not address or address.startswith("#") or self._bare(address) == self._bare(label):
            self._text(label)
        else:
            self._text(f"{label}: {address}" if label else address)

    def _bare(self, address: str) -> str:
        """Return an address without its scheme, to see whether a label says the same."""
        return _OWN_ADDRESS.sub("", self.masked.restored(address)).rstrip("/")

    def _text(self, text: str) -> None:
        words = _SPACE.sub(" ", text)
        inner = words.strip()
        if not inner:
            self.space = self.space or bool(words)
            return
        spaced = self.space or words.startswith(" ")
        self._flush()
        if spaced and not self.fresh:
            self.out.append(" ")
        self.out.append(inner)
        self.fresh = False
        self.given = 0
        self.space = words.endswith(" ")

    def _tag(self, tag: str) -> None:
        spaced = self.space and not self.gap and not self.fresh
        self._flush()
        self.out.append(f" {tag}" if spaced else tag)
        self.space = False
        self.tagged = True

    def _break(self, lines: int) -> None:
        if not lines:
            return
        wanted = lines - self.given if self.fresh else lines
        self.gap = max(self.gap, wanted)
        self.space = False

    def _flush(self) -> None:
        """Write the gap that is due. After a tag it begins with a space: a renderer may trim the first line end."""
        if self.gap:
            self.out.append(("\n" if not self.tagged else " \n") + "\n" * (self.gap - 1))
            self.given = self.gap + (self.given if self.fresh else 0)
            self.gap = 0
            self.fresh = True
        self.tagged = False


def _children(node: LexborNode) -> Iterator[LexborNode]:
    return node.iter(include_text=True)


def _size(node: LexborNode, name: str) -> int:
    """Return how many line ends stand around an element; MJML's own rows hold one paragraph each."""
    if name == "tr":
        table = node.parent
        while table is not None and table.tag != "table":
            table = table.parent
        is_frame = table is not None and table.attributes.get("role") == "presentation"
        return 2 if is_frame else 1
    if name in PARAGRAPHS:
        return 2
    return 1 if name in LINES else 0
