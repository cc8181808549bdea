"""What is recalled is kept for seconds, and never much of it, whoever chooses the names it is kept under."""

import time

import pytest

from core.cache import recall


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note what is read, of a memory that is full at four."""
    monkeypatch.setattr(recall, "MOST", 4)
    return []


def size(kept: recall.Recall[int, int]) -> int:
    return len(kept._known)  # noqa: SLF001  nobody else needs to know


def ask(kept: recall.Recall[int, int], read: list[int], *keys: int) -> None:
    def find(key: int) -> int:
        read.append(key)
        return key

    for key in keys:
        assert kept.get(key, lambda: find(key)) == key  # noqa: B023  called at once


def test_however_many_names_are_asked_for_few_are_kept(read: list[int]) -> None:
    kept = recall.Recall[int, int]("test of recall", for_s=60.0)
    for key in range(1000):
        ask(kept, read, key, key)
        assert size(kept) <= 4
    assert read == list(range(1000))


def test_what_is_over_goes_first(read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = recall.Recall[int, int]("test of recall", for_s=60.0)
    ask(kept, read, 1, 2, 3)
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    ask(kept, read, 4, 5, 4)
    assert size(kept) == 2
    assert read == [1, 2, 3, 4, 5]
