"""The import command on a file: its rate and its peak of memory, as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from verno.bench import receipts as decoded
from verno.bench.types import FileImport
from verno.intake.types import Receipt
from verno.kit.errors import VernoError


def measure(receipts: Sequence[Receipt], folder: Path) -> FileImport:
    """Import the receipts by the command."""
    path = folder / "receipts.parquet"
    lines = decoded.write_file(receipts, path)
    command = [sys.executable, "-m", "verno", "import", "receipts", str(path), "--json"]
    started = time.monotonic()
    child = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        message = "the import of the bench's file failed"
        raise VernoError(message)
    return FileImport(len(receipts), lines, seconds, usage.ru_maxrss / 1024)
