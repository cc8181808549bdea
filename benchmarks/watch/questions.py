"""The calls of the Watch pages: every route, with every filter that its page offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.product import OTHER
from core.ai_metrics.breakdown_views import BreakdownDimension, BreakdownMeasure

LIMIT_MS, PATHS_MS, OTHER_FUNNEL_MS = 100, 300, 1200
ERROR_CODE, SEARCH, SESSION = "E7", "user-77", "session-77-9"
SEGMENT = "trait.plan=pro"  # as rows.py gives it
# What reads raw rows, by reason: (part of the path, part of the query).
KNOWN = {
    "known: prompt versions by two dimensions are counted from raw requests": (
        ("/ai/prompt-versions", "release="),
        ("/ai/prompt-versions", "error_type="),
        ("/ai/prompt-versions", "tool="),
        ("/ai/prompt-versions", "experiment_arm="),
    ),
    "known: releases by another dimension are counted from raw requests": (
        ("/ai/release-comparison", "error_type="),
        ("/ai/release-comparison", "tool="),
        ("/ai/release-comparison", "prompt_version="),
        ("/ai/release-comparison", "experiment_arm="),
    ),
    "known: all users instead of a sample, on request": (("/onboarding/paths", "exact="),),
}


@dataclass(frozen=True)
class Route:
    """A Watch route with its parameters, where {start} and {end} are those of a new period.

    `is_timed`: it has a period. `others` are funnels other than the saved one.
    """

    path: str
    query: str = ""
    is_timed: bool = True

    @property
    def others(self) -> bool:
        """Whether it is of a funnel that nothing is kept of."""
        return any(name in self.query for name in ("steps=", "any_order=", "window_days="))

    @property
    def limit_ms(self) -> int:
        """The limit of its time."""
        if self.others:
            return OTHER_FUNNEL_MS
        is_of_paths = self.path.endswith(("/retention", "/paths")) or "path=" in self.query
        return PATHS_MS if is_of_paths else LIMIT_MS

    @property
    def known(self) -> str:
        """Why it is known to exceed the limit, if it does."""
        reasons = (
            reason
            for reason, parts in KNOWN.items()
            if any(path in self.path and query in self.query for path, query in parts)
        )
        return next(reasons, "")

    @property
    def words(self) -> str:
        """Its name, shortened to a column's width."""
        query = self.query.replace(OTHER, "others")
        return f"{self.path}?{query}" if query else self.path


def _each(paths: Sequence[str], queries: Sequence[str], *, is_timed: bool = True) -> list[Route]:
    return [Route(path, query, is_timed) for path, query in product(paths, ("", *queries))]


PLACE = ("app=web", "environment=staging")
WATCHED = (*PLACE, "release={release}", "user_id={user}")
SEGMENTS = (f"segment={SEGMENT}", "segment=release={release}")
FUNNEL = (
    *WATCHED,
    *SEGMENTS,
    "window_days=7",
    "any_order=true",
    f"steps={OTHER}",
    f"app=web&steps={OTHER}",
)
AI = (
    *WATCHED,
    "provider={provider}",
    "model={model}",
    "status=error",
    "error_type={error_type}",
    "tool={tool}",
    "prompt_version={prompt_version}",
    "experiment_arm={experiment_arm}",
    "conversation={conversation}",
)
EVENTS = (
    f"error_code={ERROR_CODE}",
    "only_errors=true",
    "event_type={event_type}",
    "category=chat",
    f"session_id={SESSION}",
)
SERIES = ("interval=hour", "interval=week")
BREAKDOWNS = (
    *(f"dimension={each}" for each in BreakdownDimension),
    *(f"measure={each}" for each in BreakdownMeasure),
)
INTERVALS = ("week", "month")
FUNNELS = ("/onboarding/funnel", "/onboarding/course", "/onboarding/stays", "/onboarding/stopped")
PATH = "path=after,{start}T00:00Z,{end}T00:00Z,{event_type}"
PATHS_TAKEN = (PATH, f"{PATH},$end")
ACTIVE = ("active={start}..{end}", "first_active={start}..{end}")
PATHS = (
    "direction=before",
    "through={event_type}",
    "through={event_type},$end",
    "top=20",
    "exact=true",
)
SCORES = (
    *WATCHED,
    "name={score}",
    "name={score}&below=0.5",
    "above=0.5",
    "below=0.5",
    "label={score_label}",
    "source=judge",
    "subject=ai_request",
    "model={model}",
    "conversation={conversation}",
    "prompt_version={prompt_version}",
    "experiment_arm={experiment_arm}",
)
ORDERS = ("last_seen", "first_seen", "-first_seen", "external_id")
STATES = ("completed", "dropped", "stuck", "in_progress")

