"""The funnel's rule, as a pure function of a subject's marks.

A step counts at its earliest occurrence at or after the time of the step before, within the window
of the first one, whatever comes in between. Optional steps take no part in that: each counts if it
happened between the required ones around it, and after an optional one before it that was reached,
so that no user is counted as dropped for having done more.

In any order a step counts wherever it lies within the window of the first one, be it earlier; and
it is reached when the required ones before it have happened, too: a funnel never widens.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias, cast

from sqlalchemy import (
    BigInteger,
    ColumnCollection,
    ColumnElement,
    DateTime,
    Select,
    SelectBase,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from core.activity.errors import FunnelRefused
from core.activity.schemas import MOST_WINDOW_DAYS
from core.presentation import formatting

WINDOW = timedelta(days=30)
NEVER = 2**56 - 1  # what mark_after() answers when there is none
MOST_STEPS = 20
MOMENT = DateTime(timezone=True)
# An offset keeps a subquery apart: merged into the one around it, its times would be computed at
# each use. Not "offset 0": that has yet to be cast, and is taken for a limit, which several workers
# could not keep.
FENCE = literal_column("bigint '0'", BigInteger)
Columns: TypeAlias = ColumnCollection[str, Any]
STEP = re.compile(r"([^,|?]+(?:\|[^,|?]+)*)(\?)?")


# The steps of the workspace's funnel until it is changed, as a migration stores them
STEPS = (
    "onboarding.register_start",
    "onboarding.register_complete",
    "onboarding.login_success",
    "onboarding.portfolio_complete",
    "chat.session_start",
)


@dataclass(frozen=True)
class Step:
    """One of these event types; an optional one may be passed over."""

    event_types: tuple[str, ...]
    optional: bool = False
    label: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The event types joined by `|`, without the mark of optional steps."""
        return "|".join(self.event_types)

    @property
    def title(self) -> str:
        """The label, or else the event types in words."""
        return self.label or formatting.event(self.name)


@dataclass(frozen=True)
class CodedStep:
    """A step by the codes of its event types."""

    codes: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True)
class Funnel:
    """Which steps, within how long of the first one, and whether only in this order."""

    steps: tuple[Step, ...]
    window: timedelta = WINDOW
    any_order: bool = False

    @property
    def last(self) -> int:
        """The index of the last required step; users who reach it have converted."""
        return max(number for number, step in enumerate(self.steps) if not step.optional)

    def checked(self) -> "Funnel":
        """Return it, or raise FunnelRefused."""
        if not 2 <= len(self.steps) <= MOST_STEPS:
            raise FunnelRefused(f"A funnel must have 2 to {MOST_STEPS} steps.")
        if self.steps[0].optional:
            raise FunnelRefused("The first step can't be optional.")
        if all(step.optional for step in self.steps[1:]):
            raise FunnelRefused("One step after the first must be required.")
        return self

    def is_within(self, other: "Funnel") -> bool:
        """Whether its steps can be read from the times of the other's: it is the other, or, in
        order, the other within a shorter window.
        """
        is_shorter = self.window < other.window and not self.any_order
        return self == other or (is_shorter and replace(self, window=other.window) == other)


def read(steps: str, window_days: int = WINDOW.days, *, any_order: bool = False) -> Funnel:
    """Parse a funnel from an address; raise FunnelRefused."""
    if not 1 <= window_days <= MOST_WINDOW_DAYS:
        raise FunnelRefused(f"The conversion window must be 1 to {MOST_WINDOW_DAYS} days.")
    return Funnel(parse(steps), timedelta(days=window_days), any_order).checked()


def written(steps: Sequence[Step]) -> str:
    """Return steps as an address has them."""
    return ",".join(step.name + "?" * step.optional for step in steps)


def parse(given: str) -> tuple[Step, ...]:
    """Return the steps of `a,b|c,d?`: `|` is or, `?` is optional; raise FunnelRefused."""
    steps = []
    for word in given.split(","):
        found = STEP.fullmatch(word.strip())
        if found is None:
            raise FunnelRefused(
                f"{word.strip()[:100] or 'An empty step'}: not a valid step. Write steps as "
                "a,b|c,d?."
            )
        steps.append(
            Step(
                tuple(dict.fromkeys(each.strip() for each in found[1].split("|"))),
                found[2] is not None,
            )
        )
    return tuple(steps)


def before(steps: Sequence[Step | CodedStep], number: int) -> int:
    """Return the number of the required step before a step, both counted from 0."""
    return max(each for each in range(number) if not steps[each].optional)


