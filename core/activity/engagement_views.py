"""Views of active users, retention and paths."""

from datetime import date, datetime
from enum import StrEnum

from core.activity.views import ConfidenceInterval
from core.identity.schemas import View


class ActivityInterval(StrEnum):
    """Calendar days, weeks from Monday, or months of the reporting time zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ActiveUsersRow(View):
    """Users of one interval, each counted once; `new_users` were never active before.

    `weekly_users` and `monthly_users` are those of the 7 and 30 days up to its last day.
    `stickiness` is `daily_users`, the mean of its days, over `monthly_users` (DAU/MAU); null
    without users. All are so far while the interval lasts.
    """

    starts_on: date
    ends_on: date
    users: int
    new_users: int
    daily_users: float
    weekly_users: int
    monthly_users: int
    stickiness: float | None
    is_complete: bool


class ActiveUsersView(View):
    """Active users by interval, oldest first; those at the edges of the period are whole."""

    interval: ActivityInterval
    items: list[ActiveUsersRow]
    start: datetime
    end: datetime
    time_zone: str


class RetentionRow(View):
    """How many users of a cohort were active in a week: `week` 0 is their first.

    `interval` is Wilson's 95% of `rate`. Both weeks begin on Monday; the figures of one that is
    not complete are so far.
    """

    first_week: date
    cohort_users: int
    week: int
    starts_on: date
    users: int
    rate: float | None
    interval: ConfidenceInterval
    is_complete: bool


class RetentionCohort(View):
    """Users who were never active before a week, and in which weeks they came back."""

    first_week: date
    users: int
    weeks: list[RetentionRow]


class RetentionAverage(View):
    """The users of all cohorts for whom a week is complete, and how many were active in it."""

    week: int
    cohort_users: int
    users: int
    rate: float | None


class RetentionView(View):
    """Cohorts by first week, oldest first; those at the edges of the period are whole."""

    cohorts: list[RetentionCohort]
    average: list[RetentionAverage]
    start: datetime
    end: datetime
    time_zone: str


class PathDirection(StrEnum):
    """Whether paths begin with an event, or end with it."""

    AFTER = "after"
    BEFORE = "before"


class PathItem(View):
    """Users whose next event was of a type; of null, those without a further event.

    `share` is of all who are at this step.
    """

    event_type: str | None
    users: int
    share: float


class PathStep(View):
    """What users did at a step, the most frequent first; `other_users` did one of `other_types`."""

    step: int
    users: int
    items: list[PathItem]
    other_users: int
    other_types: int


class PathsView(View):
    """What users did after an event, or before it: three steps from their first such event in the
    period.

    Events of the same type one after the other count once. Each step counts those who followed
    `through` so far; `followed_users` did so to its end. Of very many users a random sample is
    read (`sampled_users` of them), and figures are estimates.
    """

    event_type: str
    direction: PathDirection
    through: list[str]
    users: int
    followed_users: int
    steps: list[PathStep]
    is_sampled: bool
    sampled_users: int
    history_since: datetime | None
    start: datetime
    end: datetime
    time_zone: str


class PathRow(View):
    """A row of the paths as a table."""

    step: int
    event_type: str | None
    users: int
    share: float
