"""Concurrent bodies share a limit of memory; more of them wait or are rejected."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.request_bodies import size_limits
from api.request_bodies.memory import MemoryBudget
from api.request_bodies.size_limits import BodyLimit
from core.errors import Unavailable
from tests import loops


async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["more_body"]:
        pass


async def nowhere(_message: Message) -> None:
    pass


def test_bodies_that_are_too_much_together_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size_limits, "MAX_TOTAL_BYTES", 100)
    limit = BodyLimit(reading)

    async def sent(size: int, *, slow: bool = False) -> None:
        coming: list[Message] = [{"type": "http.request", "body": b"x" * size, "more_body": slow}]

        async def receive() -> Message:
            return coming.pop() if coming else await asyncio.Future()

        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/x",
            "headers": [],
            "state": {"actor": object()},
        }
        await limit(scope, receive, nowhere)

    async def meet() -> None:
        slow = asyncio.create_task(sent(90, slow=True))
        await asyncio.sleep(0)
        with pytest.raises((Unavailable, HTTPException)):
            await sent(20)
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await sent(20)

    loops.run(meet())
    assert limit.held == 0


def test_who_finds_no_room_waits_for_those_before() -> None:
    room, seen = MemoryBudget(10), list[str]()

    async def take(name: str, size: int, until: asyncio.Event) -> None:
        async with room.taken(size):
            seen.append(name)
            await until.wait()
            seen.append(f"{name} leaves")

    async def meet() -> None:
        free, first_leaves = asyncio.Event(), asyncio.Event()
        free.set()
        first = asyncio.create_task(take("first", 8, first_leaves))
        await asyncio.sleep(0)
        gone = asyncio.create_task(take("who goes away", 3, free))
        others = [
            asyncio.create_task(take(name, size, free))
            for name, size in (("all of it", 99), ("small", 1))
        ]
        await asyncio.sleep(0)
        gone.cancel()
        first_leaves.set()
        await asyncio.gather(first, *others)

    loops.run(meet())
    assert seen == [
        "first",
        "first leaves",
        "all of it",
        "all of it leaves",
        "small",
        "small leaves",
    ]
