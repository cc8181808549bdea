"""RE2 patterns of people: compiled once, without logging the pattern."""

from functools import lru_cache
from typing import Any

import re2

Pattern = Any  # re2 has no types
NOT_SUPPORTED = "Lookarounds and backreferences are not supported."


@lru_cache(maxsize=256)
def compiled(pattern: str, *, case_sensitive: bool = True) -> Pattern:
    """Return the compiled pattern; raise ValueError with the reason."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = case_sensitive
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        reason = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"Invalid RE2 pattern: {reason}. {NOT_SUPPORTED}") from None
    except UnicodeError:
        raise ValueError("Invalid RE2 pattern: half of a surrogate pair.") from None
