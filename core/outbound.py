"""The one door through which Attune calls other servers.

A name is resolved once, every address behind it is checked, and the connection goes to the address that was checked: a name
that answers differently the second time (DNS rebinding) gains nothing. Redirects are not followed, the environment's proxies not
used.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpcore2
import httpx2

from core.config import Config
from core.cutter import CuttableStream
from core.errors import Invalid

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Invalid):
    """This address is not one that Attune may call."""

    code = "address_refused"


@dataclass(frozen=True)
class Reach:
    """Which addresses may be called."""

    loopback: bool
    named: frozenset[str]

    def allows(self, host: str, found: IpAddress) -> bool:
        """Whether `host` may be called at the address it was resolved to."""
        if host.lower() in self.named or str(found) in self.named:
            return True
        if found.is_loopback:
            return self.loopback
        return found.is_global and not found.is_multicast


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
        """Resolve, check, and connect to the first address that answers."""
        refused: Exception | None = None
        for address in resolve(host, port, self._reach):
            try:
                return CuttableStream(super().connect_tcp(str(address), port, timeout, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refused = error
        raise refused or httpcore2.ConnectError(f"{host} has no address")

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


def client(reach: Reach, *, timeout: httpx2.Timeout, keep_alive: int = 20) -> httpx2.Client:
    """Return an HTTP client that goes through the door."""
    transport = httpx2.HTTPTransport(verify=_certificates(), trust_env=False)
    transport._pool = httpcore2.ConnectionPool(  # noqa: SLF001  httpx2 has no public way to give a network backend
        ssl_context=_certificates(),
        max_connections=None,
        max_keepalive_connections=keep_alive,
        keepalive_expiry=30.0,
        network_backend=CheckedBackend(reach),
    )
    return httpx2.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def checked_address(address: str) -> str:
    """Return `address` without a trailing slash.

    Raises AddressRefused when it is not an http(s) address, or carries a name and password.
    """
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressRefused("An address begins with http:// or https:// and names a host.")
    if parts.username or parts.password:
        raise AddressRefused("Put the key into its own field, not into the address.")
    if parts.query or parts.fragment:
        raise AddressRefused("An address has no query and no fragment.")
    return address.strip().rstrip("/")
