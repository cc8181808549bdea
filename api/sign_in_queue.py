"""Queue password checks: few at once, because they are slow by design, and fair by network address.

Of the networks that wait, a new one goes first, then each in turn; within a network the newest attempt goes first. Whoever
sends attempts without end waits behind their own, and an attempt that comes alone waits for one check. An attempt that waits
too long, or is crowded out, gets 429 and costs no check.
"""

import asyncio
import os
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

from starlette.requests import Request

from api.threads import Threads
from core.database.db import Lane
from core.errors import RateLimited
from core.identity import flows
from core.identity.schemas import Caller, SessionKind, SignedIn
from core.network.client_addresses import network_of

CHECKS_AT_ONCE = min(4, max(2, os.cpu_count() or 2))
# Long, so that programs that try again at once do not come back often, each time ahead of those that wait.
LONGEST_WAIT_S = 20.0
PER_NETWORK, IN_TOTAL = 128, 512
# A network with more than fifty failures in an hour: two checks a second, however many are sent.
THROTTLED_S = 0.5

_checks = Threads(Lane.SIGN_IN, CHECKS_AT_ONCE)


class TooManySignIns(RateLimited):
    """Too many people try to sign in at the moment. Wait a few seconds, then try again."""

    def __init__(self) -> None:
        """Say when to try again."""
        super().__init__(retry_after_s=5)


class Queue:
    """The attempts that wait for a check. Belongs to its loop."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._free = CHECKS_AT_ONCE
        self._lanes: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._not_before: dict[str, float] = {}
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many attempts wait."""
        return sum(map(len, self._lanes.values()))

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait for one's turn, and have it; raise TooManySignIns."""
        await self._wait(network)
        try:
            yield
        finally:
            self._free += 1
            self._go_on()

    def throttle(self, network: str) -> None:
        """Let the next check of a network wait."""
        now = asyncio.get_running_loop().time()
        self._not_before = {each: until for each, until in self._not_before.items() if until > now}
        self._not_before[network] = now + THROTTLED_S

    async def _wait(self, network: str) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if network not in self._lanes:
            self._lanes[network] = deque()
            self._lanes.move_to_end(network, last=False)
        self._lanes[network].append(place)
        self._go_on()
        self._shed(network)
        has_turn = False
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await place
                has_turn = True
        except TimeoutError:
            raise TooManySignIns from None
        finally:
            if not has_turn:
                self._give_up(network, place)

    def _give_up(self, network: str, place: "asyncio.Future[None]") -> None:
        self._forget(network, place)
        if place.done() and not place.cancelled() and place.exception() is None:  # its turn came at the same moment
            self._free += 1
            self._go_on()

    def _shed(self, network: str) -> None:
        """Let the oldest attempt of the network go when it has too many, or of the largest network when all have."""
        if len(self._lanes.get(network, ())) > PER_NETWORK:
            self._refuse_oldest(network)
        elif self.waiting > IN_TOTAL:
            self._refuse_oldest(max(self._lanes, key=lambda each: len(self._lanes[each])))

    def _refuse_oldest(self, network: str) -> None:
        place = self._lanes[network][0]
        self._forget(network, place)
        if not place.done():
            place.set_exception(TooManySignIns())

    def _forget(self, network: str, place: "asyncio.Future[None]") -> None:
        lane = self._lanes.get(network)
        if lane is not None:
            with suppress(ValueError):
                lane.remove(place)
            if not lane:
                del self._lanes[network]

    def _go_on(self) -> None:
        while self._free and (place := self._next()) is not None:
            self._free -= 1
            place.set_result(None)

    def _next(self) -> "asyncio.Future[None] | None":
        loop = asyncio.get_running_loop()
        for network, lane in self._lanes.items():
            if self._not_before.get(network, 0.0) <= loop.time():
                place = lane.pop()
                self._lanes.move_to_end(network)
                if not lane:
                    del self._lanes[network]
                return place
        if self._lanes and self._alarm is None:
            self._alarm = loop.call_at(min(self._not_before[each] for each in self._lanes), self._wake)
        return None

    def _wake(self) -> None:
        self._alarm = None
        self._go_on()


queues: WeakKeyDictionary[asyncio.AbstractEventLoop, Queue] = WeakKeyDictionary()


async def sign_in(request: Request, email: str, password: str, kind: SessionKind, caller: Caller) -> SignedIn | None:
    """Check a password when its turn comes; return the session, or None when it is wrong or locked, or its sender has gone.

    Raises TooManySignIns.
    """
    queue, network = queues.setdefault(asyncio.get_running_loop(), Queue()), network_of(caller.ip_address)
    async with queue.turn(network):
        if await request.is_disconnected():
            return None
        result = await _checks.run(flows.try_to_sign_in, email, password, kind, caller)
        if result.is_throttled:
            queue.throttle(network)
    return result.signed_in
