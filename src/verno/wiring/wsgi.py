"""The server's entry: what granian's worker process calls.

The till's addresses are answered here, before Django: measured, a request through Django's middleware costs as much as
settling its receipt.
"""

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application

from verno.wiring.supervisor import die_with

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")

if multiprocessing.parent_process() is not None:
    # Granian's worker must not outlive its parent: an orphan would keep the port, and the next server could not start.
    die_with(os.getppid(), signal.SIGKILL)()

django = get_wsgi_application()

from verno.api.tills import routes  # noqa: E402 after django.setup()
from verno.api.tills.door import Call  # noqa: E402 the same

Environ = dict[str, Any]

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

# What is loaded now stays; what a receipt makes dies young. Fewer, cheaper collections: measured 5 to 10 %.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


def application(environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
    """Answer a request (PEP 3333)."""
    hot = routes.find(_decoded(environ["PATH_INFO"])) if environ["REQUEST_METHOD"] == "POST" else None
    if hot is None:
        return django(environ, start_response)
    door, target = hot
    reply = door(
        Call(
            environ.get("HTTP_AUTHORIZATION"),
            environ.get("CONTENT_TYPE"),
            environ.get("HTTP_CONTENT_ENCODING"),
            environ["wsgi.input"].read,
            environ.get("QUERY_STRING", ""),
            target,
        )
    )
    start_response(STATUS[reply.status], [*reply.headers, ("Content-Length", str(len(reply.body)))])
    return [reply.body]


def _decoded(path: str) -> str:
    """Return a path as it was meant: PEP 3333 hands over UTF-8 read as Latin-1."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")
