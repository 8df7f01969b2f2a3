"""Who the embedded server runs as, and what it can reach: ``nobody`` when we are root, else ourselves."""

import ctypes
import os
import pwd
import signal
import stat
from pathlib import Path

PR_SET_PDEATHSIG = 1


def server_user() -> tuple[int | None, int | None]:
    """Return who the server runs as: ``nobody`` and its group when we are root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def give(path: Path) -> None:
    """Make a file or folder the server's own."""
    uid, gid = server_user()
    if uid is not None and gid is not None:
        os.chown(path, uid, gid)


def give_all(top: Path) -> None:
    """Make a folder and all in it the server's own."""
    if server_user() == (None, None):
        return
    for folder, _, files in os.walk(top):
        give(Path(folder))
        for file in files:
            give(Path(folder) / file)


def all_may_enter(path: Path) -> bool:
    """Tell whether everybody may walk down to ``path`` (its missing tail will be made open)."""
    existing = [part for part in (path, *path.parents) if part.exists()]
    return all(part.stat().st_mode & stat.S_IXOTH for part in existing)


def open_folders(top: Path) -> None:
    """Let everybody read and run what lies below ``top``."""
    for folder, _, files in os.walk(top):
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 programs are for everyone to run
        for file in files:
            path = Path(folder) / file
            if not path.is_symlink():
                path.chmod(0o755)


def die_with_parent() -> None:
    """Ask the kernel to end us with a fast shutdown when the parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
