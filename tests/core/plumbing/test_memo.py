"""What took long to find is remembered for a minute; what is quick to ask is asked each time."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from core import memo


@pytest.fixture(autouse=True)
def _slow_is_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 0.0)


def answers() -> Iterator[list[int]]:
    yield [3, 1]
    yield [1, 3]


def test_an_order_that_took_long_is_found_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    key, given = uuid4(), answers()
    assert memo.ordered(key, lambda: next(given)) == [3, 1]
    assert memo.ordered(key, lambda: next(given)) == [3, 1]
    monkeypatch.setattr(memo, "KEPT_S", 0.0)
    assert memo.ordered(key, lambda: next(given)) == [1, 3]


def test_an_order_that_is_found_at_once_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 60.0)
    key, given = uuid4(), answers()
    assert [memo.ordered(key, lambda: next(given)) for _ in range(2)] == [[3, 1], [1, 3]]


def test_a_large_count_is_remembered_and_a_small_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SLOW_S", 60.0)
    large, small = iter([memo.MANY, memo.MANY + 1]), iter([1, 2])
    key = uuid4()
    assert [memo.counted(key, lambda: next(large)) for _ in range(2)] == [memo.MANY, memo.MANY]
    key = uuid4()
    assert [memo.counted(key, lambda: next(small)) for _ in range(2)] == [1, 2]
