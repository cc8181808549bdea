"""A cached answer has a maximum age, is read by one caller at a time, and is gone when what it was
read from has changed.
"""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from core.cache import large_workspaces
from core.cache.cache import Cache
from core.cache.large_workspaces import cached_if_large
from core.database.connections import engines
from core.database.db import read_session, transaction
from core.errors import Unavailable
from core.platform.config import ROOT
from tests.faults.program import until

CREATES_CACHE = re.compile(r"\bCache(\[.*\])?\(")
TOPIC = "test of the cache"


@pytest.fixture
def numbers() -> Iterator[int]:
    """Give each read another answer."""
    return count()


def test_an_answer_is_read_once_until_it_is_too_old(
    numbers: Iterator[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    cache = Cache[str, int](TOPIC, max_age_s=10)
    assert [cache.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 0, 0]
    now[0] = 9.9
    assert cache.get("a", lambda: next(numbers)) == 0
    now[0] = 10
    assert (cache.peek("a"), cache.get("a", lambda: next(numbers))) == (None, 1)


def test_however_many_names_are_asked_for_few_are_kept() -> None:
    cache = Cache[int, int](TOPIC, max_age_s=60, max_size=4)
    assert [cache.get(each, lambda each=each: each) for each in range(1000)] == list(range(1000))  # type: ignore[misc]
    assert [cache.peek(each) for each in range(994, 1000)] == [None, None, 996, 997, 998, 999]


def test_what_was_read_before_a_change_is_not_kept_after_it(numbers: Iterator[int]) -> None:
    cache = Cache[str, int](TOPIC, max_age_s=60)

    def read() -> int:
        cache.clear()  # somebody changes it just now
        return next(numbers)

    assert cache.get("a", read) == 0
    assert cache.get("a", lambda: next(numbers)) == 1


@pytest.mark.usefixtures("database")
def test_a_change_clears_answers_once_it_is_committed(numbers: Iterator[int]) -> None:
    cache = Cache[str, int](TOPIC, max_age_s=60)
    cache.get("a", lambda: next(numbers))
    with transaction() as session:
        cache.clear_after_commit(session)
        assert cache.peek("a") == 0
    assert cache.peek("a") is None


def test_a_slow_question_keeps_nobody_waiting_who_asks_another() -> None:
    cache, may_answer = Cache[str, int](TOPIC, max_age_s=60), threading.Event()

    def slow() -> int:
        assert may_answer.wait(20)
        return 7

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cache.get, "slow", slow)
        assert cache.get("other", lambda: 1) == 1
        may_answer.set()
        assert asked.result(20) == 7


def test_a_question_that_fails_is_not_repeated_by_each_who_has_waited_for_it() -> None:
    cache, reads, may_fail = Cache[str, int](TOPIC, max_age_s=60), [0], threading.Event()
    waiting = threading.Semaphore(0)

    def fail() -> int:
        reads[0] += 1
        assert may_fail.wait(20)
        raise Unavailable

    def ask() -> None:
        waiting.release()
        with pytest.raises(Unavailable):
            cache.get("a", fail)

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(ask)
        until(lambda: reads[0] == 1, 20)
        others = [pool.submit(ask) for _ in range(4)]
        for _ in range(5):
            assert waiting.acquire(timeout=20)
        first_read = cache._reads["a"]  # noqa: SLF001
        until(lambda: len(first_read._condition._waiters) == 4, 20)  # type: ignore[attr-defined]  # noqa: SLF001
        may_fail.set()
        for each in (first, *others):
            each.result(20)
    assert reads[0] == 1
    ask()  # who comes later asks again
    assert reads[0] == 2


@pytest.mark.usefixtures("database")
def test_who_waits_for_the_answer_of_another_holds_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(large_workspaces, "LARGE_ROWS", 0)
    is_asked, may_answer, connected = threading.Event(), threading.Event(), threading.Semaphore(0)

    def slow() -> int:
        is_asked.set()
        assert may_answer.wait(20)
        return 7

    def ask() -> int:
        with read_session() as session:
            session.connection()
            connected.release()
            return cached_if_large(session, "slow", slow)

    before = engines.current().core.pool.checkedout()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask)]
        assert is_asked.wait(20)
        asked += [pool.submit(ask) for _ in range(3)]
        for _ in range(4):
            assert connected.acquire(timeout=20)
        until(lambda: engines.current().core.pool.checkedout() == before + 1, 20)  # type: ignore[attr-defined]
        may_answer.set()
        assert [each.result(20) for each in asked] == [7] * 4


@pytest.mark.usefixtures("database")
def test_in_a_workspace_that_is_not_large_every_answer_is_read(numbers: Iterator[int]) -> None:
    with read_session() as session:
        assert [cached_if_large(session, "a", lambda: next(numbers)) for _ in range(2)] == [0, 1]


def test_the_list_of_caches_names_every_module_that_has_one() -> None:
    listed = (ROOT / "docs" / "caching.md").read_text()
    modules = (
        path for folder in ("core", "pages", "api") for path in (ROOT / folder).rglob("*.py")
    )
    having = {
        path.relative_to(ROOT).as_posix()
        for path in modules
        if CREATES_CACHE.search(path.read_text())
    }
    assert len(having) > 5
    assert [each for each in sorted(having) if f"`{each}`" not in listed] == []
