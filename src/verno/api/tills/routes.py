"""Which address is which door: for the server's entry, which answers them before Django."""

from collections.abc import Mapping

from verno.api import receipts
from verno.api.tills import quotes, returns, steps
from verno.api.tills.door import Door

PLAIN: Mapping[str, Door] = {
    "/v1/receipts": receipts.post_receipt,
    "/v1/receipts:batch": receipts.post_receipts,
    "/v1/receipts:quote": quotes.post_quote,
    "/v1/returns": returns.post_return,
    "/v1/returns:batch": returns.post_returns,
}
PREFIX = "/v1/receipts/"
STEPS: Mapping[str, Door] = {
    "capture": steps.post_capture,
    "cancel": steps.post_cancel,
    "activate": steps.post_activate,
    "claim": steps.post_claim,
}


def find(path: str) -> tuple[Door, str] | None:
    """Return the door of a POST to a decoded path, and the receipt that the path names; None where Django answers."""
    door = PLAIN.get(path)
    if door is not None:
        return door, ""
    if not path.startswith(PREFIX):
        return None
    name, _, verb = path[len(PREFIX) :].rpartition(":")
    step = STEPS.get(verb)
    return None if step is None or not name else (step, name)
