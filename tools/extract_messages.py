"""Collect the texts to translate and bring the catalogs up to date: ``python tools/extract_messages.py``.

Texts come from Python (gettext and its sisters) and from Django's templates ({% trans %}, {% blocktrans %}). Babel
reads Python; templates are read here, since Django's own extraction needs GNU gettext's programs, which a machine
may not have. New texts come into the catalogs empty, and those that are gone leave.
"""

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, Token, TokenType

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "verno"
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}

TRANS = re.compile(r"""^trans(?:late)?\s+(?P<text>"[^"]*"|'[^']*')""")
BLOCK = re.compile(r"^blocktrans(?:late)?(?:\s|$)")
PLURAL = re.compile(r"^plural$")
END = re.compile(r"^endblocktrans(?:late)?$")

NOISE = re.compile(r'^"(?:POT-|PO-|Report-|Last-|Language-Team|Generated-By).*\n', re.MULTILINE)

Text = str | tuple[str, str]


def collect() -> Catalog:
    """Return every text of the sources with the places it is used at."""
    catalog = Catalog(project="Verno", charset="utf-8", fuzzy=False)
    for path in sorted(SOURCE.rglob("*.py")):
        for line, text, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
            catalog.add(text, locations=[(_place(path), line)])
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        for line, text in template_texts(path.read_text(encoding="utf-8")):
            catalog.add(text, locations=[(_place(path), line)])
    return catalog


def template_texts(source: str) -> Iterator[tuple[int, Text]]:
    """Yield (line, text) of a template; a text with a plural form is a pair."""
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type != TokenType.BLOCK:
            continue
        found = TRANS.match(token.contents)
        if found:
            yield token.lineno or 0, ast.literal_eval(found["text"]).replace("%", "%%")
        elif BLOCK.match(token.contents):
            yield token.lineno or 0, _block(tokens, trimmed="trimmed" in token.contents.split())


def _block(tokens: Iterator[Token], *, trimmed: bool) -> Text:
    """Read a block up to its end, as Django names its variables: ``{{ name }}`` is ``%(name)s``."""
    parts = [""]
    for token in tokens:
        if token.token_type == TokenType.BLOCK and END.match(token.contents):
            break
        if token.token_type == TokenType.BLOCK and PLURAL.match(token.contents):
            parts.append("")
        elif token.token_type == TokenType.VAR:
            parts[-1] += f"%({token.contents})s"
        elif token.token_type == TokenType.TEXT:
            parts[-1] += token.contents.replace("%", "%%")
    if trimmed:
        parts = [" ".join(line.strip() for line in part.splitlines() if line.strip()) for part in parts]
    return (parts[0], parts[1]) if len(parts) > 1 else parts[0]


def catalogs() -> list[Path]:
    """Return the catalogs that are kept."""
    return sorted(SOURCE.glob("locale/*/LC_MESSAGES/django.po"))


def load(path: Path) -> Catalog:
    """Read one catalog."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain="django")


def save(path: Path, catalog: Catalog) -> None:
    """Write one catalog, without the lines that change by themselves and those that name people."""
    text = BytesIO()
    write_po(text, catalog, width=110, no_location=True, sort_output=True)
    path.write_text(NOISE.sub("", text.getvalue().decode()), encoding="utf-8")


def missing(catalog: Catalog, template: Catalog) -> list[str]:
    """Return the texts that a catalog does not say, says with a guess, or says without all plural forms."""
    out = []
    for message in template:
        if not message.id:
            continue
        found = catalog.get(message.id)
        said = (found.string if isinstance(found.string, list | tuple) else [found.string]) if found else []
        if found is None or found.fuzzy or not said or not all(said):
            out.append(str(message.id))
    return out


def main() -> int:
    """Update the catalogs; with ``--check`` change nothing and fail when a text lacks its translation."""
    template = collect()
    failed = 0
    for path in catalogs():
        catalog = load(path)
        if "--check" not in sys.argv:
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            save(path, catalog)
        lacking = missing(catalog, template)
        for text in lacking:
            sys.stderr.write(f"{_place(path)}: not translated: {text}\n")
        failed += len(lacking)
    return 1 if failed else 0


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
