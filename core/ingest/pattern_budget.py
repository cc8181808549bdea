"""How much the patterns of one body may take to compile."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from pydantic import ValidationInfo

from core.database.tables import STORED
from core.platform.patterns import LARGE_BYTES, USUAL_BYTES, Pattern, compiled

# Nothing else runs in the process while the library compiles: about 1 µs for an instruction
MOST_INSTRUCTIONS = 2_000_000  # of all patterns of one body
REFUSED_INSTRUCTIONS = 150_000  # what a pattern takes that is too large

Body = TypeVar("Body")


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


def checked(
    pattern: str,
    *,
    case_sensitive: bool = True,
    sizes: Sequence[int] = (USUAL_BYTES, LARGE_BYTES),
) -> Pattern:
    """Return the compiled pattern of a body; raise ValueError with the reason, too, when the
    patterns before it have taken too much.
    """
    budget = _budget.get()
    if budget is None:
        return compiled(pattern, case_sensitive=case_sensitive, sizes=sizes)
    if (known := budget.compiled.get((pattern, case_sensitive))) is not None:
        return known
    if budget.left <= 0:
        raise ValueError(
            "The patterns are too large together. Repeat less in them, as in {1,50}, or send "
            "fewer at once."
        )
    taken = REFUSED_INSTRUCTIONS
    try:
        found = compiled(pattern, case_sensitive=case_sensitive, sizes=sizes)
        taken, budget.compiled[pattern, case_sensitive] = found.programsize, found
    finally:
        budget.left -= taken
    return found
