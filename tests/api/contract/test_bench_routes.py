"""What the bench of Watch asks."""

from itertools import islice
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks.program import Running
from benchmarks.report import Figure, show
from benchmarks.watch import routes
from benchmarks.watch.periods import Boundaries, fresh
from benchmarks.watch.questions import Route
from benchmarks.watch.routes import CALLS
from tests.api.routes import description


def test_the_bench_asks_every_watch_route() -> None:
    assert routes.forgotten(description()["paths"]) == []


def test_the_bench_asks_every_watch_route_by_every_filter() -> None:
    assert routes.forgotten_filters(description()["paths"]) == []


@pytest.mark.parametrize("boundaries", list(Boundaries))
def test_filters_by_days_get_those_of_each_new_period(boundaries: Boundaries) -> None:
    program = cast(Running, SimpleNamespace(port=1, token=""))
    period = next(fresh(boundaries))
    start, end = (part.partition("=")[2][:10] for part in period.split("&"))
    active = routes.target(program, Route("/users", "active={start}..{end}", False), {}, period)
    assert active.path == f"{routes.API}/users?active={start}..{end}"


def test_only_filters_by_two_dimensions_are_known_to_read_raw_requests() -> None:
    assert Route("/ai/prompt-versions", "release=1.1").known
    assert not Route("/ai/prompt-versions").known
    assert not Route("/ai/tools", "release=1.1").known
    assert not Route("/ai/scores/stats", "prompt_version=support@1").known


@pytest.mark.parametrize(
    ("path", "query", "limit"),
    [
        ("/onboarding/retention", "", 300),
        ("/onboarding/paths", "event=card.created", 300),
        ("/onboarding/funnel", "", 100),
        ("/onboarding/funnel", "steps=a,b", 1200),
        ("/ai/metrics", "tool=search", 100),
    ],
)
def test_each_route_has_the_limit_of_its_kind(path: str, query: str, limit: int) -> None:
    assert Route(path, query).limit_ms == limit


@pytest.mark.parametrize("boundaries", list(Boundaries))
def test_the_bench_asks_no_period_twice(boundaries: Boundaries) -> None:
    periods = list(islice(fresh(boundaries), CALLS + 1))
    assert len(set(periods)) == len(periods)


def test_what_misses_its_limit_is_named_and_what_is_known_to_miss_it_fails_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = Figure("slow as known", 9, "ms", limit=1, known="until the next issue")
    assert show("Some", [Figure("fast", 1, "ms", limit=2), known])
    assert not show("Some", [Figure("too slow", 3, "ms", limit=2), known])
    said = capsys.readouterr().out.splitlines()
    assert "  until the next issue: slow as known" in said
    assert "  MISSED: too slow" in said
