"""Every channel that Verno can send on tries its suspects alone, too."""

import importlib

import pytest

from verno.messaging import facts
from verno.wiring.chores import SUSPECTS


def test_no_channel_is_left_out() -> None:
    assert {code for _, code in SUSPECTS} == set(facts.ADDRESS_KIND)


@pytest.mark.parametrize(("target", "code"), SUSPECTS)
def test_each_is_found_where_it_is_said_to_be(target: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:25")
    monkeypatch.setenv("VERNO_SMS_URL", "http://user:password@127.0.0.1:9/cgi-bin/sendsms")
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", "12345:abc")
    module, attribute = target.split(":")
    assert getattr(importlib.import_module(module), attribute)().code == code
