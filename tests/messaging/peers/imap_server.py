"""A mailbox of its own (pip mail-devel): it takes letters over SMTP and shows them over IMAP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from tests.messaging.peers.process import free_port, until_open

DEEP = (
    "import runpy, sys; sys.setrecursionlimit(30_000);"
    "runpy.run_module('mail_devel', run_name='__main__', alter_sys=True)"
)
"""The server, which itself is not to stumble over what it is to hand out."""


@contextmanager
def running(address: str) -> Iterator[tuple[str, int]]:
    """Run it for one address; gives the URL that reads it, and the port that takes its mail."""
    imap_port, smtp_port = free_port(), free_port()
    command = [sys.executable, "-c", DEEP, "--host", "127.0.0.1", "--user", address, "--password", "secret"]
    command += ["--no-http", "--imap-port", str(imap_port), "--smtp-port", str(smtp_port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_open(imap_port)
            until_open(smtp_port)
            yield f"imap://{quote(address)}:secret@127.0.0.1:{imap_port}", smtp_port
        finally:
            process.kill()
