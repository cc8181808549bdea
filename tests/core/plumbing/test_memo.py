"""What takes long to find is remembered for a minute; what is quick to ask is asked each time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from core.cache import memo
from core.errors import Unavailable
from tests.faults.program import until


@pytest.fixture(autouse=True)
def _slow_is_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 0.0)


def answers() -> Iterator[list[int]]:
    yield [1, 3]
    yield [3, 1]
    yield [1, 3]


def test_an_order_that_takes_long_is_found_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    key, given = uuid4(), answers()
    assert [memo.ordered(key, lambda: next(given)) for _ in range(3)] == [[1, 3], [3, 1], [3, 1]]
    monkeypatch.setattr(memo, "KEPT_S", 0.0)
    assert memo.ordered(key, lambda: next(given)) == [1, 3]


def test_an_order_that_is_found_at_once_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 60.0)
    key, given = uuid4(), answers()
    assert [memo.ordered(key, lambda: next(given)) for _ in range(3)] == [[1, 3], [3, 1], [1, 3]]


def test_what_took_long_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    key, given = uuid4(), iter([0, 1, 2])
    assert memo.counted(key, lambda: next(given)) == 0
    monkeypatch.setattr(memo, "SLOW_S", 60.0)
    assert memo.counted(key, lambda: next(given)) == 1
    monkeypatch.setattr(memo, "SLOW_S", 0.0)
    assert memo.counted(key, lambda: next(given)) == 2


def test_two_slow_moments_far_apart_are_two_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SOON_S", 0.0)
    key, given = uuid4(), answers()
    assert [memo.ordered(key, lambda: next(given)) for _ in range(3)] == [[1, 3], [3, 1], [1, 3]]


def test_a_large_count_is_remembered_and_a_small_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 60.0)
    large, small = iter([memo.MANY, memo.MANY + 1]), iter([1, 2])
    key = uuid4()
    assert [memo.counted(key, lambda: next(large)) for _ in range(2)] == [memo.MANY, memo.MANY]
    key = uuid4()
    assert [memo.counted(key, lambda: next(small)) for _ in range(2)] == [1, 2]


def test_what_is_counted_among_many_holds_in_proportion_to_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("core.cache.memo.time.monotonic", lambda: now[0])
    given, key = iter(range(10)), uuid4()

    def ask() -> int:
        now[0] += 0.05
        return next(given)

    assert [memo.briefly(key, ask) for _ in range(3)] == [0, 0, 0]
    now[0] += 9
    assert memo.briefly(key, ask) == 0
    now[0] += 2
    assert memo.briefly(key, ask) == 1


def test_a_slow_question_keeps_nobody_waiting_who_asks_another() -> None:
    is_asked, may_answer, found = threading.Event(), threading.Event(), list[int]()

    def slow() -> int:
        is_asked.set()
        may_answer.wait()
        return 7

    slowly = uuid4()
    memo.counted(slowly, lambda: 7)  # it is known to be slow
    asking = [threading.Thread(target=lambda: found.append(memo.counted(slowly, slow))) for _ in range(2)]
    for each in asking:
        each.start()
    is_asked.wait()
    others = [memo.counted(uuid4(), lambda: 1) for _ in range(500)]
    is_asked.clear()
    may_answer.set()
    for each in asking:
        each.join()
    assert (sum(others), found, is_asked.is_set()) == (500, [7, 7], False)


def test_a_question_that_fails_is_not_repeated_by_each_who_has_waited_for_it() -> None:
    key, asked, may_fail = uuid4(), 0, threading.Event()

    def ask() -> int:
        nonlocal asked
        asked += 1
        assert may_fail.wait(20)
        raise Unavailable

    def wait() -> bool:
        with pytest.raises(Unavailable):
            memo.counted(key, ask)
        return True

    with ThreadPoolExecutor(5) as pool:
        waits = [pool.submit(wait) for _ in range(5)]
        until(lambda: key in memo._asking and memo._asking[key].wanted == 5, 20)  # noqa: SLF001
        may_fail.set()
        assert all(each.result(20) for each in waits)
    assert asked == 1
    assert wait()  # who comes later asks again
    assert asked == 2
