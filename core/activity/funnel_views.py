"""Funnels as they are shown: steps, trends and comparisons."""

from datetime import date, datetime, timedelta

from core.activity.views import ConfidenceInterval
from core.identity.schemas import View
from core.presentation.comparison import ChangeVerdict


class FunnelStep(View):
    """Users who reached a step; a step of several event types joins them by `|`.

    `previous` is the last required step before. `interval` belongs to `conversion_from_start`. The
    seconds are interpolated percentiles of the times of all users.
    """

    step: int
    event_type: str
    is_optional: bool
    users: int
    conversion_from_start: float | None
    conversion_from_previous: float | None
    interval: ConfidenceInterval | None
    interval_from_previous: ConfidenceInterval | None
    median_seconds_from_previous: float | None
    p90_seconds_from_previous: float | None
    label: str


class EarlierFunnel(View):
    """The same funnel in the previous period."""

    start: datetime
    end: datetime
    users: list[int]
    overall_conversion: float | None


class FunnelView(View):
    """Users by funnel step; a user belongs to the period of their first step."""

    steps: list[FunnelStep]
    overall_conversion: float | None
    start: datetime
    end: datetime
    window_days: int
    any_order: bool
    is_sampled: bool  # false: times are those of every user
    previous: EarlierFunnel
    history_since: datetime | None  # when the first known events of all steps happened

    @property
    def last_window_ends_at(self) -> datetime:
        """Return until when a user of the period may go on to the next step."""
        return self.end + timedelta(days=self.window_days)


class CohortDay(View):
    """Users who started on a day (or in an hour, or on `days_each` days), and how many converted.

    It is complete when every user's conversion window has ended; until then the rate can rise.
    """

    date: date
    starts_at: datetime
    users: int
    completed: int
    rate: float | None
    interval: ConfidenceInterval
    is_complete: bool


class TimeBar(View):
    """Users whose time is from `from_s` to just below `to_s` seconds."""

    from_s: float
    to_s: float
    users: int


class ConversionTrend(View):
    """Conversion by the day of the first step, and the time from the first to the last step."""

    days: list[CohortDay]
    days_each: int
    users: int
    completed: int
    median_seconds: float | None
    p90_seconds: float | None
    is_sampled: bool  # false: times are those of every user
    histogram: list[TimeBar]


class TimeToDropOff(View):
    """Users who did not convert, by the time from their first step to their last event."""

    users: int
    median_seconds: float | None
    p90_seconds: float | None
    is_sampled: bool  # false: times are those of every user
    histogram: list[TimeBar]


class RateDifference(View):
    """The difference of two rates with Newcombe's 95% interval; null for fewer than ten cases."""

    difference: float | None
    low: float | None
    high: float | None
    verdict: ChangeVerdict


class StepComparison(View):
    """A step in both funnels."""

    step: int
    event_type: str
    from_start: RateDifference
    from_previous: RateDifference


class FunnelComparison(View):
    """A funnel of two periods or segments; differences are `one` minus `other`."""

    name: str
    other_name: str
    one: FunnelView
    other: FunnelView
    steps: list[StepComparison]
    says: str
