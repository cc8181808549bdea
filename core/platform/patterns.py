"""RE2 patterns of people: compiled once, without logging the pattern."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import re2

Pattern = Any  # re2 has no types
NOT_SUPPORTED = "Lookarounds and backreferences are not supported."
# What a pattern and its searches may take, in bytes. Nearly all take a few KiB, so many are kept;
# some, such as \pL{100}, take MiB: many of these would fill the memory.
USUAL_BYTES, LARGE_BYTES = 1 << 20, 8 << 20


def compiled(
    pattern: str,
    *,
    case_sensitive: bool = True,
    sizes: Sequence[int] = (USUAL_BYTES, LARGE_BYTES),
) -> Pattern:
    """Return the pattern, compiled within the first of `sizes` that is enough; raise ValueError
    with the reason.
    """
    try:
        for size in sizes[:-1]:
            with suppress(re2.error):
                return COMPILE[size](pattern, case_sensitive)
        return COMPILE[sizes[-1]](pattern, case_sensitive)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        reason = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"Invalid RE2 pattern: {reason}. {NOT_SUPPORTED}") from None
    except UnicodeError:
        raise ValueError("Invalid RE2 pattern: half of a surrogate pair.") from None


@lru_cache(maxsize=64)
def _usual(pattern: str, case_sensitive: bool) -> Pattern:
    return re2.compile(pattern, _options(case_sensitive, USUAL_BYTES))


@lru_cache(maxsize=8)
def _large(pattern: str, case_sensitive: bool) -> Pattern:
    regexp = re2.compile(pattern, _options(case_sensitive, LARGE_BYTES))
    re2.purge()  # the library keeps the last 128 patterns too, however large
    return regexp


COMPILE = {USUAL_BYTES: _usual, LARGE_BYTES: _large}


def _options(case_sensitive: bool, max_bytes: int) -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = case_sensitive
    options.max_mem = max_bytes
    return options
