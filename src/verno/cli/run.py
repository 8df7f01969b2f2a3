"""``verno up``, ``verno serve`` and ``verno work``."""

import http.client
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING

import click

from verno.cli import session
from verno.kit import config, db, quarantine
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError

if TYPE_CHECKING:
    from verno.wiring.supervisor import Part

log = logging.getLogger(__name__)

NICE = 10
"""By how much the worker gives way to the server where processors are short: the till does not wait for letters."""
MOST_PROCESSES = 2
"""Processes of the server: one interpreter keeps one core busy, and a third finds nothing to do on two."""
BACKLOG = 2048
KILL_SECONDS = 8
"""How long a stopping server may finish its requests; less than the supervisor's patience."""
PROBE_SECONDS = 3.0

_port = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
_unchecked = click.option("--unchecked", is_flag=True, hidden=True, help="The supervisor has checked the database.")


@click.command()
@_port
@_host
def up(port: int, host: str) -> None:
    """Run database, server and worker as one process tree; print 'ready' when they answer."""
    logging.basicConfig(level=logging.WARNING, format="verno: %(message)s")
    require_free(host, port)
    with stopping() as stop:
        run_tree(host, port, stop=stop, ready=lambda: click.echo("ready"))


@click.command()
@_port
@_host
@_unchecked
def serve(port: int, host: str, *, unchecked: bool) -> None:
    """Run the server alone, against the database of VERNO_DATABASE_URL or the embedded one."""
    require_free(host, port)
    with session.database(migrated=not unchecked, checked=not unchecked):
        session.disconnect()  # granian's worker process opens its own
        run_server(host, port)


@click.command()
@_unchecked
def work(*, unchecked: bool) -> None:
    """Run the worker alone: expiries, messages, statements."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with stopping() as stop, session.database(migrated=not unchecked, checked=not unchecked):
        from verno.wiring import worker  # noqa: PLC0415 after django.setup()

        worker.run(stop)


def run_tree(
    host: str,
    port: int,
    *,
    stop: threading.Event,
    ready: Callable[[], None],
    prepare: Callable[[], Sequence["Part"]] = tuple,
) -> None:
    """Run the process tree until ``stop``; must be called from the main thread.

    ``prepare`` runs when the database is up and migrated, and gives further parts to keep alive; ``ready`` is
    called once, when ``/readyz`` answers 200. Raises ``VernoError`` when something refuses to start, and when a
    part has died too often.
    """
    from verno.wiring.supervisor import TICK_SECONDS, Database, Supervisor  # noqa: PLC0415 quick --help

    local = None if config.database_url() else cluster.local()
    with local.running() if local else nullcontext() as server:
        session.prepare(own=local is not None)
        _say_what_waits()
        parts: list[Part] = [Database(local, server)] if local else []
        parts += [*prepare(), *_our_parts(host, port)]
        supervisor = Supervisor(parts)
        try:
            supervisor.start()
            said = False
            while not stop.wait(TICK_SECONDS):
                supervisor.tick()
                if not said and is_ready(host, port):
                    ready()
                    said = True
        finally:
            supervisor.stop()


def _say_what_waits() -> None:
    """Say that a restore keeps messages in the house, so that nobody wonders why none arrives."""
    with db.connect() as conn:
        found = quarantine.standing(conn)
    if found:
        log.warning(
            "restored to %s UTC: no message leaves until 'verno release'", f"{found.restored_to:%Y-%m-%d %H:%M:%S}"
        )


def _our_parts(host: str, port: int) -> list["Part"]:
    from verno.wiring.supervisor import Process  # noqa: PLC0415 quick --help

    environment = dict(os.environ)
    # The parts get the address of the running database, so that none of them starts one of its own.
    environment["VERNO_DATABASE_URL"] = db.url()
    environment.setdefault("VERNO_PUBLIC_URL", f"http://{reachable(host)}:{port}")
    verno = [sys.executable, "-m", "verno"]
    return [
        Process("server", [*verno, "serve", "--unchecked", "--host", host, "--port", str(port)], environment),
        *[
            Process("worker" if not n else f"worker-{n + 1}", [*verno, "work", "--unchecked"], environment)
            for n in range(config.workers())
        ],
    ]


def run_server(host: str, port: int) -> None:
    """Serve HTTP with granian in this process and worker processes of its; returns when told to stop."""
    from granian import Granian  # noqa: PLC0415 a quarter of a second that only the server pays
    from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    Granian(
        "verno.wiring.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.asyncio,
        workers=min(MOST_PROCESSES, os.cpu_count() or 1),
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        log_level=LogLevels.error,
        respawn_failed_workers=False,
        workers_kill_timeout=KILL_SECONDS,
    ).serve()


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on; raises ``VernoError``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with --port"
        raise VernoError(message) from error


def is_ready(host: str, port: int) -> bool:
    """Ask ``/readyz`` once."""
    probe = http.client.HTTPConnection(reachable(host), port, timeout=PROBE_SECONDS)
    try:
        probe.request("GET", "/readyz")
        return probe.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        probe.close()


def reachable(host: str) -> str:
    """Return the address that reaches a server listening on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 read, not bound


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; a second signal interrupts at once."""
    stop = threading.Event()

    def handle(_sign: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {sign: signal.signal(sign, handle) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
