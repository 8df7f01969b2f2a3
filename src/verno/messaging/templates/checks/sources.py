"""Which names a source says, and whether each has a fallback: read, never run.

A reading for linting and for samples, not an interpreter: what it does not understand it leaves alone, and the dry
render has the last word.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

_TAG = re.compile(r"\{#.*?#\}|\{\{-?(?P<expression>.*?)-?\}\}|\{%-?(?P<statement>.*?)-?%\}", re.DOTALL)
_ITEM = re.compile(r"\[\s*(?:'([A-Za-z_]\w*)'|\"([A-Za-z_]\w*)\")\s*\]")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_PATH = re.compile(r"(?<![\w.|])(?<!\|\s)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?P<call>\s*\()?")
_FILTER = re.compile(r"\s*\|\s*([A-Za-z_]\w*)\s*(?:\([^()]*\))?")
_FOR = re.compile(r"for\s+([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s+in\s+(.*)", re.DOTALL)
_SET = re.compile(r"set\s+([A-Za-z_]\w*)\s*=?(.*)", re.DOTALL)
_COMPARES = re.compile(r"[=!<>]=|[<>]|\bin\b")
_CONNECTIVES = frozenset({"and", "or", "not", "in", "is", "if", "else"})
_CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None", "loop", "recursive"})
_TESTS = frozenset({"defined", "undefined", "odd", "even", "string", "number", "mapping", "sequence", "iterable"})
_WORDS = _CONNECTIVES | _CONSTANTS | _TESTS
FALLBACKS = frozenset({"default", "d"})
EACH = "[]"
"""Stands for an item of a list: ``context.rows[].name``."""


class Use(msgspec.Struct, frozen=True):
    """A name that a source says. ``printed``: its value is written, and not only asked or gone through."""

    name: str
    filters: tuple[str, ...] = ()
    printed: bool = True
    safe: bool = False
    """Whether it has a fallback, or is printed only where it is there."""
    repeated: bool = False
    """Whether the source goes through it."""


def uses(source: str) -> list[Use]:
    """Return the names of a source, in order; those that it makes itself are left out."""
    return list(_Reader().read(source))


class _Reader:
    """Goes through a source's tags, with the conditions and loops it is in."""

    def __init__(self) -> None:
        self.guards: list[frozenset[str]] = []
        self.loops: list[tuple[frozenset[str], str]] = []
        self.made: set[str] = set()

    def read(self, source: str) -> Iterator[Use]:
        for tag in _TAG.finditer(source):
            if (expression := tag.group("expression")) is not None:
                yield from self.expression(expression)
            elif (statement := tag.group("statement")) is not None:
                yield from self.statement(statement.strip())

    def statement(self, text: str) -> Iterator[Use]:
        word, _, rest = text.partition(" ")
        if word in {"if", "elif", "else", "endif"}:
            yield from self.condition(word, rest)
        elif loop := _FOR.match(text):
            yield from self.loop(loop)
        elif word == "endfor":
            del self.loops[-1:]
        elif made := _SET.match(text):
            yield from _asked(self.names(made.group(2)))
            self.made.add(made.group(1))
        elif word in {"macro", "call", "import", "from", "include", "extends"}:
            self.made.update(re.findall(r"[A-Za-z_]\w*", rest))
        else:
            yield from _asked(self.names(rest))

    def condition(self, word: str, rest: str) -> Iterator[Use]:
        """Read ``if`` and what belongs to it: what is asked is there in the branch that it guards."""
        if word != "if":
            del self.guards[-1:]
        if word == "endif":
            return
        found = list(self.names(rest))
        # "not x", "x or y" and "else" promise nothing of x.
        turned = word == "else" or re.search(r"\b(not|or|undefined)\b", rest) is not None
        self.guards.append(frozenset() if turned else frozenset(one.name for one in found))
        if _COMPARES.search(rest) is None:
            yield from _asked(found)
            return
        # What is not there cannot be compared; "x and x == 1" asks first.
        said = [one.name for one in found]
        for one in found:
            yield msgspec.structs.replace(one, safe=one.safe or said.count(one.name) > 1)

    def loop(self, found: re.Match[str]) -> Iterator[Use]:
        names = frozenset(re.findall(r"[A-Za-z_]\w*", found.group(1)))
        over = list(self.names(found.group(2)))
        for index, one in enumerate(over):
            yield msgspec.structs.replace(one, printed=False, repeated=index == 0)
        self.loops.append((names, over[0].name + EACH if over else ""))

    def expression(self, text: str) -> Iterator[Use]:
        found = list(self.names(text))
        said = [one.name for one in found]
        chooses = re.search(r"\bif\b", _TEXT.sub("''", text)) is not None
        for one in found:
            asked = chooses and said.count(one.name) > 1
            yield msgspec.structs.replace(one, safe=one.safe or asked)

    def names(self, text: str) -> Iterator[Use]:
        text = _TEXT.sub("''", _ITEM.sub(lambda item: f".{item.group(1) or item.group(2)}", text))
        for found in _PATH.finditer(text):
            path = found.group(1)
            root = path.partition(".")[0]
            if root in _WORDS or found.group("call") or re.match(r"\s*=(?!=)", text[found.end() :]):
                continue
            named = self.resolved(path)
            if named is None:
                continue
            filters: list[str] = []
            place = found.end(1)
            while further := _FILTER.match(text, place):
                filters.append(further.group(1))
                place = further.end()
            safe = bool(filters) and filters[0] in FALLBACKS
            yield Use(named, tuple(filters), safe=safe or self.guarded(named))

    def resolved(self, path: str) -> str | None:
        """Return a path by the name it is known under outside of the source; None for what the source makes."""
        root, _, rest = path.partition(".")
        for names, over in reversed(self.loops):
            if root in names:
                return f"{over}.{rest}" if over and rest else (over or None)
        return None if root in self.made else path

    def guarded(self, name: str) -> bool:
        twin = {"member.first_name": "member.name", "member.name": "member.first_name"}.get(name, name)
        return any(name in held or twin in held for held in self.guards)


def _asked(found: Iterable[Use]) -> Iterator[Use]:
    return (msgspec.structs.replace(one, printed=False) for one in found)
