"""A mail server, and a shop that has news and orders to tell."""

from collections.abc import Iterator

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, SERVICE
from tests.messaging.people import make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic


@pytest.fixture
def postman() -> Iterator[Postman]:
    with Postman() as running:
        yield running


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        shop = make_program(conn)
        members.ensure_topics(conn, shop.program.id, [Topic(NEWS, "marketing"), Topic(SERVICE, "transactional")])
    return shop
