"""Limits are shared by all processes: calls at the same time over two of them get what one would
get.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path

import pytest

from core.embedded.postgres import Postgres
from core.executions.runner import Runner
from core.identity.schemas import Role, Scope
from core.platform import clock
from core.platform.config import config
from core.quotas import jobs
from tests.api.conftest import another_process, caller
from tests.api.serving import serving
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.quotas import quota, use_of
from tests.factories.requests import price

AT_ONCE = 20
NARROW = {"RATE_LIMIT_STANDARD": "13", "RATE_LIMIT_STREAMING": "7"}
HELLO = {"messages": [{"role": "user", "content": "hello"}], "model": "fake:echo"}
ONE_TOKEN = '#fake {"text": "a", "usage": {"input": 0, "output": 1}}\n'


@pytest.fixture(scope="module")
def second(cluster: Postgres, data: Path) -> Iterator[str]:
    with another_process(data, **NARROW) as served:
        yield served


@pytest.fixture
def both(second: str, runner: Runner) -> Iterator[tuple[str, str]]:
    """Return the addresses of two processes with the same narrow limits."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NARROW.items():
            patch.setenv(name, value)
        config.cache_clear()
        with serving(config()) as first:
            yield first, second
    config.cache_clear()


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def statuses(
    both: tuple[str, str], headers: Mapping[str, str], path: str, body: Mapping[str, object]
) -> Counter[int]:
    """Return how many of twenty calls at once over both processes were answered how."""

    def post(address: str) -> int:
        with caller(address, headers) as client:
            return client.post(path, json=body).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        turns = [address for address, _ in zip(cycle(both), range(AT_ONCE), strict=False)]
        return Counter(pool.map(post, turns))


@pytest.mark.parametrize(("path", "limit"), [("execute", 13), ("execute/stream", 7)])
def test_twenty_calls_over_two_processes_get_exactly_the_limit_through(
    both: tuple[str, str], one: Person, path: str, limit: int
) -> None:
    body = {"model_id": "fake:echo", "prompt": "x"}
    found = statuses(both, one.headers, f"/api/v1/prompts/{path}", body)
    assert found == {200: limit, 429: AT_ONCE - limit}
    assert count("prompt_executions") == limit


@pytest.mark.parametrize(("stream", "limit"), [(False, 13), (True, 7)])
def test_so_do_calls_of_a_key_by_openais_protocol(
    both: tuple[str, str], stream: bool, limit: int
) -> None:
    headers = bearing(api_key(Scope.EXECUTE))
    found = statuses(both, headers, "/openai/v1/chat/completions", {**HELLO, "stream": stream})
    assert found == {200: limit, 429: AT_ONCE - limit}


def test_what_is_left_is_said_of_both_processes(both: tuple[str, str], one: Person) -> None:
    left = []
    for address in (*both, *both):
        with caller(address, one.headers) as client:
            left.append(client.get("/api/v1/models").headers["ratelimit-remaining"])
    assert left == ["12", "11", "10", "9"]


def test_twenty_calls_over_two_processes_never_overspend_a_quota_by_a_cent(
    both: tuple[str, str], one: Person
) -> None:
    boss = person(Role.SUPER_ADMIN).actor
    # A token of the answer costs a cent, and the input nothing: the worst case is what is used.
    rates = {"provider": "fake", "input": "0", "output": "10000"}
    price(boss, "steady", clock.now() - timedelta(days=1), **rates)
    quota("0.07", "cost", "month")
    body = {"model_id": "fake:steady", "prompt": ONE_TOKEN, "parameters": {"max_tokens": 1}}
    found = statuses(both, one.headers, "/api/v1/prompts/execute", body)
    assert found == {200: 7, 429: AT_ONCE - 7}
    [use] = use_of(one.actor)
    assert (use.used, use.reserved) == (Decimal("0.07"), Decimal(0))


def test_minutes_that_are_over_are_deleted_by_the_hourly_job(
    both: tuple[str, str], one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caller(both[0], one.headers) as client:
        client.get("/api/v1/models")
    jobs.forget_old(0)
    assert count("rate_limit_windows") == 1
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    jobs.forget_old(0)
    assert count("rate_limit_windows") == 0
