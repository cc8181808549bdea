"""Expensive queries run a few at a time, in turns by account."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database.connections import query_slots
from core.database.connections.query_slots import QueriesBusy, QuerySlots
from tests import loops
from tests.faults.program import until


def run(*queries: Callable[[], object]) -> None:
    async def all_() -> None:
        await asyncio.gather(*(each() for each in queries))  # type: ignore[call-overload]  # coroutines

    loops.run(asyncio.wait_for(all_(), 20))


def test_no_more_than_that_many_run_at_once_and_all_come_to_their_end() -> None:
    slots, running, most, done = QuerySlots(at_once=3, of_one_account=2), 0, 0, 0

    async def query(account: str) -> None:
        nonlocal running, most, done
        async with slots.awaited(account):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            done += 1

    run(*(lambda number=number: query(f"account {number % 4}") for number in range(60)))
    assert (most, done) == (3, 60)


def test_an_account_that_asks_much_holds_up_no_other() -> None:
    slots, order = QuerySlots(at_once=1, of_one_account=1), []

    async def query(account: str) -> None:
        async with slots.awaited(account):
            order.append(account)
            await asyncio.sleep(0)

    run(*(lambda: query("busy") for _ in range(60)), lambda: query("other"))
    assert order.index("other") <= 2


def test_one_account_never_takes_every_slot() -> None:
    slots = QuerySlots(at_once=3, of_one_account=2)
    with slots.taken("busy"), slots.taken("busy"):
        with pytest.raises(QueriesBusy), slots.taken("busy", longest_wait_s=0.01):
            pass
        with slots.taken("other", longest_wait_s=0.01):
            pass


def test_who_waits_too_long_is_told_when_to_come_back_and_leaves_the_line() -> None:
    slots = QuerySlots(at_once=1, of_one_account=1)

    async def late() -> None:
        with pytest.raises(QueriesBusy) as busy:
            async with slots.awaited("two", longest_wait_s=0.01):
                pass
        assert busy.value.facts == {"retry_after_s": 10}

    with slots.taken("one"):
        run(late)
    with (
        slots.taken("two", longest_wait_s=1),
        pytest.raises(QueriesBusy),
        slots.taken("one", longest_wait_s=0.01),
    ):
        pass


def test_a_caller_who_goes_away_leaves_the_line_and_keeps_no_slot() -> None:
    slots = QuerySlots(at_once=1, of_one_account=1)

    async def waited() -> None:
        async with slots.awaited("gone"):
            pass

    async def leave() -> None:
        with slots.taken("one"):
            waiting = asyncio.create_task(waited())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with slots.awaited("two", longest_wait_s=5):
            pass

    run(leave)


def test_a_query_that_fails_gives_its_slot_back() -> None:
    slots = QuerySlots(at_once=1, of_one_account=1)
    with pytest.raises(ZeroDivisionError), slots.taken("one"):
        raise ZeroDivisionError
    with slots.taken("two", longest_wait_s=1):
        pass


def test_a_line_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_slots, "MOST_WAITING", 1)
    slots = QuerySlots(at_once=1, of_one_account=1)
    with ThreadPoolExecutor(1) as pool:
        with slots.taken("one"):
            first = pool.submit(lambda: slots.taken("one").__enter__())
            until(lambda: bool(slots._waiting), 10)  # noqa: SLF001
            with pytest.raises(QueriesBusy), slots.taken("one"):
                pass
            assert not first.done()
        first.result(30)
