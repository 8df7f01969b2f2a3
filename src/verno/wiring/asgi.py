"""The server's entry: what granian's worker process calls.

The till's addresses are answered here, in the event loop and before Django: measured, a request through Django's
middleware costs as much as settling its receipt, and a thread for each caller half as much again. All else is Django's,
in threads (docs/adr/0017).
"""

import gc
import multiprocessing
import os
import signal
import time
from functools import lru_cache
from typing import TYPE_CHECKING, cast
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from verno.wiring.supervisor import die_with

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import HTTPScope, Receive, ReceiveEvent, Scope, Send
    from a2wsgi.wsgi_typing import WSGIApp

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")

if multiprocessing.parent_process() is not None:
    # Granian's worker must not outlive its parent: an orphan would keep the port, and the next server could not start.
    die_with(os.getppid(), signal.SIGKILL)()

THREADS = 64
"""Threads of a process: for Django, and for those calls of a till that wait for the database themselves."""

django = WSGIMiddleware(cast("WSGIApp", get_wsgi_application()), workers=THREADS)
for _ in range(THREADS):  # all of them now, so that a crowd later costs no new ones
    django.executor.submit(time.sleep, 0.01)

# Django would import every page at its first request, which would wait most of a second for it.
get_resolver().check()

from verno.api.tills import routes  # noqa: E402 after django.setup()
from verno.api.tills.door import Call, Door  # noqa: E402 the same

TILLS_HEADERS = (b"authorization", b"content-type", b"content-encoding")

# What is loaded now stays; what a receipt makes dies young. Fewer, cheaper collections: measured 5 to 10 %.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)


async def application(scope: "Scope", receive: "Receive", send: "Send") -> None:
    """Answer a request (ASGI 3)."""
    if scope["type"] == "http":
        hot = routes.find(scope["path"]) if scope["method"] == "POST" else None
        if hot is not None:
            await _serve_till(hot[0], hot[1], scope, receive, send)
            return
        if not scope["query_string"].isascii():
            scope["query_string"] = quote_from_bytes(scope["query_string"], safe="=&+%;/?:@!$'()*,~-._[]").encode()

    async def received() -> "ReceiveEvent":
        return await receive()  # granian's own is no coroutine, which Django's threads could wait for

    await django(scope, received, send)


async def _serve_till(door: Door, target: str, scope: "HTTPScope", receive: "Receive", send: "Send") -> None:
    body = await _read(receive, door.limit + 1)
    if body is None:
        return
    told = dict.fromkeys(TILLS_HEADERS, "")
    for name, value in scope["headers"]:
        if name in told:
            told[name] = value.decode("latin-1")
    authorization, content_type, encoding = told.values()
    query = scope["query_string"].decode("latin-1")
    call = Call(authorization or None, content_type or None, encoding or None, lambda most: body[:most], query, target)
    reply = await door.reply(call, django.executor)
    size = (b"content-length", b"%d" % len(reply.body))
    await send({"type": "http.response.start", "status": reply.status, "headers": [*_encoded(reply.headers), size]})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


async def _read(receive: "Receive", most: int) -> bytes | None:
    """Return the body, or as much of it as shows that it is too long; None when the caller has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size >= most or not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


@lru_cache(maxsize=64)
def _encoded(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)
