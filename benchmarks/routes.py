"""Every Watch route over HTTP, one call after another on one connection."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from benchmarks import load
from benchmarks.load import Target, Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from benchmarks.services import OTHER

API = "/api/v1/admin"
CALLS = 20
LIMIT_MS, OTHER_FUNNEL_MS = 100, 1500
ERROR_CODE, SEARCH = "E7", "user-77"
BLANKS = {"{user_key}": "{user}", "{session_id}": "{session}", "{request_id}": "{request}", "{run_id}": "{run}"}


@dataclass(frozen=True)
class Route:
    """A Watch route and how it is asked; `others` are funnels other than the saved one."""

    path: str
    query: str = ""
    others: bool = False

    @property
    def limit_ms(self) -> int:
        """How long it may take."""
        return OTHER_FUNNEL_MS if self.others else LIMIT_MS

    @property
    def words(self) -> str:
        """Name it, as far as a line has room."""
        query = self.query.replace(OTHER, "others")
        return f"{self.path}?{query}" if query else self.path


ROUTES = (
    Route("/overview"),
    Route("/overview", "app=web"),
    Route("/overview/tiles"),
    Route("/overview/findings"),
    Route("/releases"),
    Route("/users"),
    Route("/users", "app=web"),
    Route("/users", "status=stuck"),
    Route("/users", "status=completed&step=5"),
    Route("/users", "sort=external_id"),
    Route("/users", f"q={SEARCH}"),
    Route("/users/{user}"),
    Route("/users/{user}/journey"),
    Route("/anonymous"),
    Route("/anonymous", "status=dropped"),
    Route("/anonymous/{session}/journey"),
    Route("/onboarding/funnel"),
    Route("/onboarding/funnel", "app=web"),
    Route("/onboarding/funnel", "user_id={user}"),
    Route("/onboarding/comparison"),
    Route("/onboarding/course"),
    Route("/onboarding/stays"),
    Route("/onboarding/stopped"),
    Route("/onboarding/stopped", "step=2"),
    Route("/onboarding/segments"),
    Route("/onboarding/errors"),
    Route("/onboarding/daily"),
    Route("/onboarding/events"),
    Route("/onboarding/events", f"error_code={ERROR_CODE}"),
    Route("/onboarding/funnel", f"steps={OTHER}", others=True),
    Route("/onboarding/funnel", f"app=web&steps={OTHER}", others=True),
    Route("/onboarding/comparison", f"steps={OTHER}", others=True),
    Route("/onboarding/course", f"steps={OTHER}", others=True),
    Route("/onboarding/stays", f"steps={OTHER}", others=True),
    Route("/onboarding/stopped", f"steps={OTHER}", others=True),
    Route("/ai/metrics"),
    Route("/ai/metrics", "app=web"),
    Route("/ai/tiles"),
    Route("/ai/latency"),
    Route("/ai/latency", "model=model-0"),
    Route("/ai/latency", "interval=hour"),
    Route("/ai/tokens"),
    Route("/ai/errors"),
    Route("/ai/tools"),
    Route("/ai/models"),
    Route("/ai/requests"),
    Route("/ai/requests", "order=slowest"),
    Route("/ai/requests", "order=dearest"),
    Route("/ai/requests", "status=error"),
    Route("/ai/requests", "user_id={user}"),
    Route("/ai/requests/{request}"),
    Route("/batch/history"),
    Route("/batch/history/{run}"),
    Route("/batch/phases"),
)


def measure(program: Running) -> list[Figure]:
    """Return the p95 of each route, and how many Watch routes the list above forgets."""
    named = found_in(program)
    asked = askable(named)
    figures = [_figure(route, asyncio.run(load.calls(target(program, route, named), count=CALLS, at_once=1))) for route in asked]
    with _client(program) as client:
        missing = forgotten(client.get("/api/v1/openapi.json").raise_for_status().json()["paths"])
    figures.append(Figure("Watch routes that this list forgets", len(missing), "", limit=0, note=", ".join(missing)))
    if left_out := [route.words for route in ROUTES if route not in asked]:
        figures.append(Figure("left out: there is nothing of it", len(left_out), "", note=", ".join(left_out)))
    return figures


def found_in(program: Running) -> dict[str, str]:
    """Return somebody and something to look at, as the lists name them first."""
    wanted = {
        "user": (f"/users?limit=1&q={SEARCH}", "external_id"),
        "session": ("/anonymous?limit=1", "session_id"),
        "request": ("/ai/requests?limit=1", "id"),
        "run": ("/batch/history?limit=1", "batch_run_id"),
    }
    with _client(program) as client:
        first = {name: _first(client, path, key) for name, (path, key) in wanted.items()}
    return {name: value for name, value in first.items() if value is not None}


def askable(named: dict[str, str]) -> list[Route]:
    """Return the routes for which there is something to ask."""
    return [route for route in ROUTES if all(blank in named for blank in _blanks(route))]


def target(program: Running, route: Route, named: dict[str, str]) -> Target:
    """Return what is called."""
    filled = {name: quote(value, safe="") for name, value in named.items()}
    path = f"{API}{route.path}?{route.query}".rstrip("?")
    return Target(program.port, path.format(**filled), program.token)


def _figure(route: Route, timings: Timings) -> Figure:
    return Figure(route.words, timings.percentile(95), "ms", route.limit_ms, note=f"p50 {timings.percentile(50):,.0f}")


def _client(program: Running) -> httpx2.Client:
    return httpx2.Client(base_url=program.address, headers=program.headers, trust_env=False, timeout=60)


def _first(client: httpx2.Client, path: str, key: str) -> str | None:
    items: list[dict[str, Any]] = client.get(f"{API}{path}").raise_for_status().json()["items"]
    return str(items[0][key]) if items else None


def _blanks(route: Route) -> list[str]:
    return [name for name in ("user", "session", "request", "run") if f"{{{name}}}" in route.path + route.query]


def forgotten(paths: dict[str, Any]) -> list[str]:
    """Return the Watch routes of the API's own description that the list above does not name."""
    watch = {path for path, ways in paths.items() if any(tag.startswith("Watch") for tag in ways.get("get", {}).get("tags", ()))}
    for given, ours in BLANKS.items():
        watch = {path.replace(given, ours) for path in watch}
    return sorted(watch - {f"/admin{route.path}" for route in ROUTES})
