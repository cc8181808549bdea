"""The calls of the Watch pages: every route, with every filter that its page offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.services import OTHER

LIMIT_MS, OTHER_FUNNEL_MS = 100, 1500
ERROR_CODE, SEARCH, SESSION = "E7", "user-77", "session-77-9"
NEXT_ISSUE = (
    "known: reads raw rows until rollups by release, prompt, arm, tool, error type and segment"
)
RAW = (
    "prompt-versions",
    "prompt_version=",
    "experiment_arm=",
    "release=",
    "tool=",
    "error_type=",
    "segment=",
    "against={segment}",
)


@dataclass(frozen=True)
class Route:
    """A Watch route with its parameters.

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
        return OTHER_FUNNEL_MS if self.others else LIMIT_MS

    @property
    def known(self) -> str:
        """Why it is known to exceed the limit, if it does."""
        return NEXT_ISSUE if any(name in self.words for name in RAW) else ""

    @property
    def words(self) -> str:
        """Its name, shortened to a column's width."""
        query = self.query.replace(OTHER, "others")
        return f"{self.path}?{query}" if query else self.path


def _each(paths: Sequence[str], queries: Sequence[str], *, is_timed: bool = True) -> list[Route]:
    return [Route(path, query, is_timed) for path, query in product(paths, ("", *queries))]


PLACE = ("app=web", "environment=staging")
WATCHED = (*PLACE, "release={release}", "user_id={user}")
SEGMENTS = ("segment={segment}", "segment=release={release}")
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
FUNNELS = ("/onboarding/funnel", "/onboarding/course", "/onboarding/stays", "/onboarding/stopped")
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
                ),
                is_timed=False,
            ),
            *_each(("/users/{user}", "/users/{user}/journey"), PLACE, is_timed=False),
            *_each(
                ("/anonymous",),
                (*WATCHED, *(f"status={each}" for each in STATES), "step=1", f"q={SEARCH}"),
                is_timed=False,
            ),
            Route("/anonymous/{session}/journey", is_timed=False),
            *_each(FUNNELS, FUNNEL),
            Route("/onboarding/stopped", "step=2"),
            *_each(
                ("/onboarding/comparison",),
                (*FUNNEL, "against={segment}", "against=release={release}"),
            ),
            *_each(("/onboarding/segments",), WATCHED, is_timed=False),
            *_each(("/onboarding/errors", "/onboarding/events"), (*WATCHED, *EVENTS)),
            *_each(("/onboarding/daily",), WATCHED),
            *_each(
                ("/ai/metrics", "/ai/tiles", "/ai/tools", "/ai/models", "/ai/prompt-versions"), AI
            ),
            *_each(("/ai/latency", "/ai/tokens", "/ai/errors"), (*AI, *SERIES)),
            *_each(("/ai/requests",), (*AI, "order=slowest", "order=dearest")),
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
