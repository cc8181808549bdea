"""Limit the number of open connections, per network address and in total, and choose which to close when there are more.

A connection that waits, idle or with half a head, makes room for a new one, the oldest first: so whoever opens connections and
sends nothing displaces only itself. Where all are at work the new one gets 503, except for health checks. Trusted proxies count
in total only: behind them stand many clients, which they bound themselves.
"""

import asyncio
import logging
import resource
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from core.network.client_addresses import network_of, plain_address
from core.platform.config import Config

log = logging.getLogger("attune.connections")

OPEN_FILES = 65_536
# For both databases, outbound calls, files, and what libraries hold.
RESERVED_FILES = 320
LEAST_CONNECTIONS = 16
SWEEP_EVERY_S = 1.0
LOG_EVERY_S = 10.0
ANY_PROXY = "a trusted proxy"


class WatchedConnection(Protocol):
    """One connection, as its protocol knows it."""

    @property
    def is_waiting(self) -> bool:
        """Whether no request is under way that has been read."""

    def make_room(self) -> None:
        """Close it for another one."""

    def check(self, now: float) -> None:
        """Close it when it takes too long."""


@dataclass(frozen=True)
class Limits:
    """How many connections there may be."""

    in_total: int
    per_network: int


def raise_file_limit() -> None:
    """Let this process and its children open as many files as they may, rather than the 1,024 that a shell begins with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS allows fewer than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def limits(config: Config) -> Limits:
    """Return the limits that the settings ask for, as far as open files allow; one address gets at most half of all."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if soft == resource.RLIM_INFINITY else soft
    in_total = min(config.connection_limit, max(LEAST_CONNECTIONS, files - RESERVED_FILES))
    return Limits(in_total, min(config.connection_limit_per_address, max(1, in_total // 2)))


class Connections:
    """The open connections of one server. Belongs to its loop."""

    def __init__(self, limits: Limits, proxies: frozenset[str]) -> None:
        """Begin without any."""
        self._limits, self._proxies = limits, proxies
        self._by_network: dict[str, dict[asyncio.BaseTransport, WatchedConnection]] = {}
        self._network_of: dict[asyncio.BaseTransport, str] = {}
        self._is_sweeping = False
        self._refused = 0
        self._logged_at = float("-inf")

    def admit(self, transport: asyncio.BaseTransport, one: WatchedConnection, peer: str | None) -> bool:
        """Count a new connection, and return whether it may be served; room is made for it where that is possible."""
        address = plain_address(peer or "")
        network = ANY_PROXY if address in self._proxies else network_of(address)
        has_room = self._has_room(network)
        self._network_of[transport] = network
        self._by_network.setdefault(network, {})[transport] = one
        if not self._is_sweeping:
            self._is_sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_EVERY_S, self._sweep)
        return has_room

    def upgrade(self, transport: asyncio.BaseTransport, one: WatchedConnection) -> None:
        """Take note that another protocol has taken a connection over."""
        if transport in self._network_of:
            self._by_network[self._network_of[transport]][transport] = one

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection that has ended."""
        network = self._network_of.pop(transport, None)
        if network is not None:
            mine = self._by_network[network]
            del mine[transport]
            if not mine:
                del self._by_network[network]

    def _has_room(self, network: str) -> bool:
        mine = self._by_network.get(network, {})
        if network != ANY_PROXY and len(mine) >= self._limits.per_network:
            return self._make_room(mine, network)
        if len(self._network_of) >= self._limits.in_total:
            largest = max(self._by_network, key=lambda each: len(self._by_network[each]))
            return self._make_room(self._by_network[largest], largest)
        return True

    def _make_room(self, crowd: dict[asyncio.BaseTransport, WatchedConnection], network: str) -> bool:
        self._log_refusal(network, len(crowd))
        for transport, one in crowd.items():
            if one.is_waiting:
                self.leave(transport)
                one.make_room()
                return True
        return False

    def _log_refusal(self, network: str, connections: int) -> None:
        """Say that a connection is refused, at most once in ten seconds: a flood of them is not to become one of lines."""
        self._refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= LOG_EVERY_S:
            facts = {"network": network, "connections": connections, "refused": self._refused, "in_all": len(self._network_of)}
            log.warning("too many connections: the oldest idle one, or the new one, is refused", extra=facts)
            self._refused, self._logged_at = 0, now

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for crowd in list(self._by_network.values()):
            for one in list(crowd.values()):
                one.check(now)
        self._is_sweeping = bool(self._network_of)
        if self._is_sweeping:
            loop.call_later(SWEEP_EVERY_S, self._sweep)
