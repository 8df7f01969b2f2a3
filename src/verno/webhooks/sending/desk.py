"""The sender's paperwork: claim what is due for each endpoint, write down how tries ended, stop who is gone.

At least once: a claim lapses when its worker dies, and the event goes out again under the same id.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

import msgspec

from verno.kit import batches, db
from verno.kit.db import Connection
from verno.outbound.guard import Network
from verno.webhooks import service
from verno.webhooks.events import Row
from verno.webhooks.queries import SQL
from verno.webhooks.types import DeliveryState
from verno.workspace import audit, registry, settings

LINES = 16
"""Calls to one endpoint under way at a time, over all workers."""
CALL_SECONDS = 20.0
LEASE = timedelta(seconds=CALL_SECONDS) + timedelta(seconds=40)
"""How long a claim holds: longer than any call and what is written after it."""
RETRY_AFTER = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 72000))
"""Waits after failures, shortened by chance by up to a fifth; the last try comes within three days of the first."""
MOST_ATTEMPTS = len(RETRY_AFTER) + 1
PATIENCE = timedelta(days=5)
"""An endpoint that nothing has reached for so long is disabled."""


class Policy(msgspec.Struct, frozen=True):
    """Where a program's webhooks may go beside the public internet, and whether without TLS."""

    networks: tuple[Network, ...]
    plain_http: bool


class Job(msgspec.Struct, frozen=True):
    """One event on its way to one endpoint. ``keys`` sign it; the first is the current one."""

    endpoint_id: str
    url: str
    keys: tuple[bytes, ...]
    attempts: int
    event: Row
    policy: Policy


class End(msgspec.Struct, frozen=True):
    """How a try ended. ``reached``: it answered 2xx; ``gone``: 410; ``refund`` gives back a try that was cut short."""

    job: Job
    state: DeliveryState
    status: int | None
    response: str
    due_at: datetime | None = None
    quiet_until: datetime | None = None
    gone: bool = False
    refund: int = 0


class Desk:
    """One run's claim, a name that nobody else has."""

    def __init__(self, worker_name: str) -> None:
        """Take a claim's name; nothing is read yet."""
        self.claim_name = f"{worker_name}/{secrets.token_hex(6)}"
        self._policies: dict[str, Policy] = {}

    def exchange(self, ends: Sequence[End], *, now: datetime, claim: bool) -> list[Job]:
        """Write ``ends`` and, with ``claim``, take what may leave now; all in one transaction."""
        return db.retrying(lambda: self._exchange(ends, now, claim=claim))

    def _exchange(self, ends: Sequence[End], now: datetime, *, claim: bool) -> list[Job]:
        with db.across_programs() as conn:
            if ends:
                self._conclude(conn, ends, now)
            return self._claim(conn, now) if claim else []

    def _claim(self, conn: Connection, now: datetime) -> list[Job]:
        parameters = {
            "now": now,
            "claim": self.claim_name,
            "until": now + LEASE,
            "lines": LINES,
            "most": MOST_ATTEMPTS,
        }
        conn.execute(SQL["give_up_killers"], parameters)
        self._policies.clear()  # a run may be long, and what an owner sets holds at once
        return [self._job(conn, row) for row in conn.execute(SQL["claim"], parameters).fetchall()]

    def _job(self, conn: Connection, row: Sequence[object]) -> Job:
        id_, url, *boxes = row[:4]
        event = msgspec.convert(row[5:], Row)
        return Job(
            endpoint_id=str(id_),
            url=str(url),
            keys=tuple(service.opened(str(id_), bytes(box)) for box in boxes if isinstance(box, bytes)),
            attempts=msgspec.convert(row[4], int),
            event=event,
            policy=self._policy(conn, event.program_id),
        )

    def _policy(self, conn: Connection, program_id: str) -> Policy:
        """Return a program's policy, asked for once in a claim."""
        if program_id not in self._policies:
            book = settings.load(conn, program_id)
            networks = tuple(ip_network(text) for text in book.value(registry.PRIVATE_NETWORKS))
            self._policies[program_id] = Policy(networks, book.value(registry.PLAIN_HTTP))
        return self._policies[program_id]

    def _conclude(self, conn: Connection, ends: Sequence[End], now: datetime) -> None:
        rows = [
            {
                "endpoint_id": end.job.endpoint_id,
                "xid": end.job.event.xid,
                "id": end.job.event.id,
                "state": end.state,
                "status": end.status,
                "response": end.response,
                "due_at": end.due_at,
                "refund": end.refund,
            }
            for end in ends
        ]
        conn.execute(SQL["conclude"], {"rows": batches.rows(rows), "claim": self.claim_name, "now": now})
        _note_health(conn, [end for end in ends if not end.refund], now)


def _note_health(conn: Connection, ends: Sequence[End], now: datetime) -> None:
    """Write how endpoints are, one row each however many tries; disable those that are gone."""
    reached = {end.job.endpoint_id for end in ends if end.state is DeliveryState.DELIVERED}
    quiet: dict[str, datetime] = {}
    for end in ends:
        if end.quiet_until is not None:
            quiet[end.job.endpoint_id] = max(end.quiet_until, quiet.get(end.job.endpoint_id, end.quiet_until))
    every = sorted({end.job.endpoint_id for end in ends})
    rows = [{"id": id_, "reached": id_ in reached, "quiet_until": quiet.get(id_)} for id_ in every]
    conn.execute(SQL["note_health"], {"rows": batches.rows(rows), "now": now})
    failed = [id_ for id_ in every if id_ not in reached]
    gone = [end.job.endpoint_id for end in ends if end.gone]
    parameters = {"failed": [*failed, *gone], "gone": gone, "long_ago": now - PATIENCE, "now": now}
    for id_, program_id, reason in conn.execute(SQL["disable"], parameters).fetchall():
        audit.record(conn, program_id, audit.SYSTEM, "webhook.disable", ("webhook", id_), now=now, detail=reason)
