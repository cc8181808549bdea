"""Views of users, journeys and funnels."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.activity.schemas import RequestTotals
from core.identity.schemas import View


class ConfidenceInterval(View):
    """Wilson's 95% interval of a rate of `n` cases; null for fewer than ten."""

    low: float | None
    high: float | None
    n: int


class OnboardingStatus(StrEnum):
    """A user's progress: dropped after the conversion window, stuck after some inactive days."""

    COMPLETED = "completed"
    DROPPED = "dropped"
    STUCK = "stuck"
    IN_PROGRESS = "in_progress"


class UserSummary(View):
    """A user with onboarding status. `step` is the last one reached, 0 before the first."""

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
    """A user's details; `reached` holds the time of each step, `events` counts the journey."""

    traits: dict[str, Any]
    reached: list[datetime | None]
    active_days: int
    events: int
    errors: int
    why: str


class AnonymousSummary(View):
    """A session without a user; the times are null when its events are no longer stored."""

    session_id: str
    app: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    events: int
    errors: int
    status: OnboardingStatus
    step: int
    step_event_type: str | None


class JourneyEvent(View):
    """An event of a journey. `step` is the onboarding step that it reached."""

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
    """When an onboarding step was reached, and the time since the required one before."""

    step: int
    event_type: str
    reached_at: datetime | None
    seconds_from_previous: float | None
    label: str


class JourneyEvents(View):
    """Events, oldest first, and the reason for the onboarding status."""

    status: OnboardingStatus
    why: str
    steps: list[JourneyStep]
    items: list[JourneyEvent]
    total_count: int
    next_cursor: str | None


class Journey(JourneyEvents):
    user: UserSummary
    ai_requests: RequestTotals


class AnonymousJourney(JourneyEvents):
    session: AnonymousSummary


class EventView(View):
    """An event. Lists shorten a long `event_data` or `error_message` and name it in `truncated`."""

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
    """Events, newest first."""

    items: list[EventView]
    limit: int
    next_cursor: str | None


class ErrorSample(View):
    event_id: UUID
    user_id: UUID | None
    user: str | None
    event_type: str
    error_message: str | None
    created_at: datetime
    truncated: tuple[str, ...] = ()


class ErrorGroup(View):
    """An error code, empty when none was sent. `share` is of all errors. `later_successes` of the
    `users` who met it then succeeded: `x_complete` or `x_success` after `x_error`, else the same
    event without an error (`later_share`).
    """

    error_code: str
    event_types: list[str]
    count: int
    share: float
    users: int
    later_successes: int
    later_share: float | None
    # Users and successes are estimated from a sample of about 10,000 errors
    is_sampled: bool
    last_at: datetime
    samples: list[ErrorSample]


class DailyCount(View):
    """Events of a type on a day of the reporting time zone."""

    date: date
    event_type: str
    events: int
    errors: int
