"""``/healthz`` (the process answers) and ``/readyz`` (database, migrations, worker)."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from datetime import timedelta

import psycopg
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from verno.kit import db, outbox, quarantine
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import Unavailable
from verno.wiring import disk, jobs, migrate

PATIENCE_SECONDS = 2.0
"""A hanging database must not hang the answer (P23: at most 2.5 s)."""
OLDEST_BEAT = timedelta(seconds=15)
STATEMENT_MILLISECONDS = 1500

PARTS = ("database", "migrations", "worker")


class Probe:
    """Looks at the house from one thread with a connection of its own.

    The pool may be exhausted by slow work while the database is well, and questions that come while a look is
    under way share its answer, so that a hanging database costs one thread and not one a question.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._guard = threading.Lock()
        self._look: Future[str | None] | None = None
        self._conn: Connection | None = None
        self._migrated = False
        self.quarantined = False
        """Whether a restore keeps messages in the house, by the last look."""

    def failing(self) -> str | None:
        """Return the part that fails, or None when all is well; answers within two seconds."""
        with self._guard:
            if self._look is None or self._look.done():
                self._look = self._thread.submit(self._failing)
            look = self._look
        try:
            return look.result(PATIENCE_SECONDS)
        except TooLate:
            return "database"

    def close(self) -> None:
        """End the thread and the connection."""
        self._thread.shutdown()
        self._forget()

    def _failing(self) -> str | None:
        try:
            conn = self._connection()
            conn.execute("SELECT 1")
            if not self._migrated and not self._is_migrated():
                return "migrations"
            beat = outbox.last_beat(conn, jobs.WORKER)
            self.quarantined = quarantine.standing(conn) is not None
        except (psycopg.Error, Unavailable):
            self._forget()
            return "database"
        return None if beat is not None and clock.now() - beat < OLDEST_BEAT else "worker"

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed:
            self._conn = psycopg.connect(
                db.url(),
                connect_timeout=2,
                autocommit=True,
                options=f"-c statement_timeout={STATEMENT_MILLISECONDS}",
                tcp_user_timeout=5000,
            )
        return self._conn

    def _forget(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = None

    def _is_migrated(self) -> bool:
        """Look for missing migrations until there are none; the answer cannot change back while we run."""
        from django.db import Error, connection  # noqa: PLC0415 settings first

        try:
            self._migrated = not migrate.pending()
        except Error:
            return False
        finally:
            connection.close()
        return self._migrated


probe = Probe()


@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers, and what it has tried again after since it began."""
    return JsonResponse({"status": "ok", "retries": dict(db.RETRIES)})


@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served: 200, or 503 that names the failing part.

    A disk that fills up is told and fails nothing: sending the tills elsewhere would make no room. Nor does an outbox
    that waits after a restore: the tills have nothing to do with it.
    """
    failing = probe.failing()
    if failing is None:
        told = {"disk": disk.rooms()[0].alarm, "outbox": "quarantined" if probe.quarantined else "ok"}
        return JsonResponse({"status": "ok"} | dict.fromkeys(PARTS, "ok") | told)
    body = {"type": "not-ready", "title": f"Not ready: {failing}", "status": 503, "retryable": True, "failing": failing}
    return JsonResponse(body, status=503, content_type="application/problem+json", headers={"Retry-After": "1"})
