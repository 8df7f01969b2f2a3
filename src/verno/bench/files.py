"""The import command on a file: its rate and its peak of memory, as a process of its own."""

import subprocess
import sys
import tempfile
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
    started = time.monotonic()
    _, peak = command("import", "receipts", str(path), "--json")
    return FileImport(len(receipts), lines, time.monotonic() - started, peak / 2**20)


def command(*words: str) -> tuple[bytes, int]:
    """Run a command of Verno's; returns what it printed, and the most memory that it and its children had, in bytes."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(  # noqa: S603 our own
            [sys.executable, "-m", "verno", *words], stdout=out, stdin=subprocess.DEVNULL
        )
        peak = 0
        while child.poll() is None:
            peak = max(peak, _memory(child.pid))
            time.sleep(SAMPLE_SECONDS)
        if child.returncode:
            message = f"'verno {words[0]}' failed"
            raise VernoError(message)
        out.seek(0)
        return out.read(), peak


def _memory(pid: int) -> int:
    """Return the memory of a command and its lanes, shared pages counted once.

    The kernel's own peak of a child would be no answer: it starts from ours, which forked it.
    """
    try:
        top = psutil.Process(pid)
        return sum(process.memory_full_info().pss for process in (top, *top.children(recursive=True)))
    except psutil.Error:  # it ended meanwhile
        return 0
