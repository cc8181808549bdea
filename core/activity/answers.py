"""Views of users, journeys and funnels."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.identity.schemas import View
from core.presentation.comparison import ChangeVerdict


class ConfidenceInterval(View):
    """Wilson's 95 % interval of a rate of n; under ten cases there is none."""

    low: float | None
    high: float | None
    n: int


class FunnelStep(View):
    """How many users reached a step; `previous` is the required step before. A step of several types joins them by `|`.

    `interval` is that of `conversion_from_start`. The seconds are exact: interpolated percentiles of the times of every user.
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


class EarlierFunnel(View):
    """The same funnel in the period before."""

    start: datetime
    end: datetime
    users: list[int]
    overall_conversion: float | None


class FunnelView(View):
    """Users by the steps that they reached; each belongs to the period of his first step."""

    steps: list[FunnelStep]
    overall_conversion: float | None
    start: datetime
    end: datetime
    window_days: int
    any_order: bool
    is_sampled: bool  # false: times are those of every user
    previous: EarlierFunnel


class CohortDay(View):
    """Those who began on a day (on as many as a point stands for, or in an hour), and who of them has come through since.

    It is complete when the window of all of them has passed: until then the rate can only rise.
    """

    date: date
    starts_at: datetime
    users: int
    completed: int
    rate: float | None
    interval: ConfidenceInterval
    is_complete: bool


class TimeBar(View):
    """Users by how long something took them, in seconds; to just below `to_s`."""

    from_s: float
    to_s: float
    users: int


class FunnelCourse(View):
    """Those who came through, by the day of their first step and by the time from it to the last: exact, of all of them."""

    days: list[CohortDay]
    days_each: int
    users: int
    completed: int
    median_seconds: float | None
    p90_seconds: float | None
    is_sampled: bool  # false: times are those of every user
    histogram: list[TimeBar]


class Stays(View):
    """Those who have not come through, by the time from their first step to the last that was seen of them.

    `users` are those who were looked at: of very many some 10,000 (`is_sampled`).
    """

    users: int
    median_seconds: float | None
    p90_seconds: float | None
    is_sampled: bool
    histogram: list[TimeBar]


class RateDifference(View):
    """By how much one rate is above another, with Newcombe's 95 % interval; under ten cases on a side there is none."""

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
    """The same funnel of two periods, or of two segments; differences are the first less the other."""

    name: str
    other_name: str
    one: FunnelView
    other: FunnelView
    steps: list[StepComparison]
    says: str


class OnboardingStatus(StrEnum):
    """How far a user has come in onboarding: dropped when its window has passed, stuck when he did nothing for some days."""

    COMPLETED = "completed"
    DROPPED = "dropped"
    STUCK = "stuck"
    IN_PROGRESS = "in_progress"


class UserSummary(View):
    """A user, and how far he is. `step` is the last one reached, 0 before the first."""

    id: UUID
    external_id: str
    email: str | None
    display_name: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    status: OnboardingStatus
    step: int
    step_event_type: str | None


class UserView(UserSummary):
    """A user with what is known of him: `reached` holds the time of each step of onboarding; events are those of his journey."""

    traits: dict[str, Any]
    reached: list[datetime | None]
    active_days: int
    events: int
    errors: int
    why: str


class AnonymousSummary(View):
    """A session without a user, and how far it is; without times, its events are no longer kept."""

    session_id: str
    app: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    events: int
    errors: int
    status: OnboardingStatus
    step: int
    step_event_type: str | None


class Moment(View):
    """One event of a journey. `step` is the step of onboarding that was reached by it."""

    id: UUID
    external_id: str | None
    event_type: str
    event_category: str
    created_at: datetime
    seconds_since_previous: float | None
    session_id: str | None
    is_anonymous: bool
    is_error: bool
    error_code: str | None
    error_message: str | None
    step: int | None
    app: str
    release: str
    event_data: dict[str, Any] | None


class JourneyStep(View):
    """One step of onboarding, when it was reached, and how long after the one before."""

    step: int
    event_type: str
    reached_at: datetime | None
    seconds_from_previous: float | None


class Done(View):
    """What one did, oldest first, and why he is counted as he is."""

    status: OnboardingStatus
    why: str
    steps: list[JourneyStep]
    items: list[Moment]
    total_count: int
    next_cursor: str | None


class Journey(Done):
    """The journey of a user."""

    user: UserSummary


class AnonymousJourney(Done):
    """The journey of a session without a user."""

    session: AnonymousSummary


class EventView(View):
    """One event. In lists a long `event_data` is cut, and named in `truncated`."""

    id: UUID
    external_id: str | None
    user_id: UUID | None
    user: str | None
    session_id: str | None
    event_type: str
    event_category: str
    event_data: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    environment: str
    app: str
    release: str
    created_at: datetime
    truncated: tuple[str, ...] = ()


class EventPage(View):
    """Events, the newest first."""

    items: list[EventView]
    limit: int
    next_cursor: str | None


class ErrorSample(View):
    """One occurrence of an error."""

    event_id: UUID
    user_id: UUID | None
    user: str | None
    event_type: str
    error_message: str | None
    created_at: datetime


class ErrorGroup(View):
    """One error code, empty where none was sent. `share` is of all errors; `users` met it, and `later_successes` of them then did
    what had failed: `x_complete` or `x_success` after `x_error`, else the same event without an error (`later_share`).
    """

    error_code: str
    event_types: list[str]
    count: int
    share: float
    users: int
    later_successes: int
    later_share: float | None
    is_sampled: bool  # of very many errors, users and successes are estimated from those of some 10,000
    last_at: datetime
    samples: list[ErrorSample]


class DailyCount(View):
    """Events of a type on a day of the reporting time zone."""

    date: date
    event_type: str
    events: int
    errors: int
