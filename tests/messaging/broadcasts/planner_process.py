"""A planner as a process of its own, for tests that kill it.

python -m tests.messaging.broadcasts.planner_process MOMENT CHUNK [before|after CALL]

With the last two words it kills itself in the call of ``plan`` with that number, before or after its rows are written
and before they are committed. MOMENT may be a clock in a file (``moments``).
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from tests.messaging.moments import clock

os.environ["DJANGO_SETTINGS_MODULE"] = "verno.wiring.settings"


def main() -> None:
    """Go on until nothing is due at the moment given and no pause holds it."""
    from verno.messaging import service
    from verno.messaging.broadcasts.running.step import step

    moment, chunk, *death = sys.argv[1:]
    plan, calls = service.plan, 0

    def deadly(*arguments: Any, **options: Any) -> Sequence[object]:  # noqa: ANN401 it stands in for plan
        nonlocal calls
        calls += 1
        if death == ["before", str(calls)]:
            os.kill(os.getpid(), signal.SIGKILL)
        results = plan(*arguments, **options)
        if death == ["after", str(calls)]:
            os.kill(os.getpid(), signal.SIGKILL)
        return results

    service.plan = deadly  # type: ignore[assignment]
    now, idle = clock(moment), 0
    while idle < 60:  # a session whose planner was killed holds its rows for a moment
        idle = 0 if step(now=now(), chunk=int(chunk)) else idle + 1
        time.sleep(0.05 if idle else 0)


if __name__ == "__main__":
    main()
