"""Every Watch route and filter over HTTP, one call after another, each with a new period."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from benchmarks import load
from benchmarks.load import Target, Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from benchmarks.watch.periods import Boundaries, fresh
from benchmarks.watch.questions import ROUTES, SEARCH, Route

API = "/api/v1/admin"
CALLS, AT_ONCE, ENOUGH_MS = 20, 5, 4_000  # what is slow is not asked twenty times
UNANSWERED_MS = 60_000.0  # a 503: the query ran into its limit of 30 s
BLANK = re.compile(r"\{(\w+)\}")
BLANKS = {
    "{user_key}": "{user}",
    "{session_id}": "{session}",
    "{request_id}": "{request}",
    "{run_id}": "{run}",
}
# Of a window of a list, of its form and of its period, which is always another.
NO_FILTERS = {"limit", "offset", "cursor", "format", "start", "end", "days"}
OF_PERIOD = {"start", "end"}
# Where to look for something to ask for: a path, the name of its list, and the field.
FOUND = {
    "user": (f"/users?limit=1&q={SEARCH}", "items", "external_id"),
    "session": ("/anonymous?limit=1", "items", "session_id"),
    "request": ("/ai/requests?limit=1", "items", "id"),
    "conversation": ("/ai/requests?limit=1", "items", "conversation_id"),
    "run": ("/batch/history?limit=1", "items", "batch_run_id"),
    "job": ("/batch/history?limit=1", "items", "batch_job"),
    "release": ("/onboarding/events?limit=1", "items", "release"),
    "event_type": ("/onboarding/events?limit=1", "items", "event_type"),
    "model": ("/ai/models?limit=1", "items", "model"),
    "provider": ("/ai/models?limit=1", "items", "provider"),
    "prompt_version": ("/ai/prompt-versions?limit=1", "items", "prompt_version"),
    "experiment_arm": ("/ai/requests?limit=1", "items", "experiment_arm"),
    "score": ("/ai/scores?limit=1", "items", "name"),
    "score_label": ("/ai/scores?limit=1", "items", "label"),
    "tool": ("/ai/tools", "tools", "tool"),
    "error_type": ("/ai/errors", "types", "error_type"),
}


def measure(program: Running) -> list[Figure]:
    """Return the p95 of each route, and the number of Watch routes and filters that are not
    covered.
    """
    named = found_in(program)
    asked = askable(named)
    figures = [_figure(program, route, named) for route in asked]
    with _client(program) as client:
        paths = client.get("/api/v1/openapi.json").raise_for_status().json()["paths"]
    missing = [*forgotten(paths), *forgotten_filters(paths)]
    figures.append(
        Figure(
            "Watch routes and filters that this list forgets",
            len(missing),
            "",
            limit=0,
            note=", ".join(missing),
        )
    )
    if left_out := [route.words for route in ROUTES if route not in asked]:
        figures.append(
            Figure("left out: there is nothing of it", len(left_out), "", note=", ".join(left_out))
        )
    return figures


def found_in(program: Running) -> dict[str, str]:
    """Return the ids of a user, request and so on from the lists' first rows."""
    with _client(program) as client:
        first = {name: _first(client, *where) for name, where in FOUND.items()}
    return {name: value for name, value in first.items() if value}


def askable(named: Mapping[str, str]) -> list[Route]:
    """Return the routes for which such ids exist."""
    known = named.keys() | OF_PERIOD
    return [route for route in ROUTES if set(BLANK.findall(route.path + route.query)) <= known]


def target(program: Running, route: Route, named: Mapping[str, str], period: str) -> Target:
    """Return the call of a route; `period` is a part of the address."""
    filled = {name: quote(value, safe="") for name, value in named.items()}
    filled |= {
        name: day[:10] for name, _, day in (each.partition("=") for each in period.split("&"))
    }
    query = "&".join(
        part for part in (route.query.format(**filled), period if route.is_timed else "") if part
    )
    return Target(
        program.port, f"{API}{route.path.format(**filled)}?{query}".rstrip("?"), program.token
    )


def forgotten(paths: Mapping[str, Any]) -> list[str]:
    """Return the Watch routes of the OpenAPI description that the list does not have."""
    return sorted({path for path, _ in _watch(paths)} - {f"/admin{route.path}" for route in ROUTES})


def forgotten_filters(paths: Mapping[str, Any]) -> list[str]:
    """Return the filters of Watch routes in the OpenAPI description that the list does not use."""
    asked = {
        (f"/admin{route.path}", part.partition("=")[0])
        for route in ROUTES
        for part in route.query.split("&")
    }
    offered = {
        (path, given["name"])
        for path, way in _watch(paths)
        for given in way.get("parameters", ())
        if given["in"] == "query" and given["name"] not in NO_FILTERS and "{" not in path
    }
    return sorted(f"{path}?{name}" for path, name in offered - asked)


def _watch(paths: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, ways in paths.items():
        if any(tag.startswith("Watch") for tag in ways.get("get", {}).get("tags", ())):
            for given, ours in BLANKS.items():
                path = path.replace(given, ours)
            yield path, ways["get"]


def _figure(program: Running, route: Route, named: Mapping[str, str]) -> Figure:
    kinds = list(Boundaries) if route.is_timed else [Boundaries.DAYS]
    took = {kind: _ask(program, route, named, kind) for kind in kinds}
    notes = [
        f"{kind} p50 {ms.percentile(50):,.0f} p95 {ms.percentile(95):,.0f}"
        for kind, ms in took.items()
    ]
    slowest = max(ms.percentile(95) for ms in took.values())
    note = ", ".join(
        notes if route.is_timed else [f"p50 {took[Boundaries.DAYS].percentile(50):,.0f}"]
    )
    return Figure(route.words, slowest, "ms", route.limit_ms, note=note, known=route.known)


def _ask(
    program: Running, route: Route, named: Mapping[str, str], boundaries: Boundaries
) -> Timings:
    """Ask twenty times after once; what takes seconds, fewer times. A 503 counts as a minute."""
    periods, took = fresh(boundaries), Timings()

    def ask(count: int) -> list[float]:
        requests = [target(program, route, named, next(periods)).request() for _ in range(count)]
        return asyncio.run(load.each(program.port, requests, at_once=1)).ms

    try:
        if ask(1)[0] > ENOUGH_MS:
            return Timings(ask(2))
        while len(took.ms) < CALLS and sum(took.ms) < ENOUGH_MS:
            took.ms += ask(AT_ONCE)
    except load.Unavailable:
        return Timings([UNANSWERED_MS] * 2)
    return took


def _client(program: Running) -> httpx2.Client:
    return httpx2.Client(
        base_url=program.address, headers=program.headers, trust_env=False, timeout=60
    )


def _first(client: httpx2.Client, path: str, items: str, key: str) -> str | None:
    found: list[dict[str, Any]] = client.get(f"{API}{path}").raise_for_status().json()[items]
    return next((str(each[key]) for each in found if each[key]), None)
