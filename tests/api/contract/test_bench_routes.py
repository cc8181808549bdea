"""What the bench of Watch asks."""

from itertools import islice

import pytest

from api.main import create
from benchmarks import routes
from benchmarks.periods import Boundaries, fresh
from benchmarks.report import Figure, show
from benchmarks.routes import CALLS


def test_the_bench_asks_every_watch_route() -> None:
    assert routes.forgotten(create().openapi()["paths"]) == []


def test_the_bench_asks_every_watch_route_by_every_filter() -> None:
    assert routes.forgotten_filters(create().openapi()["paths"]) == []


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
