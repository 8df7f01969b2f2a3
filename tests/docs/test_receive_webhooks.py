"""The receiver's page: its Python opens what we send, and nothing else."""

import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.builders import Shop, holder
from tests.webhooks.conftest import listen, receiver, shop, tell  # noqa: F401 fixtures
from tests.webhooks.receiver import Receiver
from verno.kit.clock import system_now
from verno.webhooks import signing
from verno.webhooks.sending.sender import send_due

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-webhooks.md"


def test_the_example_opens_what_we_send_and_nothing_else(shop: Shop, receiver: Receiver) -> None:  # noqa: F811
    block = re.search(r"^ *```python\n(.*?)^ *```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block
    names: dict[str, Any] = {}
    exec(textwrap.dedent(block[1]), names)
    is_genuine: Callable[[dict[str, str], bytes, str], bool] = names["is_genuine"]
    made = listen(shop, f"{receiver.url}/ok")
    tell(shop, holder())
    send_due(system_now, worker_name="test")
    (call,) = receiver.calls["ok"]
    headers = {
        "webhook-id": call.id,
        "webhook-timestamp": str(call.timestamp),
        "webhook-signature": call.signature,
    }
    assert is_genuine(headers, call.body, made.secret)
    assert is_genuine(headers | {"webhook-signature": f"v1,x {call.signature}"}, call.body, made.secret)
    assert not is_genuine(headers, call.body + b" ", made.secret)
    assert not is_genuine(headers | {"webhook-id": "evt_1_1_00000000"}, call.body, made.secret)
    assert not is_genuine(headers, call.body, signing.new_secret())
    old = str(int(time.time()) - 301)
    key = signing.key_of(made.secret)
    assert key
    signed = signing.signature([key], call.id, int(old), call.body)
    assert not is_genuine(headers | {"webhook-timestamp": old, "webhook-signature": signed}, call.body, made.secret)
