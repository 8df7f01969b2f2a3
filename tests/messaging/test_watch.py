"""The watch over writing, in processes of its own: what hangs or eats ends, and nobody else does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from verno.messaging.poison.watch import EATS, HANGS

WATCHED = """
import sys, time
from verno.messaging.poison import watch
watch.WRITE_SECONDS, watch.MOST_STEP, watch.WRITE_MEMORY = 1.0, 0.2, 100_000_000
over = watch.Watch()
over.begin("first")
print("begun", flush=True)
"""
GROW = "block = bytearray(b'x') * 200_000_000"


def run(*lines: str) -> subprocess.Popen[bytes]:
    """Run a sender's process in small; returns once it writes its first message."""
    code = WATCHED + "\n".join(lines)
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ.copy(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["time.sleep(30)"], HANGS),
        ([GROW, "time.sleep(30)"], EATS),
        (["time.sleep(0.3)", "over.end()", GROW, "over.begin('second')", "time.sleep(0.6)"], 0),
        (["for n in range(8):", "    over.begin(str(n))", "    time.sleep(0.3)", "    over.end()"], 0),
    ],
)
def test_what_hangs_or_eats_ends(lines: list[str], code: int) -> None:
    with run(*lines) as process:
        assert process.wait(10) == code


def test_a_pause_of_the_whole_machine_ends_nobody() -> None:
    with run("for _ in range(14):", "    time.sleep(0.05)", "over.end()") as process:
        time.sleep(0.3)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        process.send_signal(signal.SIGCONT)
        assert process.wait(10) == 0
