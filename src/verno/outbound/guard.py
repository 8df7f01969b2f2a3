"""Which addresses a call may reach when its URL was written by somebody else (server-side request forgery).

All addresses of a name are checked as numbers, and the call goes to one of those checked: a second look-up, which
could answer differently, does not happen.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

NEVER: tuple[Network, ...] = (
    ip_network("192.0.0.0/24"),  # protocol assignments, a cloud's metadata among them; old Pythons call them global
    ip_network("168.63.129.16/32"),  # a cloud's host agent on a public address
    ip_network("2002::/16"),  # 6to4: an IPv4 address in disguise
)


def is_public(address: Address) -> bool:
    """Tell whether an address is a place in the public internet, whatever its spelling.

    Forms of IPv6 that carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) are never public.
    """
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the machine's own resolver orders them; raises ``OSError``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Forbidden(Exception):
    """A host has an address that must not be called; the text says so without naming the address."""


async def checked(host: str, port: int, *, resolve: Resolve, allowed: Sequence[Network]) -> str:
    """Return an address of the host that may be called; raises ``Forbidden``, or ``OSError`` when none is found."""
    addresses = [ip_address(text.partition("%")[0]) for text in await resolve(host, port)]
    if not addresses:
        message = "no address found"
        raise OSError(message)
    for address in addresses:
        if not is_public(address) and not any(address in net for net in allowed if net.version == address.version):
            message = "the address lies in a private or reserved network"
            raise Forbidden(message)
    return str(addresses[0])
