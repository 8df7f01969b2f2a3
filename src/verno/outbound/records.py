"""Texts that stand in DNS (TXT records), asked for within a time: who cannot be asked is an answer too."""

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

SECONDS = 2.0
"""How long all questions may take together: somebody waits for a page."""

Texts: TypeAlias = Mapping[str, tuple[str, ...] | None]
"""By name; None where nobody could be asked."""


def texts(names: Sequence[str], *, seconds: float = SECONDS, resolver: Resolver | None = None) -> Texts:
    """Return what stands in DNS under each name. Nothing is raised; after one silence nobody else is asked."""
    out: dict[str, tuple[str, ...] | None] = dict.fromkeys(names)
    end = time.monotonic() + seconds
    try:
        asked = resolver or Resolver()
        for name in out:
            if (left := end - time.monotonic()) <= 0:
                break
            out[name] = _texts(asked, name, left)
    except (DNSException, OSError):
        return out
    return out


def _texts(resolver: Resolver, name: str, seconds: float) -> tuple[str, ...]:
    try:
        answer = resolver.resolve(name, "TXT", lifetime=seconds)
    except (NXDOMAIN, NoAnswer):
        return ()
    return tuple([b"".join(record.strings).decode("utf-8", "replace") for record in answer])
