"""What a letter's source may hold, found in one walk before any compiler sees it, and its tags put out of harm's way.

The walk is linear and knows limits: the compiler is native code, which a deep nesting would end without a word.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

LARGEST_SOURCE = 200_000
"""Characters."""
MOST_ELEMENTS = 3_000
MOST_TAGS = 2_000
DEEPEST = 60
LONGEST_STYLES = 20_000
"""Characters of style sheets: they are multiplied when they are inlined."""

_COMPONENTS = """
mjml mj-head mj-title mj-preview mj-attributes mj-all mj-class mj-breakpoint mj-style mj-html-attributes mj-selector
mj-html-attribute mj-body mj-wrapper mj-section mj-group mj-column mj-hero mj-text mj-button mj-image mj-divider
mj-spacer mj-table mj-raw mj-social mj-social-element
"""
"""Of MJML: what keeps to itself. Accordions and carousels fetch arrows from one's server, fonts from another's."""
_MARKUP = """
a abbr b bdi big blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i
img ins li mark ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr u ul wbr
"""
ALLOWED = frozenset(_COMPONENTS.split()) | frozenset(_MARKUP.split())
VOID = frozenset({"br", "col", "hr", "img", "wbr", "meta"})
ADDRESSES = frozenset({"href", "src", "background", "background-url", "action", "poster", "cite"})
SCHEMES = ("https:", "http:", "mailto:", "tel:", "sms:", "data:image/png", "data:image/jpeg", "data:image/gif", "#")
PLAIN = frozenset({"mj-style", "mj-title", "mj-preview"})
"""What holds text alone, where a comment would be read aloud."""

_OPENS = re.compile(r"\{[{%#]")
_TURNS = re.compile(r"[\"'>]")
_CLOSES = {"{{": "}}", "{%": "%}", "{#": "#}"}
_NAME = re.compile(r"[A-Za-z][\w-]*")
_ATTRIBUTE = re.compile(r"""\s*+([^\s"'=<>/]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_REACHES_OUT = re.compile(r"@import|@font-face|expression\s*\(|behavior\s*:|-moz-binding|javascript:|\\", re.IGNORECASE)


class Fault(StrEnum):
    """What is wrong with a source."""

    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    BROKEN = "broken"
    ELEMENT = "element"
    ATTRIBUTE = "attribute"
    ADDRESS = "address"
    STYLE = "style"


class Unfit(ValueError):
    """A source that no letter is made of; ``detail`` names the place."""

    def __init__(self, fault: Fault, detail: str) -> None:
        """Take what is wrong, and where."""
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail


class Masked(msgspec.Struct, frozen=True):
    """A source whose tags are words (``token`` matches one), and whose style sheets begin with ``marker``."""

    source: str
    marker: str
    token: re.Pattern[str]
    tags: Mapping[str, str]

    def restored(self, text: str) -> str:
        """Put the tags back."""
        commented = re.compile(f"<!--(?:{self.token.pattern})-->")
        bare = commented.sub(lambda found: found[0][4:-3], text)
        return self.token.sub(lambda found: self.tags[found[0]], bare)


def masked(source: str) -> Masked:
    """Return a source that is safe to compile; raises ``Unfit``. Comments are left out but for tags in them."""
    if len(source) > LARGEST_SOURCE:
        raise Unfit(Fault.TOO_LARGE, f"{len(source)} characters")
    word = _unused(source)
    tags: dict[str, str] = {}
    text = "".join(_words(source, word, tags))
    token = re.compile(rf"{word}[be]\d+z")
    walk = _Walk(text, token, f"/*{word}*/")
    return Masked("".join(walk.pieces()), walk.marker, token, tags)


def _unused(source: str) -> str:
    word = "tagq"
    while word in source.lower():
        word += "q"
    return word


def _words(source: str, word: str, tags: dict[str, str]) -> Iterator[str]:
    """Yield the source with a word for each tag: ``…b1z`` for what a block says, ``…e1z`` for what is printed."""
    at = 0
    while found := _OPENS.search(source, at):
        yield source[at : found.start()]
        end = source.find(_CLOSES[found[0]], found.end())
        if end < 0:
            raise Unfit(Fault.BROKEN, source[found.start() : found.start() + 40])
        tag = source[found.start() : end + 2]
        if found[0] != "{#":
            name = f"{word}{'e' if found[0] == '{{' else 'b'}{len(tags)}z"
            tags[name] = tag
            yield name
        if len(tags) > MOST_TAGS:
            raise Unfit(Fault.TOO_LARGE, f"more than {MOST_TAGS} tags")
        at = end + 2
    yield source[at:]


class _Walk:
    """One walk over a masked source."""

    def __init__(self, text: str, token: re.Pattern[str], marker: str) -> None:
        """Take the text, what its words look like, and how a style sheet is marked."""
        self.text = text
        self.token = token
        self.block = re.compile(token.pattern.replace("[be]", "b"))
        self.marker = marker
        self.inside: list[str] = []
        self.elements = 0
        self.styles = 0

    def pieces(self) -> Iterator[str]:
        """Yield the source piece by piece, checked."""
        at = 0
        while (start := self.text.find("<", at)) >= 0:
            yield self._between(self.text[at:start])
            if self.text.startswith("<!--", start):
                end = self._end("-->", start)
                yield "".join(f"<!--{one}-->" for one in self.block.findall(self.text, start, end))
            elif self.text.startswith(("<!", "<?"), start):
                raise Unfit(Fault.BROKEN, self.text[start : start + 40])
            elif self.text[start + 1 : start + 2].isalpha() or self.text.startswith("</", start):
                end = self._element_end(start)
                yield self._element(self.text[start:end])
            else:
                end = start + 1
                yield "&lt;"
            at = end
        yield self._between(self.text[at:])
        if self.inside:
            raise Unfit(Fault.BROKEN, f"<{self.inside[-1]}> is not closed")

    def _end(self, mark: str, start: int) -> int:
        end = self.text.find(mark, start)
        if end < 0:
            raise Unfit(Fault.BROKEN, self.text[start : start + 40])
        return end + len(mark)

    def _element_end(self, start: int) -> int:
        """Return where a tag ends; a ``>`` in quotes is none."""
        at = start
        while found := _TURNS.search(self.text, at):
            if found[0] == ">":
                return found.end()
            at = self._end(found[0], found.end())
        raise Unfit(Fault.BROKEN, self.text[start : start + 40])

    def _between(self, text: str) -> str:
        within = self.inside[-1] if self.inside else ""
        if within == "mj-style":
            self.styles += len(text)
            if self.styles > LONGEST_STYLES:
                raise Unfit(Fault.TOO_LARGE, f"more than {LONGEST_STYLES} characters of styles")
            _check_style(text)
            return f"{self.marker}{text}"
        return text if within in PLAIN else self.block.sub(lambda found: f"<!--{found[0]}-->", text)

    def _element(self, tag: str) -> str:
        closes = tag.startswith("</")
        found = _NAME.match(tag, 2 if closes else 1)
        name = found[0].lower() if found else ""
        if closes:
            return self._closed(name, tag)
        self._allow(name, tag)
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise Unfit(Fault.TOO_LARGE, f"more than {MOST_ELEMENTS} elements")
        if name in VOID:
            return tag
        if not tag.endswith("/>"):
            self.inside.append(name)
        if len(self.inside) > DEEPEST:
            raise Unfit(Fault.TOO_DEEP, f"more than {DEEPEST} elements in one another")
        return tag

    def _closed(self, name: str, tag: str) -> str:
        if name in VOID:
            return ""
        if not self.inside or self.inside.pop() != name:
            raise Unfit(Fault.BROKEN, tag[:40])
        return tag

    def _allow(self, name: str, tag: str) -> None:
        attributes = dict(_attributes(tag[1 + len(name) : -1]))
        is_quiet = set(attributes) == {"name", "content"} if name == "meta" else name in ALLOWED
        if not is_quiet:
            raise Unfit(Fault.ELEMENT, tag[:80])
        if name == "mj-social-element" and not attributes.get("src"):
            raise Unfit(Fault.ATTRIBUTE, f"{tag[:80]}: src")
        for key, value in attributes.items():
            if key.startswith("on") or key in {"srcdoc", "formaction", "srcset"}:
                raise Unfit(Fault.ATTRIBUTE, f"{tag[:80]}: {key}")
            if key == "style":
                _check_style(value)
            if key in ADDRESSES and not self._leads_somewhere(value):
                raise Unfit(Fault.ADDRESS, f"{tag[:80]}: {value[:80]}")

    def _leads_somewhere(self, address: str) -> bool:
        told = address.strip().lower()
        return not told or told.startswith(SCHEMES) or self.token.match(told) is not None


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(text):
        yield found[1].lower(), (found[2] or "").strip("\"'")


def _check_style(text: str) -> None:
    found = _REACHES_OUT.search(text)
    if found:
        raise Unfit(Fault.STYLE, text[max(0, found.start() - 20) : found.end() + 20].strip())
