"""RE2 patterns of people: compiled once, without logging the pattern."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeVar

import re2
from pydantic import ValidationInfo

from core.database.tables import STORED

Pattern = Any  # re2 has no types
NOT_SUPPORTED = "Lookarounds and backreferences are not supported."
# What a pattern and its searches may take, in bytes. Nearly all take a few KiB, so many are kept;
# some, such as \pL{100}, take MiB: many of these would fill the memory.
USUAL_BYTES, LARGE_BYTES = 1 << 20, 8 << 20
# Nothing else runs in the process while the library compiles: about 1 µs for an instruction
MOST_INSTRUCTIONS = 2_000_000  # of all patterns of one body
REFUSED_INSTRUCTIONS = 150_000  # what a pattern takes that is too large

Body = TypeVar("Body")


def compiled(pattern: str, *, case_sensitive: bool = True) -> Pattern:
    """Return the compiled pattern; raise ValueError with the reason."""
    try:
        try:
            return _usual(pattern, case_sensitive)
        except re2.error:
            return _large(pattern, case_sensitive)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        reason = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"Invalid RE2 pattern: {reason}. {NOT_SUPPORTED}") from None
    except UnicodeError:
        raise ValueError("Invalid RE2 pattern: half of a surrogate pair.") from None


class _Budget:
    """What the patterns of one body may still take to compile."""

    def __init__(self) -> None:
        self.left = MOST_INSTRUCTIONS
        self.compiled: dict[tuple[str, bool], Pattern] = {}  # cases often share a pattern


_budget = ContextVar[_Budget | None]("_budget", default=None)


@contextmanager
def compile_budget() -> Iterator[None]:
    """Limit what the patterns that are checked within take together."""
    token = _budget.set(_budget.get() or _Budget())
    try:
        yield
    finally:
        _budget.reset(token)


def within_budget(body: object, validate: Callable[[object], Body], info: ValidationInfo) -> Body:
    """Validate a part of a body within `compile_budget`, but what is stored already without."""
    if info.context is STORED:
        return validate(body)
    with compile_budget():
        return validate(body)


def checked(pattern: str, *, case_sensitive: bool = True) -> Pattern:
    """Return the compiled pattern of a body; raise ValueError with the reason, too, when the
    patterns before it have taken too much.
    """
    budget = _budget.get()
    if budget is None:
        return compiled(pattern, case_sensitive=case_sensitive)
    if (known := budget.compiled.get((pattern, case_sensitive))) is not None:
        return known
    if budget.left <= 0:
        raise ValueError(
            "The patterns are too large together. Repeat less in them, as in {1,50}, or send "
            "fewer at once."
        )
    taken = REFUSED_INSTRUCTIONS
    try:
        found = compiled(pattern, case_sensitive=case_sensitive)
        taken, budget.compiled[pattern, case_sensitive] = found.programsize, found
    finally:
        budget.left -= taken
    return found


@lru_cache(maxsize=64)
def _usual(pattern: str, case_sensitive: bool) -> Pattern:
    return re2.compile(pattern, _options(case_sensitive, USUAL_BYTES))


@lru_cache(maxsize=8)
def _large(pattern: str, case_sensitive: bool) -> Pattern:
    regexp = re2.compile(pattern, _options(case_sensitive, LARGE_BYTES))
    re2.purge()  # the library keeps the last 128 patterns too, however large
    return regexp


def _options(case_sensitive: bool, max_bytes: int) -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = case_sensitive
    options.max_mem = max_bytes
    return options
