"""A shop that says who it is, as every country asks of whoever advertises, and whose letters and texts can leave."""

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


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a relay and a gateway, as a launch asks for; nothing of these tests calls them by these names."""
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:25")
    monkeypatch.setenv("VERNO_SMS_URL", "http://127.0.0.1:9/")
