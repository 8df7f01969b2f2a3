"""The story's shop in a database of its own, and a browser's stand-in that is signed in."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.test import Client, override_settings

from tests.builders import NOW
from tests.console import story
from tests.console.story import Story
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.workspace import accounts


class QuickHasher(Argon2PasswordHasher):
    """The same hash with little work: tests sign in a hundred times."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1


EMAIL = "vera@example.com"
PASSWORD = "orange lamp river 42"


@dataclass(frozen=True)
class House:
    """A served shop: its story, and a client that has signed in."""

    story: Story
    client: Client


@pytest.fixture(autouse=True, scope="package")
def _quick() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=[f"{__name__}.QuickHasher"]):
        yield


@pytest.fixture
def at_now() -> Iterator[None]:
    """Hold the clock at the tests' moment."""
    clock.read = lambda: NOW
    yield
    clock.read = system_now


@pytest.fixture
def shop(database: str, at_now: None) -> Story:
    """A committed shop with a year behind it; its set-up link is unused."""
    with db.transaction() as conn:
        told = story.tell(conn, now=NOW)
    story.count_events(NOW)
    return told


@pytest.fixture
def house(shop: Story) -> House:
    """The shop with an owner who has signed in through the real form."""
    with db.transaction() as conn:
        accounts.redeem_setup_token(conn, shop.token, EMAIL, "Vera", make_password(PASSWORD), "en", now=NOW)
    client = Client()
    answer = client.post("/console/sign-in/", {"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return House(shop, client)


@pytest.fixture
def rows(database: str) -> Iterator[psycopg.Connection]:
    """A look into the database beside the pages."""
    with psycopg.connect(database) as conn:
        yield conn
