"""The import command on a file: its rate and its peak of memory, as a process of its own."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from verno.bench import receipts as decoded
from verno.bench.types import FileImport
from verno.intake.types import Receipt
from verno.kit.errors import VernoError

SAMPLE_SECONDS = 0.1


def measure(receipts: Sequence[Receipt], folder: Path) -> FileImport:
    """Import the receipts by the command."""
    path = folder / "receipts.parquet"
    lines = decoded.write_file(receipts, path)
    command = [sys.executable, "-m", "verno", "import", "receipts", str(path), "--json"]
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603 our own
    peak = 0
    while child.poll() is None:
        peak = max(peak, _memory(child.pid))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - started
    if child.returncode:
        message = "the import of the bench's file failed"
        raise VernoError(message)
    return FileImport(len(receipts), lines, seconds, peak / 2**20)


def _memory(pid: int) -> int:
    """Return the memory of a command and its lanes, shared pages counted once.

    The kernel's own peak of a child would be no answer: it starts from ours, which forked it.
    """
    try:
        top = psutil.Process(pid)
        return sum(process.memory_full_info().pss for process in (top, *top.children(recursive=True)))
    except psutil.Error:  # it ended meanwhile
        return 0
