"""Views of the Overview."""

from dataclasses import dataclass, replace
from datetime import datetime

from core.ai_metrics.answers import AiMetricsSummary
from core.annotations.review_queue.backlog import Backlog
from core.batches.answers import RunSummary
from core.identity.schemas import View
from core.presentation.periods import Period, Watched


@dataclass(frozen=True)
class WatchScope:
    """Of when, and whose."""

    period: Period
    watched: Watched

    @property
    def previous(self) -> "WatchScope":
        """The same of the period before."""
        return replace(self, period=self.period.previous)


class UserCounts(View):
    """Users who were there on days of a period, and those of them who had never been there before."""

    active: int
    new: int


class UserFigures(UserCounts):
    """Users, and those of the period before."""

    previous: UserCounts


class OnboardingCounts(View):
    """Who began onboarding in a period, and how many of them have come through to its end so far."""

    started: int
    completed: int
    conversion: float | None


class OnboardingFigures(OnboardingCounts):
    """Onboarding, and that of the period before."""

    previous: OnboardingCounts


class FeedbackCounts(View):
    """Ratings: positive are +1, or 4 and 5 of five. The ratio is positive over rated."""

    rated: int
    positive: int
    ratio: float | None


class FeedbackFigures(FeedbackCounts):
    """Feedback, and that of the period before."""

    previous: FeedbackCounts


class Overview(View):
    """Everything in one answer. What a filter cannot be applied to is null: onboarding and feedback know no release.

    `reviews` are those that wait now, whatever the filter.
    """

    start: datetime
    end: datetime
    time_zone: str
    environment: str
    users: UserFigures
    onboarding: OnboardingFigures | None
    ai: AiMetricsSummary
    feedback: FeedbackFigures | None
    batch: RunSummary
    reviews: Backlog
