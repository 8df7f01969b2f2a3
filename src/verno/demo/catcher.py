"""The demo's mail server: takes every mail and keeps it as a file, for people to read in the browser.

A process of its own (``python -m verno.demo.catcher --port N``) that ends with its parent, however that ends.
"""

import argparse
import asyncio
import ctypes
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from verno.demo import mailbox

PR_SET_PDEATHSIG = 1
HOST = "127.0.0.1"
MAX_MAIL = 10 * 1024 * 1024


class Keeper:
    """What is done with a mail that was handed over."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in ``folder``."""
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 theirs
        """Store the mail once per recipient, as a mail server at the end of its way would."""
        content = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            mailbox.store(self._folder, envelope.mail_from or "", recipient, content)
        return "250 OK: kept"


async def serve(folder: Path, port: int) -> None:
    """Answer until the process is told to end."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    keeper = Keeper(folder)

    def session() -> SMTP:
        return SMTP(
            keeper,
            hostname="catcher.example.com",
            ident="Verno mail catcher",
            data_size_limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    server = await loop.create_server(session, HOST, port)
    async with server:
        await ended.wait()


def main() -> None:
    """Read the options and serve."""
    options = argparse.ArgumentParser(prog="python -m verno.demo.catcher", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--folder", type=Path, default=None)
    given = options.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    asyncio.run(serve(given.folder or mailbox.folder(), given.port))


if __name__ == "__main__":
    main()
