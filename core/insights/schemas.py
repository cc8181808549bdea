"""Views of the Overview and of findings."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from core.ai_metrics.breakdown_views import BreakdownDimension, BreakdownMeasure
from core.ai_metrics.views import AiMetricsSummary
from core.annotations.queries.backlog import Backlog
from core.batches.views import RunSummary
from core.identity.schemas import View
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched, midnight


@dataclass(frozen=True)
class WatchScope:
    """A period and the filters of a Watch page."""

    period: Period
    watched: Watched

    def last(self, days: int) -> "WatchScope":
        """The same filters in so many days up to the end of the period."""
        zone, last = self.period.zone, self.period.last_day
        start, end = midnight(last - (days - 1) * DAY, zone), midnight(last + DAY, zone)
        return replace(self, period=Period(start, end, zone))

    @property
    def previous(self) -> "WatchScope":
        """The same of the period before, of an open one of as much as has passed of it."""
        return replace(self, period=self.period.before(clock.now()))


class UserCounts(View):
    """Users who were active in a period, and those who had never been active before."""

    active: int
    new: int


class UserFigures(UserCounts):
    previous: UserCounts


class OnboardingCounts(View):
    """Users who started onboarding in a period, and how many of them have completed it so far."""

    started: int
    completed: int
    conversion: float | None


class OnboardingFigures(OnboardingCounts):
    previous: OnboardingCounts


class FeedbackCounts(View):
    """Ratings: positive are +1, or 4 and 5 of five. The ratio is positive over rated."""

    rated: int
    positive: int
    ratio: float | None


class FeedbackFigures(FeedbackCounts):
    """Ratings of a period, and of as much of the previous one; `is_previous_whole` is false where
    retention has deleted some of the latter.
    """

    previous: FeedbackCounts
    is_previous_whole: bool


class Overview(View):
    """The Overview's figures. Feedback is null when filtered by release, which it does not have;
    onboarding is for a release that was first seen before users were counted by release. `reviews`
    are those that wait now, regardless of the filters.
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


class FindingSeverity(StrEnum):
    """Shown in red, orange, or without a colour."""

    BAD = "bad"
    WARN = "warn"
    NOTE = "note"


class CauseContribution(View):
    """The value of a dimension that a change comes from, before and now; shares are fractions."""

    dimension: BreakdownDimension
    value: str
    before: float | None
    now: float | None
    share_of_change: float | None


class FindingCause(View):
    """Where a change comes from, largest part first, and since which day.

    Of onboarding it is the share of those who dropped off that met an error, now and before.
    """

    summary: str
    measure: BreakdownMeasure | None
    first_day: date | None
    contributions: list[CauseContribution]
    error_share: float | None = None
    previous_error_share: float | None = None
    top_error: str | None = None


class Finding(View):
    """Something that needs attention; `page` and `query` lead to its evidence."""

    kind: str
    severity: FindingSeverity
    title: str
    detail: str
    at: datetime
    page: str
    query: dict[str, str]
    cause: FindingCause | None = None


class QuotingFinding(Finding):
    """A finding with a quote that only roles with access to contents may read."""

    quote: str


class Findings(View):
    """Findings, most severe first."""

    items: list[Finding]
