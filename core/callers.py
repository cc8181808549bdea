"""Whose address a request counts for: forwarded headers are believed from named proxies only."""

from collections.abc import Iterable


def client_address(peer: str | None, forwarded_for: str | None, trusted: Iterable[str]) -> str | None:
    """Return the address of the client itself.

    Walks `X-Forwarded-For` from the right and stops at the first address that is no proxy of ours: what stands left of it,
    the client may have written itself.
    """
    proxies = frozenset(trusted)
    if peer not in proxies or not forwarded_for:
        return peer
    for address in reversed([part.strip() for part in forwarded_for.split(",")]):
        if address and address not in proxies:
            return address
    return peer
