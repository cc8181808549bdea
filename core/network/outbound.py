"""Outbound connections to checked addresses only, without redirects, with size and time limits.

A name is resolved once, each of its addresses is checked, and the connection uses a checked
address, so that DNS rebinding has no effect. Redirects and proxy settings of the environment are
ignored. Responses are read up to a limit.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache

import httpcore2
import httpx2

from core.network.allowed_addresses import AddressPolicy, AddressRefused, IpAddress
from core.network.cancellation import (
    CancellableStream,
    CancelToken,
    cancellable,
    raise_if_cancelled,
)

# The longest response of a model today (128,000 tokens of some 350 bytes on the wire) is 45 MB.
MAX_RESPONSE_BYTES = 64 * 2**20
# A million tokens as events of two lines. Readers of events take two microseconds for a line,
# though it is blank: 64 MiB of them kept a thread busy for two minutes.
MAX_RESPONSE_LINES = 2_000_000
# SDKs decode an error or an event at once: 60 MiB of small values took 1.7 GB and let no other
# thread run for 4 s. An event that grows piece by piece is copied for each of them.
MAX_ERROR_BYTES = 2**20
MAX_EVENT_BYTES = 4 * 2**20
CLOSE_WAIT_S = 0.02
# Whatever a response names: of what Python takes for charsets, `hex` fails and `punycode` takes
# minutes for a megabyte
CHARSET = "utf-8"
COMPRESSED = "the response is compressed, which the request did not accept"


class ResponseTooLarge(httpx2.ReadError):
    """The response has more bytes or lines, or a longer event, than it may have."""


class CompressionRefused(httpx2.ReadError):
    """The response is compressed, though compression was not accepted."""


class CheckedBackend(httpcore2.SyncBackend):
    """Connects only to allowed addresses."""

    def __init__(self, reach: AddressPolicy) -> None:
        super().__init__()
        self._reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve the host, check its addresses, and connect to the first that accepts.

        Raises httpcore2.ConnectError, caused by AddressRefused when an address is not allowed: HTTP
        clients pass on only their own errors.
        """
        try:
            addresses = resolve(host, port, self._reach)
        except AddressRefused as error:
            raise httpcore2.ConnectError(error.detail) from error
        last_error: Exception | None = None
        for address in addresses:
            raise_if_cancelled()
            try:
                return CancellableStream(
                    super().connect_tcp(str(address), port, timeout, local_address, socket_options)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last_error = error
        raise last_error or httpcore2.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Refuse unix sockets."""
        raise httpcore2.ConnectError("unix sockets are not supported")


def resolve(host: str, port: int, reach: AddressPolicy) -> list[IpAddress]:
    """Return the addresses of a host.

    Raises AddressRefused when one of them may not be called, httpcore2.ConnectError when there is
    none.
    """
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{host} cannot be resolved") from error
    addresses = [_address(str(entry[4][0])) for entry in entries]
    for address in addresses:
        if not reach.allows(host, address):
            named = host if host == str(address) else f"{host} ({address})"
            raise AddressRefused(
                f"{named} is a private address. Add it to ATTUNE_ALLOW_HOSTS if Attune may call it."
            )
    return addresses


def _address(text: str) -> IpAddress:
    address = ipaddress.ip_address(text.partition("%")[0])
    # ::ffff:127.0.0.1 is 127.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address


class Body(httpx2.SyncByteStream):
    """A response body, read up to `most` bytes, MAX_RESPONSE_LINES, and a line of `longest` bytes.

    Readers of a stream close it at its end event, before the end of the response. `close` reads
    that end, because only a connection whose response was read completely can be reused without a
    new handshake.
    """

    def __init__(self, inner: httpx2.SyncByteStream, most: int, longest: int) -> None:
        self._inner = inner
        self._parts = iter(inner)
        self._left, self._lines_left = most, MAX_RESPONSE_LINES
        self._longest, self._line_bytes = longest, 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts of the body; raise ResponseTooLarge."""
        for part in self._parts:
            self._left -= len(part)
            self._lines_left -= part.count(b"\n") + part.count(b"\r")
            if min(self._left, self._lines_left, self._longest - self._line(part)) < 0:
                raise ResponseTooLarge("the response is too large")
            yield part

    def _line(self, part: bytes) -> int:
        """Return the length of the line that was open before a part, up to its end in it."""
        length = self._line_bytes + (len(part) if (end := part.find(b"\n")) < 0 else end)
        self._line_bytes = length if end < 0 else len(part) - part.rfind(b"\n") - 1
        return length

    def close(self) -> None:
        """Release the connection, after at most 20 ms of waiting for the end of the response."""
        with (
            suppress(httpx2.HTTPError, httpcore2.NetworkError, httpcore2.TimeoutException),
            cancellable(CancelToken(), time.monotonic() + CLOSE_WAIT_S),
        ):
            next(self._parts, None)
        self._inner.close()


class CheckedTransport(httpx2.HTTPTransport):
    """An HTTP transport that connects to allowed addresses only."""

    def __init__(self, reach: AddressPolicy, *, keep_alive: int) -> None:
        """Connect within `reach`, and keep up to `keep_alive` idle connections."""
        super().__init__(verify=certificates(), trust_env=False)
        # httpx2 has no public way to give a network backend.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=certificates(),
            max_connections=None,
            max_keepalive_connections=keep_alive,
            keepalive_expiry=30.0,
            network_backend=CheckedBackend(reach),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the body of the response is not read yet.

        Raises CompressionRefused.
        """
        response = super().handle_request(request)
        if is_compressed(response):
            response.close()
            raise CompressionRefused(COMPRESSED, request=request)
        response.encoding = CHARSET
        if isinstance(response.stream, httpx2.SyncByteStream):
            most = MAX_ERROR_BYTES if response.is_error else MAX_RESPONSE_BYTES
            kind = response.headers.get("content-type", "")
            longest = MAX_EVENT_BYTES if kind.startswith("text/event-stream") else most
            response.stream = Body(response.stream, most, longest)
        return response


def is_compressed(response: httpx2.Response) -> bool:
    """Whether a client would unpack the body: a kilobyte of Brotli becomes gigabytes in memory."""
    encodings = response.headers.get("content-encoding", "").lower().split(",")
    return any(encoding.strip() not in ("", "identity") for encoding in encodings)


def client(reach: AddressPolicy, *, timeout: httpx2.Timeout, keep_alive: int = 20) -> httpx2.Client:
    """Return an HTTP client that connects to allowed addresses only."""
    return httpx2.Client(
        transport=CheckedTransport(reach, keep_alive=keep_alive),
        timeout=timeout,
        # Compressed responses are refused; compression also delays streams.
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


@cache
def certificates() -> ssl.SSLContext:
    """Return the context that checks the certificates of servers."""
    return httpx2.create_ssl_context(trust_env=False)