ROUTES = tuple(
    dict.fromkeys(
        [
            *_each(("/overview", "/overview/tiles", "/overview/findings"), WATCHED),
            *_each(("/releases",), WATCHED),
            *_each(
                ("/users",),
                (
                    *WATCHED,
                    *(f"status={each}" for each in STATES),
                    "status=completed&step=5",
                    "step=2",
                    *(f"sort={each}" for each in ORDERS),
                    f"q={SEARCH}",
                    *ACTIVE,
                    *PATHS_TAKEN,
                ),
                is_timed=False,
            ),
            *_each(("/users/{user}", "/users/{user}/journey"), PLACE, is_timed=False),
            *_each(
                ("/anonymous",),
                (
                    *WATCHED,
                    *(f"status={each}" for each in STATES),
                    "step=1",
                    f"q={SEARCH}",
                    *PATHS_TAKEN,
                ),
                is_timed=False,
            ),
            Route("/anonymous/{session}/journey", is_timed=False),
            *_each((*FUNNELS, "/onboarding/drop-off-errors"), FUNNEL),
            Route("/onboarding/stopped", "step=2"),
            Route("/onboarding/stopped", "step=2&took=3600-86400"),
            Route("/onboarding/stopped", "dropped_off_after=3600-86400"),
            *_each(
                ("/onboarding/comparison",),
                (*FUNNEL, f"against={SEGMENT}", "against=release={release}"),
            ),
            *_each(("/onboarding/segments",), WATCHED, is_timed=False),
            *_each(("/onboarding/errors", "/onboarding/events"), (*WATCHED, *EVENTS)),
            *_each(("/onboarding/daily",), WATCHED),
            *_each(("/onboarding/retention",), WATCHED),
            *_each(
                ("/onboarding/active-users",),
                (*WATCHED, *(f"interval={each}" for each in INTERVALS)),
            ),
            *(
                Route("/onboarding/paths", "&".join(["event={event_type}", *more]))
                for more in ((), *((each,) for each in (*WATCHED, *PATHS)))
            ),
            *_each(
                ("/ai/metrics", "/ai/tiles", "/ai/tools", "/ai/models", "/ai/prompt-versions"), AI
            ),
            *_each(("/ai/release-comparison",), (*AI, "earlier={release}", "later={release}")),
            *_each(("/ai/latency", "/ai/tokens", "/ai/errors"), (*AI, *SERIES)),
            *_each(("/ai/breakdown",), (*AI, *SERIES, *BREAKDOWNS)),
            *_each(
                ("/ai/requests",),
                (*AI, "order=slowest", "order=most_expensive", "latency=1000-1200"),
            ),
            *_each(("/ai/scores", "/ai/scores/stats"), SCORES),
            Route("/ai/requests/{request}", is_timed=False),
            *_each(
                ("/batch/history", "/batch/phases", "/batch/jobs", "/batch/failures"),
                (*WATCHED, "job={job}", "status=failed", "internal=true"),
            ),
            *_each(("/daily-metrics",), ("environment=staging", "metric_type=requests")),
            Route("/batch/history", "sort=-duration"),
            Route("/batch/history/{run}", is_timed=False),
        ]
    )
)
