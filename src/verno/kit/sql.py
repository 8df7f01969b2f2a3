"""Named SQL: each statement of a package lies in its ``sql/`` folder under a heading of its own.

A file holds statements that start with ``-- name: <name>`` and comment lines that say the purpose and the
expected plan. The loader gives them back by name, so that a query budget or a reader finds one at once.
"""

import re
from importlib import resources
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


class Statements:
    """The named statements of one package, read once when the package is imported."""

    def __init__(self, package: str) -> None:
        """Read every ``*.sql`` of ``package``'s ``sql`` folder; a name used twice is an error."""
        self._texts: dict[str, LiteralString] = {}
        for entry in sorted(resources.files(package).joinpath("sql").iterdir(), key=lambda e: e.name):
            if entry.name.endswith(".sql"):
                self._read(package, entry.name, entry.read_text(encoding="utf-8"))

    def _read(self, package: str, file: str, text: str) -> None:
        parts = _NAME.split(text)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in self._texts:
                message = f"{package}: statement {name} in {file} has a name already taken"
                raise ValueError(message)
            # The texts come from files of this distribution, never from input: literal in the sense of PEP 675.
            self._texts[name] = cast("LiteralString", body.strip())

    def __getitem__(self, name: str) -> LiteralString:
        """Return the text of the statement ``name``; raises ``KeyError`` when there is none."""
        return self._texts[name]

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._texts)
