"""Outbound connections of coroutines: to checked addresses only, as those of outbound.py."""

import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import anyio.to_thread
import httpcore2
import httpx2

from core.network import outbound
from core.network.allowed_addresses import AddressPolicy, AddressRefused

BEFORE_VALUES = (b",", b"[", b"{")


class CheckedAsyncBackend(httpcore2.AnyIOBackend):
    """Connects only to allowed addresses."""

    def __init__(self, reach: AddressPolicy) -> None:
        super().__init__()
        self._reach = reach

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve the host, check its addresses, and connect to the first that accepts.

        Raises httpcore2.ConnectError, caused by AddressRefused when an address is not allowed.
        """
        try:
            addresses = await anyio.to_thread.run_sync(outbound.resolve, host, port, self._reach)
        except AddressRefused as error:
            raise httpcore2.ConnectError(error.detail) from error
        last_error: Exception | None = None
        for address in addresses:
            try:
                return await super().connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last_error = error
        raise last_error or httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse unix sockets."""
        raise httpcore2.ConnectError("unix sockets are not supported")


@dataclass(frozen=True)
class MaxResponse:
    """How many bytes of JSON a response may have, and how many values, about.

    Those within texts count, too. A decoder lets no other thread run until it has made all values.
    """

    size: int
    values: int


class LimitedBody(httpx2.AsyncByteStream):
    """A response body, read up to a number of bytes and values."""

    def __init__(self, inner: httpx2.AsyncByteStream, most: MaxResponse) -> None:
        self._inner, self._left, self._values_left = inner, most.size, most.values

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body; raise ResponseTooLarge."""
        async for part in self._inner:
            self._left -= len(part)
            self._values_left -= sum(map(part.count, BEFORE_VALUES))
            if self._left < 0 or self._values_left < 0:
                raise outbound.ResponseTooLarge("the response is too large")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


class CheckedAsyncTransport(httpx2.AsyncHTTPTransport):
    """An HTTP transport that connects to allowed addresses only."""

    def __init__(self, reach: AddressPolicy, *, max_response: MaxResponse) -> None:
        certificates: ssl.SSLContext = outbound.certificates()
        super().__init__(verify=certificates, trust_env=False)
        self._most = max_response
        # httpx2 has no public way to give a network backend.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=certificates, network_backend=CheckedAsyncBackend(reach)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the body of the response is not read yet.

        Raises CompressionRefused.
        """
        response = await super().handle_async_request(request)
        if outbound.is_compressed(response):
            await response.aclose()
            raise outbound.CompressionRefused(outbound.COMPRESSED, request=request)
        response.encoding = outbound.CHARSET
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = LimitedBody(response.stream, self._most)
        return response


def client(
    reach: AddressPolicy,
    *,
    timeout: httpx2.Timeout,
    max_response: MaxResponse,
    headers: dict[str, str],
) -> httpx2.AsyncClient:
    """Return an HTTP client that connects to allowed addresses only."""
    return httpx2.AsyncClient(
        transport=CheckedAsyncTransport(reach, max_response=max_response),
        timeout=timeout,
        # Compressed responses are refused.
        headers={"Accept-Encoding": "identity", **headers},
        follow_redirects=False,
        trust_env=False,
    )
