"""What the demo's tests share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from verno.demo.load import Progress


@pytest.fixture
def quiet() -> Progress:
    """Give bars that nobody sees."""

    @contextmanager
    def bar(title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        yield lambda _: None

    return bar
