"""Postfix with a configuration of its own, as root and without systemd."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def running(folder: Path, *, port: int, routes: Mapping[str, int]) -> Iterator[Path]:
    """Run Postfix on ``port``; mail for each domain goes on to a port. Yields its log."""
    log = folder / "log"
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "myhostname": "relay.example",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "smtp_dns_support_level": "disabled",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "transport_maps": "inline:{ "
        + ", ".join(f"{{ {domain} = smtp:[127.0.0.1]:{to} }}" for domain, to in routes.items())
        + " }",
        "maillog_file": str(log),
        "maillog_file_prefixes": str(folder),
    }
    (folder / "queue").mkdir()
    (folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "master.cf").write_text(MASTER.format(port=port).lstrip())
    command = ["postfix", "-c", str(folder)]
    subprocess.run([*command, "start"], check=True, capture_output=True, timeout=30)
    try:
        yield log
    finally:
        subprocess.run([*command, "abort"], check=False, capture_output=True, timeout=30)
