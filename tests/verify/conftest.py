"""The owner's rights, for those who falsify."""

import os
from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture(scope="module")
def _owner() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as conn:
        yield conn


@pytest.fixture
def owner(_owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give the owner's rights in a transaction that is rolled back."""
    yield _owner
    _owner.rollback()
