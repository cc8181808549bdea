"""The client address of a request: forwarded headers count from trusted proxies only."""

import ipaddress
import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network
WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def client_address(
    peer: str | None, forwarded_for: str | None, trusted_proxies: Collection[Network]
) -> str | None:
    """Return the address of the client, from X-Forwarded-For when the peer is a trusted proxy.

    Reads the header from the right and stops at the first address that is not a trusted proxy: the
    client could have written anything left of it. Several such headers are one list, joined by
    commas.
    """
    nearest = plain_address(peer or "") or peer
    if not forwarded_for or not is_in(nearest, trusted_proxies):
        return nearest
    for entry in reversed(forwarded_for.split(",")):
        address = plain_address(entry)
        if address is None:
            return nearest
        if not is_in(address, trusted_proxies):
            return address
    return nearest


def is_in(address: str | None, networks: Collection[Network]) -> bool:
    """Return whether one of these networks has this plain address."""
    if not networks or address is None:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def network_of(ip_address: str | None) -> str:
    """Return the address, or an IPv6 address's /64 (one household's); else "unknown"."""
    try:
        address = ipaddress.ip_address(ip_address or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def plain_address(address_text: str) -> str | None:
    """Return an address without port and brackets, or None when it is not an address.

    IPv4 addresses in IPv6 notation are returned as IPv4.
    """
    text = address_text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
