"""Few requests start in each turn of the event loop, health checks as well as others."""

import asyncio
from functools import partial

import pytest

from api.http.turns import HEALTH, STARTS_PER_TURN, Turns

AT_ONCE = 3 * STARTS_PER_TURN


def started(*paths: str, turns: int) -> list[str]:
    """Return which of the requests that come at once have started after some turns."""

    async def come() -> list[str]:
        line, begun = Turns(), list[str]()
        for path in paths:
            line.start(path, partial(begun.append, path))
        for _ in range(turns):
            await asyncio.sleep(0)
        return list(begun)  # the loop goes on while it ends

    return asyncio.run(come())


@pytest.mark.parametrize("path", ["/overview", *sorted(HEALTH)])
def test_of_many_requests_some_start_in_each_turn(path: str) -> None:
    # A flood of health checks with heads of 60 KB made ingest wait for 0.3 s
    begun = [len(started(*[path] * AT_ONCE, turns=turns)) for turns in range(4)]
    assert begun == [STARTS_PER_TURN, 2 * STARTS_PER_TURN, AT_ONCE, AT_ONCE]


def test_a_health_check_waits_for_no_other_request_and_no_other_for_it() -> None:
    others, checks = ["/overview"] * AT_ONCE, ["/healthz"] * AT_ONCE
    assert started(*others, "/healthz", turns=0)[-1] == "/healthz"
    assert started(*checks, "/overview", turns=0)[-1] == "/overview"
