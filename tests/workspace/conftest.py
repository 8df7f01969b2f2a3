"""Running commands in this process, on the test's own database."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.builders import Shop, make_shop
from verno.cli import group
from verno.kit import db


@pytest.fixture
def served(database: str) -> Shop:
    """Make a shop that commands can see."""
    with db.transaction() as conn:
        return make_shop(conn)


@pytest.fixture
def verno(served: Shop) -> Callable[..., Result]:
    """Return a runner of commands: ``verno("key", "list")``."""

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(group, words, input=typed)

    return run


def printed(result: Result) -> Any:  # noqa: ANN401 whatever it printed
    """Return the JSON that a command printed, having checked that it went well."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
