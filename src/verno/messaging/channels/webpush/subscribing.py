"""What a browser offers as its subscription: taken where we may ever call it, refused with no word why."""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from verno.members.devices.types import LONGEST
from verno.messaging.channels.port import Unwritable
from verno.messaging.channels.webpush import pushes
from verno.outbound import guard
from verno.outbound.guard import Network

LONGEST_ENDPOINT = 2048
_HERE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that lead nowhere in the public internet."""


def acceptable(text: str, *, networks: Sequence[Network] = ()) -> str | None:
    """Return a subscription in its one form, or None for what is none, or leads into a private network.

    Any push service may be named, as long as it is reached by https; those of ``networks`` also by http. Names are
    looked up when a push is sent, and each time, so that what they lead to is judged then.
    """
    if len(text) > LONGEST:
        return None
    try:
        found = pushes.subscription(text)
        parts = urlsplit(found.endpoint)
        host = parts.hostname or ""
        fine = parts.port != 0 and parts.username is None and parts.password is None
    except (Unwritable, ValueError):
        return None
    schemes = {"https", "http"} if networks else {"https"}
    if not fine or parts.scheme not in schemes or not _may_call(host, networks):
        return None
    if len(found.endpoint) > LONGEST_ENDPOINT or not found.endpoint.isascii() or not found.endpoint.isprintable():
        return None
    return msgspec.json.encode(found).decode()


def _may_call(host: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = f".{host.lower().rstrip('.')}"
        return bool(host) and (bool(networks) or not name.endswith(_HERE)) and ("." in host or bool(networks))
    return guard.is_public(address) or any(address in one for one in networks if one.version == address.version)
