"""How we stand with mail providers: what they refuse for what they think of us, and how many of their readers complain.

Neither is the fault of a reader, so no address is suppressed for it. What is in bulk for the provider (advertising,
and what a program tells) is held back instead, by a switch like any other, ``domain:gmail.com``; codes and what is owed
go on.
Only providers by name (letters/providers.py): any other domain may be one family's or one firm's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.messaging import facts, service
from verno.messaging.broadcasts import health
from verno.messaging.broadcasts.types import Problem
from verno.messaging.facts import DOMAIN, SQL
from verno.messaging.letters.providers import provider
from verno.messaging.types import CHANNEL_EMAIL
from verno.workspace.audit import SYSTEM

DAY = timedelta(days=1)
LOOK_BACK = timedelta(hours=1)
LOOKED_AT = 1_000
"""Refusals that are looked at, the newest; more would say the same."""
REFUSED_FROM = 3
"""Members whose letters a provider refused within an hour: one is often of that mailbox, and a report can be forged."""
REFUSED = 100
"""And 1 % of its advertising of that hour, in hundredths of a per cent."""
REST = timedelta(days=1)
"""For how long a provider is left alone that refused, unless a person lets it go before."""
POLICY = r"\m5\.7\.[0-9]+|\mblock(ed|list)|\mblacklist|\mspam"
"""What servers say then (RFC 3463, 3.8, and in words)."""
DEAD = r"\m5\.1\.(1|2|10)\M"
REFUSES = "refused-by-policy"

Refusal = tuple[str, str | None, datetime]
"""(holder id, provider's name where the message remembers it, moment)."""


def watch_refusals(conn: Connection, *, now: datetime) -> int:
    """Hold back what is in bulk for providers that refuse it; returns for how many. ``conn`` sees all programs."""
    asked = {"since": now - LOOK_BACK, "policy": POLICY, "dead": DEAD, "limit": LOOKED_AT}
    found: dict[str, list[Refusal]] = {}
    for program, *row in conn.execute(SQL["refused_by_policy"], asked).fetchall():
        found.setdefault(program, []).append((row[0], row[1], row[2]))
    return sum(_refused(conn, program, some, now) for program, some in found.items())


def watch_complaints(conn: Connection, program_id: str, *, now: datetime) -> int:
    """Hold back what is in bulk for providers too many of whose readers complain, until a person lets it go."""
    worst = {domain: one for domain, one in complaints(conn, program_id, now=now).items() if one.is_blocking}
    return sum(
        service.stop(conn, program_id, DOMAIN + domain, by=SYSTEM, now=now, why=(one.code, one.detail))
        for domain, one in sorted(worst.items())
    )


def complaints(
    conn: Connection, program_id: str, *, now: datetime, since: datetime | None = None
) -> dict[str, Problem]:
    """Return what complaints of a day say, by provider: 0.1 % is told, 0.2 % slows down, 0.3 % stops.

    Counted over all advertising of the program, from ``since`` on if that is later, and since a person let the
    provider's letters go.
    """
    asked = {"program": program_id, "since": max(since or now - DAY, now - DAY), "now": now}
    found: dict[str, Problem] = {}
    for domain, complained, begun in conn.execute(SQL["complaints_by_domain"], asked).fetchall():
        most = max(health.enough(complained, health.COMPLAINTS_WARN), health.COMPLAINTS_FROM)
        problem = health.complaints(domain, _sent(conn, program_id, domain, begun, most), complained)
        if problem is not None:
            found[domain] = problem
    return found


def held(conn: Connection, program_id: str, *, now: datetime) -> frozenset[str]:
    """Return the providers that what is in bulk is held back from."""
    rows = conn.execute(SQL["ends_of_providers"], {"program": program_id}).fetchall()
    return frozenset([domain for domain, until in rows if until is None or until > now])


def _refused(conn: Connection, program_id: str, refusals: Sequence[Refusal], now: datetime) -> int:
    """Judge one program's refusals: those since the provider's last rest."""
    ends: dict[str, datetime | None] = dict(conn.execute(SQL["ends_of_providers"], {"program": program_id}).fetchall())
    # Who is refused by name has no provider written down: the letter never began to leave.
    unnamed = sorted({holder for holder, name, _ in refusals if name is None})
    addresses = facts.addresses_of(conn, CHANNEL_EMAIL, unnamed)
    refused: dict[str, set[str]] = {}
    for holder, name, at in refusals:
        domain = name or provider(addresses.get(holder, ("",))[0])
        if domain is not None and _counts(ends, domain, at):
            refused.setdefault(domain, set()).add(holder)
    stopped = 0
    for domain, holders in sorted(refused.items()):
        ill = len(holders)
        sent = _sent(conn, program_id, domain, now - LOOK_BACK, health.enough(ill, REFUSED))
        if ill >= REFUSED_FROM and ill * health.WHOLE >= REFUSED * sent:
            why = (REFUSES, str(ill))
            stopped += service.stop(conn, program_id, DOMAIN + domain, by=SYSTEM, now=now, until=now + REST, why=why)
    return stopped


def _counts(ends: dict[str, datetime | None], domain: str, at: datetime) -> bool:
    if domain not in ends:
        return True
    until = ends[domain]
    return until is not None and at > until


def _sent(conn: Connection, program_id: str, domain: str, since: datetime, most: int) -> int:
    asked = {"program": program_id, "domain": domain, "since": since, "most": most}
    row = conn.execute(SQL["sent_to_domain"], asked).fetchone()
    return row[0] if row else 0
