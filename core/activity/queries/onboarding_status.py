"""Onboarding status of rows with `reached_1` and so on as SQL (see OnboardingProgress)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, not_
from sqlalchemy.orm import Session

from core.activity.models.funnels import REACHED
from core.activity.queries.funnels.funnel import Columns
from core.activity.queries.funnels.onboarding_progress import stuck_after
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.views import OnboardingStatus
from core.platform import clock


@dataclass(frozen=True)
class Deadlines:
    """The times before which a start means dropped, and the last event means stuck; and the step
    that completes, counted from 1.
    """

    dropped: datetime
    stuck: datetime
    last_step: int

    @classmethod
    def now(cls, session: Session) -> "Deadlines":
        funnel, now = read_workspace_funnel(session).funnel, clock.now()
        return cls(now - funnel.window, now - stuck_after(session), funnel.last + 1)

    def status(self, row: Columns) -> ColumnElement[str]:
        """Return the status of a row with `last_seen_at`."""
        return case(
            (self.has_completed(row), OnboardingStatus.COMPLETED),
            (row.reached_1 < self.dropped, OnboardingStatus.DROPPED),
            (row.last_seen_at < self.stuck, OnboardingStatus.STUCK),
            else_=OnboardingStatus.IN_PROGRESS,
        )

    def has(self, row: Columns, status: OnboardingStatus) -> ColumnElement[bool]:
        """Return the condition for a status; completed and dropped rows use an index."""
        has_completed = self.has_completed(row)
        has_dropped = and_(~has_completed, row.reached_1 < self.dropped)
        if status is OnboardingStatus.COMPLETED:
            return has_completed
        if status is OnboardingStatus.DROPPED:
            return has_dropped
        is_stuck = func.coalesce(row.last_seen_at < self.stuck, False)
        is_open = and_(~has_completed, not_(func.coalesce(has_dropped, False)))
        return and_(is_open, is_stuck if status is OnboardingStatus.STUCK else not_(is_stuck))

    def has_completed(self, row: Columns) -> ColumnElement[bool]:
        """Return the condition that the last required step was reached."""
        last: ColumnElement[datetime | None] = row[f"reached_{self.last_step}"]
        return last.is_not(None)


def step_of(row: Columns) -> ColumnElement[int]:
    """Return the last step that was reached, 0 before the first."""
    numbers = reversed(list(enumerate(REACHED, 1)))
    return case(*((row[name].is_not(None), number) for number, name in numbers), else_=0)
