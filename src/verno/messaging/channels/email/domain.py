"""Whether receivers can tell our letters from forged ones: SPF or DKIM for the From domain, and DMARC (RFC 7489).

Large providers ask for it of whoever sends much. DNS is asked once in a while and for a moment only; what could not
be asked is said, and holds nothing back.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import parseaddr
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from verno.kit import config
from verno.outbound import records
from verno.outbound.records import Texts

RESERVED = frozenset({"example", "invalid", "localhost", "test", "local", "internal", "localdomain"})
"""Last labels that nobody outside can write back to (RFC 2606, 6761, 6762)."""
EXAMPLES = frozenset({"example.com", "example.net", "example.org"})
NO_REPLY = ("noreply", "donotreply", "dontreply", "noanswer", "neotvechat", "nereply")
"""How mailboxes are called that nobody reads; signs between the letters do not count."""
FRESH_SECONDS = 300
"""How long an answer holds."""


class Flaw(StrEnum):
    """What a receiver would miss."""

    RESERVED = "reserved-name"
    NO_DMARC = "no-dmarc"
    NO_SPF = "no-spf"
    NO_DKIM = "no-dkim"
    NO_KEY = "no-dkim-key"
    """We sign nothing (``VERNO_DKIM_KEY``); the relay may."""
    NOT_CHECKED = "not-checked"


class Found(NamedTuple):
    """One flaw; ``name`` is where in DNS it lies, or the domain. A grave one has large providers refuse letters."""

    flaw: Flaw
    name: str
    is_grave: bool = False


def flaws() -> list[Found]:
    """Return the flaws of the domain that this installation sends from, as they were some minutes ago at most."""
    returns = config.bounce_address() or config.mail_from()
    selector = config.dkim_selector() if config.dkim_key() else None
    period = int(time.monotonic()) // FRESH_SECONDS
    return list(_kept(domain(config.mail_from()), domain(returns), selector, period))


def look(
    sender: str, returns: str, selector: str | None, *, ask: Callable[[Sequence[str]], Texts] = records.texts
) -> list[Found]:
    """Return the flaws of a domain. ``returns``: that of the return path, which SPF is asked of; ``selector``: our key.

    Without a key of ours nobody but the relay knows whether letters are signed, so that no SPF is not grave.
    """
    if is_reserved(sender):
        return [Found(Flaw.RESERVED, sender)]
    signed = f"{selector}._domainkey.{sender}" if selector else None
    policies = [f"_dmarc.{one}" for one in _upwards(sender)]
    told = ask([*([signed] if signed else []), returns, *policies])
    return list(_flaws(told, returns if _aligned(sender, returns) else None, signed, policies))


def domain(address: str) -> str:
    """Return the domain of an address as it may stand in From, in small letters."""
    return parseaddr(address)[1].rpartition("@")[2].rstrip(".").lower()


def takes_no_answers(address: str) -> bool:
    """Tell whether the name of an address says that nobody reads it."""
    name = parseaddr(address)[1].rpartition("@")[0].partition("+")[0].lower()
    return "".join([sign for sign in name if sign.isalnum()]).startswith(NO_REPLY)


def is_reserved(name: str) -> bool:
    """Tell whether a domain is a placeholder, or means this machine alone."""
    return "." not in name or name.rpartition(".")[2] in RESERVED or any(_below(name, one) for one in EXAMPLES)


def _flaws(told: Texts, spf: str | None, signed: str | None, policies: Sequence[str]) -> Iterator[Found]:
    if unknown := [name for name, found in told.items() if found is None]:
        yield Found(Flaw.NOT_CHECKED, unknown[0])
        return
    has_spf = spf is not None and _says(told, spf, "v=spf1")
    has_key = signed is not None and any("p=" in text for text in told[signed] or ())
    if not has_spf:
        yield Found(Flaw.NO_SPF, spf or "VERNO_BOUNCE_ADDRESS", is_grave=signed is not None and not has_key)
    if signed is None:
        yield Found(Flaw.NO_KEY, "VERNO_DKIM_KEY")
    elif not has_key:
        yield Found(Flaw.NO_DKIM, signed, is_grave=not has_spf)
    if not any(_says(told, name, "v=dmarc1") for name in policies):
        yield Found(Flaw.NO_DMARC, policies[0], is_grave=True)


def _says(told: Texts, name: str, beginning: str) -> bool:
    return any(text.strip().lower().startswith(beginning) for text in told[name] or ())


def _upwards(name: str) -> list[str]:
    """Return a domain and those above it, but for the last label: one of them holds the policy."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _aligned(one: str, other: str) -> bool:
    """Tell whether two domains belong together. Stricter than the standard: of two sisters neither counts."""
    return _below(one, other) or _below(other, one)


def _below(name: str, top: str) -> bool:
    return name == top or name.endswith(f".{top}")


@lru_cache(maxsize=16)
def _kept(sender: str, returns: str, selector: str | None, period: int) -> tuple[Found, ...]:  # noqa: ARG001 ages it
    return tuple(look(sender, returns, selector))