@dataclass(frozen=True)
class FunnelRule:
    """A funnel's steps as SQL over rows with `marks`: columns `at_1`, ... and conditions.

    The first step must be required.
    """

    steps: tuple[CodedStep, ...]
    window_us: int
    any_order: bool = False

    def over(
        self, rows: SelectBase, begun: Callable[[Columns], ColumnElement[bool]] | None = None
    ) -> Select[Any]:
        """Return a select of all of the rows' columns and the times; one level each, so that none
        is computed twice.

        `begun` is a condition on `at_1`: of those who do not fit it no other time is computed.
        """
        required = [number for number, step in enumerate(self.steps) if not step.optional]
        optional = [number for number, step in enumerate(self.steps) if step.optional]
        # Required steps first: an optional one counts between the times of those around it
        for number in required + optional:
            level = rows.subquery(f"level_{number + 1}")
            found = select(level, self._earliest(level.c, number).label(f"at_{number + 1}")).offset(
                FENCE
            )
            rows = (
                found.where(begun(level.c))
                if begun is not None and number == required[1]
                else found
            )
        return cast("Select[Any]", rows)

    def ends(self, row: Columns) -> ColumnElement[int]:
        """Return when the window of a row ends."""
        ends: ColumnElement[int] = row.at_1 + number_of(self.window_us)
        return ends

    def begins(self, row: Columns) -> ColumnElement[int]:
        """Return when it begins."""
        begins: ColumnElement[int] = (
            row.at_1 - number_of(self.window_us) if self.any_order else row.at_1
        )
        return begins

    def is_reached(self, row: Columns, number: int) -> ColumnElement[bool]:
        """Return the condition that a step (counted from 0) was reached, where the first was."""
        return at(row, number) <= self._until(row, number)

    def reached(self, row: Columns, number: int) -> ColumnElement[datetime | None]:
        """Return when it was reached, or null."""
        is_reached = and_(has_begun(row), self.is_reached(row, number))
        return func.from_micros(case((is_reached, at(row, number))), type_=MOMENT)

    def is_unsure(self, row: Columns) -> ColumnElement[bool]:
        """Return the condition that marks which were dropped might change it."""
        gaps = [
            func.mark_gap(
                row.marks,
                mark_base(code),
                self._since(row, number),
                func.least(at(row, number), self._until(row, number)),
            )
            for number, step in enumerate(self.steps)
            if number > 0
            for code in step.codes
        ]
        return and_(has_begun(row), or_(*gaps))

    def _earliest(self, row: Columns, number: int) -> ColumnElement[int]:
        each = [
            func.mark_after(row.marks, mark_base(code), self._since(row, number))
            for code in self.steps[number].codes
        ]
        earliest: ColumnElement[int] = func.least(*each, type_=BigInteger)
        if not (self.any_order and number):
            return earliest
        return func.greatest(at(row, before(self.steps, number)), earliest, type_=BigInteger)

    def _since(self, row: Columns, number: int) -> ColumnElement[int]:
        if number == 0:
            return number_of(0)
        if self.any_order:
            return self.begins(row)
        if not self.steps[number].optional:
            return at(row, before(self.steps, number))
        if not self.steps[number - 1].optional:
            return at(row, number - 1)
        return case(
            (self.is_reached(row, number - 1), at(row, number - 1)),
            else_=self._since(row, number - 1),
        )

    def _until(self, row: Columns, number: int) -> ColumnElement[int]:
        following = [
            later for later in range(number + 1, len(self.steps)) if not self.steps[later].optional
        ]
        if self.any_order or not (self.steps[number].optional and following):
            return self.ends(row)
        return func.least(at(row, following[0]), self.ends(row), type_=BigInteger)


def at(row: Columns, number: int) -> ColumnElement[int]:
    """Return the time of a step, counted from 0, in microseconds; NEVER where it did not happen."""
    time: ColumnElement[int] = row[f"at_{number + 1}"]
    return time


def has_begun(row: Columns) -> ColumnElement[bool]:
    """Return the condition that the first step happened."""
    return at(row, 0) < number_of(NEVER)


def number_of(given: int) -> ColumnElement[int]:
    """Return a number as SQL text: a rule has dozens, and none comes from a request."""
    return literal_column(str(given), BigInteger)


def mark_base(code: int) -> ColumnElement[int]:
    """Return the lowest mark of a code, as migrations/core/sql/rules.sql does."""
    return number_of(code << 56)
