"""How much a fault test does: quickly within ``make test``, long with ``VERNO_THOROUGH`` (``make faults``)."""

import os
from typing import TypeVar

T = TypeVar("T")

LONG = int(os.environ.get("VERNO_THOROUGH", "0")) > 0


def either(quick: T, long: T) -> T:
    """Return the quick run's value, or the long one's."""
    return long if LONG else quick
