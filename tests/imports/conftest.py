"""What the tests of imports share: a shop in a database of its own, and one call that imports a text."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders import NOW, Shop, make_shop
from verno.imports import service
from verno.imports.types import Kind, RowError, Summary
from verno.intake import context
from verno.kit import db


@contextmanager
def quiet(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Give a bar that nobody sees."""
    yield lambda _: None


@dataclass
class Desk:
    """Imports files into one shop."""

    shop: Shop
    folder: Path

    def load(self, kind: Kind, content: str | bytes, name: str = "file.csv") -> Summary:
        """Import a text."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.load_file(kind, path)

    def load_file(self, kind: Kind, path: Path) -> Summary:
        """Import a file; what is told must be what the summary says."""
        told: list[RowError] = []
        summary = service.import_file(self.shop.program, kind, path, progress=quiet, tell=told.append, now=NOW)
        assert sorted(told, key=lambda error: error.row)[:100] == summary.errors or len(told) > 100
        return summary

    def one(self, query: str) -> object:
        """Return one value of the database."""
        with db.transaction() as conn:
            row = conn.execute(query.encode()).fetchone()
            return row[0] if row else None


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    """Give a shop with a place ``msk-1`` and nobody in it."""
    context.forget()
    with db.transaction() as conn:
        shop = make_shop(conn)
    yield Desk(shop, tmp_path)
    context.forget()
