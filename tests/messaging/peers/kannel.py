"""Kannel (``bearerbox`` and ``smsbox``) between us and a message centre, each with files of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.messaging.peers.process import free_port, until_open

CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = x
admin-interface = 127.0.0.1
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 1

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {centre}
smsc-username = shop
smsc-password = secret
system-type = ""
transceiver-mode = true
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
sendsms-interface = 127.0.0.1
log-file = {folder}/smsbox.log
log-level = 1

group = sendsms-user
username = shop
password = secret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{heard}?from=%p&coding=%c&text=%b"
"""


@contextmanager
def running(folder: Path, *, centre: int, heard: str) -> Iterator[int]:
    """Run both boxes towards the centre at a port; yields the port of ``sendsms``."""
    ports = {name: free_port() for name in ("admin", "box", "send")}
    file = folder / "kannel.conf"
    file.write_text(CONFIGURATION.format(folder=folder, centre=centre, heard=heard, **ports).lstrip())
    with ExitStack() as stack:
        for program, port in (("bearerbox", ports["box"]), ("smsbox", ports["send"])):
            process = stack.enter_context(
                subprocess.Popen([program, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            stack.callback(process.kill)
            until_open(port)
        yield ports["send"]
