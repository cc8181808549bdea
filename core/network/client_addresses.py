"""The client address of a request: forwarded headers count from trusted proxies only."""

import ipaddress
import re
from collections.abc import Iterable

WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def client_address(peer: str | None, forwarded_for: str | None, trusted: Iterable[str]) -> str | None:
    """Return the address of the client itself.

    Walks `X-Forwarded-For` from the right and stops at the first address that is no proxy of ours: what stands left of it,
    the client may have written itself. Several such headers are one list, joined by commas.
    """
    proxies = frozenset(trusted)
    nearest = plain_address(peer or "") or peer
    if nearest not in proxies or not forwarded_for:
        return nearest
    for part in reversed(forwarded_for.split(",")):
        address = plain_address(part)
        if address is None:
            return nearest
        if address not in proxies:
            return address
    return nearest


def network_of(ip_address: str | None) -> str:
    """Return the network that an address stands for: itself, or the /64 of an IPv6 address (one household has 2^64 of them)."""
    try:
        address = ipaddress.ip_address(ip_address or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def plain_address(written: str) -> str | None:
    """Return an address without port and brackets, and IPv4 as such where it is dressed as IPv6; None for what is no address."""
    text = written.strip()
    if found := WITH_PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
