"""The funnel's rule, as a pure function of a subject's marks.

A step counts at its earliest occurrence at or after the time of the step before, within the window (thirty days) of the first
one, whatever comes in between. Optional steps take no part in that: each counts if it happened between the required ones around
it, so that nobody is counted as dropped for having done more.

In any order a step counts wherever it lies within the window of the first one, be it earlier; and it is reached when the required
ones before it have happened, too: a funnel never widens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from core.activity.errors import FunnelRefused

WINDOW = timedelta(days=30)
WINDOW_US = int(WINDOW.total_seconds() * 1_000_000)
NEVER = 2**56 - 1  # what mark_after() answers when there is none
MOST_STEPS, MOST_WINDOW_DAYS = 20, 365
STEP = re.compile(r"([^,|?]+(?:\|[^,|?]+)*)(\?)?")


@dataclass(frozen=True)
class Step:
    """One of these event types; an optional one may be passed over."""

    event_types: tuple[str, ...]
    optional: bool = False

    @property
    def name(self) -> str:
        """Return it as it is asked for, without saying that it is optional."""
        return "|".join(self.event_types)


@dataclass(frozen=True)
class Coded:
    """A step by the codes of its event types."""

    codes: tuple[int, ...]
    optional: bool = False


STEPS = (
    "onboarding.register_start",
    "onboarding.register_complete",
    "onboarding.login_success",
    "onboarding.portfolio_complete",
    "chat.session_start",
)
ONBOARDING = tuple(Step((name,)) for name in STEPS)
# The codes that the migration has given to these types, in this order.
ONBOARDING_CODES = tuple(Coded((code,)) for code in (0, 1, 3, 6, 8))


@dataclass(frozen=True)
class Funnel:
    """Which steps, within how long of the first one, and whether only in this order."""

    steps: tuple[Step, ...] = ONBOARDING
    window: timedelta = WINDOW
    any_order: bool = False

    @property
    def last(self) -> int:
        """The number of the last required step, counted from 0: who has reached it has come through."""
        return max(number for number, step in enumerate(self.steps) if not step.optional)

    def is_within(self, other: "Funnel") -> bool:
        """Whether it is the other, or the other within a shorter window."""
        return self.window <= other.window and replace(self, window=other.window) == other


SAVED = Funnel()


def read(steps: str | None, window_days: int = WINDOW.days, *, any_order: bool = False) -> Funnel:
    """Return the funnel that an address asks for; raise FunnelRefused."""
    if not 1 <= window_days <= MOST_WINDOW_DAYS:
        raise FunnelRefused(f"The conversion window must be 1 to {MOST_WINDOW_DAYS} days.")
    return Funnel(parse(steps) if steps else ONBOARDING, timedelta(days=window_days), any_order)


def written(steps: Sequence[Step]) -> str:
    """Return steps as an address has them."""
    return ",".join(step.name + "?" * step.optional for step in steps)


def parse(given: str) -> tuple[Step, ...]:
    """Return the steps of `a,b|c,d?`: of b and c either counts, d is optional; raise FunnelRefused."""
    steps = []
    for word in given.split(","):
        found = STEP.fullmatch(word.strip())
        if found is None:
            raise FunnelRefused(f"{word.strip()[:100] or 'An empty step'}: not a valid step. Write steps as a,b|c,d?.")
        steps.append(Step(tuple(dict.fromkeys(each.strip() for each in found[1].split("|"))), found[2] is not None))
    if not 2 <= len(steps) <= MOST_STEPS:
        raise FunnelRefused(f"A funnel must have 2 to {MOST_STEPS} steps.")
    if steps[0].optional:
        raise FunnelRefused("The first step can't be optional.")
    return tuple(steps)


def before(steps: Sequence[Step | Coded], number: int) -> int:
    """Return the number of the required step before a step, both counted from 0."""
    return max(each for each in range(number) if not steps[each].optional)


class FunnelRule:
    """A funnel's steps as SQL over rows with `marks`: columns `at_1`, `at_2`, ..., and what can be said of them."""

    def __init__(self, steps: Sequence[Coded], window_us: int = WINDOW_US, *, any_order: bool = False) -> None:
        """Take the steps, the first of them required."""
        self.steps, self.window_us, self.any_order = steps, window_us, any_order
        self.ends = f"(at_1 + {window_us})"
        self.begins = f"(at_1 - {window_us})" if any_order else "at_1"

    def over(self, source: str, begun: str = "true") -> str:
        """Return a select of all of the source's columns and the times; one level each, so that none is computed twice.

        `begun` is a condition on `at_1`: of those who do not fit it no other time is computed.
        """
        required = [number for number, step in enumerate(self.steps) if not step.optional]
        optional = [number for number, step in enumerate(self.steps) if step.optional]
        for number in required + optional:
            at, condition = self._earliest(number), begun if number == required[1] else "true"
            # Not "offset 0": that has yet to be cast, and is taken for a limit, which several workers could not keep.
            level = f"({source}) as level_{number + 1} where {condition}"
            source = f"select *, {at} as at_{number + 1} from {level} offset bigint '0'"  # noqa: S608  our own names
        return source

    def is_reached(self, number: int) -> str:
        """Return the condition that a step (counted from 0) was reached, where the first was."""
        return f"at_{number + 1} <= {self._until(number)}"

    def reached(self, number: int) -> str:
        """Return when it was reached, or null."""
        return f"case when at_1 < {NEVER} and {self.is_reached(number)} then at_{number + 1} end"

    def kept(self, number: int) -> str:
        """Return when a step of the saved funnel was reached within this rule's window, of a row that knows it; or null."""
        name = f"reached_{number + 1}"
        is_in_time = f"{name} <= reached_1 + interval '{self.window_us} microseconds'"
        return f"case when {is_in_time} then {name} end" if number and self.window_us < WINDOW_US else name

    def is_unsure(self, marks: str = "marks") -> str:
        """Return the condition that marks which were dropped might change it."""
        gaps = [
            f"mark_gap({marks}, {code << 56}, {self._since(number)}, least(at_{number + 1}, {self._until(number)}))"
            for number, step in enumerate(self.steps)
            if number > 0
            for code in step.codes
        ]
        return f"(at_1 < {NEVER} and ({' or '.join(gaps)}))"

    def _earliest(self, number: int) -> str:
        each = [f"mark_after(marks, {code << 56}, {self._since(number)})" for code in self.steps[number].codes]
        earliest = f"least({', '.join(each)})"
        return f"greatest(at_{before(self.steps, number) + 1}, {earliest})" if self.any_order and number else earliest

    def _since(self, number: int) -> str:
        if number == 0:
            return "0"
        if self.any_order:
            return self.begins
        if not self.steps[number].optional:
            return f"at_{before(self.steps, number) + 1}"
        if not self.steps[number - 1].optional:
            return f"at_{number}"
        return f"case when {self.is_reached(number - 1)} then at_{number} else {self._since(number - 1)} end"

    def _until(self, number: int) -> str:
        if self.any_order:
            return self.ends
        following = [later for later in range(number + 1, len(self.steps)) if not self.steps[later].optional]
        if self.steps[number].optional and following:
            return f"least(at_{following[0] + 1}, {self.ends})"
        return self.ends
