"""Outbound connections: resolve once, connect to the checked address, no redirects, size and time limits.

A name is resolved once, every address behind it is checked, and the connection goes to the address that was checked: a name
that answers differently the second time (DNS rebinding) gains nothing. Redirects are not followed, the environment's proxies not
used, and an answer that never ends is not read to its end.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpcore2
import httpx2

from core.errors import Invalid
from core.network.cancellation import CuttableStream, Cutter, cuttable, refuse_when_cut
from core.platform.config import Config

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# The longest answer a model gives today (128,000 tokens, some 350 bytes each on the wire) is 45 MB.
LARGEST_ANSWER = 64 * 2**20
LAST_LOOK_S = 0.02
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Where clouds hand out credentials: Azure, Oracle, Alibaba, AWS and Google. Only a name of the address itself opens one of these.
METADATA = tuple(
    map(
        ipaddress.ip_network,
        ("169.254.0.0/16", "168.63.129.16", "192.0.0.0/24", "100.100.100.200", "fd00:ec2::/32", "fd20:ce::/32", "fe80::/10"),
    )
)
# IANA's special-purpose registries. `is_global` knows them by the version of Python: 192.0.0.0/24 in part before 3.11.10 and
# 3.12.4, 3fff::/20 from 3.14 on.
SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.2.0/24", "192.31.196.0/24"),
            *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
            *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)


class AddressRefused(Invalid):
    """This address is not one that Attune may call."""

    code = "address_refused"


class AnswerTooLarge(httpx2.ReadError):
    """The other server sends more than anybody keeps."""


@dataclass(frozen=True)
class Reach:
    """Which addresses may be called."""

    loopback: bool
    named: frozenset[str]

    def allows(self, host: str, found: IpAddress) -> bool:
        """Whether `host` may be called at the address it was resolved to."""
        address = _carried(found)
        if str(found) in self.named or str(address) in self.named:
            return True
        if any(each in network for each in (found, address) for network in METADATA):
            return False
        if host.lower() in self.named:
            return True
        if found.is_loopback:
            return self.loopback
        # An IPv4 address may hide in 6to4, which no one calls today: that form is refused whatever it carries.
        return _is_public(address) and not _is_special(found)


def _carried(address: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 address leads to: mapped, 6to4, or NAT64; any other as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or embedded or address


def _is_public(address: IpAddress) -> bool:
    is_unicast = isinstance(address, ipaddress.IPv4Address) or address in PUBLIC_IPV6
    return is_unicast and address.is_global and not _is_special(address)


def _is_special(address: IpAddress) -> bool:
    return any(address in network for network in SPECIAL)


def providers_reach(config: Config) -> Reach:
    """Return what model providers may be: public, named, or on this machine while Attune itself is only here."""
    return Reach(loopback=config.on_loopback, named=config.attune_allow_hosts)


class CheckedBackend(httpcore2.SyncBackend):
    """Connects only to addresses within reach."""

    def __init__(self, reach: Reach) -> None:
        """Check every connection against `reach`."""
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
        """Resolve, check, and connect to the first address that answers.

        Raises httpcore2.ConnectError, caused by AddressRefused when it is beyond reach: HTTP clients pass on none but their own.
        """
        try:
            addresses = resolve(host, port, self._reach)
        except AddressRefused as refused:
            raise httpcore2.ConnectError(refused.detail) from refused
        failed: Exception | None = None
        for address in addresses:
            refuse_when_cut()
            try:
                return CuttableStream(super().connect_tcp(str(address), port, timeout, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.NetworkStream:
        """Refuse: nothing outside is reached that way."""
        raise httpcore2.ConnectError("unix sockets are not called")


def resolve(host: str, port: int, reach: Reach) -> list[IpAddress]:
    """Return the addresses of `host`.

    Raises AddressRefused when one of them may not be called, httpcore2.ConnectError when there is none.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as unknown:
        raise httpcore2.ConnectError(f"{host} is not known here") from unknown
    found = [_address(str(answer[4][0])) for answer in answers]
    for address in found:
        if not reach.allows(host, address):
            raise AddressRefused(f"{host} is a private address ({address}). Add it to ATTUNE_ALLOW_HOSTS if Attune may call it.")
    return found


def _address(text: str) -> IpAddress:
    address = ipaddress.ip_address(text.partition("%")[0])
    # ::ffff:127.0.0.1 is 127.0.0.1 in disguise.
    return getattr(address, "ipv4_mapped", None) or address


class Body(httpx2.SyncByteStream):
    """An answer as it arrives: of which no more is read than anybody keeps, and the end of which is not left in the line.

    Who has seen a stream's own end mark closes it; but only where the whole answer was read can its connection serve again, and
    the next call begin without a handshake.
    """

    def __init__(self, inner: httpx2.SyncByteStream) -> None:
        """Read `inner`."""
        self._inner = inner
        self._parts = iter(inner)
        self._left = LARGEST_ANSWER

    def __iter__(self) -> Iterator[bytes]:
        """Yield what arrives; raise AnswerTooLarge when it is too much."""
        for part in self._parts:
            self._left -= len(part)
            if self._left < 0:
                raise AnswerTooLarge("the answer is too large")
            yield part

    def close(self) -> None:
        """Let go of the connection, after a last look for the end."""
        with (
            suppress(httpx2.HTTPError, httpcore2.NetworkError, httpcore2.TimeoutException),
            cuttable(Cutter(), time.monotonic() + LAST_LOOK_S),
        ):
            next(self._parts, None)
        self._inner.close()


class CheckedTransport(httpx2.HTTPTransport):
    """HTTP through the door."""

    def __init__(self, reach: Reach, *, keep_alive: int) -> None:
        """Call what is within `reach`, and keep so many idle connections."""
        super().__init__(verify=_certificates(), trust_env=False)
        # httpx2 has no public way to give a network backend.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_certificates(),
            max_connections=None,
            max_keepalive_connections=keep_alive,
            keepalive_expiry=30.0,
            network_backend=CheckedBackend(reach),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return the answer, of which nothing but the head has been read."""
        answer = super().handle_request(request)
        if isinstance(answer.stream, httpx2.SyncByteStream):
            answer.stream = Body(answer.stream)
        return answer


def client(reach: Reach, *, timeout: httpx2.Timeout, keep_alive: int = 20) -> httpx2.Client:
    """Return an HTTP client that goes through the door."""
    return httpx2.Client(
        transport=CheckedTransport(reach, keep_alive=keep_alive),
        timeout=timeout,
        # Compressed, a small answer may be endless; and whoever compresses a stream holds it back.
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def checked_address(address: str) -> str:
    """Return `address` without a trailing slash.

    Raises AddressRefused when it is not an http(s) address, or carries a name and password.
    """
    given = address.strip().rstrip("/")
    try:
        parts, _ = urlsplit(given), httpx2.URL(given)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in given
    except (ValueError, httpx2.InvalidURL):
        is_whole = False
    if not is_whole:
        raise AddressRefused("An address begins with http:// or https:// and names a host, as in https://models.example.com/v1.")
    if parts.username or parts.password:
        raise AddressRefused("Put the key into its own field, not into the address.")
    if parts.query or parts.fragment:
        raise AddressRefused("An address has no query and no fragment.")
    return given
