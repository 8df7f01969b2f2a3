"""A real receiver on loopback, each path with manners of its own."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from verno.webhooks import signing

HANG_SECONDS = 30.0


@dataclass(frozen=True)
class Call:
    """One request as it came, and when."""

    at: float
    id: str
    timestamp: int
    signature: str
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def signed_by(self, secret: str) -> bool:
        key = signing.key_of(secret)
        assert key is not None
        return signing.signature([key], self.id, self.timestamp, self.body) in self.signature.split(" ")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the default of five, a sixth caller at a time waits for a second


class Receiver:
    """Serves ``/ok``, ``/500``, ``/hang``, ``/410``, ``/429``, ``/302``, ``/drop``; ``/flaky`` fails now and then."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.canary = 0
        """Requests to the address that ``/302`` leads to."""
        self.retry_after = "600"
        """What ``/429`` asks for."""
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.take(self)

            do_GET = do_POST  # noqa: N815 the standard library's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Note a request and answer as its path says."""
        name = request.path.strip("/").partition("?")[0]
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if name == "canary":
            self.canary += 1
            return self._say(request, 200)
        made = (request.headers["Webhook-Id"], int(request.headers["Webhook-Timestamp"]))
        self.calls[name].append(Call(time.monotonic(), *made, request.headers["Webhook-Signature"], body))
        if name == "hang":
            self._over.wait(HANG_SECONDS)
        if name in {"hang", "drop"}:
            request.close_connection = True
            request.connection.close()
            return None
        if name == "flaky":
            return self._say(request, 500 if len(self.calls[name]) % 2 else 204)
        more = {"302": {"Location": f"{self.url}/canary"}, "429": {"Retry-After": self.retry_after}}.get(name, {})
        return self._say(request, int(name) if name.isdigit() else 200, more)

    def ids(self, name: str) -> set[str]:
        return {call.id for call in self.calls[name]}

    def _say(self, request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str] | None = None) -> None:
        request.send_response(status)
        for header, value in (headers or {}).items():
            request.send_header(header, value)
        request.send_header("Content-Length", "0")
        request.end_headers()
