"""The house's HTTP client: pyreqwest behind a port that says what is known after each call, and nothing more.

Redirects are never followed, proxies of the environment are not used, no cookie is kept, and an answer's body is
read to a limit. HTTP/2 is spoken where TLS offers it. No text of an outcome holds the URL, which may be a secret.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from pyreqwest import client as wire
from pyreqwest.exceptions import BuilderError, PoolTimeoutError, RequestError, RequestTimeoutError
from pyreqwest.http import Url
from pyreqwest.response import Response

import verno
from verno.outbound.guard import Forbidden, Network, Resolve, checked, look_up
from verno.outbound.types import Answer, Lost, NotSent, Outcome

CONNECT_SECONDS = 10.0
"""How long a connection and its TLS may take. It must be shorter than a call's timeout: only then is one that was
not reached told apart from one that did not answer."""

BODY_LIMIT = 64 * 1024
"""Bytes kept of an answer, unless the caller says otherwise."""

PINNED = 256
"""Guarded hosts whose connections are kept; the one not called for longest goes first."""

_NEVER_LEFT = "client error (Connect)"
"""What the library says of a connection that was not made. Its ``ConnectError`` alone does not mean that: one that
was closed while the request left has the same class."""


class Client:
    """A client for many calls at once, in one event loop; close it, or use it as ``async with``.

    ``public_only`` is for URLs written by others: addresses in private and reserved networks are refused but for
    those in ``allowed``, and the call goes to the very address that was checked. ``plain_http`` allows ``http://``.
    ``authorities`` are PEM certificates trusted beside the usual ones.
    """

    def __init__(
        self,
        *,
        public_only: bool = False,
        allowed: Sequence[Network] = (),
        plain_http: bool = False,
        authorities: bytes = b"",
        connect_seconds: float = CONNECT_SECONDS,
        resolve: Resolve = look_up,
    ) -> None:
        self._public_only = public_only
        self._allowed = allowed
        self._plain_http = plain_http
        self._authorities = _split(authorities)
        self._connect_seconds = connect_seconds
        self._resolve = resolve
        self._open: wire.Client | None = None
        self._pinned: OrderedDict[tuple[str, int, str], wire.Client] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; the client may be used again afterwards."""
        clients = [*self._pinned.values(), *([self._open] if self._open else [])]
        self._pinned.clear()
        self._open = None
        for client in clients:
            await client.close()

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - the library's own deadline, which it tells apart from a connection not made
        limit: int = BODY_LIMIT,
    ) -> Outcome:
        """Make one call; ``timeout`` (seconds) covers it whole, from the look-up to the body's last byte."""
        began = asyncio.get_running_loop().time()
        client = await self._for(url, timeout)
        if isinstance(client, NotSent):
            return client
        left = timeout - (asyncio.get_running_loop().time() - began)
        try:
            request = client.request(method, url).headers(headers or {}).timeout(timedelta(seconds=max(left, 0.001)))
            if body is not None:
                request = request.body_bytes(body)
            # Nothing of the body is read ahead: a line lost there would hide the status, which had come.
            streamed = request.streamed_read_buffer_limit(0).build_streamed()
        except (BuilderError, ValueError):
            return NotSent("the address or a header is malformed")
        try:
            async with streamed as response:
                return await _read(response, limit)
        except RequestError as error:
            return _outcome(error)

    async def _for(self, url: str, seconds: float) -> wire.Client | NotSent:
        """Return the client that may call this URL, tied to a checked address when it was written by others."""
        parts = _parts(url)
        if parts is None:
            return NotSent("the address is malformed, or is not https://")
        scheme, host, port = parts
        if scheme == "http" and not self._plain_http:
            return NotSent("http:// is not allowed here, only https://")
        if not self._public_only:
            self._open = self._open or self._builder().build()
            return self._open
        try:
            async with asyncio.timeout(seconds):
                address = await checked(host.strip("[]"), port, resolve=self._resolve, allowed=self._allowed)
        except Forbidden as error:
            return NotSent(str(error))
        except (OSError, TimeoutError):
            return NotSent("the name was not found")
        return self._tied(host, port, address)

    def _tied(self, host: str, port: int, address: str) -> wire.Client:
        key = (host, port, address)
        client = self._pinned.pop(key, None)
        if client is None:
            builder = self._builder()
            # A literal address is never looked up; a name is, unless it is tied to its address here.
            client = (builder if _is_literal(host) else builder.resolve(host, address, port)).build()
        self._pinned[key] = client
        while len(self._pinned) > PINNED:
            self._pinned.popitem(last=False)
        return client

    def _builder(self) -> wire.ClientBuilder:
        builder = (
            wire.ClientBuilder()
            .user_agent(f"Verno/{verno.__version__}")
            .follow_redirects(False)
            .referer(False)
            .no_proxy()
            .http2(True)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .connect_timeout(timedelta(seconds=self._connect_seconds))
        )
        for certificate in self._authorities:
            builder = builder.add_root_certificate_pem(certificate)
        return builder


async def _read(response: Response, limit: int) -> Answer:
    """Read an answer's body to the limit. The status stands, whatever becomes of the body."""
    names = {name.lower() for name in response.headers}
    headers = {name: ", ".join(response.headers.getall(name)) for name in names}
    parts: list[bytes] = []
    size = 0
    whole = True
    try:
        while size <= limit and (chunk := await response.body_reader.read_chunk()) is not None:
            parts.append(bytes(chunk))
            size += len(chunk)
    except RequestError:
        whole = False
    return Answer(response.status, headers, b"".join(parts)[:limit], whole=whole and size <= limit)


def _outcome(error: RequestError) -> NotSent | Lost:
    causes = [cause["message"] for cause in error.details["causes"] or []]
    text = ": ".join(cause for cause in causes if " for url (" not in cause and cause != _NEVER_LEFT) or error.message
    if _NEVER_LEFT in causes or isinstance(error, PoolTimeoutError):
        return NotSent(text)
    return Lost(text, timed_out=isinstance(error, RequestTimeoutError))


def _parts(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port as the library itself will read them."""
    try:
        parts = Url(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.host_str or parts.port_or_known_default is None:
        return None
    return parts.scheme, parts.host_str, parts.port_or_known_default


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _split(bundle: bytes) -> Sequence[bytes]:
    """Return the certificates of a PEM bundle one by one, as the library takes them."""
    end = b"-----END CERTIFICATE-----"
    return [part + end for part in bundle.split(end)[:-1]]
