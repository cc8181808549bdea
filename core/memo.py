"""Answers that need very many rows, remembered for a minute: who turns a page need not wait until a million are read again."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

MANY, SLOW_S = 100_000, 0.3  # what is fewer, and was counted sooner, is counted again each time
KEPT_S = 60.0
MOST = 1000

Answer = TypeVar("Answer")

_answers: dict[Hashable, tuple[float, Any]] = {}
_asking = [threading.Lock() for _ in range(64)]


def counted(key: Hashable, ask: Callable[[], int]) -> int:
    """Return a count that may be a minute old if it is large or took long; of several who ask, one waits for the database."""
    return _remembered(key, ask, lambda count, took: count >= MANY or took >= SLOW_S)


def counts(key: Hashable, ask: Callable[[], dict[Answer, float]]) -> dict[Answer, float]:
    """Return several counts, that may be a minute old if they are large together or took long."""
    return _remembered(key, ask, lambda found, took: sum(found.values()) >= MANY or took >= SLOW_S)


def ordered(key: Hashable, ask: Callable[[], list[Answer]]) -> list[Answer]:
    """Return what comes first in some order (names of rows, not the rows), a minute old if it took long to find."""
    return _remembered(key, ask, lambda _, took: took >= SLOW_S)


def kept(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what has to be found among very many: a minute old, however long it took."""
    return _remembered(key, ask, lambda *_: True)


def forget() -> None:
    """Have everything found again."""
    _answers.clear()


def _remembered(key: Hashable, ask: Callable[[], Answer], is_kept: Callable[[Answer, float], bool]) -> Answer:
    with _asking[hash(key) % len(_asking)]:
        found = _answers.get(key)
        if found is not None and time.monotonic() - found[0] < KEPT_S:
            return cast("Answer", found[1])
        begun = time.monotonic()
        answer = ask()
        if is_kept(answer, time.monotonic() - begun):
            if len(_answers) >= MOST:
                _answers.clear()
            _answers[key] = (time.monotonic(), answer)
        return answer
