"""The funnel's rule, as a pure function of a subject's marks.

A step counts at its earliest occurrence at or after the time of the step before, within thirty days of the first one, whatever
comes in between. Optional steps take no part in that: each counts if it happened between the required ones around it, so that
nobody is counted as dropped for having done more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.activity.errors import FunnelRefused

WINDOW = timedelta(days=30)
WINDOW_US = int(WINDOW.total_seconds() * 1_000_000)
NEVER = 2**56 - 1  # what mark_after() answers when there is none
MOST_STEPS = 20
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


def parse(given: str) -> tuple[Step, ...]:
    """Return the steps of `a,b|c,d?`: of b and c either counts, d is optional; raise FunnelRefused."""
    steps = []
    for word in given.split(","):
        found = STEP.fullmatch(word.strip())
        if found is None:
            raise FunnelRefused(f"{word.strip()[:100] or 'An empty step'}: this is no step. Write them as a,b|c,d?.")
        steps.append(Step(tuple(dict.fromkeys(each.strip() for each in found[1].split("|"))), found[2] is not None))
    if not 2 <= len(steps) <= MOST_STEPS:
        raise FunnelRefused(f"A funnel has 2 to {MOST_STEPS} steps.")
    if steps[0].optional:
        raise FunnelRefused("The first step says when a journey begins: it cannot be optional.")
    return tuple(steps)


def before(steps: Sequence[Step | Coded], number: int) -> int:
    """Return the number of the required step before a step, both counted from 0."""
    return max(each for each in range(number) if not steps[each].optional)


class Rule:
    """A funnel's steps as SQL over rows with `marks`: columns `at_1`, `at_2`, ..., and what can be said of them."""

    def __init__(self, steps: Sequence[Coded]) -> None:
        """Take the steps, the first of them required."""
        self.steps = steps
        self.ends = f"(at_1 + {WINDOW_US})"

    def over(self, source: str) -> str:
        """Return a select of all of the source's columns and the times; one level each, so that none is computed twice."""
        required = [number for number, step in enumerate(self.steps) if not step.optional]
        optional = [number for number, step in enumerate(self.steps) if step.optional]
        for number in required + optional:
            at = self._earliest(number)
            source = f"select *, {at} as at_{number + 1} from ({source}) as level_{number + 1} offset 0"  # noqa: S608  our own names
        return source

    def is_reached(self, number: int) -> str:
        """Return the condition that a step (counted from 0) was reached, where the first was."""
        return f"at_{number + 1} <= {self._until(number)}"

    def reached(self, number: int) -> str:
        """Return when it was reached, or null."""
        return f"case when at_1 < {NEVER} and {self.is_reached(number)} then at_{number + 1} end"

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
        return f"least({', '.join(each)})"

    def _since(self, number: int) -> str:
        if number == 0:
            return "0"
        if not self.steps[number].optional:
            return f"at_{before(self.steps, number) + 1}"
        if not self.steps[number - 1].optional:
            return f"at_{number}"
        return f"case when {self.is_reached(number - 1)} then at_{number} else {self._since(number - 1)} end"

    def _until(self, number: int) -> str:
        following = [later for later in range(number + 1, len(self.steps)) if not self.steps[later].optional]
        if self.steps[number].optional and following:
            return f"least(at_{following[0] + 1}, {self.ends})"
        return self.ends
