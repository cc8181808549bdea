"""Cache answers that need very many rows, for a minute at most."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

MANY, SLOW_S = 100_000, 0.3  # what is fewer, and was counted sooner, is counted again each time
KEPT_S, SOON_S = 60.0, 600.0
TIMES_AS_LONG = 200  # as it took: one question, however many ask it, is half a percent of the work
MOST = 1000

Answer = TypeVar("Answer")

_answers: dict[Hashable, tuple[float, float, Any]] = {}  # when it was found, how long it holds, and what
_asking: dict[Hashable, "AskTurn"] = {}
_slow: dict[Hashable, float] = {}  # when it took long the last time
_door = threading.Lock()


@dataclass
class AskTurn:
    """Whose turn it is to ask one question, and how many want to know."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0
    failure: Exception | None = None
    failed_at: float = 0.0


def counted(key: Hashable, ask: Callable[[], int]) -> int:
    """Return a count that may be a minute old if it is large or takes long; who asks the same meanwhile waits for it."""
    return _remembered(key, ask, lambda count, took: KEPT_S if count >= MANY or _is_slow(key, took) else 0)


def counts(key: Hashable, ask: Callable[[], dict[Answer, float]]) -> dict[Answer, float]:
    """Return several counts, that may be a minute old if they are large together or take long."""
    return _remembered(key, ask, lambda found, took: KEPT_S if sum(found.values()) >= MANY or _is_slow(key, took) else 0)


def ordered(key: Hashable, ask: Callable[[], list[Answer]]) -> list[Answer]:
    """Return what comes first in some order (names of rows, not the rows), a minute old if it takes long to find."""
    return _remembered(key, ask, lambda _, took: KEPT_S if _is_slow(key, took) else 0)


def kept(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what has to be found among very many: a minute old, however long it took."""
    return _remembered(key, ask, lambda *_: KEPT_S)


def briefly(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what is counted among very many: the older, the longer it took, and a minute at most."""
    return _remembered(key, ask, lambda _, took: TIMES_AS_LONG * took)


def forget() -> None:
    """Have everything found again."""
    _answers.clear()
    _slow.clear()


def _is_slow(key: Hashable, took: float) -> bool:
    """Whether a question took long twice in succession: once may be a moment in which everything did."""
    last, now = _slow.pop(key, -SOON_S), time.monotonic()
    if took < SLOW_S:
        return False
    if len(_slow) >= MOST:
        _slow.clear()
    _slow[key] = now
    return now - last < SOON_S


def _remembered(key: Hashable, ask: Callable[[], Answer], holds_s: Callable[[Answer, float], float]) -> Answer:
    came_at = time.monotonic()
    with _turn(key) as turn:
        found_at, held_s, known = _answers.get(key, (0.0, 0.0, None))
        if time.monotonic() - found_at < min(held_s, KEPT_S):
            return cast("Answer", known)
        if turn.failure is not None and turn.failed_at > came_at:
            raise turn.failure  # who has waited for it does not repeat it
        begun = time.monotonic()
        try:
            answer = ask()
        except Exception as failure:
            turn.failure, turn.failed_at = failure, time.monotonic()
            raise
        found_at = time.monotonic()
        if (held_s := holds_s(answer, found_at - begun)) > 0:
            if len(_answers) >= MOST:
                _answers.clear()
            _answers[key] = (found_at, held_s, answer)
        return answer


@contextmanager
def _turn(key: Hashable) -> Iterator[AskTurn]:
    """Wait for who asks the same, and for nobody else: another question may take seconds."""
    with _door:
        turn = _asking.setdefault(key, AskTurn())
        turn.wanted += 1
    try:
        with turn.lock:
            yield turn
    finally:
        with _door:
            turn.wanted -= 1
            if not turn.wanted:
                del _asking[key]
