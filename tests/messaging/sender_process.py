"""A sender as a process of its own, for tests that kill it.

python -m tests.messaging.sender_process PORT CONNECTIONS MOMENT [SECONDS OF PATIENCE]

MOMENT may be a clock in a file (``moments``).
"""

import os
import sys

from tests.messaging.moments import clock

os.environ["DJANGO_SETTINGS_MODULE"] = "verno.wiring.settings"


def main() -> None:
    """Send what is due at the moment given."""
    from verno.messaging.channels.email import smtp
    from verno.messaging.channels.email.channel import Email
    from verno.messaging.sender import send_due

    port, connections, moment, *patience = sys.argv[1:]
    seconds = [float(one) for one in patience] or [600.0]
    chosen = smtp.Settings(
        *("127.0.0.1", int(port)),
        connections=int(connections),
        connect_timeout=min(30.0, seconds[0]),
        command_timeout=seconds[0],
        data_timeout=seconds[0],
    )
    now = clock(moment)
    total = send_due(Email(chosen), now, worker_name="process").total
    # What a killed process had claimed is under suspicion; a worker tries it in a process of its own.
    total += send_due(Email(chosen), now, worker_name="process", suspects=True).total
    print(total)  # noqa: T201 its answer


if __name__ == "__main__":
    main()
