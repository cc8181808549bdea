"""Queue password checks: few at once, because they are slow by design, and fairly by network
address.

A newly arrived network goes first, then each in turn; within a network the newest attempt goes
first. A network that sends many attempts only waits behind its own, and a single attempt waits for
one check at most. An attempt that waits too long, or exceeds the queue's size, gets 429 without a
check.
"""

import asyncio
import os
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

from starlette.requests import Request

from api.threads import Threads
from core.database.connections.engines import Lane
from core.errors import RateLimited
from core.identity.schemas import Caller, SessionKind, SignedIn
from core.identity.service import sign_in as service
from core.network.client_addresses import network_of

CHECKS_AT_ONCE = min(4, max(2, os.cpu_count() or 2))
# Long, because programs that retry immediately go ahead of the others each time.
MAX_WAIT_S = 20.0
MAX_PER_NETWORK, MAX_IN_TOTAL = 128, 512
# A network with more than fifty failures in an hour gets two checks per second.
THROTTLE_WAIT_S = 0.5

_checks = Threads(Lane.SIGN_IN, CHECKS_AT_ONCE)


class TooManySignIns(RateLimited):
    """Too many sign-in attempts. Wait a few seconds, then try again."""

    def __init__(self) -> None:
        super().__init__(retry_after_s=5)


class Queue:
    """The attempts that wait for a check; used in its event loop only."""

    def __init__(self) -> None:
        self._free = CHECKS_AT_ONCE
        self._lanes: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._not_before: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """The number of waiting attempts."""
        return sum(map(len, self._lanes.values()))

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block; raise TooManySignIns."""
        await self._wait(network)
        try:
            yield
        finally:
            self._free += 1
            self._start_next()

    def throttle(self, network: str) -> None:
        """Delay the next check of a network."""
        now = asyncio.get_running_loop().time()
        # Waits that are over are dropped: an attacker has any number of addresses.
        self._not_before = {name: until for name, until in self._not_before.items() if until > now}
        self._not_before[network] = now + THROTTLE_WAIT_S

    async def _wait(self, network: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if network not in self._lanes:
            self._lanes[network] = deque()
            self._lanes.move_to_end(network, last=False)
        self._lanes[network].append(turn)
        self._start_next()
        self._limit_size(network)
        has_turn = False
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await turn
                has_turn = True
        except TimeoutError:
            raise TooManySignIns from None
        finally:
            if not has_turn:
                self._cancel(network, turn)

    def _cancel(self, network: str, turn: "asyncio.Future[None]") -> None:
        self._remove(network, turn)
        # Its turn came at the same time
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._free += 1
            self._start_next()

    def _limit_size(self, network: str) -> None:
        """Reject the oldest attempt of a network with too many, or of the largest when full."""
        if len(self._lanes.get(network, ())) > MAX_PER_NETWORK:
            self._refuse_oldest(network)
        elif self.waiting > MAX_IN_TOTAL:
            self._refuse_oldest(max(self._lanes, key=lambda name: len(self._lanes[name])))

    def _refuse_oldest(self, network: str) -> None:
        turn = self._lanes[network][0]
        self._remove(network, turn)
        if not turn.done():
            turn.set_exception(TooManySignIns())

    def _remove(self, network: str, turn: "asyncio.Future[None]") -> None:
        lane = self._lanes.get(network)
        if lane is not None:
            with suppress(ValueError):
                lane.remove(turn)
            if not lane:
                del self._lanes[network]

    def _start_next(self) -> None:
        while self._free and (turn := self._next()) is not None:
            self._free -= 1
            turn.set_result(None)

    def _next(self) -> "asyncio.Future[None] | None":
        loop = asyncio.get_running_loop()
        for network, lane in self._lanes.items():
            if self._not_before.get(network, 0.0) <= loop.time():
                turn = lane.pop()
                self._lanes.move_to_end(network)
                if not lane:
                    del self._lanes[network]
                return turn
        if self._lanes and self._timer is None:
            self._timer = loop.call_at(
                min(self._not_before[name] for name in self._lanes), self._wake
            )
        return None

    def _wake(self) -> None:
        self._timer = None
        self._start_next()


queues: WeakKeyDictionary[asyncio.AbstractEventLoop, Queue] = WeakKeyDictionary()


async def sign_in(
    request: Request, email: str, password: str, kind: SessionKind, caller: Caller
) -> SignedIn | None:
    """Check a password when its turn comes.

    Returns the session, or None when the password is wrong or locked, or the client has
    disconnected. Raises TooManySignIns.
    """
    queue, network = (
        queues.setdefault(asyncio.get_running_loop(), Queue()),
        network_of(caller.ip_address),
    )
    async with queue.turn(network):
        # The turn may have come after a long wait, and a check is slow.
        if await request.is_disconnected():
            return None
        result = await _checks.run(service.try_sign_in, email, password, kind, caller)
        if result.is_throttled:
            queue.throttle(network)
    return result.signed_in
