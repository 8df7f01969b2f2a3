"""The server's entry: what granian's worker process calls."""

import os
import signal

from django.core.wsgi import get_wsgi_application

from verno.wiring.supervisor import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")

# Granian's worker must not outlive its parent: an orphan would keep the port and the next server could not start.
die_with(os.getppid(), signal.SIGKILL)()

application = get_wsgi_application()
