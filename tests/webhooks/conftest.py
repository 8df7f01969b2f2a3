"""A shop whose webhooks may go to loopback, and a receiver there."""

from collections.abc import Iterator

import pytest

from tests.builders import NOW, Shop, make_shop
from tests.waiting import until_readable
from tests.webhooks.receiver import Receiver
from verno.kit import db
from verno.kit.outbox import NewEvent, append
from verno.webhooks import service
from verno.webhooks.sending import reader
from verno.webhooks.types import Made, NewEndpoint
from verno.workspace import settings
from verno.workspace.audit import SYSTEM

OPEN = {"webhooks.private_networks": ["127.0.0.0/8"], "webhooks.plain_http": True}


@pytest.fixture
def shop(database: str) -> Shop:
    """Make a shop that trusts loopback."""
    with db.transaction() as conn:
        made = make_shop(conn)
        done = settings.write_all(conn, made.program.id, OPEN, now=NOW, by=SYSTEM)
        assert all(isinstance(one, settings.Value) for one in done), done
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve for one test."""
    with Receiver() as serving:
        yield serving


def listen(shop: Shop, url: str, *types: str) -> Made:
    """Add an endpoint."""
    with db.transaction(shop.program.id) as conn:
        made = service.add(conn, shop.program.id, NewEndpoint(url, types), now=NOW, by=SYSTEM)
    assert isinstance(made, Made), made
    return made


def tell(shop: Shop, *holders: str, type_: str = "badge.given.v1") -> None:
    """Let something happen to each member, in this order, and have the reader note it."""
    with db.transaction(shop.program.id) as conn:
        append(conn, [NewEvent(shop.program.id, who, type_, {"n": n}, NOW) for n, who in enumerate(holders)])
    until_readable()
    while reader.step(now=NOW):
        pass
