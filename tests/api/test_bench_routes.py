"""What the bench of Watch asks."""

from api.main import create
from benchmarks import routes


def test_the_bench_asks_every_watch_route() -> None:
    assert routes.forgotten(create().openapi()["paths"]) == []
