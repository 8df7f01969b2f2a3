"""A shop that says who it is, as every country asks of whoever advertises."""

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import setting
from verno.workspace.registry import REGISTRY

SENDER = {"legal_name": "Shop Ltd", "address": "1 High Street", "contact": "hello@example.com"}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    for name, value in SENDER.items():
        if f"brand.{name}" in REGISTRY:
            setting(shop, f"brand.{name}", value)
    return shop
