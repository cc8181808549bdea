"""Limit open connections, per network address and in total, and choose which one to close.

The oldest connection that waits, idle or with an incomplete head, is closed for a new one, so that
a client that opens connections without sending displaces only its own. When none waits, the new one
gets 503, except for health checks. Trusted proxies count in the total only, since many clients
share them.
"""

import asyncio
import logging
import resource
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors
from api.http.turns import HEALTH, Turns
from core.network.client_addresses import Network, is_in, network_of, plain_address
from core.platform.config import Config

log = logging.getLogger("attune.connections")

OPEN_FILES = 65_536
# For databases, outbound calls, files and libraries.
RESERVED_FILES = 320
MIN_CONNECTIONS = 16
SWEEP_INTERVAL_S = 1.0
LOG_INTERVAL_S = 10.0
TOO_MANY_CONNECTIONS = "There are too many connections at the moment. Try again in a few seconds."
ANY_PROXY = "a trusted proxy"


class WatchedConnection(Protocol):
    """A connection as seen by its protocol."""

    @property
    def is_waiting(self) -> bool:
        """Whether no complete request is in progress."""

    def make_room(self) -> None:
        """Close it for another connection."""

    def check(self, now: float) -> None:
        """Close it when a time limit has passed."""


@dataclass(frozen=True)
class Limits:
    """How many connections may be open."""

    in_total: int
    per_network: int


def raise_file_limit() -> None:
    """Raise this process's limit of open files, which shells set to 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < target:
        with suppress(OSError, ValueError):  # macOS allows fewer than it reports
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))


def limits(config: Config) -> Limits:
    """Return the limits within the limit of open files; an address gets at most half."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if soft == resource.RLIM_INFINITY else soft
    in_total = min(config.connection_limit, max(MIN_CONNECTIONS, files - RESERVED_FILES))
    return Limits(in_total, min(config.connection_limit_per_address, max(1, in_total // 2)))


class Connections:
    """The open connections of one server; used in its event loop only."""

    def __init__(self, limits: Limits, proxies: Collection[Network]) -> None:
        self._limits, self._proxies = limits, proxies
        self.turns = Turns()
        self._by_network: dict[str, dict[asyncio.BaseTransport, WatchedConnection]] = {}
        self._network_of: dict[asyncio.BaseTransport, str] = {}
        self._is_sweeping = False
        self._refused = 0
        self._logged_at = float("-inf")

    def admit(
        self, transport: asyncio.BaseTransport, connection: WatchedConnection, peer: str | None
    ) -> bool:
        """Register a connection, closing a waiting one if necessary; return whether to serve it."""
        address = plain_address(peer or "")
        network = ANY_PROXY if is_in(address, self._proxies) else network_of(address)
        has_room = self._has_room(network)
        # Without room, too: a health check is served on it, and the limits of time hold for it.
        self._network_of[transport] = network
        self._by_network.setdefault(network, {})[transport] = connection
        if not self._is_sweeping:
            self._is_sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_INTERVAL_S, self._sweep)
        return has_room

    def upgrade(self, transport: asyncio.BaseTransport, connection: WatchedConnection) -> None:
        """Register the protocol that has taken over a connection."""
        if transport in self._network_of:
            self._by_network[self._network_of[transport]][transport] = connection

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Remove a connection that has ended."""
        network = self._network_of.pop(transport, None)
        if network is not None:
            same_network = self._by_network[network]
            del same_network[transport]
            if not same_network:
                del self._by_network[network]

    def _has_room(self, network: str) -> bool:
        same_network = self._by_network.get(network, {})
        if network != ANY_PROXY and len(same_network) >= self._limits.per_network:
            return self._make_room(same_network, network)
        if len(self._network_of) >= self._limits.in_total:
            # The network with the most connections makes room, so that a flood displaces itself.
            largest = max(self._by_network, key=lambda name: len(self._by_network[name]))
            return self._make_room(self._by_network[largest], largest)
        return True

    def _make_room(
        self, candidates: dict[asyncio.BaseTransport, WatchedConnection], network: str
    ) -> bool:
        self._log_refusal(network, len(candidates))
        for transport, connection in candidates.items():
            if connection.is_waiting:
                # At once, as the new one counts now; asyncio reports a loss in a later turn only.
                self.leave(transport)
                connection.make_room()
                return True
        return False

    def _log_refusal(self, network: str, connections: int) -> None:
        """Log a refused connection, at most once in ten seconds."""
        self._refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= LOG_INTERVAL_S:
            extra = {
                "network": network,
                "connections": connections,
                "refused": self._refused,
                "in_all": len(self._network_of),
            }
            log.warning(
                "too many connections: the oldest idle one, or the new one, is refused", extra=extra
            )
            self._refused, self._logged_at = 0, now

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connections in list(self._by_network.values()):
            for connection in list(connections.values()):
                connection.check(now)
        self._is_sweeping = bool(self._network_of)
        if self._is_sweeping:
            loop.call_later(SWEEP_INTERVAL_S, self._sweep)


async def only_health(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve health checks only, since there is no room for the connection."""
    if scope["path"] in HEALTH:
        await app(scope, receive, send)
        return
    rejection = errors.response(
        errors.problem(503, "too_many_connections", TOO_MANY_CONNECTIONS), {"Connection": "close"}
    )
    await rejection(scope, receive, send)
